"""Proposed targets, as tables of cases."""

from decimal import Decimal
from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24app.metrics.rules import Unit
from b24app.onboarding.rules import percentile, sensible


@pytest.mark.parametrize(
    ("values", "told"),
    [([], None), ([7], 7), ([1, 2, 3, 4, 5], 3), ([5, 1, 4, 2, 3], 3), (range(1, 11), 6), ([1, 1, 1, 9], 1)],
)
def test_the_60th_percentile(values, told):
    assert percentile([F(value) for value in values]) == told


@given(st.lists(st.integers(0, 50).map(F), min_size=1, max_size=30))
def test_two_fifths_reach_it(values):
    reached = percentile(values)
    assert sum(value <= reached for value in values) * 100 >= 60 * len(values)
    assert sum(value >= reached for value in values) * 100 >= 40 * len(values)


@pytest.mark.parametrize(
    ("value", "unit", "told"),
    [
        (F(27_834), Unit.MONEY, "28000"),
        (F(99_999), Unit.MONEY, "100000"),
        (F(1, 5), Unit.COUNT, "1"),
        (F(12), Unit.COUNT, "12"),
        (F(126), Unit.COUNT, "130"),
        (F("63.5"), Unit.PERCENT, "64"),
        (F("0.2"), Unit.PERCENT, "1"),
        (F("3.14"), Unit.DAYS, "3.1"),
    ],
)
def test_targets_as_a_person_would_set_them(value, unit, told):
    assert sensible(value, unit) == Decimal(told)
