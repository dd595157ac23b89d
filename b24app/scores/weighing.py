"""The scores of everybody in a scorecard, in whole numbers (semantics 7, 8): what `rules.attainment` and `rules.score`
say of one subject. Pure.

A full recompute weighs 200 000 numbers; of each a `Fraction` would look for the greatest common divisor three times,
here one is made of each score.
"""

from collections import defaultdict
from collections.abc import Iterable
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING

from b24app.metrics.measures import Aggregate
from b24app.metrics.rules import Plan
from b24app.portal.rules import Subject
from b24app.scorecards.rules import Indicator, Version
from b24app.scores.rules import Curve, ScoreValue, attainment

if TYPE_CHECKING:
    from b24app.scores.rows import Finding

Ratio = tuple[int, int]
"""Not in lowest terms; what stands below is more than 0."""

_ZERO: Ratio = (0, 1)


def weigh(version: Version, curves: dict[str, Curve], findings: Iterable["Finding"]) -> dict[Subject, ScoreValue]:
    """The score of every subject that has a finding."""
    weights = {one.code: Fraction(one.document.weight) for one in version.indicators}
    whole = lcm(*(weight.denominator for weight in weights.values()))
    lines = {
        one.code: _Line(one, curves[one.code], int(weights[one.code] * whole), version.document.missing)
        for one in version.indicators
    }
    found: dict[Subject, _Sum] = defaultdict(_Sum)
    indicator, line = None, None
    for finding in findings:
        if line is None or finding.indicator is not indicator:
            indicator, line = finding.indicator, lines[finding.indicator.code]
        line.add_to(found[finding.subject], finding)
    return {subject: sum_.score for subject, sum_ in found.items()}


class _Sum:
    """What has been weighed of one subject so far."""

    __slots__ = ("counted", "every", "over", "with_data")

    def __init__(self) -> None:
        self.every = self.counted = self.with_data = 0
        self.over: dict[int, int] = {}
        """Weight x attainment by what stands below it: that of counts and sums is the same in all of them."""

    @property
    def score(self) -> ScoreValue:
        if not self.counted:
            return ScoreValue(None, False, self.with_data)
        over, under = 0, 1
        for below, above in self.over.items():
            over, under = over * below + above * under, under * below
        return ScoreValue(Fraction(over, under * self.counted), 2 * self.counted < self.every, self.with_data)


class _Line:
    """The attainments of one indicator; the constants of a target are kept until another one comes."""

    def __init__(self, indicator: Indicator, curve: Curve, weight: int, missing: str) -> None:
        plan = indicator.plan
        self.weight, self.curve = weight, curve
        self.missing_is_zero = missing == "zero"
        self.nothing_is_zero = indicator.document.empty == "zero"
        self.is_straight = isinstance(plan, Plan) and curve.baseline is None and not curve.steps
        self.divides = isinstance(plan, Plan) and plan.denominator is not None
        self.is_up = curve.direction == "up"
        self.cap = curve.cap.as_integer_ratio()
        self.floor = curve.floor.as_integer_ratio() if curve.floor is not None else None
        self.unit = _unit(plan) if isinstance(plan, Plan) else Fraction(1)
        self.target: Fraction | None = None
        self.above = self.below = 0

    def add_to(self, sum_: _Sum, finding: "Finding") -> None:
        has_data, counted = self.counted(finding)
        sum_.every += self.weight
        sum_.with_data += has_data
        if counted is None:
            if has_data or not self.missing_is_zero or finding.target is None:
                return
            counted = _ZERO
        sum_.counted += self.weight
        above, below = counted
        sum_.over[below] = sum_.over.get(below, 0) + self.weight * above

    def counted(self, finding: "Finding") -> tuple[bool, Ratio | None]:
        """Whether there is a value, and the attainment that goes into the score."""
        if finding.reason:
            return False, None
        if not self.is_straight:
            value = finding.value
            reached = attainment(value, finding.target, self.curve)
            return value is not None, reached.counted.as_integer_ratio() if reached else None
        numerator, denominator = finding.numerator, finding.denominator
        if not self.divides:
            denominator = 1
        elif denominator:
            numerator = numerator or 0
        if numerator is None or not denominator:
            if not self.nothing_is_zero:
                return False, None
            numerator, denominator = 0, 1
        target = finding.target
        if target is None or target.numerator <= 0:
            return True, None
        if target is not self.target:
            self._draw(target)
        return True, self._reached(numerator, denominator)

    def _draw(self, target: Fraction) -> None:
        """100 x value / target = above x numerator / (below x denominator)."""
        self.target = target
        hundredth = 100 * self.unit / target
        self.above, self.below = hundredth.numerator, hundredth.denominator

    def _reached(self, numerator: int, denominator: int) -> Ratio:
        above, below = self.above * numerator, self.below * denominator
        if below < 0:
            above, below = -above, -below
        if not self.is_up:
            if above <= 0:
                return self.cap
            above, below = 10_000 * below, above
        if above < 0:
            return _ZERO
        if self.floor is not None and above * self.floor[1] < self.floor[0] * below:
            return _ZERO
        return self.cap if above * self.cap[1] > self.cap[0] * below else (above, below)


def _unit(plan: Plan) -> Fraction:
    """The value of 1, or of 1 / 1: `value_of` of any other number is so many times that."""
    twice = 2 if plan.denominator is None and plan.numerator.aggregate is Aggregate.MEDIAN else 1
    scale = plan.denominator.scale if plan.denominator else 1
    return plan.factor * scale / (twice * plan.scale)
