"""The ledger: each key once, corrections and counter-entries, and what waits for a second person."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event, select

from b24app.facts import ledger, queries
from b24app.facts.approval import Approval, Code, approval
from b24app.facts.rules import COUNTED, REFUSED, WAITING, Cell
from b24app.facts.tables import Entry
from b24app.lib.db import db, write
from b24app.lib.errors import Conflict, Invalid, NotFound
from tests.facts.conftest import World
from tests.facts.samples import ANN, BOB, NOON, T, anonymous, entry

LATER = NOON + timedelta(hours=1)


def test_an_entry_with_a_known_key_counts_once(world: World) -> None:
    with write():
        first = ledger.post_entries(1, [entry("a", "2.5", employee_id=ANN), entry("a"), entry("b")], NOON)
        again = ledger.post_entries(1, [entry("b"), entry("a")], LATER)
    assert [item.status for item in first.items] == ["created", "duplicate", "created"]
    assert [item.status for item in again.items] == ["duplicate", "duplicate"]
    assert {item.id for item in again.items} == {item.id for item in first.items}
    assert Cell("entry", "occurred", "employee", ANN, T) in anonymous(first.cells)
    assert again.cells == frozenset()
    assert [(row.key, row.value) for row in queries.entries(1)] == [("a", 2_500_000), ("b", 1_000_000)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"value": "0.0000001"},
        {"value": "10000000001"},
        {"value": "NaN"},
        {"kind": "sub"},
        {"code": ""},
        {"code": "x" * 65},
        {"occurred_at": -1},
        {"occurred_at": 253_402_300_799},  # the end of the year 9999
    ],
)
def test_a_wrong_entry_does_not_stop_the_others(world: World, wrong: dict[str, Any]) -> None:
    with write():
        posted = ledger.post_entries(1, [entry("a", **wrong), entry("b")], NOON)
    assert [item.status for item in posted.items] == ["error", "created"]
    assert posted.items[0].error
    assert len(queries.entries(1)) == 1


def test_undoing_an_entry_adds_a_counter_entry_once(world: World) -> None:
    with write():
        id = ledger.post_entries(1, [entry("a", "3", employee_id=ANN)], NOON).items[0].id
        assert id is not None
        cells = ledger.undo_entry(1, id, "user:8", LATER)
        assert ledger.undo_entry(1, id, "user:8", LATER) == frozenset()
    undone, counter = queries.entries(1)
    assert anonymous(cells) == {Cell("entry", "occurred", "employee", ANN, T)}
    assert (undone.undone, counter.undoes_id, counter.value, counter.author) == (True, id, -3_000_000, "user:8")
    with write(), pytest.raises(Conflict):
        ledger.undo_entry(1, counter.id, "user:8", LATER)


def test_a_strangers_entry_is_not_there(world: World) -> None:
    with write():
        id = ledger.post_entries(2, [entry("a")], NOON).items[0].id
    with write(), pytest.raises(NotFound):
        ledger.undo_entry(1, id or 0, "user:8", LATER)
    assert queries.entries(1) == ()


def test_entries_page_by_id(world: World) -> None:
    with write():
        ledger.post_entries(1, [entry(key, employee_id=ANN) for key in "abc"] + [entry("d", code="nps")], NOON)
    first = queries.entries(1, code="calls", limit=2)
    rest = queries.entries(1, code="calls", limit=2, after=first[-1].id)
    assert [row.key for row in (*first, *rest)] == ["a", "b", "c"]
    assert db.session.scalar(select(Entry.created_at)) == T


# --- corrections, and what waits for a second person


def posted(key: str = "a", value: str = "3", **changes: Any) -> int:
    """The id of an entry of Ann's."""
    item = ledger.post_entries(1, [entry(key, value, employee_id=ANN, author="user:8", **changes)], NOON).items[0]
    assert item.id is not None
    return item.id


def counting() -> list[int]:
    """The values that count, in millionths."""
    rows = queries.entries(1)
    return [row.value for row in rows if row.state == COUNTED and not row.undone and row.undoes_id is None]


def test_a_correction_is_a_new_entry_in_the_place_of_the_earlier_one(world: World) -> None:
    with write():
        id = posted()
        cells = ledger.correct_entry(1, id, Decimal(5), "misread", "user:9", LATER)
    earlier, later, counter = queries.entries(1)
    assert (earlier.value, earlier.undone) == (3_000_000, True)
    assert (later.value, later.corrects_id, later.comment, later.author) == (5_000_000, id, "misread", "user:9")
    assert (counter.undoes_id, counter.value) == (id, -3_000_000)
    assert anonymous(cells) == {Cell("entry", "occurred", "employee", ANN, T)}
    assert counting() == [5_000_000]
    with write(), pytest.raises(Conflict):
        ledger.correct_entry(1, id, Decimal(6), "again", "user:9", LATER)
    with write(), pytest.raises(Invalid):
        ledger.correct_entry(1, later.id, Decimal("0.0000001"), "too fine", "user:9", LATER)


def test_what_waits_counts_once_another_person_approves(world: World) -> None:
    with write():
        id = posted(state=WAITING)
    assert counting() == []
    with write(), pytest.raises(Conflict):
        ledger.approve(1, id, "user:8", LATER)
    with write():
        cells = ledger.approve(1, id, "user:9", LATER)
    assert anonymous(cells) == {Cell("entry", "occurred", "employee", ANN, T)}
    assert counting() == [3_000_000]
    (row,) = queries.entries(1)
    assert (row.state, row.decided_by) == (COUNTED, "user:9")
    with write(), pytest.raises(Conflict):
        ledger.refuse(1, id, "user:9", LATER)


def test_what_waits_and_is_refused_never_counts(world: World) -> None:
    with write():
        first, second = posted("a", state=WAITING), posted("b", state=WAITING)
        ledger.refuse(1, first, "user:9", LATER)
        assert ledger.undo_entry(1, second, "user:8", LATER) == frozenset()  # whoever entered it took it back
    assert counting() == []
    assert [row.state for row in queries.entries(1)] == [REFUSED, REFUSED]


def test_an_entry_counts_on_while_its_correction_waits(world: World) -> None:
    with write():
        id = posted()
        assert ledger.correct_entry(1, id, Decimal(9), "missed", "user:8", LATER, WAITING) == frozenset()
    assert counting() == [3_000_000]
    change = queries.entries(1)[-1]
    with write(), pytest.raises(Conflict):
        ledger.undo_entry(1, id, "user:8", LATER)  # two changes could not both happen
    with write():
        ledger.approve(1, change.id, "user:9", LATER)
    assert counting() == [9_000_000]


def test_taking_back_waits_too(world: World) -> None:
    with write():
        id = posted()
        assert ledger.undo_entry(1, id, "user:8", LATER, "twice", WAITING) == frozenset()
    assert counting() == [3_000_000]
    counter = queries.entries(1)[-1]
    with write():
        assert ledger.approve(1, counter.id, "user:9", LATER)
    assert counting() == []


@contextmanager
def statements() -> Iterator[list[str]]:
    """Those that the block sends to the database."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield sent
    event.remove(db.engine, "before_cursor_execute", note)


def test_thousands_of_entries_take_a_handful_of_statements(world: World) -> None:
    drafts = [entry(str(number), employee_id=BOB) for number in range(3_000)]
    with write(), statements() as sent:
        ledger.post_entries(1, drafts, NOON)
        ledger.post_entries(1, drafts, NOON)
    assert len(sent) <= 12


LIMITS = Approval(Decimal(1000), codes={"ad_spend": Code(limit=Decimal(50_000)), "nps": Code(is_money=True)})


@pytest.mark.parametrize(
    ("code", "change", "origin", "state"),
    [
        ("calls", 1000, "manual", COUNTED),
        ("calls", 1001, "manual", WAITING),
        ("calls", -1001, "import", WAITING),
        ("ad_spend", 50_000, "manual", COUNTED),
        ("ad_spend", 50_001, "manual", WAITING),
        ("nps", 5000, "manual", WAITING),
        ("calls", 5000, "robot", COUNTED),
        ("calls", 5000, "api", COUNTED),
    ],
)
def test_above_the_limit_of_its_code_a_value_waits(code: str, change: int, origin: str, state: str) -> None:
    assert LIMITS.state(code, Decimal(change), origin) == state
    assert Approval().state(code, Decimal(change), origin) == COUNTED


@pytest.mark.parametrize(
    ("code", "value", "missed"),
    [
        ("mark", "1", None), ("mark", "4.5", None), ("mark", "0", "mark"), ("mark", "5.1", "mark"),
        ("kept", "0", None), ("kept", "1", None), ("kept", "0.5", "yes_no"), ("kept", "-1", "yes_no"),
        ("stars", "6", "mark"), ("nps", "100", None), ("calls", "100", None),
    ],
)  # fmt: skip
def test_marks_and_answers_keep_to_their_scale(code: str, value: str, missed: str | None) -> None:
    kept = {"entry_codes": {"nps": Code("NPS").told(), "stars": Code("Stars", scale="mark").told()}}
    assert approval(kept).missed(code, Decimal(value)) == missed
    assert approval({"entry_codes": {"mark": Code("Points").told()}}).missed("mark", Decimal(100)) is None


def test_the_decisions_of_a_portal_are_read_from_its_settings() -> None:
    kept = {"approval_limit": "1000", "approval_of_api": True, "entry_codes": {"nps": Code("NPS", True).told()}}
    found = approval(kept)
    assert found.state("calls", Decimal(1001), "api") == WAITING
    assert (found.name("nps"), found.name("calls"), found.is_money("nps"), found.is_money("calls")) == (
        "NPS", "calls", True, False,
    )  # fmt: skip
    assert approval({}).is_money("ad_spend")
    assert approval({"approval_limit": "much"}).limit is None
