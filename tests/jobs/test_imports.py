"""Files imported by a worker: all or nothing, once, and taken back as a whole."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from b24app import pipeline
from b24app.facts import imported, ledger
from b24app.facts.entries import Asked, listed
from b24app.facts.tables import Entry
from b24app.ingest.imports import entries as entries_kind
from b24app.ingest.imports import files, posting
from b24app.ingest.imports.tables import ImportPerson
from b24app.jobs import imports as jobs
from b24app.lib.db import db, write
from b24app.lib.errors import Conflict, NotFound
from b24app.periods.rules import Kind, Period
from b24app.portal import audit
from b24app.portal.operations import change_settings
from b24app.portal.rules import SubjectType
from b24app.scores.queries import results
from tests.scores import world
from tests.scores.world import ADMIN, ADMIN_SEES, ANN, BOB, HEAD, HEAD_SEES, NOW, PORTAL, STRANGER_SEES, SUE
from tests.web.test_data import CARD

FILE = """Дата;Сотрудник;Значение
10.11.2026;Ann;4
11.11.2026;Ann;1,5
11.11.2026;Bob;2
"""


@pytest.fixture(autouse=True)
def here(app: Flask) -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        with write():
            world.settle()
            world.scorecard(CARD)
            pipeline.recompute_open(PORTAL, NOW)
        yield


def checked(text: str = FILE, viewer=HEAD_SEES, **changes: object) -> int:
    """A file that was taken, understood as it was guessed, and checked."""
    with write():
        id = files.take(viewer, entries_kind, "a.csv", text.encode(), files.look("a.csv", text.encode()), NOW)
        meaning = replace(files.meaning_of(files.find(PORTAL, id)), code="visit", **changes)
        files.choose(viewer, entries_kind, id, meaning, NOW)
    jobs.work(PORTAL)
    return id


def begun(id: int, viewer=HEAD_SEES, leaves_out: bool = False) -> str:
    with write():
        posting.begin(viewer, entries_kind, id, leaves_out, NOW)
    jobs.work(PORTAL)
    return state(id)


def state(id: int) -> str:
    db.session.rollback()
    return files.find(PORTAL, id).state


def found(id: int) -> dict[str, object]:
    db.session.rollback()
    return files.find(PORTAL, id).found


def value(of: int = ANN) -> Fraction | None:
    db.session.rollback()
    period = Period(Kind.MONTH, date(2026, 11, 1), date(2026, 12, 1))
    (row,) = results(PORTAL, period, SubjectType.EMPLOYEE, "visits", subject_ids=[of], now=NOW)
    return row.value


def entries() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).where(Entry.portal_id == PORTAL)) or 0


def test_a_file_is_checked_imported_and_in_the_scores() -> None:
    id = checked()
    assert {name: found(id)[name] for name in ("rows", "new", "known", "wrong")} == {
        "rows": 3, "new": 3, "known": 0, "wrong": 0,
    }  # fmt: skip
    assert entries() == 0
    assert begun(id) == files.DONE
    assert (value(), value(BOB)) == (Fraction(11, 2), 2)
    jobs.work(PORTAL)  # again: nothing more
    assert entries() == 3


def test_the_same_file_again_has_nothing_new_and_a_longer_one_only_its_new_rows() -> None:
    begun(checked())
    again = checked()
    assert (found(again)["new"], found(again)["known"]) == (0, 3)
    with write(), pytest.raises(Conflict):
        posting.begin(HEAD_SEES, entries_kind, again, False, NOW)
    begun(checked(FILE + "12.11.2026;Ann;1\n"))
    assert value() == Fraction(13, 2)
    begun(checked(counts_again=True))
    assert value() == 12


def test_mistakes_are_told_by_row_and_stop_everything_unless_left_out() -> None:
    id = checked(FILE + "12.11.2026;Nobody;1\n12.11.2026;Hugo;1\n12.11.2026;Sue;1\nsoon;Ann;much\n")
    assert [fault[:3] for fault in found(id)["faults"]] == [
        [5, 1, "unknown_person"], [6, None, "own"], [7, None, "not_allowed"], [8, 0, "day"], [8, 2, "number"],
    ]  # fmt: skip
    assert found(id)["people"] == {"Nobody": "unknown_person"}
    with write(), pytest.raises(Conflict):
        posting.begin(HEAD_SEES, entries_kind, id, False, NOW)
    assert begun(id, leaves_out=True) == files.DONE
    assert (entries(), value()) == (3, Fraction(11, 2))


def test_whom_a_text_means_is_said_once_and_known_for_later_files() -> None:
    text = "Дата;Сотрудник;Значение\n10.11.2026;ann@firm.ru;4\n"
    id = checked(text)
    assert found(id)["people"] == {"ann@firm.ru": "address"}
    say_who(id, {"ann@firm.ru": ANN})
    assert found(id)["wrong"] == 0
    assert found(checked(text))["wrong"] == 0
    (said,) = [one.after for one in audit.entries(PORTAL) if one.action == "import.people"]
    assert said == {"ann@firm.ru": ANN}


def say_who(id: int, whom: dict[str, int]) -> None:
    with write():
        files.say_who(HEAD_SEES, entries_kind, id, whom, jobs.tenants.structure(PORTAL), NOW)
    jobs.work(PORTAL)


def test_only_texts_of_the_file_that_nobody_understood_are_said() -> None:
    """Not what others' files mean, and not that one of her people is somebody else's."""
    id = checked("Дата;Сотрудник;Значение\n10.11.2026;ann@firm.ru;4\n")
    say_who(id, {"Sue": ANN, "sue@firm.ru": ANN, "ann@firm.ru": SUE})
    assert db.session.scalars(select(ImportPerson.text).where(ImportPerson.portal_id == PORTAL)).all() == []


def test_whoever_is_no_administrator_any_more_imports_what_they_may_now() -> None:
    id = checked(FILE + "12.11.2026;Sue;1\n", replace(HEAD_SEES, is_admin=True))
    assert found(id)["wrong"] == 0
    assert begun(id) == files.FAILED
    assert entries() == 0


def test_no_more_rows_are_left_out_than_were_told() -> None:
    id = checked(FILE + "12.11.2026;Nobody;1\n")
    with write():
        posting.begin(HEAD_SEES, entries_kind, id, True, NOW)
        world.person(BOB, "Robert", 2)  # a row that was right when it was checked
    jobs.work(PORTAL)
    assert (state(id), entries()) == (files.FAILED, 0)


def test_what_was_corrected_comes_again_after_the_import_was_taken_back() -> None:
    begun(id := checked())
    with write():
        entry = db.session.scalars(select(Entry).where(Entry.portal_id == PORTAL, Entry.employee_id == BOB)).one()
        ledger.correct_entry(PORTAL, entry.id, Decimal(9), "miscounted", "user:1", NOW)
        posting.ask_back(HEAD_SEES, id, "The wrong month", NOW)
    jobs.work(PORTAL)
    assert (state(id), value(), value(BOB)) == (files.UNDONE, None, None)
    again = checked()
    assert found(again)["new"] == 3
    begun(again)
    assert (value(), value(BOB)) == (Fraction(11, 2), 2)


def test_a_worker_that_was_taken_for_dead_undoes_nothing_of_what_another_has_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(posting, "AT_ONCE", 1)
    id = checked()
    with write():
        posting.begin(HEAD_SEES, entries_kind, id, False, NOW)
    portions = posting.portions

    def slowly(given: object) -> Iterator[object]:
        first, *others = portions(given)
        yield first
        monkeypatch.setattr(posting, "portions", portions)
        jobs._work(PORTAL, id)
        yield from others

    monkeypatch.setattr(posting, "portions", slowly)
    jobs.work(PORTAL)
    assert (state(id), value(), entries()) == (files.DONE, Fraction(11, 2), 3)


def test_an_import_is_taken_back_as_a_whole_and_may_come_again() -> None:
    id = checked()
    begun(id)
    with write():
        posting.ask_back(HEAD_SEES, id, "The wrong month", NOW)
    jobs.work(PORTAL)
    assert (state(id), value(), value(BOB)) == (files.UNDONE, None, None)
    jobs.work(PORTAL)
    assert entries() == 6, "each has one counter-entry"
    begun(checked())
    assert value() == Fraction(11, 2)


def computed(of: int = ANN) -> Fraction | None:
    """The value when everything is computed anew, whatever is half-done."""
    with write():
        pipeline.recompute_open(PORTAL, NOW)
    return value(of)


def test_taking_back_that_is_killed_half_way_counts_nothing_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    id = checked()
    begun(id)
    monkeypatch.setattr(imported, "AT_ONCE", 1)
    take_back = imported.take_back
    calls = []

    def killed(*arguments: object) -> object:
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return take_back(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(imported, "take_back", killed)
    with write():
        posting.ask_back(HEAD_SEES, id, "The wrong month", NOW)
    with pytest.raises(KeyboardInterrupt):
        jobs.work(PORTAL)
    assert (state(id), computed(), computed(BOB)) == (files.UNDOING, None, None), "of three only one is taken back"
    assert listed(PORTAL, Asked()) == ()
    monkeypatch.setattr(imported, "take_back", take_back)
    jobs.work(PORTAL)
    assert (state(id), value(), entries()) == (files.UNDONE, None, 6)
    assert len(listed(PORTAL, Asked())) == 6


def test_an_import_killed_half_way_has_imported_nothing_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "AT_ONCE", 1)
    id = checked()
    posted = ledger.post_entries
    calls = []

    def killed(*arguments: object) -> object:
        calls.append(arguments)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return posted(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(ledger, "post_entries", killed)
    with write():
        posting.begin(HEAD_SEES, entries_kind, id, False, NOW)
    with pytest.raises(KeyboardInterrupt):
        jobs.work(PORTAL)
    assert (state(id), entries(), computed()) == (files.IMPORTING, 2, None)
    assert listed(PORTAL, Asked()) == ()
    monkeypatch.setattr(ledger, "post_entries", posted)
    jobs.resume(PORTAL)
    jobs.work(PORTAL)
    assert (state(id), value(), entries()) == (files.DONE, Fraction(11, 2), 3)


def test_an_import_that_fails_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "AT_ONCE", 1)
    id = checked(viewer=ADMIN_SEES)
    with write():
        posting.begin(ADMIN_SEES, entries_kind, id, False, NOW)
        world.person(BOB, "Robert", 2)  # a row that was right when it was checked
    jobs.work(PORTAL)
    assert (state(id), entries(), value()) == (files.FAILED, 0, None)
    assert "Row 4" in (files.find(PORTAL, id).error or "")


def test_above_the_limit_rows_of_a_file_wait_for_a_second_person() -> None:
    with write():
        change_settings(PORTAL, {"approval_limit": "3"}, "user:1", NOW)
    id = checked()
    assert found(id)["waiting"] == 1
    begun(id)
    assert value() == Fraction(3, 2)
    waits = db.session.scalar(select(Entry.id).where(Entry.portal_id == PORTAL, Entry.state == "waiting"))
    with write(), pytest.raises(Conflict):
        ledger.approve(PORTAL, waits, f"user:{HEAD}", NOW)


def test_files_are_their_authors_and_administrators() -> None:
    id = checked()
    assert [row.id for row in files.listed(ADMIN_SEES)] == [id]
    assert files.listed(replace(HEAD_SEES, user_id=SUE)) == ()
    for other in (STRANGER_SEES, replace(HEAD_SEES, user_id=SUE)):
        with write(), pytest.raises(NotFound):
            posting.begin(other, entries_kind, id, False, NOW)
    assert ADMIN != HEAD
