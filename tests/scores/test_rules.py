"""Attainment, score, zones, places and display, as tables of cases (semantics 7, 8, 12)."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24app.scores.rules import (
    Curve,
    Part,
    Zones,
    attainment,
    half_up,
    ranks,
    score,
    shown,
)

UP, DOWN = Curve("up"), Curve("down")
STEPS = Curve("up", steps=((F(80), F(50)), (F(100), F(100)), (F(120), F(130))))


@pytest.mark.parametrize(
    ("value", "target", "curve", "raw", "counted"),
    [
        (450_000, 500_000, UP, 90, 90),
        (12, 10, UP, 120, 120),
        (20, 10, UP, 200, 150),
        (0, 10, UP, 0, 0),
        (-5, 10, UP, -50, 0),
        (400, 500, DOWN, 125, 125),
        (625, 500, DOWN, 80, 80),
        (0, 500, DOWN, 150, 150),
        (-1, 500, Curve("down", cap=F(110)), 110, 110),
        (0, 500, Curve("down", steps=STEPS.steps), 130, 130),
        (75, 100, Curve("up", baseline=F(50)), 50, 50),
        (40, 100, Curve("up", baseline=F(50)), -20, 0),
        (5, 0, Curve("down", baseline=F(10)), 50, 50),
        (0, 0, Curve("down", baseline=F(10)), 100, 100),
        (69, 100, Curve("up", floor=F(70)), 69, 0),
        (70, 100, Curve("up", floor=F(70)), 70, 70),
        (79, 100, STEPS, 79, 0),
        (80, 100, STEPS, 80, 50),
        (F("99.999"), 100, STEPS, F("99.999"), 50),
        (500, 100, STEPS, 500, 130),
        (85, 100, Curve("up", floor=F(90), steps=STEPS.steps), 85, 0),
    ],
)
def test_attainment(value, target, curve, raw, counted):
    reached = attainment(F(value), F(target), curve)
    assert (reached.raw, reached.counted) == (raw, counted)


@pytest.mark.parametrize(
    ("value", "target", "curve"),
    [
        (None, F(10), UP),
        (F(10), None, UP),
        (F(10), F(0), UP),
        (F(10), F(-1), UP),
        (F(10), F(0), DOWN),
        # a sum of targets or a share of one may end on the wrong side of the baseline: more would look like less
        (F(20), F(15), Curve("down", baseline=F(10))),
        (F(4), F(5), Curve("up", baseline=F(10))),
        (F(4), F(10), Curve("up", baseline=F(10))),
    ],
)
def test_no_attainment_without_a_value_or_a_target_that_says_something(value, target, curve):
    assert attainment(value, target, curve) is None


AMOUNTS = st.decimals(min_value=-1000, max_value=1000, places=2).map(F)


@given(
    value=AMOUNTS,
    target=AMOUNTS.filter(bool),
    direction=st.sampled_from(["up", "down"]),
    floor=st.none() | st.integers(0, 120).map(F),
    cap=st.integers(1, 200).map(F),
    steps=st.none() | st.lists(st.integers(0, 200), min_size=1, max_size=4, unique=True).map(sorted),
)
def test_attainment_as_one_reads_the_page_aloud(value, target, direction, floor, cap, steps):
    curve = Curve(direction, None, floor, cap, tuple((F(one), F(one)) for one in steps) if steps else None)
    reached = attainment(value, target, curve)
    if target <= 0:
        assert reached is None
        return
    best = F(max(steps)) if steps else cap
    if direction == "down" and value <= 0:
        assert reached.counted == best
        return
    a = value / target * 100 if direction == "up" else target / value * 100
    if floor is not None and a < floor:
        told = 0
    elif steps:
        told = 0
        for one in steps:
            if one <= a:
                told = one
    elif a < 0:
        told = 0
    elif a > cap:
        told = cap
    else:
        told = a
    assert (reached.raw, reached.counted) == (a, told)


def part(weight, reached, has_target=True, has_data=None):
    has_data = reached is not None if has_data is None else has_data
    return Part(F(weight), None if reached is None else F(reached), has_target, has_data)


def test_worked_example_of_semantics_8_is_98():
    values = [(450_000, 500_000, 40), (12, 10, 25), (15, 15, 20), (24, 30, 15)]
    parts = [part(weight, attainment(F(value), F(target), UP).counted) for value, target, weight in values]
    assert score(parts).score == 98
    assert score(parts).with_data == 4


@pytest.mark.parametrize(
    ("parts", "missing", "told", "preliminary"),
    [
        ([part(60, 100), part(40, None)], "skip", 100, False),
        ([part(60, 100), part(40, None)], "zero", 60, False),
        ([part(40, 100), part(60, None)], "skip", 100, True),
        ([part(50, 100), part(50, None)], "skip", 100, False),
        ([part(40, 100), part(60, None)], "zero", 40, False),
        ([part(40, 100), part(60, None, has_target=False)], "zero", 100, True),
        ([part(40, 100), part(60, None, has_data=True)], "zero", 100, True),
        ([part(40, None), part(60, None)], "skip", None, False),
        ([part(40, None), part(60, None)], "zero", 0, False),
        ([], "skip", None, False),
        ([part(F("33.33"), 90), part(F("66.67"), 60)], "skip", F("69.999"), False),
    ],
)
def test_score(parts, missing, told, preliminary):
    found = score(parts, missing)
    assert (found.score, found.preliminary) == (told, preliminary)


@pytest.mark.parametrize(
    ("percent", "zone"),
    [
        (None, "none"),
        (F(0), "behind"),
        (F("79.9999"), "behind"),
        (F(80), "close"),
        (F("99.9999"), "close"),
        (F(100), "done"),
    ],
)
def test_zones_compare_the_exact_number(percent, zone):
    assert Zones().of(percent) == zone


@pytest.mark.parametrize(
    ("scores", "places"),
    [
        ({"a": 90, "b": 80, "c": 80, "d": 70}, {"a": 1, "b": 2, "c": 2, "d": 4}),
        ({"a": F("80.004"), "b": F("80.0049"), "c": F("80.005")}, {"a": 2, "b": 2, "c": 1}),
        ({"a": None, "b": 10}, {"b": 1}),
        ({}, {}),
    ],
)
def test_places(scores, places):
    assert ranks({who: None if value is None else F(value) for who, value in scores.items()}) == places


@given(st.dictionaries(st.integers(), st.integers(0, 300).map(lambda n: F(n, 100)), max_size=8))
def test_a_place_is_one_more_than_those_strictly_ahead(scores):
    assert ranks(scores) == {who: 1 + sum(other > value for other in scores.values()) for who, value in scores.items()}


@given(st.decimals(min_value=-10_000, max_value=10_000, places=5), st.integers(0, 3))
def test_half_up_agrees_with_the_decimal_module(value, digits):
    upwards = (value + Decimal(10_000)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP) - 10_000
    assert half_up(F(value), digits) == F(upwards)


@pytest.mark.parametrize(
    ("value", "digits", "limits", "seen"),
    [
        ("99.996", 2, (100, 80), "99.99"),
        ("99.996", 2, (), "100"),
        ("99.994", 2, (100,), "99.99"),
        ("100", 2, (100,), "100"),
        ("100.005", 2, (100,), "100.01"),
        ("79.5", 0, (80, None), "79"),
        ("99.96", 1, (100,), "99.9"),
    ],
)
def test_display_never_rounds_up_to_a_limit_not_reached(value, digits, limits, seen):
    assert shown(F(value), digits, [None if limit is None else F(limit) for limit in limits]) == F(seen)
