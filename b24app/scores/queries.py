"""What can be asked of results and scores; whoever asks decides first who may see them.

A scorecard's own periods are read as stored. Any other period, and one that is not stored, is computed from the facts
in one evaluation (semantics 2.5).
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import Row, and_, or_, select, true

from b24app.lib.clock import moment
from b24app.lib.db import db
from b24app.lib.storage import table_of
from b24app.metrics.rules import FormulaPlan, Part, Sibling, Unit
from b24app.periods.rules import Kind, Period, elapsed_share, inside, midnight, working_days_left
from b24app.portal.rules import COMPANY, Subject, SubjectType, employee
from b24app.scorecards.formulas import label
from b24app.scorecards.rules import Lock, Version
from b24app.scores import evaluation, late
from b24app.scores.context import Context, version_for
from b24app.scores.pace import Pace
from b24app.scores.rows import (
    Finding,
    ResultRow,
    Risks,
    ScoreRow,
    Setting,
    glances,
    result_rows,
    score_rows,
    score_values,
    value_found,
)
from b24app.scores.rules import Glance, ScoreValue
from b24app.scores.storage import exact, finding_of
from b24app.scores.tables import Result, Score

MANY = 100
"""Of more subjects than this it is cheaper to read everybody's results than to name them."""

_SCORE, _RESULT = table_of(Score), table_of(Result)
"""As tables, not as models: of thousands of rows the latter cost a tenth of a page."""
_KEY = [column.name for column in _SCORE.primary_key]
_SCORED = (
    *(_SCORE.c[name] for name in ("subject_type", "subject_id", "exact", "preliminary", "indicators_with_data")),
    _SCORE.c.computed_at.label("scored_at"),
)
_FOUND = [column for column in _RESULT.columns if column.name not in (*_KEY, "version_id", "changed_at")]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One scorecard in one period: the version that answers, the results asked for, and everybody's scores."""

    version: Version
    period: Period
    is_own_kind: bool
    results: tuple[ResultRow, ...]
    scores: tuple[ScoreRow, ...]
    lock: Lock | None = None
    """The lock that holds exactly this period."""


@dataclass(frozen=True, slots=True)
class Board:
    """One scorecard in one period as a long table needs it: everybody's score and who is at risk; results of those
    who are looked at are made when asked for."""

    version: Version
    period: Period
    is_own_kind: bool
    scores: tuple[ScoreRow, ...]
    at_risk: frozenset[Subject]
    results: Callable[[Collection[Subject]], tuple[ResultRow, ...]]
    glances: Callable[[Collection[Subject]], Iterator[Glance]]
    """The same as a table shows it: of each subject by itself, in the order of the scorecard's indicators."""


@dataclass(frozen=True, slots=True)
class Operand:
    """One number that a formula was computed from."""

    name: str
    value: Fraction | None
    unit: Unit
    currency: str | None
    is_money: bool
    """Only those who may see money are told it."""
    indicator: str | None
    """The code of the indicator it is of."""


def results(
    portal_id: int,
    period: Period,
    subject_type: SubjectType,
    scorecard: str | None = None,
    subject_ids: Collection[int] | None = None,
    *,
    now: datetime,
) -> tuple[ResultRow, ...]:
    """The results of everybody of a type, or of some; in the order of scorecards, subjects and indicators."""
    wanted = sheets(Context(portal_id, now), period, scorecard, _chosen(subject_type, subject_ids))
    return tuple(row for sheet in wanted for row in sheet.results if row.subject.type is subject_type)


def scores(
    portal_id: int,
    period: Period,
    subject_type: SubjectType,
    scorecard: str | None = None,
    subject_ids: Collection[int] | None = None,
    *,
    now: datetime,
) -> tuple[ScoreRow, ...]:
    """The scores of everybody of a type, or of some; places are among all, whoever is asked for."""
    wanted = sheets(Context(portal_id, now), period, scorecard, subjects=())
    return tuple(
        row
        for sheet in wanted
        for row in sheet.scores
        if row.subject.type is subject_type and (subject_ids is None or row.subject.id in subject_ids)
    )


def sheets(
    context: Context, period: Period, scorecard: str | None = None, subjects: Collection[Subject] | None = None
) -> tuple[Sheet, ...]:
    """Every scorecard (or one) in a period. `subjects` narrows the results, never the scores."""
    asked = [versions for code, versions in context.shown.items() if scorecard in (None, code)]
    answering = [version for versions in asked if (version := version_for(context, versions, period))]
    return tuple(_sheet(context, version, period, subjects) for version in answering)


def known(
    portal_id: int, version: Version, subjects: Collection[Subject], *asked: tuple[Collection[date], str | None]
) -> dict[tuple[Subject, date, str], tuple[Fraction | None, Fraction | None]]:
    """(subject, start, indicator) -> stored value and target, read as the version reads them.

    `asked` are starts of periods, each with the one indicator that is wanted of them, or None for all.
    """
    wanted = [
        and_(
            _RESULT.c.start.in_([start.isoformat() for start in starts]),
            true() if code is None else _RESULT.c.indicator == code,
        )
        for starts, code in asked
        if starts
    ]
    if not wanted:
        return {}
    query = select(_RESULT.c.subject_type, _RESULT.c.subject_id, _RESULT.c.start, *_FOUND).where(
        _RESULT.c.portal_id == portal_id,
        _RESULT.c.scorecard == version.code,
        _RESULT.c.subject_type.in_({subject.type.value for subject in subjects}),
        _RESULT.c.subject_id.in_({subject.id for subject in subjects}),
        or_(*wanted),
    )
    indicators, named = {one.code: one for one in version.indicators}, frozenset(subjects)
    return {
        (subject, date.fromisoformat(row.start), row.indicator): (
            value_found(indicators[row.indicator], _part(row), row.reason),
            exact(row.target) if row.target is not None else None,
        )
        for subject, rows in _by_subject(db.session.execute(query)).items()
        if subject in named
        for row in rows
        if row.indicator in indicators
    }


def target_people(context: Context, sheet: Sheet, subject: Subject) -> dict[str, tuple[int, int] | None]:
    """By indicator: of how many of how many people's targets a department's or the company's target is made.

    Of a locked period only the targets are kept.
    """
    if subject.type is SubjectType.EMPLOYEE or sheet.lock:
        return {}
    targets = evaluation.targets_of(context, sheet.version, sheet.period)
    return {one.code: targets.of(one, subject).people for one in sheet.version.indicators}


def operands(context: Context, sheet: Sheet, subject: Subject, code: str) -> tuple[Operand, ...]:
    """What the formula of an indicator is computed from, other indicators as the sheet shows them; nothing of an
    indicator that is measured."""
    indicator = sheet.version.indicator(code)
    if indicator is None or not isinstance(indicator.plan, FormulaPlan):
        return ()
    work = replace(context.work(sheet.version, sheet.period), subjects=frozenset({subject}))
    findings = evaluation.evaluate(context, [work])
    values = next((one.operands for one in findings if one.indicator.code == code), ())
    shown = {row.indicator.code: row for row in sheet.results if row.subject == subject}
    named = zip(indicator.plan.formula.names, indicator.plan.operands, values, strict=True)
    return tuple(
        Operand(
            name=label(name),
            value=getattr(shown[one.code], one.part) if isinstance(one, Sibling) and one.code in shown else value,
            unit=one.unit,
            currency=context.currency if one.unit is Unit.MONEY else None,
            is_money=one.is_money,
            indicator=one.code if isinstance(one, Sibling) else None,
        )
        for name, one, value in named
    )


def pace(context: Context, period: Period, subject: Subject = COMPANY) -> Pace:
    """By the subject's own calendar (semantics 10)."""
    calendar = context.calendar_of(subject)
    return Pace(
        elapsed=elapsed_share(calendar, period, context.today),
        days_left=working_days_left(calendar, period, context.today),
        is_open=context.today < period.end,
    )


def _chosen(subject_type: SubjectType, ids: Collection[int] | None) -> tuple[Subject, ...] | None:
    return None if ids is None else tuple(Subject(subject_type, id) for id in ids)


def board(context: Context, version: Version, period: Period, subjects: Collection[Subject]) -> Board:
    """These subjects, however many, in one scorecard; scores and places are everybody's."""
    setting = _setting(context, version, period, subjects)
    is_own_kind = period.kind == version.kind
    values, computed_at, stored, findings = _scored(context, version, period, subjects)
    risks = Risks(version, setting)
    found: Mapping[Subject, Sequence[Finding | Row[Any]]]
    if findings is None:
        rows = {subject: stored[subject] for subject in subjects if subject in stored}
        at_risk = {one for one, own in rows.items() if any(_row_at_risk(risks, setting, one, row) for row in own)}
        found = rows
    else:
        found = _by_finding(findings, subjects)
        at_risk = {subject for subject, those in found.items() if any(_at_risk(risks, one) for one in those)}

    order = {one.code: place for place, one in enumerate(version.indicators)}

    def of(asked: Collection[Subject]) -> Iterator[Finding]:
        for subject in asked:
            own = found.get(subject, ())
            those = (one if isinstance(one, Finding) else finding_of(version, period, one) for one in own)
            yield from sorted((one for one in those if one), key=lambda one: order[one.indicator.code])

    scores = score_rows(version, period, values, computed_at, setting)
    return Board(
        version,
        period,
        is_own_kind,
        scores,
        frozenset(at_risk),
        results=lambda asked: result_rows(version, of(asked), setting),
        glances=lambda asked: glances(version, of(asked), setting),
    )


def _by_subject(rows: Iterable[Any]) -> dict[Subject, list[Row[Any]]]:
    """The rows, which begin with whose they are."""
    grouped: dict[tuple[str, int], list[Row[Any]]] = defaultdict(list)
    for row in rows:
        grouped[row[0], row[1]].append(row)
    return {Subject(SubjectType(type_), id): own for (type_, id), own in grouped.items()}


def _by_finding(findings: Iterable[Finding], subjects: Collection[Subject]) -> dict[Subject, list[Finding]]:
    found: dict[Subject, list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.subject in subjects:
            found[finding.subject].append(finding)
    return found


def _part(row: Row[Any]) -> Part:
    computed = None if row.value is None else exact(row.value)
    return Part(row.numerator, row.denominator, row.facts, computed)


def _row_at_risk(risks: Risks, setting: Setting, subject: Subject, row: Row[Any]) -> bool:
    season = exact(row.season) if row.season is not None and row.season_at >= setting.day_began else None
    if row.reason is None and row.value is not None:
        target = None if row.target is None else exact(row.target)
        return risks.beyond(subject, row.indicator, exact(row.value), target, season)
    return row.reason is None and risks.of(subject, row.indicator, row.numerator, row.denominator, row.target, season)


def _at_risk(risks: Risks, one: Finding) -> bool:
    if one.reason is None and one.computed is not None:
        return risks.beyond(one.subject, one.indicator.code, one.computed, one.target)
    return one.reason is None and risks.of(one.subject, one.indicator.code, one.numerator, one.denominator, one.target)


def _sheet(context: Context, version: Version, period: Period, subjects: Collection[Subject] | None) -> Sheet:
    setting = _setting(context, version, period, subjects)
    values, computed_at, stored, findings = _scored(context, version, period, subjects)
    if findings is None:
        findings = [one for rows in stored.values() for row in rows if (one := finding_of(version, period, row))]
    findings = [finding for finding in findings if subjects is None or finding.subject in subjects]
    return Sheet(
        version=version,
        period=period,
        is_own_kind=period.kind == version.kind,
        results=result_rows(version, findings, setting),
        scores=score_rows(version, period, values, computed_at, setting),
        lock=context.lock(version.code, period),
    )


def _setting(context: Context, version: Version, period: Period, subjects: Collection[Subject] | None) -> Setting:
    lock = context.lock(version.code, period)
    return Setting(
        structure=context.structure(),
        currency=lock.currency if lock else context.currency,
        complete=context.complete or lock is not None,
        pace=pace(context, period),
        now=context.now,
        paces={one: pace(context, period, one) for one in map(employee, context.own_calendars)},
        is_locked=lock is not None,
        day_began=midnight(context.today, context.settings),
        **_late(context, version, period, subjects),
    )


class _Scored(NamedTuple):
    """Everybody's scores and when they were calculated; what they rest on as it is stored, else as it was found."""

    values: dict[Subject, ScoreValue]
    computed_at: dict[Subject, datetime]
    stored: Mapping[Subject, Sequence[Row[Any]]] = MappingProxyType({})
    """The results of those asked for, and maybe of others with the same ids."""
    findings: list[Finding] | None = None
    """Everybody's, where nothing is stored."""


def _scored(context: Context, version: Version, period: Period, subjects: Collection[Subject] | None) -> _Scored:
    if period.kind == version.kind and (rows := _stored(context, version, period, subjects)):
        return _of_stored(rows)
    everything = evaluation.evaluate(context, [context.work(version, period)])
    values = score_values(version, everything)
    if not has_score(context, version, period):
        values = {subject: ScoreValue(None, False, value.with_data) for subject, value in values.items()}
    return _Scored(values, {}, findings=everything)


def _late(
    context: Context, version: Version, period: Period, subjects: Collection[Subject] | None
) -> dict[str, dict[tuple[Subject, str], Any]]:
    """What changed after the lock of the period, or of those it is made of."""
    if context.lock(version.code, period):
        counted = late.counts(context.portal_id, version.code, (period.start,), subjects)
        return {"late": {key: found[period.start] for key, found in counted.items()}}
    if period.kind == version.kind:
        return {}
    own = inside(period, version.kind, context.settings)
    starts = [one.start for one in own if context.lock(version.code, one)]
    counted = late.counts(context.portal_id, version.code, starts, subjects)
    return {"differing": {key: tuple(found) for key, found in counted.items()}}


def has_score(context: Context, version: Version, period: Period) -> bool:
    """A score is given for the own kind and for regular kinds made of whole own periods (semantics 2.5)."""
    if period.kind is Kind.CUSTOM:
        return False
    own = inside(period, version.kind, context.settings)
    return own[0].start == period.start and own[-1].end == period.end


def _stored(
    context: Context, version: Version, period: Period, subjects: Collection[Subject] | None
) -> Sequence[Row[Any]]:
    """A row for each result of these subjects, with the score; one without a result for everybody else."""
    start, wanted = period.start.isoformat(), [_RESULT.c[name] == _SCORE.c[name] for name in _KEY]
    if subjects is not None:
        wanted.append(_RESULT.c.subject_type.in_({subject.type.value for subject in subjects}))
    if subjects is not None and len(subjects) <= MANY:
        wanted.append(_RESULT.c.subject_id.in_({subject.id for subject in subjects}))
    mine = _SCORE.c.portal_id == context.portal_id, _SCORE.c.scorecard == version.code
    query = select(*_SCORED, *_FOUND).outerjoin_from(_SCORE, _RESULT, and_(*wanted))
    return db.session.execute(query.where(*mine, _SCORE.c.start == start)).all()


def _of_stored(rows: Sequence[Row[Any]]) -> _Scored:
    values, computed_at, results = {}, {}, {}
    for subject, own in _by_subject(rows).items():
        one = own[0]
        score = exact(one.exact) if one.exact else None
        values[subject] = ScoreValue(score, one.preliminary, one.indicators_with_data)
        computed_at[subject] = moment(one.scored_at)
        results[subject] = own if one.indicator is not None else []
    return _Scored(values, computed_at, results)
