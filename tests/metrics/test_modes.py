"""Every mode of the deal metrics, by deals one can follow with a finger (semantics 4)."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest

from b24app.facts.rules import Cell
from b24app.facts.tables import Watch
from b24app.metrics.needs import ripening
from b24app.metrics.plans import plan
from b24app.metrics.queries import evaluate, facts_behind, not_counted
from b24app.metrics.ripening import also_touched, ripened
from b24app.metrics.rules import Part, is_small_sample, presence, settle, value_of
from b24app.periods.rules import Span
from tests.metrics.world import (
    ANN,
    BOB,
    JUNE,
    MAY,
    SALES,
    Fact,
    at,
    deal,
    entry,
    field_value,
    in_section,
    lead,
    lost,
    move,
    open_deal,
    product_row,
    put,
    put_portal,
)

DAY = 86_400
NOW = at("2024-07-01T00:00")


def asked(
    portal: int,
    metric: str,
    options: dict[str, Any] | None = None,
    *,
    span: Span = MAY,
    members: Any = None,
    now: int = NOW,
    **how: Any,
) -> Part:
    wanted = plan(metric, options, **how)
    return evaluate(portal, [wanted], [span], now).get(wanted, 0, members)


def value(portal: int, metric: str, options: dict[str, Any] | None = None, **how: Any) -> Fraction | None:
    part = asked(portal, metric, options, **how)
    named = {name: how[name] for name in ("date", "owner", "where") if name in how}
    return value_of(plan(metric, options, **named), part.numerator, part.denominator)


def listed(portal: int, metric: str, options: dict[str, Any] | None = None, **how: Any) -> list[tuple[int, str]]:
    page = facts_behind(portal, plan(metric, options, **how), MAY, now=NOW)
    return [(row.id, row.part) for row in page.items]


def missed(portal: int, metric: str, options: dict[str, Any] | None = None, now: int = NOW, **how: Any) -> Any:
    return {row.id: row.reason for row in not_counted(portal, plan(metric, options, **how), MAY, now=now).items}


def may(day: int, hour: int = 12) -> int:
    return at(f"2024-05-{day:02}T{hour:02}:00")


# --- conversion


def created_in_may(portal: int) -> Iterator[Fact]:
    """Ten deals of May: won after 5, 10 and 40 days; lost; five open, one of another month; Bob closed one of Ann's."""
    yield deal(portal, id=1, created_at=may(1), closed_at=may(6), updated_at=may(6))
    yield deal(portal, id=2, created_at=may(2), closed_at=may(12), updated_at=may(12), closed_by_id=BOB)
    yield deal(portal, id=3, created_at=may(3), closed_at=may(3) + 40 * DAY, updated_at=may(20))
    yield lost(portal, id=4, created_at=may(4), closed_at=may(9), updated_at=may(9))
    yield open_deal(portal, id=5, created_at=may(5), updated_at=may(5))
    yield open_deal(portal, id=6, created_at=may(30), updated_at=may(30))
    yield deal(portal, id=7, created_at=at("2024-04-20T12:00"), closed_at=may(6), updated_at=may(6))


@pytest.mark.parametrize(
    ("options", "won", "of"),
    [
        ({}, 3, 4),  # closed in May: 1, 2 and 7 won, 4 lost
        ({"mode": "period"}, 3, 4),
        ({"mode": "cohort"}, 3, 6),  # created in May: 1, 2 and 3 of six
        ({"mode": "resolved"}, 3, 4),
        ({"mode": "window", "days": 30}, 2, 6),  # the 40 days of deal 3 are too many
        ({"mode": "window", "days": 40}, 3, 5),  # the 40 days of deal 6 have not passed on 1 July
        ({"mode": "window", "days": 5}, 1, 6),  # exactly five days are within five
        ({"mode": "window", "days": 4}, 0, 6),
        ({"stale_days": 20}, 3, 5),  # deal 5 became stale on 25 May, deal 6 on 19 June
        ({"mode": "resolved", "stale_days": 20}, 3, 6),  # by now both are
        ({"mode": "resolved", "stale_days": 50}, 3, 5),
        ({"mode": "resolved", "stale_days": 60}, 3, 4),
    ],
)
def test_conversion_in_every_mode(portal: int, options: dict[str, Any], won: int, of: int) -> None:
    put(*created_in_may(portal))
    part = asked(portal, "deal_conversion", options)
    assert (part.numerator, part.denominator, part.facts) == (won, of, of)


@pytest.mark.parametrize(
    ("now", "of"),
    [(may(10) + 30 * DAY - 1, 0), (may(10) + 30 * DAY, 1)],
)
def test_a_window_opens_the_second_its_days_have_passed(portal: int, now: int, of: int) -> None:
    put(open_deal(portal, id=1, created_at=may(10)))
    assert asked(portal, "deal_conversion", {"mode": "window", "days": 30}, now=now).denominator == of
    found = missed(portal, "deal_conversion", {"mode": "window", "days": 30}, now)
    assert found == ({} if of else {1: "not_ripe"})


@pytest.mark.parametrize(("now", "of"), [(may(30) - 1, 0), (may(30), 1)])
def test_an_open_deal_is_lost_from_the_second_it_is_stale(portal: int, now: int, of: int) -> None:
    put(open_deal(portal, created_at=may(1), updated_at=may(10)))
    for options in ({"stale_days": 20}, {"mode": "resolved", "stale_days": 20}):
        assert asked(portal, "deal_conversion", options, now=now).denominator == of


def test_a_deal_that_moves_again_is_no_longer_stale(portal: int) -> None:
    stale = open_deal(portal, created_at=may(1), updated_at=may(1))
    put(stale)
    assert asked(portal, "deal_conversion", {"stale_days": 20}).denominator == 1
    stale.updated_at = at("2024-06-25T00:00")
    put()
    for options in ({"stale_days": 20}, {"mode": "resolved", "stale_days": 20}):
        assert asked(portal, "deal_conversion", options).denominator == 0


def test_an_open_deal_counts_for_its_responsible_where_the_others_count_for_their_closer(portal: int) -> None:
    put(*created_in_may(portal), open_deal(portal, id=8, responsible_id=BOB, created_at=may(5), updated_at=may(5)))
    cohort = {"mode": "cohort"}
    assert value(portal, "deal_conversion", cohort, members={ANN}, owner="closed_by") == Fraction(200, 5)
    assert value(portal, "deal_conversion", cohort, members={BOB}, owner="closed_by") == Fraction(100, 2)
    assert value(portal, "deal_conversion", cohort, members={ANN, BOB}, owner="closed_by") == Fraction(300, 7)
    stale = {"stale_days": 20}
    assert asked(portal, "deal_conversion", stale, members={BOB}, owner="closed_by") == Part(1, 2, 2)


def test_the_lists_of_a_conversion_name_stale_deals_below_the_line_by_when_they_became_stale(portal: int) -> None:
    put(deal(portal, id=1), open_deal(portal, id=2, created_at=may(1), updated_at=may(4)))
    assert listed(portal, "deal_conversion", {"stale_days": 20}) == [
        (1, "numerator"),
        (1, "denominator"),
        (2, "denominator"),
    ]
    page = facts_behind(portal, plan("deal_conversion", {"stale_days": 20}), MAY, now=NOW, limit=2)
    (row,) = facts_behind(
        portal, plan("deal_conversion", {"stale_days": 20}), MAY, now=NOW, cursor=page.next_cursor
    ).items
    assert (row.id, row.date, row.employee_id) == (2, may(24), ANN)


def test_pages_go_on_among_stale_deals(portal: int) -> None:
    put(*(open_deal(portal, id=id, created_at=may(1), updated_at=may(1) + id) for id in range(1, 6)))
    wanted, seen, cursor = plan("deal_conversion", {"stale_days": 20}), [], None
    while True:
        page = facts_behind(portal, wanted, MAY, now=NOW, limit=2, cursor=cursor)
        seen += [row.id for row in page.items]
        if (cursor := page.next_cursor) is None:
            break
    assert seen == [5, 4, 3, 2, 1]


# --- what changes because time passes


def cells_of(cells: frozenset[Cell]) -> set[tuple[int, str, str]]:
    return {(cell.record_id, cell.date, cell.owner) for cell in cells}


def test_only_deals_whose_instant_has_come_since_the_last_look_have_ripened(portal: int) -> None:
    put(
        open_deal(portal, id=1, created_at=may(1), updated_at=may(10)),
        open_deal(portal, id=2, created_at=may(1), updated_at=may(11)),
        deal(portal, id=3, created_at=may(1), updated_at=may(10)),
        open_deal(portal, id=4, created_at=may(1), updated_at=may(10), deleted_at=5),
    )
    stale = ripening(plan("deal_conversion", {"stale_days": 20}))
    assert {cell.record_id for cell in ripened(portal, stale, may(30) - 1, may(30))} == {1}
    assert {cell.record_id for cell in ripened(portal, stale, may(30), may(31))} == {2}
    window = ripening(plan("deal_conversion", {"mode": "window", "days": 7}))
    assert {cell.record_id for cell in ripened(portal, window, may(7), may(8))} == {1, 2, 3}
    assert ripened(portal, frozenset(), 0, NOW) == frozenset()


OWNERS = ("responsible", "created_by", "shared", "ufCrm_3")


def test_what_ripened_is_told_for_every_date_and_owner_of_the_deal(portal: int) -> None:
    put(open_deal(portal, id=1, updated_at=may(10)), field_value(1, "ufCrm_3", ref=BOB, portal=portal))
    put(Watch(portal_id=portal, entity="deal", field="ufCrm_3", complete=True, since=0))
    stale = ripening(plan("deal_conversion", {"stale_days": 20}))
    assert cells_of(ripened(portal, stale, may(29), may(30))) == {
        (1, date, owner) for date in ("created", "updated") for owner in OWNERS
    }


def test_a_change_of_a_stale_deal_touches_the_period_it_was_created_in(portal: int) -> None:
    put(open_deal(portal, id=1, created_at=may(1), updated_at=may(10)))
    updated = frozenset({Cell("deal", "updated", "responsible", ANN, may(10), 1)})
    resolved = plan("deal_conversion", {"mode": "resolved", "stale_days": 20})
    assert Cell("deal", "created", "responsible", ANN, may(1), 1) in also_touched(portal, [resolved], updated)
    assert also_touched(portal, [plan("deal_conversion", {"stale_days": 20})], updated) == frozenset()


# --- the median


def test_the_median_is_the_middle_or_the_mean_of_the_two_in_the_middle(portal: int) -> None:
    put(*(deal(portal, seconds_to_close=number * DAY, responsible_id=owner) for number, owner in (
        (1, ANN), (2, ANN), (9, ANN), (5, BOB), (5, BOB), (100, BOB), (7, None))), deal(portal, seconds_to_close=None),
    )  # fmt: skip
    median = {"stat": "median"}
    assert value(portal, "average_days_to_close", median, members={ANN}) == 2
    assert value(portal, "average_days_to_close", median, members={BOB}) == 5
    assert value(portal, "average_days_to_close", median, members={ANN, BOB}) == 5
    assert value(portal, "average_days_to_close", median) == 5
    assert value(portal, "average_days_to_close", median, members={99}) is None
    put(deal(portal, seconds_to_close=3 * DAY, responsible_id=ANN))
    assert value(portal, "average_days_to_close", median, members={ANN}) == Fraction(5, 2)
    part = asked(portal, "average_days_to_close", median, members={ANN})
    assert (part.numerator, part.denominator, part.facts) == (5 * DAY, None, 4)


def test_a_median_has_no_sides_and_marks_a_small_sample(portal: int) -> None:
    wanted = plan("average_days_to_close", {"stat": "median"})
    assert (wanted.shown_as, wanted.additive, presence(wanted)) == ("median", False, None)
    assert wanted.told(Part(10, None, 9)) == (None, None)
    assert is_small_sample(wanted, Part(10, None, 9))
    assert not is_small_sample(wanted, Part(10, None, 10))
    assert settle(wanted, Part(10, None, 4), min_count=5).reason == "few_facts"
    assert settle(wanted, Part(None, None, 0)).reason == "no_facts"


# --- conditions on fields


def with_fields(portal: int) -> Iterator[Fact]:
    """Deals 1..5 with the colours A; B and A; none; 2 (a number); and a day."""
    yield from (deal(portal, id=id) for id in range(1, 6))
    for id, place, known in (
        (1, 0, {"text": "A"}), (2, 0, {"text": "B"}), (2, 1, {"text": "A"}), (4, 0, {"num": 2_000_000, "text": "2"}),
        (5, 0, {"text": "2024-05-10", "day": "2024-05-10"}),
    ):  # fmt: skip
        yield field_value(id, "ufCrm_1", place, portal=portal, **known)
    yield field_value(3, "ufCrm_2", text="A", portal=portal)


@pytest.mark.parametrize(
    ("op", "operand", "found"),
    [
        ("eq", "A", {1, 2}),
        ("ne", "A", {2, 3, 4, 5}),  # of 2 the value B is another; 3 is empty
        ("in", ["A", 2], {1, 2, 4}),
        ("not_in", ["A", "B", 2], {3, 5}),
        ("eq", 2, {4}),
        ("ne", 2, {1, 2, 3, 5}),
        ("gt", 1.5, {4}),
        ("gt", 2, set()),
        ("gte", 2, {4}),
        ("lt", 2, set()),
        ("lte", 2, {4}),
        ("between", [2, 3], {4}),
        ("between", [3, 4], set()),
        ("gte", "2024-05-10", {5}),
        ("lt", "2024-05-10", set()),
        ("between", ["2024-05-01", "2024-05-10"], {5}),
        ("empty", None, {3}),
        ("not_empty", None, {1, 2, 4, 5}),
    ],
)
def test_conditions_on_a_field(portal: int, op: str, operand: Any, found: set[int]) -> None:
    put(*with_fields(portal))
    where = {"fields": [{"field": "ufCrm_1", "op": op, "value": operand}]}
    assert {id for id, _part in listed(portal, "deals_won", where=where)} == found
    assert missed(portal, "deals_won", where=where) == dict.fromkeys({1, 2, 3, 4, 5} - found, "other_field")


def test_a_yes_and_a_no_are_compared_as_one_and_zero(portal: int) -> None:
    put(deal(portal, id=1), deal(portal, id=2), deal(portal, id=3))
    put(*(field_value(id, "ufCrm_1", num=number, portal=portal) for id, number in ((1, 1_000_000), (2, 0))))
    for operand, expected in ((True, {1}), (False, {2})):
        where = {"fields": [{"field": "ufCrm_1", "op": "eq", "value": operand}]}
        assert {id for id, _part in listed(portal, "deals_won", where=where)} == expected


def test_fields_of_another_portal_say_nothing(portal: int) -> None:
    stranger = put_portal()
    put(deal(portal, id=1), deal(stranger, id=1), field_value(1, "ufCrm_1", text="A", portal=stranger))
    assert value(portal, "deals_won", where={"fields": [{"field": "ufCrm_1", "op": "eq", "value": "A"}]}) == 0


# --- conditions on products


def with_products(portal: int) -> Iterator[Fact]:
    """Three won deals of 1 000: one with products 1 and 2, one with 2 twice, one without rows. 2 and 3 are in 50."""
    yield from (deal(portal, id=1), deal(portal, id=2), deal(portal, id=3, source_id="WEB"))
    for record, number, product, amount in ((1, 1, 1, 60_000), (1, 2, 2, 40_000), (2, 1, 2, 30_000), (2, 2, 2, 10_000)):
        yield product_row(record, number, product, amount, portal=portal)
    yield from (in_section(product, 50, portal=portal) for product in (2, 3))
    yield field_value(3, "ufCrm_1", text="A", portal=portal)


@pytest.mark.parametrize(
    ("where", "count", "amount"),
    [
        ({"product_id": [1]}, 1, 600),
        ({"product_id": [2]}, 2, 800),
        ({"product_id": [1, 2]}, 2, 1400),
        ({"product_section_id": [50]}, 2, 800),
        ({"product_section_id": [50], "product_id": [1]}, 0, 0),  # no row is both
        ({"product_id": [9]}, 0, 0),
        ({"any": [{"product_id": [1]}, {"product_section_id": [50]}]}, 2, 1400),
        ({"any": [{"product_id": [1]}, {"source_id": ["WEB"]}]}, 2, 1600),  # a deal that needs no row counts whole
        ({"any": [{"product_id": [9]}, {"fields": [{"field": "ufCrm_1", "op": "eq", "value": "A"}]}]}, 1, 1000),
        ({"product_id": [1, 2], "fields": [{"field": "ufCrm_1", "op": "empty"}]}, 2, 1400),
        ({"source_id": ["WEB"], "product_id": [1]}, 0, 0),
    ],
)
def test_a_product_condition_counts_deals_and_adds_up_rows(
    portal: int, where: dict[str, Any], count: int, amount: int
) -> None:
    put(*with_products(portal))
    assert value(portal, "deals_won", where=where) == count
    assert value(portal, "deals_won_amount", where=where) == amount
    assert value(portal, "average_deal", where=where) == (Fraction(amount, count) if count else None)


def test_a_deal_under_a_product_condition_is_listed_with_the_amount_of_its_rows(portal: int) -> None:
    put(*with_products(portal))
    page = facts_behind(portal, plan("deals_won_amount", where={"product_id": [2]}), MAY, now=NOW)
    assert {row.id: row.number for row in page.items} == {1: 400, 2: 400}
    assert {row.amount for row in page.items} == {1000}
    assert missed(portal, "deals_won_amount", where={"product_id": [2]}) == {3: "other_product"}


def test_rows_without_a_rate_add_nothing_and_their_deal_is_told(portal: int) -> None:
    put(deal(portal, id=1, amount=None, rate=None), product_row(1, 1, 1, None, portal=portal))
    where = {"product_id": [1]}
    assert value(portal, "deals_won", where=where) == 1
    assert value(portal, "deals_won_amount", where=where) == 0
    assert missed(portal, "deals_won_amount", where=where) == {1: "no_rate"}


# --- owners in fields of users


def test_a_field_of_users_may_name_whom_a_deal_counts_for(portal: int) -> None:
    put(deal(portal, id=1), deal(portal, id=2), deal(portal, id=3))
    put(
        field_value(1, "ufCrm_3", ref=BOB, portal=portal),
        field_value(1, "ufCrm_3", 1, ref=ANN, portal=portal),  # only the first value counts
        field_value(2, "ufCrm_3", ref=None, text="x", portal=portal),
    )
    assert value(portal, "deals_won", owner="ufCrm_3", members={BOB}) == 1
    assert value(portal, "deals_won", owner="ufCrm_3", members={ANN}) == 0
    assert value(portal, "deals_won", owner="ufCrm_3") == 3
    page = facts_behind(portal, plan("deals_won", owner="ufCrm_3"), MAY, {BOB}, now=NOW, visible={BOB})
    assert [(row.id, row.employee_id) for row in page.items] == [(1, BOB)]
    assert facts_behind(portal, plan("deals_won", owner="ufCrm_3"), MAY, now=NOW, visible={ANN}).hidden == 3


# --- stages and returns


def moved(portal: int) -> Iterator[Fact]:
    """Deal 1 was created in NEW, went to WORK twice; 2 is Bob's and changed the funnel into WORK; 3 is deleted."""
    yield open_deal(portal, id=1, category_id=0)
    yield open_deal(portal, id=2, category_id=1, responsible_id=BOB)
    yield open_deal(portal, id=3, deleted_at=5)
    for id, record, kind, stage, category, when in (
        (1, 1, 1, "NEW", 0, may(1)), (2, 1, 2, "WORK", 0, may(3)), (3, 1, 2, "NEW", 0, may(4)),
        (4, 1, 2, "WORK", 0, may(5)), (5, 1, 2, "WORK", 0, at("2024-06-01T00:00")), (6, 2, 5, "WORK", 1, may(31, 23)),
        (7, 3, 2, "WORK", 0, may(6)), (8, 404, 2, "WORK", 0, may(6)),
    ):  # fmt: skip
        yield move(id, record, kind, stage, category, when, portal=portal)


@pytest.mark.parametrize(
    ("stages", "span", "count"),
    [
        (["WORK"], MAY, 2),
        (["NEW"], MAY, 1),  # created in it, and once more
        (["NEW", "WORK"], MAY, 2),
        (["WORK"], JUNE, 1),
        (["WON"], MAY, 0),
        (["WORK"], Span(MAY.start, JUNE.end), 2),
    ],
)
def test_a_deal_that_entered_a_stage_counts_once_in_a_period(
    portal: int, stages: list[str], span: Span, count: int
) -> None:
    put(*moved(portal))
    assert value(portal, "stage_entered", {"stages": stages}, span=span) == count


def test_a_stage_entered_counts_for_the_responsible_and_is_listed_by_the_first_time(portal: int) -> None:
    put(*moved(portal))
    options = {"stages": ["WORK"]}
    assert value(portal, "stage_entered", options, members={ANN}) == 1
    assert value(portal, "stage_entered", options, members={BOB}) == 1
    page = facts_behind(portal, plan("stage_entered", options), MAY, now=NOW)
    assert [(row.entity, row.id, row.date, row.employee_id) for row in page.items] == [
        ("deal", 2, may(31, 23), BOB),
        ("deal", 1, may(3), ANN),
    ]
    assert missed(portal, "stage_entered", options) == {3: "deleted"}
    assert missed(portal, "stage_entered", options, where={"category_id": [0]}) == {2: "other_funnel", 3: "deleted"}


def test_leads_and_items_enter_stages_as_deals_do(portal: int) -> None:
    """Moves of a deal, a lead and an item of the same id are three different things."""
    put(
        *moved(portal),
        lead(portal, id=1, responsible_id=BOB, source_id="WEB"),
        lead(portal, id=3, deleted_at=5),
        lead(portal, type="item_147", id=1),
        move(1, 1, 1, "WORK", None, may(7), portal=portal, entity="lead"),
        move(2, 1, 2, "WORK", None, may(9), portal=portal, entity="lead"),
        move(3, 3, 2, "WORK", None, may(9), portal=portal, entity="lead"),
        move(1, 1, 2, "WORK", 3, may(8), portal=portal, entity="item_147"),
    )
    leads, items = ({"stages": ["WORK"], "entity_type_id": type} for type in (1, 147))
    assert value(portal, "stage_entered", leads, members={BOB}) == value(portal, "stage_entered", leads) == 1
    assert value(portal, "stage_entered", items, members={ANN}) == value(portal, "stage_entered", items) == 1
    page = facts_behind(portal, plan("stage_entered", leads), MAY, now=NOW)
    assert [(row.entity, row.id, row.date, row.employee_id) for row in page.items] == [("lead", 1, may(7), BOB)]
    assert missed(portal, "stage_entered", leads) == {3: "deleted"}
    assert missed(portal, "stage_entered", leads, where={"source_id": ["FAX"]})[1] == "other_source"
    assert plan("stage_entered", leads).numerator.scan.reads == ("lead", "stage_move:lead")


def test_whoever_moved_no_deal_is_absent_where_less_is_better(portal: int) -> None:
    put(*moved(portal))
    wanted = plan("stage_entered", {"stages": ["WON"]})
    there = presence(wanted)
    assert there is not None
    parts = evaluate(portal, [there], [MAY], NOW)
    assert [parts.get(there, 0, {id}).facts for id in (ANN, BOB, 99)] == [1, 1, 0]


def test_returns_by_stage_by_funnel_and_by_entries(portal: int) -> None:
    put(
        *(deal(portal, id=id) for id in (10, 11, 12, 13)),
        open_deal(portal, id=20, responsible_id=BOB),
        move(1, 20, 2, "C7:BACK", 7, may(8), portal=portal),  # inside the funnel: not an entering of the funnel
        move(2, 20, 2, "C7:BACK", 7, may(9), portal=portal),
        move(3, 10, 5, "C7:NEW", 7, may(9), portal=portal),
        move(4, 11, 1, "C7:NEW", 7, may(9), portal=portal),
        entry(portal, "back", 2, employee_id=BOB),
        entry(portal, "back", 1, employee_id=None, department_id=SALES),
        entry(portal, "other", 50),
    )
    for options, expected in (
        ({"stage_id": ["C7:BACK"]}, 25),
        ({"category_id": [7]}, 50),
        ({"code": "back"}, 75),
        ({"code": "none"}, 0),
    ):
        assert value(portal, "return_share", options) == expected
    assert asked(portal, "return_share", {"stage_id": ["C7:BACK"]}, members={BOB}) == Part(1, 0, 1)
    assert value(portal, "return_share", {"stage_id": ["C7:BACK"]}, members={BOB}) is None
    assert value(portal, "return_share", {"code": "back"}, members={ANN}, owner="closed_by") == 0


def test_conditions_of_a_return_share_apply_to_both_sides(portal: int) -> None:
    put(deal(portal, id=10, source_id="WEB"), deal(portal, id=11), open_deal(portal, id=20, source_id="WEB"))
    put(*(move(id, id, 2, "BACK", 0, may(9), portal=portal) for id in (11, 20)))
    put(entry(portal, "back", 1, source_id="WEB"), entry(portal, "back", 1, source_id="CALL"))
    where = {"source_id": ["WEB"]}
    assert value(portal, "return_share", {"stage_id": ["BACK"]}) == 100
    assert asked(portal, "return_share", {"stage_id": ["BACK"]}, where=where) == Part(1, 1, 2)
    assert value(portal, "return_share", {"code": "back"}, where=where) == 100
