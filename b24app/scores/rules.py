"""Value against target: attainment, score, zones and places (semantics 7, 8, 12). Exact and pure; the way to the end of
a period is in pace.py.

Everything is a `Fraction`; nothing is rounded but the score inside `ranks`. Percents are 0..100, shares 0..1.
"""

from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from math import floor
from typing import NamedTuple, TypeVar

from b24app.facts.rules import ENTRY
from b24app.metrics.rules import AnyPlan
from b24app.periods.rules import Period
from b24app.portal.rules import Subject, SubjectType
from b24app.scorecards.documents import IndicatorDocument
from b24app.scorecards.rules import Record, Version

DEFAULT_CAP = Fraction(150)

SubjectKey = TypeVar("SubjectKey", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Curve:
    """How far a value stands on the way to its target: the indicator's part of semantics 7."""

    direction: str = "up"
    baseline: Fraction | None = None
    floor: Fraction | None = None
    cap: Fraction = DEFAULT_CAP
    steps: tuple[tuple[Fraction, Fraction], ...] | None = None
    """(from %, result %), sorted by `from`; they replace the line and the cap."""

    @property
    def best(self) -> Fraction:
        """The highest attainment that can be reached."""
        return max(result for _, result in self.steps) if self.steps else self.cap


@dataclass(frozen=True, slots=True)
class Attainment:
    """In percent: `raw` before floor, cap and steps, `counted` is what goes into the score."""

    raw: Fraction
    counted: Fraction


@dataclass(frozen=True, slots=True)
class Part:
    """What one indicator brings to a score."""

    weight: Fraction
    attainment: Fraction | None
    has_target: bool
    has_data: bool


@dataclass(frozen=True, slots=True)
class ScoreValue:
    score: Fraction | None
    preliminary: bool
    with_data: int


def reaches(value: Fraction, limit: Fraction) -> bool:
    """`value >= limit`, for those who ask it thousands of times: as whole numbers it takes a quarter of the time."""
    (number, of), (least, whole) = value.as_integer_ratio(), limit.as_integer_ratio()
    return number * whole >= least * of


@dataclass(frozen=True, slots=True)
class Zones:
    done: Fraction = Fraction(100)
    close: Fraction = Fraction(80)

    def of(self, percent: Fraction | None) -> str:
        """done | close | behind, `none` of nothing."""
        if percent is None:
            return "none"
        if reaches(percent, self.done):
            return "done"
        return "close" if reaches(percent, self.close) else "behind"


class ResultRow(NamedTuple):
    """A tuple, as `ScoreRow` is: a page makes hundreds."""

    scorecard: str
    scorecard_version: int
    indicator: IndicatorDocument
    plan: AnyPlan
    subject: Subject
    subject_name: str
    period: Period
    value: Fraction | None
    numerator: Fraction | None
    """In the measure's unit: 5 of 20 won deals, an amount in money."""
    denominator: Fraction | None
    facts: int
    target: Fraction | None
    target_people: tuple[int, int] | None
    attainment: Fraction | None
    """The one that goes into the score."""
    attainment_raw: Fraction | None
    weight: Decimal
    zone: str
    forecast: Fraction | None
    expected: Fraction | None
    needed_per_day: Fraction | None
    at_risk: bool
    small_sample: bool
    complete: bool
    no_data_reason: str | None
    computed_at: datetime
    currency: str | None
    unit: str
    locked: bool = False
    changed_after_lock: int = 0
    """How many records changed since; the number is as it was."""
    differs_from_locked: tuple[date, ...] = ()
    """The starts of locked periods within this one whose records changed since: here they count as they are now."""
    forecast_by: str | None = None
    """line | season; None where the forecast is the value itself, or there is none."""
    forecast_share: Fraction | None = None
    """What the value is divided by for it."""


class Glance(NamedTuple):
    """What a long table shows of a result: parts of a `ResultRow`, named as there, that take no more than they need."""

    indicator: IndicatorDocument
    plan: AnyPlan
    subject: Subject
    value: Fraction | None
    target: Fraction | None
    attainment_raw: Fraction | None
    zone: str
    forecast: Fraction | None
    facts: int
    unit: str
    currency: str | None


class ScoreRow(NamedTuple):
    scorecard: str
    scorecard_version: int
    subject: Subject
    subject_name: str
    period: Period
    score: Fraction | None
    rank: int | None
    ranked: int
    """How many share out the places."""
    zone: str
    preliminary: bool
    indicators_with_data: int
    computed_at: datetime


@dataclass(frozen=True, slots=True, order=True)
class Slice:
    """A part of a full recompute: every subject of one scorecard in these of its periods."""

    scorecard: str
    starts: tuple[date, ...]


@dataclass(frozen=True, slots=True, order=True)
class Moved:
    """A stored result (or, without an indicator, a score) whose number changed."""

    scorecard: str
    start: date
    subject_type: SubjectType
    subject_id: int
    indicator: str | None = None


@dataclass(frozen=True, slots=True)
class Reached:
    """A number that a change of facts carried over its target, and the records that did it."""

    version: Version
    indicator: str
    period: Period
    subject: Subject
    value: Fraction
    target: Fraction
    attainment: Fraction
    """In percent, without floor, cap and steps."""
    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """What a recompute moved, for those downstream."""

    results: tuple[Moved, ...] = ()
    scores: tuple[Moved, ...] = ()
    corrected: tuple[Moved, ...] = ()
    """Those of the results that were stored with another number before; none while the portal is being read."""
    reached: tuple[Reached, ...] = ()
    """Those of the corrected that facts carried over their target."""

    def __bool__(self) -> bool:
        return bool(self.results or self.scores)

    def __add__(self, other: "Changes") -> "Changes":
        return Changes(
            self.results + other.results,
            self.scores + other.scores,
            self.corrected + other.corrected,
            self.reached + other.reached,
        )


class CauseKind(StrEnum):
    """Why a number moved (semantics 13)."""

    FACT = "fact"
    ENTRY = "entry"
    CREDIT = "credit"
    """A deal was divided between people, or is not any more."""
    TARGET = "target"
    DEFINITION = "definition"
    MEMBERSHIP = "membership"
    RATE = "rate"
    CALENDAR = "calendar"
    SETTING = "setting"
    TIME = "time"
    REPAIR = "repair"
    UNLOCK = "unlock"


NOBODY = "system"


@dataclass(frozen=True, slots=True)
class Cause:
    """What makes somebody recompute. Of facts the records are known by their cells, and so, often, is who did it."""

    kind: CauseKind
    actor: str = NOBODY
    """As the audit log names people."""


FACTS = Cause(CauseKind.FACT)
REPAIR = Cause(CauseKind.REPAIR)

RECORDS_NAMED = 5


def cause_of(cause: Cause, records: Collection[Record]) -> CauseKind:
    """Of facts: entries where only entries moved; where no record did, the number had been wrong."""
    if cause.kind is not CauseKind.FACT:
        return cause.kind
    if not records:
        return CauseKind.REPAIR
    return CauseKind.ENTRY if all(entity == ENTRY for entity, _id in records) else CauseKind.FACT


def actor_of(cause: Cause, records: Collection[Record], known: Mapping[Record, str]) -> str:
    """Whoever asked for it, else whoever last changed the one record that did it."""
    if cause.actor != NOBODY or len(records) != 1:
        return cause.actor
    return known.get(next(iter(records)), NOBODY)


def attainment(value: Fraction | None, target: Fraction | None, curve: Curve) -> Attainment | None:
    """None without a value, without a target, or where the target says nothing: 0 or less, or, with a baseline, not on
    the better side of it (semantics 7).

    Quotients are put together from their integers: a full recompute comes here once for every number there is, and a
    `Fraction` looks for the greatest common divisor at every step.
    """
    if value is None or target is None:
        return None
    if curve.baseline is not None:
        is_better = target > curve.baseline if curve.direction == "up" else target < curve.baseline
        if not is_better:
            return None
        return _reached(100 * (value - curve.baseline) / (target - curve.baseline), curve)
    (reached, of), (wanted, in_) = value.as_integer_ratio(), target.as_integer_ratio()
    if wanted <= 0:
        return None
    if curve.direction == "up":
        return _reached(Fraction(100 * reached * in_, of * wanted), curve)
    if reached <= 0:
        return Attainment(curve.best, curve.best)
    return _reached(Fraction(100 * wanted * of, in_ * reached), curve)


_ZERO = Fraction(0)


def _reached(raw: Fraction, curve: Curve) -> Attainment:
    if raw.numerator < 0 or (curve.floor is not None and raw < curve.floor):
        return Attainment(raw, _ZERO)
    if curve.steps:
        reached = [result for start, result in curve.steps if start <= raw]
        return Attainment(raw, reached[-1] if reached else _ZERO)
    cap = curve.cap
    return Attainment(raw, cap if raw.numerator * cap.denominator > cap.numerator * raw.denominator else raw)


def score(parts: Iterable[Part], missing: str = "skip") -> ScoreValue:
    """The weighted mean of the attainments; `missing` (skip | zero) says what no data counts for."""
    weight_of_all = weight_counted = _ZERO
    over, under = 0, 1  # the sum of weight x attainment, not reduced before the end
    with_data = 0
    for part in parts:
        weight_of_all += part.weight
        with_data += part.has_data
        counted = part.attainment
        if counted is None and missing == "zero" and part.has_target and not part.has_data:
            counted = _ZERO
        if counted is not None:
            weight_counted += part.weight
            (weight, whole), (reached, of) = part.weight.as_integer_ratio(), counted.as_integer_ratio()
            over, under = over * whole * of + weight * reached * under, under * whole * of
    if not weight_counted:
        return ScoreValue(None, False, with_data)
    return ScoreValue(Fraction(over, under) / weight_counted, 2 * weight_counted < weight_of_all, with_data)


def half_up(value: Fraction, digits: int) -> Fraction:
    """To so many decimals; halves go up."""
    scale = 10**digits
    return Fraction(floor(value * scale + Fraction(1, 2)), scale)


def shown(value: Fraction, digits: int, limits: Iterable[Fraction | None] = ()) -> Fraction:
    """Half up as a screen shows it, but never up to a limit that was not reached (99.996 -> 99.99)."""
    rounded = half_up(value, digits)
    if any(limit is not None and value < limit <= rounded for limit in limits):
        return Fraction(floor(value * 10**digits), 10**digits)
    return rounded


def ranks(scores: Mapping[SubjectKey, Fraction | None]) -> dict[SubjectKey, int]:
    """Places by score rounded to 2 decimals; ties share one (1, 2, 2, 4); without a score there is no place."""
    rounded = {key: _hundredths(value) for key, value in scores.items() if value is not None}
    place: dict[int, int] = {}
    for position, value in enumerate(sorted(rounded.values(), reverse=True), start=1):
        place.setdefault(value, position)
    return {key: place[value] for key, value in rounded.items()}


def _hundredths(value: Fraction) -> int:
    """`half_up` to two decimals, as a whole number."""
    return (200 * value.numerator + value.denominator) // (2 * value.denominator)


def in_size(value: Fraction | None) -> tuple[float, Fraction]:
    """What sorts as the exact value does, nothing as 0, and is compared exactly only where that decides."""
    exact = value or _ZERO
    number, of = exact.as_integer_ratio()
    return number / of, exact
