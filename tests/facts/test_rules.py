"""What follows from a record, as tables of cases."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from b24app.facts.cells import entry_cells, touched, touched_records
from b24app.facts.kinds import declared
from b24app.facts.kinds.activities import ActivityFact, activity_fact
from b24app.facts.kinds.base import Making, fields_of
from b24app.facts.money import Rates, convert
from b24app.facts.rules import (
    Cell,
    DealDraft,
    DealFact,
    MoveDraft,
    RowDraft,
    ValueDraft,
    client_key,
    closing,
    deal_fact,
    may_replace,
    with_unasked,
)
from b24app.metrics.measures import STORED_DATES
from b24app.periods.rules import Settings
from tests.facts.samples import ANN, BOB, CEO, DAY, HOUR, T, activity, anonymous, deal, move, won

MOSCOW = Settings("Europe/Moscow")
RATES = Rates(
    "USD",
    {"RUB": [("2026-11-10", Decimal("0.0125")), ("2026-11-20", Decimal("0.01")), ("2026-11-24", Decimal("0.02"))]},
)


def fact(
    draft: DealDraft,
    moves: tuple[MoveDraft, ...] = (),
    owners: tuple[tuple[int, int | None], ...] = (),
    before: DealFact | None = None,
) -> DealFact:
    return deal_fact(draft, moves, owners, RATES, MOSCOW, before, T)


@pytest.mark.parametrize(
    ("company", "contact", "key"), [(5, 7, "C5"), (5, None, "C5"), (None, 7, "P7"), (0, 7, "P7"), (None, None, None)]
)
def test_client_is_the_company_else_the_person(company: int | None, contact: int | None, key: str | None) -> None:
    assert client_key(company, contact) == key


CLOSINGS: list[tuple[str, dict[str, Any], list[MoveDraft], tuple[Any, Any]]] = [
    ("open", {}, [move(1, at=T)], (None, None)),
    ("won once", {"semantic": "S"}, [move(1, at=T - 9), move(2, semantic="S", at=T - 5)], (T - 5, "history")),
    (
        "a second won stage keeps the streak",
        {"semantic": "S", "moved_at": T},
        [move(1, at=T - 9), move(2, semantic="S", at=T - 5), move(3, semantic="S", at=T)],
        (T - 5, "history"),
    ),
    (
        "reopened and won again",
        {"semantic": "S"},
        [move(1, semantic="S", at=T - 9), move(2, at=T - 5), move(3, semantic="S", at=T - 2)],
        (T - 2, "history"),
    ),
    (
        "lost after won",
        {"semantic": "F"},
        [move(1, semantic="S", at=T - 9), move(2, semantic="F", at=T)],
        (T, "history"),
    ),
    ("the closing move is not read yet", {"semantic": "S", "moved_at": T}, [move(1, at=T - 9)], (T, "moved")),
    ("no history", {"semantic": "F", "moved_at": T - 3}, [], (T - 3, "moved")),
    ("a planned day only", {"semantic": "S", "close_day": "2026-11-24"}, [], (T - 15 * HOUR, "planned")),
    ("nothing known", {"semantic": "S"}, [], (None, None)),
]


@pytest.mark.parametrize(
    ("changes", "moves", "expected"), [row[1:] for row in CLOSINGS], ids=[row[0] for row in CLOSINGS]
)
def test_closed_at(changes: dict[str, Any], moves: list[MoveDraft], expected: tuple[Any, Any]) -> None:
    assert closing(deal(**changes), moves, MOSCOW) == expected


@pytest.mark.parametrize(
    ("owners", "expected"),
    [
        (((T - DAY, BOB),), (BOB, False)),
        (((T - DAY, BOB), (T + 5, ANN)), (ANN, False)),  # automation hands it over as it closes
        (((T - DAY, BOB), (T + 6, ANN)), (BOB, False)),  # somebody hands it over later
        (((T + HOUR, ANN),), (ANN, True)),  # closed before we looked
    ],
)
def test_closer_is_the_owner_as_the_deal_closed(owners: Any, expected: tuple[int, bool]) -> None:
    found = fact(won(at=T, responsible_id=ANN), (move(1, semantic="S", at=T),), owners)
    assert (found.closed_by_id, found.closed_by_assumed) == expected


def test_handing_over_a_closed_deal_leaves_its_closer() -> None:
    before = fact(won(at=T, responsible_id=ANN), owners=((T, ANN),))
    handed = won(at=T, responsible_id=BOB, updated_at=T + DAY)
    assert fact(handed, owners=((T, ANN), (T + DAY, BOB)), before=before).closed_by_id == ANN


def test_closing_again_has_a_new_closer() -> None:
    before = fact(won(at=T, responsible_id=ANN), owners=((T, ANN),))
    again = won(at=T + DAY, responsible_id=BOB)
    assert fact(again, owners=((T, ANN), (T + DAY, BOB)), before=before).closed_by_id == BOB


@pytest.mark.parametrize(
    ("day", "rate"),
    [
        (date(2026, 11, 1), "0.0125"),  # before the first copy
        (date(2026, 11, 10), "0.0125"),
        (date(2026, 11, 19), "0.0125"),  # no copy of that day: the one before
        (date(2026, 11, 20), "0.01"),
        (date(2026, 12, 1), "0.02"),
        (None, "0.02"),  # an open deal: the latest
    ],
)
def test_rate_of_a_day(day: date | None, rate: str) -> None:
    assert RATES.on("RUB", day) == Decimal(rate)


def test_a_deal_without_a_rate_has_no_amount() -> None:
    found = fact(deal(currency="EUR"))
    assert (found.amount, found.rate) == (None, None)
    assert found.counts


def test_the_base_currency_and_no_currency_need_no_rate() -> None:
    assert fact(deal(currency="USD")).amount == fact(deal(currency=None)).amount == 1000_00


@pytest.mark.parametrize(
    ("amount", "rate", "hundredths"),
    [(1_005_000, "1", 101), (1_004_999, "1", 100), (333_330_000, "0.0125", 417), (0, "1", 0), (None, "1", None)],
)
def test_amounts_are_rounded_half_up(amount: int | None, rate: str, hundredths: int | None) -> None:
    assert convert(amount, Decimal(rate)) == hundredths


def test_a_closed_deal_converts_at_the_rate_of_its_local_day() -> None:
    late_evening_in_utc = T - 4 * DAY - 13 * HOUR  # 19 November 23:00 UTC is the 20th in Moscow
    assert fact(won(at=late_evening_in_utc, currency="RUB")).rate == "0.01"


@pytest.mark.parametrize(
    ("draft", "seconds"),
    [
        (won(at=T, created_at=T - 90), 90),
        (won(at=T, created_at=T + 90), None),  # closed before created
        (won(moved_at=None, close_day="2026-11-24"), None),  # a planned day only
        (won(at=T, semantic="F"), None),
        (deal(), None),
    ],
)
def test_days_to_close_leave_out_what_is_not_known(draft: DealDraft, seconds: int | None) -> None:
    assert fact(draft).seconds_to_close == seconds


LEADS = declared()["lead"]

SEEN_OPEN = activity_fact(activity(), None, T, in_history=True)
SEEN_DONE = activity_fact(activity(completed=True, updated_at=T - 30), SEEN_OPEN, T, in_history=False)
COMPLETIONS: list[tuple[str, dict[str, Any], ActivityFact | None, bool, tuple[Any, bool]]] = [
    ("not completed", {}, None, True, (None, False)),
    ("a meeting found long after", {"completed": True, "updated_at": T}, None, True, (T - HOUR, True)),
    (
        "a meeting touched before its end",
        {"completed": True, "updated_at": T - 5 * HOUR},
        None,
        True,
        (T - 5 * HOUR, True),
    ),
    ("a to-do found long after", {"completed": True, "kind": "todo", "updated_at": T}, None, True, (T, True)),
    ("completed as we watch", {"completed": True, "updated_at": T - 30}, SEEN_OPEN, False, (T - 30, False)),
    ("new and completed", {"completed": True, "updated_at": T - 30}, None, False, (T - 30, False)),
    ("changed after completion", {"completed": True, "updated_at": T}, SEEN_DONE, False, (T - 30, False)),
    ("never later than now", {"completed": True, "updated_at": T + DAY}, SEEN_OPEN, False, (T, False)),
    ("taken back", {"updated_at": T}, SEEN_DONE, False, (None, False)),
]


@pytest.mark.parametrize(
    ("changes", "before", "in_history", "expected"),
    [row[1:] for row in COMPLETIONS],
    ids=[row[0] for row in COMPLETIONS],
)
def test_completed_at(
    changes: dict[str, Any], before: ActivityFact | None, in_history: bool, expected: tuple[Any, bool]
) -> None:
    found = activity_fact(activity(**changes), before, T, in_history=in_history)
    assert (found.completed_at, found.completed_assumed) == expected


STORED = fact(deal(updated_at=T - 60))
TOMBSTONE = replace(STORED, deleted_at=T)


@pytest.mark.parametrize(
    ("stored", "updated_at", "read_at", "replaces"),
    [
        (None, T, T, True),
        (STORED, T - 61, T + 1, False),  # older
        (STORED, T - 60, T, True),  # equal
        (STORED, T - 60, T - 1, False),  # equal, but seen earlier
        (STORED, T, T, True),
        (TOMBSTONE, T + 9, T, False),  # read before it was deleted
        (TOMBSTONE, T - 60, T + 1, True),  # read after
    ],
)
def test_which_version_is_newer(stored: DealFact | None, updated_at: int, read_at: int, replaces: bool) -> None:
    assert may_replace(stored, updated_at, read_at) is replaces


def test_an_open_deal_touches_its_creation_and_its_last_change() -> None:
    assert anonymous(touched(None, fact(deal(updated_at=T)))) == {
        Cell("deal", "created", "responsible", ANN, T - 10 * DAY),
        Cell("deal", "created", "created_by", CEO, T - 10 * DAY),
        Cell("deal", "created", "shared", ANN, T - 10 * DAY),
        Cell("deal", "updated", "responsible", ANN, T),
        Cell("deal", "updated", "created_by", CEO, T),
        Cell("deal", "updated", "shared", ANN, T),
    }


def test_a_reopened_deal_touches_where_it_was_and_where_it_is() -> None:
    closed, reopened = fact(won(at=T), owners=((T, BOB),)), fact(deal(updated_at=T + 9))
    cells = touched(closed, reopened)
    assert {cell.owner for cell in cells if cell.date == "closed"} == {
        "responsible",
        "created_by",
        "closed_by",
        "shared",
    }
    assert Cell("deal", "closed", "closed_by", BOB, T) in anonymous(cells)


def test_a_new_title_touches_only_when_an_open_deal_was_changed_last() -> None:
    cells = touched(fact(deal()), fact(deal(title="Another", updated_at=T)))
    assert {(cell.date, cell.at) for cell in cells} == {("updated", T - 10 * DAY), ("updated", T)}


def test_a_new_title_of_a_closed_deal_touches_nothing() -> None:
    assert touched(fact(won(at=T)), fact(won(at=T, title="Another", updated_at=T + 9))) == frozenset()


def test_another_value_and_another_product_row_touch_what_a_new_stage_touches() -> None:
    for change in ({"values": (ValueDraft("ufCrm_1", text="a"),)}, {"rows": (RowDraft(1, 5, "Chair", 10),)}):
        cells = touched(fact(won(at=T)), fact(won(at=T, updated_at=T + 9, **change)))
        assert {cell.date for cell in cells} == {"created", "closed"}


def test_a_deal_counts_for_the_first_employee_its_user_field_names() -> None:
    values = (ValueDraft("ufCrm_3", 0, ref=BOB), ValueDraft("ufCrm_3", 1, ref=CEO), ValueDraft("ufCrm_1", text="x"))
    cells = touched(None, fact(deal(values=values)))
    assert {(cell.date, cell.owner_id) for cell in cells if cell.owner.startswith("uf")} == {
        ("created", BOB),
        ("updated", BOB),
    }


def test_product_rows_are_converted_one_by_one_at_the_rate_of_their_deal() -> None:
    rows = (RowDraft(2, None, "Delivery", 1_000_000), RowDraft(1, 5, "Chair", 333_333_333))
    found = fact(won(at=T, currency="RUB", rows=rows))
    assert found.rate == "0.02"
    assert [(row.id, row.amount) for row in found.rows] == [(1, 667), (2, 2)]
    assert [row.amount for row in fact(deal(currency="EUR", rows=rows)).rows] == [None, None]


def test_what_a_read_did_not_ask_for_stays_as_it_was() -> None:
    values = (ValueDraft("ufCrm_1", text="a"), ValueDraft("ufCrm_2", text="b"))
    before = fact(deal(values=values, rows=(RowDraft(1, 5, "Chair", 10),)))
    kept = with_unasked(deal(values=(ValueDraft("ufCrm_2", text="c"),)), before, {"ufCrm_2"})
    assert {(value.field, value.text) for value in kept.values} == {("ufCrm_1", "a"), ("ufCrm_2", "c")}
    assert kept.rows == before.rows
    emptied = with_unasked(deal(), before, {"ufCrm_1", "ufCrm_2", "productRows"})
    assert (emptied.values, emptied.rows) == ((), ())


def test_another_stage_touches_what_conditions_may_ask_for() -> None:
    assert touched(fact(deal()), fact(deal(stage_id="PREPARATION", updated_at=T)))


def test_a_template_and_a_tombstone_touch_nothing() -> None:
    assert touched(None, fact(deal(is_recurring=True))) == touched(None, TOMBSTONE) == frozenset()


def test_an_owner_nobody_knows_is_a_cell_too() -> None:
    cells = touched(None, fact(deal(responsible_id=None)))
    assert Cell("deal", "created", "responsible", None, T - 10 * DAY) in anonymous(cells)


def lead(**changes: Any) -> Any:
    """Converted an hour ago, as a backfill found it."""
    nothing = dict.fromkeys(fields_of(LEADS))
    known = {"id": 1, "semantic": "S", "created_at": T - DAY, "updated_at": T, "told_closed_at": T - HOUR}
    owners = {"responsible_id": ANN, "created_by_id": BOB}
    wanted = {
        name: value
        for name, value in (nothing | known | owners | changes).items()
        if name in LEADS.draft.__dataclass_fields__
    }
    return LEADS.make(LEADS.draft(**wanted), None, Making(T))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, (T - HOUR, "told")),
        ({"told_closed_at": None, "moved_at": T - 2 * HOUR}, (T - 2 * HOUR, "moved")),
        ({"told_closed_at": None, "close_day": "1970-01-02"}, (DAY, "planned")),
        ({"semantic": "P"}, (None, None)),
        ({"semantic": "F"}, (T - HOUR, "told")),
    ],
)
def test_when_a_lead_was_closed(changes: dict[str, Any], expected: tuple[Any, Any]) -> None:
    assert (lead(**changes).closed_at, lead(**changes).closed_from) == expected


def test_a_lead_touches_its_creation_and_its_closing_before_and_after() -> None:
    before, after = lead(semantic="P"), lead(responsible_id=BOB)
    cells = touched_records(LEADS, {1: before}, {1: after})
    assert {(cell.date, cell.owner, cell.owner_id) for cell in cells} == {
        ("created", "responsible", ANN), ("created", "responsible", BOB), ("created", "created_by", BOB),
        ("closed", "responsible", BOB), ("closed", "created_by", BOB),
    }  # fmt: skip
    assert {cell.entity for cell in cells} == {"lead"}
    assert not touched_records(LEADS, {1: after}, {1: lead(responsible_id=BOB, title="Noted", updated_at=T + 1)})


def test_a_record_counts_by_the_dates_and_for_the_employees_its_fields_name() -> None:
    values = (
        ValueDraft("ufCrm_8", 0, text="1970-01-02", day="1970-01-02", at=DAY),
        ValueDraft("ufCrm_8", 1, text="1970-01-03", day="1970-01-03", at=2 * DAY),
        ValueDraft("ufCrm_9", 0, num=BOB * 1_000_000, text=str(BOB), ref=BOB),
    )
    cells = touched_records(LEADS, {1: lead()}, {1: lead(values=values)})
    assert Cell("lead", "ufCrm_8", "ufCrm_9", BOB, DAY, 1) in cells
    assert {cell.at for cell in cells if cell.date == "ufCrm_8"} == {DAY}


def test_every_date_of_a_kind_is_known_as_no_field() -> None:
    assert {date for kind in declared().values() for date in kind.dates} <= STORED_DATES


def test_an_activity_touches_its_start_its_completion_and_its_deadline() -> None:
    completed = activity_fact(activity(completed=True), None, T, in_history=False)
    cells = touched_records(declared()["activity"], {}, {completed.id: completed})
    assert {(cell.date, cell.owner, cell.owner_id) for cell in cells} == {
        ("start", "responsible", ANN),
        ("start", "created_by", BOB),
        ("completed", "responsible", ANN),
        ("completed", "created_by", BOB),
        ("due", "responsible", ANN),
        ("due", "created_by", BOB),
    }


@pytest.mark.parametrize(
    ("employee", "department", "owners"),
    [
        (ANN, None, {("employee", ANN)}),
        (ANN, 3, {("employee", ANN)}),
        (None, 3, {("employee", None), ("department", 3)}),
        (None, None, {("employee", None)}),
    ],
)
def test_whom_an_entry_counts_for(employee: int | None, department: int | None, owners: set[Any]) -> None:
    assert {(cell.owner, cell.owner_id) for cell in entry_cells(1, employee, department, T)} == owners
