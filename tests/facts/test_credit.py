"""How a deal is divided, by rules alone (ADR 16)."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24app.facts.credit.rules import WHOLE, FieldRule, Share, by_fields, credited, credits, divided, owners
from b24app.facts.rules import ValueDraft


@st.composite
def shares(draw: st.DrawFn) -> list[int]:
    cuts = sorted(draw(st.sets(st.integers(1, WHOLE - 1), max_size=6)))
    return [end - start for start, end in zip([0, *cuts], [*cuts, WHOLE], strict=True)]


@given(amount=st.integers(-(10**15), 10**15), shares=shares())
def test_parts_are_the_amount_again_and_as_a_slow_reading_gives_them(amount: int, shares: list[int]) -> None:
    parts = divided(amount, shares)
    assert sum(parts) == amount
    assert parts == slowly(amount, shares)


def slowly(amount: int, shares: list[int]) -> list[int]:
    """A cent at a time to whoever is furthest behind, the first of several."""
    exact = [Fraction(amount * share, WHOLE) for share in shares]
    parts = [int(one // 1) for one in exact]
    while sum(parts) < amount:
        behind = [one - part for one, part in zip(exact, parts, strict=True)]
        parts[behind.index(max(behind))] += 1
    return parts


def test_the_last_cent_goes_to_the_first_of_equals() -> None:
    assert divided(101, [500_000, 500_000]) == [51, 50]
    assert divided(100, [333_333, 333_333, 333_334]) == [33, 33, 34]


def test_a_deal_without_an_amount_has_shares_without_one() -> None:
    found = credits([Share(8, 400_000), Share(7, 600_000)], None)
    assert [(one.employee_id, one.share, one.amount) for one in found] == [(7, 600_000, None), (8, 400_000, None)]
    assert [one.amount for one in credited(found, (), (), 7, 1000)] == [600, 400]
    assert credited((), (), (), 7, 1000) == ()


def test_who_counts_a_deal_that_nobody_divided() -> None:
    assert owners((), 7, 8) == (7,)
    assert owners((), None, 8) == (8,)
    assert owners((), None, None) == (None,)
    assert owners([Share(1, 500_000), Share(2, 500_000)], 7, 8) == (1, 2)


FIXED, BY_NUMBER = FieldRule("ufCrm_1", share=400_000), FieldRule("ufCrm_2", percent="ufCrm_3")
HELPER, PARTNER = ValueDraft("ufCrm_1", ref=8), ValueDraft("ufCrm_2", ref=9)


def percent(number: str) -> ValueDraft:
    return ValueDraft("ufCrm_3", num=int(Decimal(number) * 1_000_000))


@pytest.mark.parametrize(
    ("values", "whole_for", "shares"),
    [
        ([HELPER], 7, {7: 600_000, 8: 400_000}),
        ([HELPER, PARTNER, percent("12.5")], 7, {7: 475_000, 8: 400_000, 9: 125_000}),
        ([HELPER, PARTNER, percent("60")], 7, {8: 400_000, 9: 600_000}),
        ([HELPER, PARTNER, percent("60")], None, {8: 400_000, 9: 600_000}),
        ([HELPER, PARTNER, percent("60.1")], 7, {}),
        ([HELPER, PARTNER, percent("-5")], 7, {7: 600_000, 8: 400_000}),
        ([HELPER, PARTNER], 7, {7: 600_000, 8: 400_000}),
        ([HELPER, ValueDraft("ufCrm_2", ref=8), percent("10")], 7, {7: 500_000, 8: 500_000}),
        ([HELPER], 8, {}),
        ([HELPER], None, {}),
        ([percent("60")], 7, {}),
        ([ValueDraft("ufCrm_1", place=1, ref=8)], 7, {}),
    ],
)
def test_fields_of_a_deal_give_parts_of_it(values: list[ValueDraft], whole_for: int | None, shares: Any) -> None:
    found = by_fields((FIXED, BY_NUMBER), values, whole_for)
    assert {one.employee_id: one.share for one in found} == shares


def test_what_is_said_by_hand_goes_before_fields() -> None:
    by_hand = credits([Share(7, WHOLE)], 100)
    assert credited(by_hand, (FIXED,), [HELPER], 7, 100) == by_hand
    assert [one.by_hand for one in credited((), (FIXED,), [HELPER], 7, 100)] == [False, False]
