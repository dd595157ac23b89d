"""Files of targets set by a worker: all or nothing, with a reason, computed at once, and taken back as they were."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date
from fractions import Fraction
from itertools import count
from typing import Any

import pytest
import time_machine
from flask import Flask

from b24app import pipeline
from b24app.ingest.imports import files, posting
from b24app.jobs import imports as jobs
from b24app.lib.db import db, write
from b24app.lib.errors import Conflict, Invalid
from b24app.periods.rules import Kind, Period
from b24app.portal import audit
from b24app.portal.rules import COMPANY, Subject, Viewer, department, employee
from b24app.scorecards import documents, operations, queries
from b24app.scorecards.imports import staged, targets
from b24app.scores import locks, owed
from b24app.scores.queries import results
from tests.scores import world
from tests.scores.world import ADMIN_SEES, ANN, BOB, HEAD_SEES, NOW, PORTAL, SALES
from tests.web.test_data import CARD

NOVEMBER = date(2026, 11, 1)
REVENUE = {"code": "revenue", "name": "Revenue", "metric": "deals_won_amount", "target": 100, "weight": 50}
FILE = """Карта;Показатель;Сотрудник;Отдел;Месяц;План
visits;visits;Ann;;11.2026;20
Visits;Visits to clients;Bob;;11.2026;10
visits;revenue;;Sales;12.2026;700,5
"""


@pytest.fixture(autouse=True)
def here(app: Flask) -> Iterator[None]:
    """Ann is to make 10 visits like everybody, and then 15."""
    with time_machine.travel(NOW, tick=False):
        with write():
            world.settle()
            visits = CARD["indicators"][0] | {"weight": 50}
            world.scorecard({**CARD, "indicators": [visits, REVENUE]})
            world.entry("visit", 5, "2026-11-03", ANN)
            set_to(15)
            pipeline.recompute_open(PORTAL, NOW)
        yield


def set_to(target: int | None) -> None:
    of_ann = {"scorecard": "visits", "indicator": "visits", "subject": {"type": "employee", "id": ANN}}
    one = {**of_ann, "period": "month", "start": "2026-11-01", "target": target}
    operations.set_targets(PORTAL, documents.parse_targets([one]), "user:1", NOW)


def checked(text: str = FILE, viewer: Viewer = HEAD_SEES) -> int:
    with write():
        looked = files.look("a.csv", text.encode())
        id = files.take(viewer, targets, "a.csv", text.encode(), looked, NOW)
        files.choose(viewer, targets, id, files.meaning_of(files.find(PORTAL, id)), NOW)
    jobs.work(PORTAL)
    return id


def begun(id: int, viewer: Viewer = HEAD_SEES, leaves_out: bool = False) -> str:
    with write():
        posting.begin(viewer, targets, id, leaves_out, NOW, "Plan of the winter")
    jobs.work(PORTAL)
    return row(id).state


def taken_back(id: int) -> str:
    with write():
        posting.ask_back(HEAD_SEES, id, "The wrong file", NOW)
    jobs.work(PORTAL)
    return row(id).state


def row(id: int):
    db.session.rollback()
    return files.find(PORTAL, id)


def stored() -> dict[tuple[str, Subject, date | None], Fraction]:
    db.session.rollback()
    return {(one.indicator, one.subject, one.start): one.target for one in queries.target_rows(PORTAL)}


def attained(of: int = ANN) -> Fraction | None:
    db.session.rollback()
    found = results(
        PORTAL, Period(Kind.MONTH, NOVEMBER, date(2026, 12, 1)), employee(of).type, "visits", subject_ids=[of], now=NOW
    )
    return next(one.attainment for one in found if one.indicator.code == "visits")


def faults(id: int) -> list[list[object]]:
    return [one[:3] for one in row(id).found["faults"]]


BEFORE = {("visits", employee(ANN), NOVEMBER): 15}
AFTER = {
    ("visits", employee(ANN), NOVEMBER): 20,
    ("visits", employee(BOB), NOVEMBER): 10,
    ("revenue", department(SALES), date(2026, 12, 1)): Fraction(1401, 2),
}


def test_a_file_is_checked_set_with_its_reason_and_in_the_scores() -> None:
    id = checked()
    assert {name: row(id).found[name] for name in ("rows", "new", "changed", "known", "wrong")} == {
        "rows": 3, "new": 3, "changed": 1, "known": 0, "wrong": 0,
    }  # fmt: skip
    assert (stored(), attained()) == (BEFORE, Fraction(100, 3))
    with write(), pytest.raises(Invalid):
        posting.begin(HEAD_SEES, targets, id, False, NOW)
    assert begun(id) == files.DONE
    assert (stored(), attained()) == (AFTER, 25)
    assert owed.is_any(PORTAL), "the past is computed by a job"
    assert len(noted()) == 3
    assert ({"target": "15"}, {"target": "20", "reason": "Plan of the winter"}) in [
        (one.before, one.after) for one in noted()
    ]
    again = checked()
    assert (row(again).found["new"], row(again).found["known"]) == (0, 3)
    with write(), pytest.raises(Conflict):
        posting.begin(HEAD_SEES, targets, again, False, NOW, "Again")


def test_taking_back_restores_what_stood_there_but_not_over_later_changes() -> None:
    id = checked()
    begun(id)
    assert (taken_back(id), stored(), attained()) == (files.UNDONE, BEFORE, Fraction(100, 3))
    begun(id := checked())
    with write():
        set_to(33)
    assert taken_back(id) == files.UNDONE
    assert (stored(), row(id).found["left"]) == ({("visits", employee(ANN), NOVEMBER): 33}, 1)


def test_a_file_removes_targets_and_taking_it_back_puts_them_there_again() -> None:
    id = checked("Карта;Показатель;Сотрудник;Месяц;План\nvisits;visits;Ann;11.2026;-\nvisits;visits;Bob;11.2026;\n")
    found = row(id).found
    assert (found["new"], found["removed"], found["changed"], found["known"]) == (1, 1, 0, 1)
    assert (begun(id), stored(), attained()) == (files.DONE, {}, 50), "of the 10 visits that everybody is to make"
    (one,) = noted()
    assert (one.before, one.after) == ({"target": "15"}, {"target": None, "reason": "Plan of the winter"})
    assert (taken_back(id), stored(), row(id).found["left"]) == (files.UNDONE, BEFORE, 0)


def test_what_was_removed_and_set_anew_since_stays_when_the_import_is_taken_back() -> None:
    begun(id := checked("Карта;Показатель;Сотрудник;Месяц;План\nvisits;visits;Ann;11.2026;-\n"))
    with write():
        set_to(33)
    assert (taken_back(id), row(id).found["left"]) == (files.UNDONE, 1)
    assert stored() == {("visits", employee(ANN), NOVEMBER): 33}


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("transaction", [2, 4, 5, 6, 8])
def test_killed_anywhere_all_of_it_or_nothing_is_in_the_plan_and_it_is_brought_to_its_end(
    monkeypatch: pytest.MonkeyPatch, transaction: int
) -> None:
    """On its way in, and on its way out."""
    monkeypatch.setattr(staged, "AT_ONCE", 2)
    id = checked()
    with write():
        posting.begin(HEAD_SEES, targets, id, False, NOW, "x")
    with killed_in(monkeypatch, transaction):
        jobs.work(PORTAL)
    assert stored() in (BEFORE, AFTER)
    jobs.work(PORTAL)
    assert (row(id).state, stored(), attained()) == (files.DONE, AFTER, 25)
    assert len(noted()) == 3
    with write():
        posting.ask_back(HEAD_SEES, id, "x", NOW)
    with killed_in(monkeypatch, transaction):
        jobs.work(PORTAL)
    assert stored() in (BEFORE, AFTER)
    jobs.work(PORTAL)
    assert (row(id).state, stored(), attained()) == (files.UNDONE, BEFORE, Fraction(100, 3))
    assert len(noted()) == 6


@contextmanager
def killed_in(monkeypatch: pytest.MonkeyPatch, transaction: int) -> Iterator[None]:
    """The worker ends in its so-manieth transaction, if it comes so far."""
    begun = count(1)

    @contextmanager
    def ending() -> Iterator[Any]:
        with write() as session:
            yield session
            if next(begun) == transaction:
                raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "write", ending)
        with suppress(Killed):
            yield
    db.session.rollback()


class Killed(BaseException):
    """No error: nothing is done about it."""


def noted() -> list[audit.Entry]:
    return [one for one in audit.entries(PORTAL, actor=HEAD_SEES.actor) if one.action == "target.set"]


def test_a_lock_between_reading_and_setting_stops_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    id = checked(FILE.replace("12.2026", "10.2026"))
    lay_ready = targets.lay_ready

    def and_lock(given: targets.Source) -> Iterator[int]:
        yield from lay_ready(given)
        locks.lock(PORTAL, Period(Kind.MONTH, date(2026, 10, 1), NOVEMBER), "visits", "user:1", NOW)

    monkeypatch.setattr(targets, "lay_ready", and_lock)
    assert (begun(id), stored()) == (files.FAILED, BEFORE)
    assert "check the file again" in row(id).error
    assert staged.count(PORTAL, id) == 0


def test_nobody_imports_their_own_targets_or_those_of_people_whose_plans_they_do_not_edit() -> None:
    mine = "visits;visits;Hugo;;11.2026;1\nvisits;visits;Sue;;11.2026;1\nvisits;visits;;Company;11.2026;1\n"
    id = checked(FILE + mine)
    assert faults(id) == [[5, None, "own"], [6, None, "not_allowed"], [7, None, "not_allowed"]]
    with write(), pytest.raises(Conflict):
        posting.begin(HEAD_SEES, targets, id, False, NOW, "x")
    assert (begun(id, leaves_out=True), stored()) == (files.DONE, AFTER)
    id = checked(FILE + mine, ADMIN_SEES)
    assert (faults(id), begun(id, ADMIN_SEES)) == ([], files.DONE)
    assert stored()["visits", COMPANY, NOVEMBER] == 1


def test_without_the_right_to_money_its_targets_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    poor = replace(HEAD_SEES, sees_money=False)
    monkeypatch.setattr(jobs.checking.portals, "viewer", lambda *_: poor)
    assert faults(checked()) == [[4, None, "money"]]


def test_locked_periods_are_refused_and_what_became_wrong_sets_nothing() -> None:
    text = FILE.replace("12.2026", "10.2026")
    id = checked(text)
    with write():
        posting.begin(HEAD_SEES, targets, id, False, NOW, "x")
        locks.lock(PORTAL, Period(Kind.MONTH, date(2026, 10, 1), NOVEMBER), "visits", "user:1", NOW)
    jobs.work(PORTAL)
    assert (row(id).state, stored()) == (files.FAILED, BEFORE)
    assert "Row 4" in row(id).error
    assert faults(checked(text)) == [[4, None, "locked"]]
