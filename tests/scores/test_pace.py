"""Pace, forecast by the line and by the season, and risk, as tables of cases (semantics 10)."""

from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24app.scores.pace import Pace, at_risk, expected, forecast, forecast_by, needed_per_day, season
from b24app.scores.rules import Curve, attainment

UP, DOWN = Curve("up"), Curve("down")

OPEN, EARLY, LATE = Pace(F(1, 2), 11, True), Pace(F(1, 20), 20, True), Pace(F(1), 0, False)
IDLE = Pace(None, 0, True)


@pytest.mark.parametrize(
    ("value", "pace", "additive", "ahead"),
    [
        (F(10), OPEN, True, F(20)),
        (F(10), OPEN, False, F(10)),
        (F(10), EARLY, True, None),
        (F(10), EARLY, False, F(10)),
        (F(10), Pace(F(1, 10), 18, True), True, F(100)),
        (F(10), LATE, True, F(10)),
        (None, OPEN, True, None),
        (F(10), IDLE, True, None),
    ],
)
def test_forecast(value, pace, additive, ahead):
    assert forecast(value, pace, additive) == ahead


@pytest.mark.parametrize(
    ("pace", "additive", "share", "ahead", "by"),
    [
        (OPEN, True, F(1, 4), F(40), "season"),
        (OPEN, True, None, F(20), "line"),
        (OPEN, False, None, F(10), None),
        (EARLY, True, F(1, 4), None, None),
        (LATE, True, F(1, 4), F(10), None),
        (IDLE, True, F(1, 4), None, None),
    ],
)
def test_the_season_replaces_the_straight_line(pace, additive, share, ahead, by):
    assert (forecast(F(10), pace, additive, share), forecast_by(F(10), pace, additive, share)) == (ahead, by)


def test_a_season_is_the_mean_of_twelve_shares():
    assert season([(F(1), F(4))] * 6 + [(F(1), F(2))] * 6) == F(3, 8)


@pytest.mark.parametrize(
    "past",
    [
        [(F(1), F(4))] * 11,
        [(F(1), F(4))] * 11 + [(None, None)],
        [(F(1), F(4))] * 11 + [(F(0), F(0))],
        [(F(1), F(4))] * 11 + [(F(1), F(-4))],
        [(F(0), F(4))] * 12,
    ],
    ids=["eleven", "one without data", "one without value", "one below zero", "nothing by then"],
)
def test_no_season_without_twelve_values_that_grew(past):
    assert season(past) is None


@pytest.mark.parametrize(
    ("target", "pace", "additive", "due"),
    [(F(30), OPEN, True, F(15)), (F(30), OPEN, False, None), (None, OPEN, True, None), (F(30), IDLE, True, None)],
)
def test_expected_so_far(target, pace, additive, due):
    assert expected(target, pace, additive) == due


@pytest.mark.parametrize(
    ("value", "target", "pace", "a_day"),
    [
        (F(8), F(30), OPEN, F(2)),
        (F(30), F(30), OPEN, None),
        (None, F(30), OPEN, None),
        (F(8), None, OPEN, None),
        (F(8), F(30), LATE, None),
        (F(8), F(30), Pace(F(1), 0, True), None),
    ],
)
def test_needed_per_day(value, target, pace, a_day):
    assert needed_per_day(value, target, pace) == a_day


@pytest.mark.parametrize(
    ("value", "target", "pace", "additive", "curve", "risky"),
    [
        (F(44), F(100), OPEN, True, UP, True),
        (F(45), F(100), OPEN, True, UP, False),
        (F(1), F(100), Pace(F(19, 100), 18, True), True, UP, False),
        (F(1), F(100), Pace(F(1, 5), 18, True), True, UP, True),
        (F(44), F(100), LATE, True, UP, False),
        (F(89), F(100), OPEN, False, UP, True),
        (F(60), F(100), OPEN, True, DOWN, True),
        (F(50), F(100), OPEN, True, DOWN, False),
        (None, F(100), OPEN, True, UP, False),
        (F(44), None, OPEN, True, UP, False),
    ],
)
def test_at_risk(value, target, pace, additive, curve, risky):
    assert at_risk(value, target, pace, additive, curve) is risky


hundredths = st.integers(-200, 30_000).map(lambda value: F(value, 100))


@given(
    value=hundredths,
    target=hundredths,
    gone=st.integers(0, 21),
    share=st.none() | st.integers(1, 30).map(lambda value: F(value, 21)),
    additive=st.booleans(),
    curve=st.builds(
        Curve, st.sampled_from(["up", "down"]), st.none() | hundredths, st.none(), st.sampled_from([F(85), F(150)])
    ),
)
def test_risk_is_a_forecast_that_misses_its_target_by_more_than_a_tenth(value, target, gone, share, additive, curve):
    pace = Pace(F(gone, 21), 21 - gone, True)
    ahead = attainment(forecast(value, pace, additive, share), target, curve)
    slow = pace.elapsed >= F(1, 5) and ahead is not None and ahead.raw < 90
    assert at_risk(value, target, pace, additive, curve, share) is slow
