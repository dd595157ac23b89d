"""The arithmetic of plans: exact values, no data, small samples, and summing up over people."""

from fractions import Fraction
from typing import Any

import pytest

from b24app.metrics import measures
from b24app.metrics.measures import Aggregate, Where
from b24app.metrics.parts import Tally, roll_up
from b24app.metrics.plans import plan
from b24app.metrics.rules import Part, Plan, Settled, is_small_sample, presence, settle, sides, value_of

WON = plan("deals_won")
REVENUE = plan("deals_won_amount")
CONVERSION = plan("deal_conversion")
AVERAGE = plan("average_deal")
DAYS = plan("average_days_to_close")


def entries(aggregate: str) -> Plan:
    return plan("entries", {"code": "nps", "aggregate": aggregate})


@pytest.mark.parametrize(
    ("wanted", "numerator", "denominator", "value"),
    [
        (WON, 5, None, Fraction(5)),
        (REVENUE, 45_000_050, None, Fraction("450000.5")),
        (CONVERSION, 5, 20, Fraction(25)),
        (CONVERSION, 1, 3, Fraction(100, 3)),
        (CONVERSION, 0, 4, Fraction(0)),
        (CONVERSION, 0, 0, None),
        (AVERAGE, 100, 3, Fraction(1, 3)),
        (AVERAGE, None, 3, Fraction(0)),  # three won deals, none with a rate
        (DAYS, 129_600, 1, Fraction("1.5")),
        (entries("sum"), 1_200_500_000, None, Fraction("1200.5")),
        (entries("sum"), None, None, None),
        (entries("mean"), 9_000_000, 2, Fraction("4.5")),
        (entries("mean"), None, 0, None),
        (entries("last"), None, None, None),
        (entries("count"), 0, None, Fraction(0)),
    ],
)
def test_value_is_exact_and_nothing_is_not_zero(
    wanted: Plan, numerator: int | None, denominator: int | None, value: Fraction | None
) -> None:
    assert value_of(wanted, numerator, denominator) == value


ZERO, FIVE = Part(0, None, 0), Part(5, None, 5)
UNDECIDED, ONE_OF_FOUR = Part(0, 0, 0), Part(1, 4, 4)


@pytest.mark.parametrize(
    ("wanted", "part", "under", "settled"),
    [
        (WON, FIVE, {}, Settled(Fraction(5))),
        (WON, ZERO, {}, Settled(Fraction(0))),
        (WON, ZERO, {"has_any_fact": False}, Settled(Fraction(0))),
        (WON, ZERO, {"direction": "down"}, Settled(Fraction(0))),
        (WON, ZERO, {"direction": "down", "has_any_fact": False}, Settled(None, "absent")),
        (WON, ZERO, {"direction": "down", "has_any_fact": False, "empty": "zero"}, Settled(Fraction(0))),
        (WON, ZERO, {"empty": "no_data"}, Settled(None, "no_facts")),
        (WON, FIVE, {"empty": "no_data"}, Settled(Fraction(5))),
        (CONVERSION, UNDECIDED, {}, Settled(None, "no_facts")),
        (CONVERSION, UNDECIDED, {"empty": "zero"}, Settled(Fraction(0))),
        (CONVERSION, UNDECIDED, {"direction": "down", "has_any_fact": False}, Settled(None, "no_facts")),
        (CONVERSION, ONE_OF_FOUR, {}, Settled(Fraction(25))),
        (CONVERSION, ONE_OF_FOUR, {"min_count": 4}, Settled(Fraction(25))),
        (CONVERSION, ONE_OF_FOUR, {"min_count": 5}, Settled(None, "few_facts")),
        (CONVERSION, ONE_OF_FOUR, {"min_count": 5, "empty": "zero"}, Settled(None, "few_facts")),
        (CONVERSION, UNDECIDED, {"min_count": 5}, Settled(None, "no_facts")),
        (WON, ZERO, {"min_count": 1}, Settled(None, "no_facts")),  # none is fewer than one
        (WON, ZERO, {"min_count": 1, "empty": "zero"}, Settled(Fraction(0))),
        (entries("sum"), Part(None, None, 0), {}, Settled(None, "no_facts")),
        (entries("sum"), Part(None, None, 0), {"empty": "zero"}, Settled(Fraction(0))),
        (entries("count"), ZERO, {"direction": "down", "has_any_fact": False}, Settled(Fraction(0))),
    ],
)
def test_what_nothing_means_is_settled_by_the_indicator(
    wanted: Plan, part: Part, under: dict[str, Any], settled: Settled
) -> None:
    assert settle(wanted, part, **under) == settled


def test_presence_forgets_the_conditions_and_keeps_date_and_owner() -> None:
    wanted = plan("deals_lost", where={"category_id": [3]}, owner="closed_by")
    any_deal = presence(wanted)
    assert any_deal is not None
    assert any_deal.numerator.where == Where()
    assert any_deal.scans == wanted.scans
    assert presence(CONVERSION) is None
    assert presence(entries("count")) is None


@pytest.mark.parametrize(
    ("wanted", "part", "small"),
    [
        (CONVERSION, Part(4, 9, 9), True),
        (CONVERSION, Part(4, 10, 10), False),
        (CONVERSION, UNDECIDED, False),
        (WON, Part(1, None, 1), False),
        (AVERAGE, Part(100, 2, 2), True),
    ],
)
def test_ratios_over_fewer_than_ten_are_marked(wanted: Plan, part: Part, small: bool) -> None:
    assert is_small_sample(wanted, part) is small


@pytest.mark.parametrize(
    ("aggregate", "value", "facts"),
    [
        (Aggregate.SUM, 9, 4),
        (Aggregate.COUNT, 9, 4),
        (Aggregate.BALANCE, 9, 4),
        (Aggregate.MIN, 2, 4),
        (Aggregate.MAX, 7, 4),
        (Aggregate.LAST, 2, 1),  # the second one wrote last
    ],
)
def test_a_department_is_made_of_the_aggregates_of_its_people(aggregate: Aggregate, value: int, facts: int) -> None:
    together = roll_up(aggregate, [Tally(7, 3, at=4), Tally(2, 1, at=9), Tally(None, 0)])
    assert (together.value, together.facts) == (value, facts)
    assert roll_up(aggregate, []).value is None


def test_conditions_joined_by_and_keep_both_alternatives() -> None:
    a, b, c, d = (Where((measures.Test(name, measures.Op.IN, (1,)),)) for name in "abcd")
    assert Where(any=(a, b)) & c == Where(c.tests, any=(a, b))
    assert Where(any=(a,)) & Where(any=(c, d)) == Where(any=(Where(a.tests, any=(c, d)),))


def test_a_ratio_lists_both_operands_and_a_mean_what_was_averaged() -> None:
    assert [side.part for side in sides(CONVERSION)] == ["numerator", "denominator"]
    assert [(side.part, side.field) for side in sides(AVERAGE)] == [("value", "amount")]
    assert [side.part for side in sides(WON)] == ["value"]
