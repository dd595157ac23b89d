"""Where in its period a value stands, and where it is going: pace, forecast and risk (semantics 10). Exact and pure.

A forecast goes by a straight line, value / share of the working days gone, or by the season: value / the share of a
period's value that had come by then in the last twelve. What those shares are is found in season.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from b24app.scores.rules import Curve

RISK_LIMIT = Fraction(90)
FORECAST_FROM = Fraction(1, 10)
RISK_FROM = Fraction(1, 5)

HISTORY = 12
"""So many closed periods make a season."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Where in its period a value stands. `elapsed` is the share of working days gone, None without working days."""

    elapsed: Fraction | None
    days_left: int
    is_open: bool

    @property
    def has_begun(self) -> bool:
        """Whether enough of the period is gone for a forecast of what adds up."""
        return self.elapsed is not None and self.elapsed >= FORECAST_FROM


class ForecastBy(StrEnum):
    """What a forecast goes by."""

    LINE = "line"
    SEASON = "season"


def season(past: Sequence[tuple[Fraction | None, Fraction | None]]) -> Fraction | None:
    """The mean share of a period's value that was reached, of (value reached by then, value of the period) pairs.

    None unless there are twelve, each with a value above zero; nor where nothing, on the whole, was reached by then.
    """
    if len(past) < HISTORY or any(whole is None or whole <= 0 for _reached, whole in past):
        return None
    shares = sum(((reached or Fraction(0)) / whole for reached, whole in past if whole), Fraction(0))
    return shares / len(past) if shares > 0 else None


def expected(target: Fraction | None, pace: Pace, additive: bool) -> Fraction | None:
    """What of the target is due by today; ratios and means are due in full at any time and have no such mark."""
    if target is None or not additive or pace.elapsed is None:
        return None
    return target * pace.elapsed


def forecast(value: Fraction | None, pace: Pace, additive: bool, season: Fraction | None = None) -> Fraction | None:
    """Where the value will stand at the end of the period: by the season where there is one, else by the line."""
    if value is None or pace.elapsed is None:
        return None
    if not pace.is_open or not additive:
        return value
    return value / (season or pace.elapsed) if pace.has_begun else None


def forecast_by(value: Fraction | None, pace: Pace, additive: bool, season: Fraction | None) -> ForecastBy | None:
    """What the forecast goes by; None where it is the value itself, or there is none."""
    if value is None or not pace.is_open or not additive or not pace.has_begun:
        return None
    return ForecastBy.SEASON if season else ForecastBy.LINE


def needed_per_day(value: Fraction | None, target: Fraction | None, pace: Pace) -> Fraction | None:
    """What each working day left has to bring; None once the target is reached or when no day is left."""
    if value is None or target is None or value >= target or not pace.is_open or pace.days_left <= 0:
        return None
    return (target - value) / pace.days_left


@dataclass(frozen=True, slots=True)
class RiskLine:
    """Which values are at risk: those below the limit, or those above it where less is better."""

    limit: Fraction
    is_below: bool
    nothing_too: bool = False
    """Zero and less, the best there is, is at risk as well: what an indicator gives at best is too little."""

    def __contains__(self, value: Fraction) -> bool:
        return value < self.limit if self.is_below else value > self.limit or (self.nothing_too and value <= 0)


def risk_line(
    target: Fraction | None, pace: Pace, additive: bool, curve: Curve, season: Fraction | None = None
) -> RiskLine | None:
    """The forecast of a value beyond this line misses its target by more than a tenth; None where nothing is at risk.

    The line is the forecast and the attainment solved for the value, so that thousands of values are held against one.
    """
    if not pace.is_open or pace.elapsed is None or pace.elapsed < RISK_FROM or target is None:
        return None
    is_up, gone = curve.direction == "up", (season or pace.elapsed) if additive else Fraction(1)
    if curve.baseline is not None:
        distance = target - curve.baseline
        if not distance or is_up != (distance > 0):
            return None
        return RiskLine((curve.baseline + distance * RISK_LIMIT / 100) * gone, is_up)
    if target <= 0:
        return None
    ahead = target * RISK_LIMIT / 100 if is_up else 100 * target / RISK_LIMIT
    return RiskLine(ahead * gone, is_up, not is_up and curve.best < RISK_LIMIT)


def at_risk(
    value: Fraction | None,
    target: Fraction | None,
    pace: Pace,
    additive: bool,
    curve: Curve,
    season: Fraction | None = None,
) -> bool:
    """The forecast misses its target by more than a tenth. Early in a period, and after it, nothing is at risk."""
    line = risk_line(target, pace, additive, curve, season)
    return value is not None and line is not None and value in line
