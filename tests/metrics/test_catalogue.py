"""What every ready-made metric counts, by facts one can follow with a finger (semantics 3 and 4)."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from b24app.metrics.plans import plan
from b24app.metrics.queries import evaluate, facts_behind
from b24app.metrics.rules import Part, value_of
from b24app.periods.rules import Span
from tests.metrics.world import (
    ANN,
    BOB,
    JUNE,
    MAY,
    NOW,
    SALES,
    Fact,
    activity,
    at,
    credit,
    deal,
    entry,
    lost,
    open_deal,
    put,
)


def value(portal: int, metric: str, span: Span = MAY, members: Any = None, **how: Any) -> Fraction | None:
    wanted = plan(metric, **how)
    part = evaluate(portal, [wanted], [span], NOW).get(wanted, 0, members, how.pop("departments", ()))
    return value_of(wanted, part.numerator, part.denominator)


Facts = Callable[[int], list[Fact]]


def deals(portal: int) -> list[Fact]:
    """Won by Ann: 1 000 and 500 (repeat, no rate for a third, with a client unknown). Lost by Bob: one. Open: one."""
    june = at("2024-06-02T00:00")
    return [
        deal(portal),
        deal(portal, amount=50_000, win_no=2, seconds_to_close=129_600, created_at=at("2024-05-15T00:00")),
        deal(portal, amount=None, rate=None, currency="XXX", client=None, win_no=None, seconds_to_close=None,
             closed_from="planned", closed_by_id=BOB),
        lost(portal, amount=700_000, closed_by_id=BOB, responsible_id=BOB),
        deal(portal, semantic="P", closed_at=None, closed_by_id=None, win_no=None, amount=30_000),
        deal(portal, closed_at=june, win_no=3, is_return=True),
        deal(portal, deleted_at=5),
        deal(portal, is_recurring=True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("metric", "how", "in_may", "in_june"),
    [
        ("deals_created", {}, 6, 0),
        ("deals_created_amount", {}, 1000 + 500 + 7000 + 300 + 1000, 0),
        ("deals_won", {}, 3, 1),
        ("deals_won", {"date": "created"}, 4, 0),
        ("deals_lost", {}, 1, 0),
        ("deals_won_amount", {}, 1500, 1000),
        ("deal_conversion", {}, 75, 100),
        ("average_deal", {}, 500, 1000),
        ("average_days_to_close", {}, Fraction("5.75"), 10),
        ("new_clients", {}, 1, 0),
        ("repeat_sales", {}, 1, 1),
        ("repeat_sales", {"options": {"mode": "flag"}}, 0, 1),
        ("repeat_sales_amount", {}, 500, 1000),
    ],
)
def test_deals(portal: int, metric: str, how: dict[str, Any], in_may: Any, in_june: Any) -> None:
    put(*deals(portal))
    assert value(portal, metric, MAY, **how) == in_may
    assert value(portal, metric, JUNE, **how) == in_june


@pytest.mark.parametrize(
    ("metric", "owner", "ann", "bob"),
    [
        ("deals_won", "responsible", 3, 0),
        ("deals_won", "closed_by", 2, 1),
        ("deals_won", "created_by", 3, 0),
        ("deal_conversion", "closed_by", 100, 50),
        ("deal_conversion", "responsible", 100, 0),
        ("average_deal", "closed_by", 750, 0),
    ],
)
def test_owner_decides_whom_a_deal_counts_for(portal: int, metric: str, owner: str, ann: int, bob: int) -> None:
    put(*deals(portal))
    assert value(portal, metric, members={ANN}, owner=owner) == ann
    assert value(portal, metric, members={BOB}, owner=owner) == bob


def test_facts_are_those_behind_both_sides_of_a_ratio_each_once(portal: int) -> None:
    put(*deals(portal))
    wanted = plan("deal_conversion")
    assert evaluate(portal, [wanted], [MAY], NOW).get(wanted) == Part(3, 4, 4)


def test_the_company_counts_deals_of_owners_nobody_knows(portal: int) -> None:
    put(deal(portal, responsible_id=None), deal(portal, responsible_id=404), deal(portal))
    assert value(portal, "deals_won") == 3
    assert value(portal, "deals_won", members={ANN, BOB}) == 1


def test_a_department_s_ratio_is_made_of_sums_not_of_averages(portal: int) -> None:
    put(deal(portal), *(lost(portal, responsible_id=BOB) for _number in range(3)))
    assert value(portal, "deal_conversion", members={ANN}) == 100
    assert value(portal, "deal_conversion", members={BOB}) == 0
    assert value(portal, "deal_conversion", members={ANN, BOB}) == 25


@pytest.mark.parametrize(
    ("where", "won"),
    [
        ({}, 3),
        ({"category_id": [1]}, 2),
        ({"stage_id": ["C1:WON"]}, 2),
        ({"source_id": ["WEB", "CALL"]}, 2),
        ({"category_id": [1], "source_id": ["WEB"]}, 1),
        ({"any": [{"source_id": ["CALL"]}, {"source_id": ["WEB"], "category_id": [1]}]}, 2),
        ({"any": [{"category_id": [9]}, {}]}, 3),
        ({"category_id": [9]}, 0),
    ],
)
def test_conditions_on_funnel_stage_and_source(portal: int, where: dict[str, Any], won: int) -> None:
    put(
        deal(portal, category_id=1, stage_id="C1:WON", source_id="WEB"),
        deal(portal, category_id=1, stage_id="C1:WON", source_id=None),
        deal(portal, source_id="CALL"),
    )
    assert value(portal, "deals_won", where=where) == won


@pytest.mark.parametrize(
    ("metric", "how", "expected"),
    [
        ("meetings", {}, 1),
        ("meetings", {"date": "start"}, 2),
        ("calls", {}, 2),
        ("calls", {"options": {"direction": "in"}}, 1),
        ("calls", {"date": "completed_at"}, 2),
        ("emails", {}, 2),
    ],
)
def test_activities(portal: int, metric: str, how: dict[str, Any], expected: int) -> None:
    put(
        activity(portal, "meeting"),
        activity(portal, "meeting", completed_at=at("2024-06-03T09:00")),
        activity(portal, "meeting", completed=False, completed_at=None),
        activity(portal, "call"),
        activity(portal, "call", direction="in"),
        activity(portal, "call", completed=False, completed_at=None),
        activity(portal, "email"),
        activity(portal, "email", completed=False, completed_at=None),
        activity(portal, "email", direction="in"),
        activity(portal, "todo"),
        activity(portal, "call", deleted_at=5),
    )
    assert value(portal, metric, **how) == expected


ADD, SET = "add", "set"


@pytest.mark.parametrize(
    ("rows", "total"),
    [
        ([(ADD, 2), (ADD, 3)], 5),
        ([(ADD, 2), (SET, 10), (ADD, 3)], 13),
        ([(SET, 10), (ADD, 1), (SET, 4)], 4),
        ([(SET, 10), (SET, 0)], 0),
        ([(ADD, 2), (ADD, -2)], 0),
        ([], None),
    ],
)
def test_sum_of_entries_begins_with_the_last_set(portal: int, rows: list[tuple[str, float]], total: int | None) -> None:
    # All at the same instant: then the id tells which came later (semantics 4.7).
    put(*(entry(portal, "nps", number, kind=kind) for kind, number in rows))
    assert value(portal, "entries", options={"code": "nps"}) == total


@pytest.mark.parametrize(
    ("aggregate", "expected"),
    [("sum", 12.5), ("last", 2.5), ("mean", 5.0), ("min", 1.0), ("max", 10), ("count", 4)],
)
def test_only_the_sum_of_entries_honours_set(portal: int, aggregate: str, expected: float) -> None:
    put(
        entry(portal, "nps", 6.5, occurred_at=at("2024-05-01T00:00")),
        entry(portal, "nps", 10, kind=SET, occurred_at=at("2024-05-10T00:00")),
        entry(portal, "nps", 2.5, occurred_at=at("2024-05-31T23:59")),
        entry(portal, "nps", 1.0, occurred_at=at("2024-05-02T00:00")),
        entry(portal, "nps", 100, occurred_at=at("2024-06-01T00:00")),
        entry(portal, "other", 100),
        entry(portal, "nps", 100, undone=True),
        entry(portal, "nps", -100, undoes_id=1),
    )
    assert value(portal, "entries", options={"code": "nps", "aggregate": aggregate}) == Fraction(expected)


def test_all_aggregates_of_a_code_may_be_asked_together(portal: int) -> None:
    put(entry(portal, "nps", 6), entry(portal, "nps", 10, kind=SET), entry(portal, "nps", 2))
    plans = {
        name: plan("entries", {"code": "nps", "aggregate": name})
        for name in ("sum", "last", "mean", "min", "max", "count")
    }
    parts = evaluate(portal, list(plans.values()), [MAY], NOW)
    found = {name: parts.get(wanted) for name, wanted in plans.items()}
    assert {name: part.facts for name, part in found.items()} == {
        "sum": 2, "last": 1, "mean": 3, "min": 3, "max": 3, "count": 3,
    }  # fmt: skip
    assert {name: value_of(plans[name], part.numerator, part.denominator) for name, part in found.items()} == {
        "sum": 12, "last": 2, "mean": 6, "min": 2, "max": 10, "count": 3,
    }  # fmt: skip


def test_a_set_replaces_only_what_its_own_employee_had(portal: int) -> None:
    put(entry(portal, "nps", 5), entry(portal, "nps", 7, employee_id=BOB), entry(portal, "nps", 1, kind=SET))
    wanted = plan("entries", {"code": "nps"})
    parts = evaluate(portal, [wanted], [MAY], NOW)
    assert parts.get(wanted, 0, {ANN}).numerator == 1_000_000
    assert parts.get(wanted, 0, {ANN, BOB}).numerator == 8_000_000
    assert parts.get(wanted).numerator == 8_000_000


def test_entries_of_a_department_count_for_it_and_the_company_and_for_no_employee(portal: int) -> None:
    put(
        entry(portal, "nps", 1, department_id=99),  # names an employee: hers, whatever the department
        entry(portal, "nps", 20, employee_id=None, department_id=SALES),
        entry(portal, "nps", 300, employee_id=None, department_id=99),
        entry(portal, "nps", 4000, employee_id=None),
    )
    wanted = plan("entries", {"code": "nps"})
    parts = evaluate(portal, [wanted], [MAY], NOW)
    assert parts.get(wanted, 0, {ANN}).numerator == 1_000_000
    assert parts.get(wanted, 0, {ANN, BOB}, {SALES}).numerator == 21_000_000
    assert parts.get(wanted).numerator == 4_321_000_000


def test_entries_match_the_source_condition_before_set_is_honoured(portal: int) -> None:
    put(entry(portal, "nps", 5, source_id="WEB"), entry(portal, "nps", 1, kind=SET, source_id="CALL"))
    assert value(portal, "entries", options={"code": "nps"}, where={"source_id": ["WEB"]}) == 5
    assert value(portal, "entries", options={"code": "nps"}) == 1


def test_a_fact_belongs_to_the_period_that_begins_with_its_instant(portal: int) -> None:
    put(deal(portal, closed_at=MAY.end), deal(portal, closed_at=MAY.end - 1))
    assert value(portal, "deals_won", MAY) == 1
    assert value(portal, "deals_won", JUNE) == 1


def test_a_divided_deal_counts_in_parts_that_are_the_deal_again(portal: int) -> None:
    """Semantics 3.4, ADR 16: of 1 000 Ann gets 60 % and Bob 40 %; 500 are Ann's alone; Bob lost one that is halved."""
    first, second, gone = deal(portal), deal(portal, amount=50_000, win_no=2), lost(portal, closed_by_id=BOB)
    put(first, second, gone, open_deal(portal, responsible_id=BOB, amount=30_000))
    put(
        credit(first.id, ANN, 600_000, 60_000, portal=portal),
        credit(first.id, BOB, 400_000, 40_000, portal=portal),
        credit(gone.id, ANN, 500_000, 50_000, portal=portal),
        credit(gone.id, BOB, 500_000, 50_000, portal=portal),
    )
    expected: dict[str, tuple[Any, Any, Any]] = {
        "deals_won": (Fraction("1.6"), Fraction("0.4"), 2),
        "deals_won_amount": (1100, 400, 1500),
        "deals_lost": (Fraction("0.5"), Fraction("0.5"), 1),
        "deal_conversion": (Fraction(1600, 21), Fraction(400, 9), Fraction(200, 3)),
        "average_deal": (Fraction("687.5"), 1000, 750),
        "deals_created": (Fraction("2.1"), Fraction("1.9"), 4),
        "repeat_sales_amount": (500, 0, 500),
        "new_clients": (Fraction("0.6"), Fraction("0.4"), 1),
    }
    for metric, told in expected.items():
        found = tuple(value(portal, metric, members=whose, owner="shared") for whose in ({ANN}, {BOB}, None))
        assert found == told, metric
        assert value(portal, metric, members={ANN, BOB}, owner="shared") == told[2]
    assert value(portal, "deals_won_amount", members={ANN}, owner="closed_by") == 1500


def test_a_company_lists_a_divided_deal_once_for_each_of_its_people(portal: int) -> None:
    first, second = deal(portal), deal(portal)
    put(first, second)
    put(
        *(credit(one.id, ANN, 600_000, 60_000, portal=portal) for one in (first, second)),
        *(credit(one.id, BOB, 400_000, 40_000, portal=portal) for one in (first, second)),
    )
    wanted, cursor, rows = plan("deals_won_amount", owner="shared"), None, []
    while not rows or cursor:
        page = facts_behind(portal, wanted, MAY, now=NOW, limit=1, cursor=cursor)
        rows, cursor = [*rows, *page.items], page.next_cursor
    assert page.total == 4
    assert [(one.id, one.employee_id) for one in rows] == [
        (id, whose) for id in (second.id, first.id) for whose in (BOB, ANN)
    ]
    assert [(one.number, one.share, one.amount, one.amount_whole) for one in rows[:2]] == [
        (400, Fraction("0.4"), 400, 1000),
        (600, Fraction("0.6"), 600, 1000),
    ]
    seen = facts_behind(portal, wanted, MAY, now=NOW, visible={ANN})
    assert ([one.employee_id for one in seen.items], seen.hidden) == ([ANN, ANN], 2)
