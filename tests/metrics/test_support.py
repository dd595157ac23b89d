"""Requests for support and what advertising brought, by facts one can follow with a finger (semantics 4)."""

from fractions import Fraction
from typing import Any

import pytest

from b24app.lib.errors import Invalid
from b24app.metrics.plans import plan
from b24app.metrics.queries import evaluate, facts_behind, not_counted
from b24app.metrics.rules import Part, settle, value_of
from tests.metrics.world import ANN, BOB, MAY, NOW, SALES, at, deal, entry, put, request


def part(portal: int, metric: str, options: dict[str, Any] | None = None, members: Any = None, **how: Any) -> Part:
    wanted = plan(metric, options, **how)
    return evaluate(portal, [wanted], [MAY], NOW).get(wanted, 0, members)


def value(portal: int, metric: str, options: dict[str, Any] | None = None, **how: Any) -> Fraction | None:
    found = part(portal, metric, options, **how)
    return value_of(plan(metric, options), found.numerator, found.denominator)


def missed(portal: int, metric: str) -> dict[int, str | None]:
    return {row.id: row.reason for row in not_counted(portal, plan(metric), MAY, now=NOW).items}


def test_first_response_leaves_out_what_is_not_answered_or_answered_too_early_and_tells_of_it(portal: int) -> None:
    put(
        request(portal, id=1),
        request(portal, id=2, seconds_to_response=3600),
        request(portal, id=3, first_response_at=None, seconds_to_response=None, seconds_working=None),
        request(portal, id=4, first_response_at=at("2024-05-17T11:00"), seconds_to_response=None, seconds_working=None),
    )
    assert value(portal, "first_response_hours") == Fraction(3, 2)
    assert missed(portal, "first_response_hours") == {3: "unanswered", 4: "answered_before"}


def test_working_and_calendar_clocks_are_told_apart(portal: int) -> None:
    put(request(portal))
    assert value(portal, "first_response_hours") == 2
    assert value(portal, "first_response_hours", {"clock": "working"}) == 1


def test_a_mapping_is_chosen_by_its_code(portal: int) -> None:
    put(request(portal), request(portal, mapping="shop"), request(portal, deleted_at=5))
    assert value(portal, "requests") == 2
    assert value(portal, "requests", {"source": "shop"}) == 1


def test_a_share_counts_what_is_resolved_by_now_whenever_that_was(portal: int) -> None:
    put(request(portal, resolved_at=at("2024-06-20T12:00")), request(portal, resolved_at=None, rating=None))
    assert value(portal, "requests_resolved_share") == 50


def test_a_rating_counts_when_it_was_given(portal: int) -> None:
    put(
        request(portal, id=1),
        request(portal, id=2, rating=1_000_000, rated_at=at("2024-06-02T12:00")),
        request(portal, id=3, rating=2_000_000, rated_at=None, resolved_at=None),
    )
    assert value(portal, "customer_rating") == 4
    assert missed(portal, "customer_rating") == {3: "undated_rating"}


def test_nobody_without_requests_has_answered_at_once(portal: int) -> None:
    put(request(portal))
    wanted = plan("first_response_hours")
    settled = settle(wanted, part(portal, "first_response_hours", members={BOB}), direction="down")
    assert settled.reason == "no_facts"


def test_return_on_advertising_needs_an_entry_of_spending(portal: int) -> None:
    put(deal(portal))
    assert value(portal, "ad_roi") is None
    put(entry(portal, "ad_spend", 400))
    assert value(portal, "ad_roi") == 150


def test_spending_that_brought_nothing_is_lost(portal: int) -> None:
    put(entry(portal, "ad_spend", 400))
    assert value(portal, "ad_roi") == -100


def test_both_sides_are_limited_to_the_sources_of_the_indicator(portal: int) -> None:
    put(
        deal(portal, source_id="WEB"),
        deal(portal, source_id="CALL"),
        entry(portal, "ad_spend", 500, source_id="WEB"),
        entry(portal, "ad_spend", 300, source_id="CALL"),
    )
    found = part(portal, "ad_roi", where={"source_id": ["WEB"]})
    assert found == Part(500_000_000, 500_000_000, 2)


def test_spending_of_a_department_counts_for_it_and_for_none_of_its_people(portal: int) -> None:
    put(deal(portal), entry(portal, "ad_spend", 500, employee_id=None, department_id=SALES))
    wanted = plan("ad_roi")
    parts = evaluate(portal, [wanted], [MAY], NOW)
    assert parts.get(wanted, 0, {ANN}).denominator is None
    assert parts.get(wanted, 0, {ANN, BOB}, {SALES}).denominator == 500_000_000


def test_listed_facts_of_a_return_give_its_sides_again(portal: int) -> None:
    put(deal(portal), entry(portal, "ad_spend", 400))
    rows = facts_behind(portal, plan("ad_roi"), MAY, now=NOW).items
    assert sum(row.number or 0 for row in rows if row.part == "numerator") == 600
    assert sum(row.number or 0 for row in rows if row.part == "denominator") == 400


def test_money_may_be_worked_out_of_a_return_so_it_is_money(portal: int) -> None:
    assert plan("ad_roi").is_money
    assert not plan("customer_rating").is_money


@pytest.mark.parametrize("where", [{"source_id": ["WEB"]}, {"category_id": [1]}])
def test_requests_take_no_conditions(where: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        plan("requests", where=where)
