"""From a finding to what people and programs read: value, attainment, zone, pace, score and place. Pure.

The same functions read stored results and results computed on demand, so that both can never differ.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from b24app.lib.i18n import gettext as _
from b24app.metrics.rules import Part, Plan, is_small_sample, value_of
from b24app.periods.rules import Period
from b24app.portal.rules import Structure, Subject, SubjectType
from b24app.scorecards.documents import IndicatorDocument
from b24app.scorecards.rules import Indicator, Version
from b24app.scores import pace as paces
from b24app.scores import rules
from b24app.scores.pace import Pace, RiskLine
from b24app.scores.rules import Curve, Glance, ResultRow, ScoreRow, ScoreValue, Zones
from b24app.scores.weighing import weigh


class Finding(NamedTuple):
    """What one subject reached in one indicator, in stored units, and its target in the indicator's unit."""

    version: Version
    period: Period
    indicator: Indicator
    subject: Subject
    numerator: int | None
    denominator: int | None
    facts: int
    reason: str | None
    """Why there is no data: no_facts | absent | few_facts | not_synced | unavailable | not_mapped | empty_operand |
    no_result."""
    target: Fraction | None
    target_people: tuple[int, int] | None = None
    computed_at: datetime | None = None
    computed: Fraction | None = None
    """The value of a formula; every other is made of numerator and denominator."""
    operands: tuple[Fraction | None, ...] = ()
    """What a formula was computed from, in the order of its names; not stored."""
    season: Fraction | None = None
    """What the forecast goes by, of the day of `season_at`; only what is stored has it."""
    season_at: int = 0

    @property
    def part(self) -> Part:
        return Part(self.numerator, self.denominator, self.facts, self.computed, self.operands)

    @property
    def value(self) -> Fraction | None:
        return value_found(self.indicator, self.part, self.reason)


def value_found(indicator: Indicator, part: Part, reason: str | None) -> Fraction | None:
    """The value of what was found, in the indicator's unit; None is no data."""
    if reason:
        return None
    value = indicator.plan.value(part)
    return Fraction(0) if value is None and indicator.document.empty == "zero" else value


@dataclass(frozen=True, slots=True)
class Setting:
    """What rows of one scorecard and period have in common."""

    structure: Structure
    """Names come from here, also of people who left."""
    currency: str
    complete: bool
    pace: Pace
    """By the portal's calendar."""
    now: datetime
    paces: Mapping[Subject, Pace] = field(default_factory=dict)
    """Of those who have a calendar of their own."""
    is_locked: bool = False
    late: Mapping[tuple[Subject, str], int] = field(default_factory=dict)
    """How many records changed after the lock, by subject and indicator."""
    differing: Mapping[tuple[Subject, str], tuple[date, ...]] = field(default_factory=dict)
    """The starts of own periods whose lock such records came after, in a period that is not locked itself."""
    day_began: int = 0
    """The portal's last midnight: seasons found before it are of another day."""

    def season_of(self, finding: Finding) -> Fraction | None:
        return finding.season if finding.season_at >= self.day_began else None

    def pace_of(self, subject: Subject) -> Pace:
        return self.paces.get(subject, self.pace)


def curve(document: IndicatorDocument) -> Curve:
    steps = [(Fraction(start), Fraction(result)) for start, result in document.steps or ()]
    return Curve(
        direction=document.direction,
        baseline=_fraction(document.baseline),
        floor=_fraction(document.floor),
        cap=Fraction(document.cap),
        steps=tuple(steps) or None,
    )


def curves(version: Version) -> dict[str, Curve]:
    return {one.code: curve(one.document) for one in version.indicators}


def zones(version: Version) -> Zones:
    return Zones(Fraction(version.document.zones.done), Fraction(version.document.zones.close))


def name_of(subject: Subject, structure: Structure) -> str:
    match subject.type:
        case SubjectType.EMPLOYEE:
            person = structure.people.get(subject.id)
            return person.name if person else _("Employee %(id)s", id=subject.id)
        case SubjectType.DEPARTMENT:
            unit = structure.units.get(subject.id)
            return unit.name if unit else _("Department %(id)s", id=subject.id)
        case SubjectType.COMPANY:
            return _("Company")


def score_values(version: Version, findings: Iterable[Finding]) -> dict[Subject, ScoreValue]:
    """The score of every subject of one scorecard in one period."""
    return weigh(version, curves(version), findings)


class Risks:
    """Says of thousands of numbers whether they are at risk, as `pace.at_risk` does of one.

    The line is drawn once for each target of each indicator (and of each who has a calendar of their own); numbers are
    held against it as whole numbers. Of those that go by a season it is drawn at the end of the period.
    """

    def __init__(self, version: Version, setting: Setting) -> None:
        self._setting = setting
        self._indicators = {one.code: one for one in version.indicators}
        self._curves = curves(version)
        self._lines: dict[tuple[str, Fraction | str | None, Subject | None, bool], _Line | None] = {}

    def of(
        self,
        subject: Subject,
        code: str,
        numerator: int | None,
        denominator: int | None,
        target: Fraction | str | None,
        season: Fraction | None = None,
    ) -> bool:
        """A number in stored units that is no data only if there is nothing to divide by, or nothing at all."""
        line = self._line(subject, code, target, season)
        if line is None:
            return False
        if not line.divides:
            denominator = 1
        elif denominator:
            numerator = numerator or 0
        if numerator is None or not denominator:
            numerator, denominator = line.empty, 1
        if numerator is None:
            return False
        near, limit = numerator * line.times, denominator * line.limit
        if season:
            near, limit = near * season.denominator, limit * season.numerator
        return near < limit if line.exact.is_below else near > limit or (line.exact.nothing_too and numerator <= 0)

    def beyond(
        self, subject: Subject, code: str, value: Fraction, target: Fraction | None, season: Fraction | None = None
    ) -> bool:
        """The same of an exact value in the indicator's unit."""
        line = self._line(subject, code, target, season)
        return line is not None and (value / season if season else value) in line.exact

    def _line(
        self, subject: Subject, code: str, target: Fraction | str | None, season: Fraction | None
    ) -> "_Line | None":
        key = code, target, subject if subject in self._setting.paces else None, season is not None
        if key not in self._lines:
            self._lines[key] = self._draw(code, target, self._setting.pace_of(subject), at_the_end=season is not None)
        return self._lines[key]

    def _draw(self, code: str, target: Fraction | str | None, pace: Pace, *, at_the_end: bool) -> "_Line | None":
        indicator = self._indicators.get(code)
        if indicator is None or target is None:
            return None
        plan, gone = indicator.plan, Fraction(1) if at_the_end else None
        line = paces.risk_line(Fraction(target), pace, plan.additive, self._curves[code], gone)
        one = value_of(plan, 1, 1) if isinstance(plan, Plan) else Fraction(1)
        if line is None or one is None:
            return None
        return _Line(
            times=one.numerator * line.limit.denominator,
            limit=one.denominator * line.limit.numerator,
            exact=line,
            divides=isinstance(plan, Plan) and plan.denominator is not None,
            empty=0 if indicator.document.empty == "zero" else None,
        )


class _Line(NamedTuple):
    """numerator x times against denominator x limit: `pace.RiskLine` in the stored units of one plan."""

    times: int
    limit: int
    exact: RiskLine
    divides: bool
    empty: int | None
    """The numerator that no data stands for."""


def result_rows(version: Version, findings: Iterable[Finding], setting: Setting) -> tuple[ResultRow, ...]:
    """In the order of the scorecard's indicators, then of names."""
    curve_of, zones_ = curves(version), zones(version)
    order = {one.code: position for position, one in enumerate(version.indicators)}
    risks = Risks(version, setting)
    rows = [_result_row(finding, curve_of[finding.indicator.code], zones_, risks, setting) for finding in findings]
    return tuple(sorted(rows, key=lambda row: (*_by_name(row), order[row.indicator.code])))


def glances(version: Version, findings: Iterable[Finding], setting: Setting) -> Iterator[Glance]:
    """In the order they come in."""
    curve_of, zones_ = curves(version), zones(version)
    for one in findings:
        document, plan, value = one.indicator.document, one.indicator.plan, one.value
        reached = rules.attainment(value, one.target, curve_of[document.code])
        forecast = paces.forecast(value, setting.pace_of(one.subject), plan.additive, setting.season_of(one))
        yield Glance(
            indicator=document,
            plan=plan,
            subject=one.subject,
            value=value,
            target=one.target,
            attainment_raw=reached.raw if reached else None,
            zone=zones_.of(reached.counted if reached else None),
            forecast=forecast,
            facts=one.facts,
            unit=plan.unit,
            currency=setting.currency if plan.unit == "money" else None,
        )


def _by_name(row: ResultRow | ScoreRow) -> tuple[str, str, int]:
    return row.subject.type, row.subject_name, row.subject.id


def _result_row(finding: Finding, curve_: Curve, zones_: Zones, risks: Risks, setting: Setting) -> ResultRow:
    document, plan, pace = finding.indicator.document, finding.indicator.plan, setting.pace_of(finding.subject)
    value, target = finding.value, finding.target
    reached, is_up = rules.attainment(value, target, curve_), document.direction == "up"
    numerator, denominator = plan.told(finding.part)
    season = setting.season_of(finding)
    by = paces.forecast_by(value, pace, plan.additive, season)
    return ResultRow(
        scorecard=finding.version.code,
        scorecard_version=finding.version.number,
        indicator=document,
        plan=plan,
        subject=finding.subject,
        subject_name=name_of(finding.subject, setting.structure),
        period=finding.period,
        value=value,
        numerator=numerator,
        denominator=denominator,
        facts=finding.facts,
        target=target,
        target_people=finding.target_people,
        attainment=reached.counted if reached else None,
        attainment_raw=reached.raw if reached else None,
        weight=document.weight,
        zone=zones_.of(reached.counted if reached else None),
        forecast=paces.forecast(value, pace, plan.additive, season),
        forecast_by=by,
        forecast_share=(season or pace.elapsed) if by else None,
        expected=paces.expected(target, pace, plan.additive) if pace.is_open else None,
        needed_per_day=paces.needed_per_day(value, target, pace) if plan.additive and is_up else None,
        at_risk=value is not None and risks.beyond(finding.subject, document.code, value, target, season),
        small_sample=value is not None and is_small_sample(plan, finding.part),
        complete=setting.complete,
        no_data_reason=finding.reason,
        computed_at=finding.computed_at or setting.now,
        currency=setting.currency if plan.unit == "money" else None,
        unit=plan.unit,
        locked=setting.is_locked,
        changed_after_lock=setting.late.get((finding.subject, document.code), 0),
        differs_from_locked=setting.differing.get((finding.subject, document.code), ()),
    )


def score_rows(
    version: Version,
    period: Period,
    values: Mapping[Subject, ScoreValue],
    computed_at: Mapping[Subject, datetime],
    setting: Setting,
) -> tuple[ScoreRow, ...]:
    """With places: employees among employees, departments among departments (semantics 12); best first."""
    zones_ = zones(version)
    final = {subject: value.score for subject, value in values.items() if not value.preliminary}
    placed = {
        type_: rules.ranks({subject: score for subject, score in final.items() if subject.type is type_})
        for type_ in (SubjectType.EMPLOYEE, SubjectType.DEPARTMENT)
    }
    rows = [
        ScoreRow(
            scorecard=version.code,
            scorecard_version=version.number,
            subject=subject,
            subject_name=name_of(subject, setting.structure),
            period=period,
            score=value.score,
            rank=placed.get(subject.type, {}).get(subject),
            ranked=len(placed.get(subject.type, {})),
            zone=zones_.of(value.score),
            preliminary=value.preliminary,
            indicators_with_data=value.with_data,
            computed_at=computed_at.get(subject, setting.now),
        )
        for subject, value in values.items()
    ]
    return tuple(
        sorted(rows, key=lambda row: (row.subject.type, rules.in_size(-(row.score or Fraction(0))), *_by_name(row)))
    )


def _fraction(value: Decimal | None) -> Fraction | None:
    return None if value is None else Fraction(value)
