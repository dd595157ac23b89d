"""What can be asked of results and scores; whoever asks decides first who may see them.

A scorecard's own periods are read as stored. Any other period, and one that is not stored, is computed from the facts
in one evaluation (semantics 2.5).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, select

from b24app.lib.clock import moment
from b24app.lib.db import db
from b24app.lib.storage import table_of
from b24app.metrics.rules import FormulaPlan, Sibling, Unit
from b24app.periods.rules import Kind, Period, elapsed_share, inside, working_days_left
from b24app.portal.rules import COMPANY, Subject, SubjectType, employee
from b24app.scorecards.formulas import label
from b24app.scorecards.rules import Lock, Record, Version
from b24app.scores import evaluation, late
from b24app.scores.evaluation import Context
from b24app.scores.rows import Finding, ResultRow, ScoreRow, Setting, result_rows, score_rows, score_values
from b24app.scores.rules import CauseKind, Pace, ScoreValue
from b24app.scores.tables import Result, ResultChange, Score


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
class Change:
    """One row of the journal: what a number showed before and after, and why."""

    id: int
    at: datetime
    before: Fraction | None
    after: Fraction | None
    target_before: Fraction | None
    target_after: Fraction | None
    cause: CauseKind
    actor: str
    records: tuple[Record, ...]
    """The first few of those that did it."""
    count: int
    """How many did it."""


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
    answering = [version for versions in asked if (version := evaluation.version_for(context, versions, period))]
    return tuple(_sheet(context, version, period, subjects) for version in answering)


def history(
    portal_id: int, version: Version, subject: Subject, starts: Sequence[date]
) -> dict[tuple[str, date], tuple[Fraction | None, Fraction | None]]:
    """(indicator, start) -> stored value and target of other periods of one subject, read as the version reads them."""
    query = select(*table_of(Result).columns).where(
        Result.portal_id == portal_id,
        Result.scorecard == version.code,
        Result.start.in_([start.isoformat() for start in starts]),
        Result.subject_type == subject.type.value,
        Result.subject_id == subject.id,
    )
    found = {}
    for row in db.session.execute(query):
        start = date.fromisoformat(row.start)
        if finding := finding_of(version, Period(version.kind, start, start), row):
            found[row.indicator, start] = finding.value, finding.target
    return found


def target_people(context: Context, sheet: Sheet, subject: Subject) -> dict[str, tuple[int, int] | None]:
    """By indicator: of how many of how many people's targets a department's or the company's target is made.

    Of a locked period only the targets are kept.
    """
    if subject.type is SubjectType.EMPLOYEE or sheet.lock:
        return {}
    targets = evaluation.targets_of(context, sheet.version, sheet.period)
    return {one.code: targets.of(one, subject).people for one in sheet.version.indicators}


def changes(
    portal_id: int,
    scorecard: str,
    indicator: str,
    subject: Subject,
    start: date,
    *,
    limit: int = 100,
    before: int | None = None,
) -> tuple[Change, ...]:
    """What moved a number of an own period of the scorecard, the latest first; `before` is the id to go on behind."""
    query = select(*table_of(ResultChange).columns).where(
        ResultChange.portal_id == portal_id,
        ResultChange.scorecard == scorecard,
        ResultChange.start == start.isoformat(),
        ResultChange.subject_type == subject.type.value,
        ResultChange.subject_id == subject.id,
        ResultChange.indicator == indicator,
    )
    if before is not None:
        query = query.where(ResultChange.id < before)
    rows = db.session.execute(query.order_by(ResultChange.id.desc()).limit(limit))
    return tuple(
        Change(
            id=row.id,
            at=moment(row.at),
            before=_exact(row.before),
            after=_exact(row.after),
            target_before=_exact(row.target_before),
            target_after=_exact(row.target_after),
            cause=CauseKind(row.cause),
            actor=row.actor,
            records=tuple((entity, id) for entity, id in row.records),
            count=row._mapping["count"],
        )
        for row in rows
    )


def _exact(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)


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


def _sheet(context: Context, version: Version, period: Period, subjects: Collection[Subject] | None) -> Sheet:
    is_own_kind = period.kind == version.kind
    lock = context.lock(version.code, period)
    setting = Setting(
        structure=context.structure(),
        currency=lock.currency if lock else context.currency,
        complete=context.complete or lock is not None,
        pace=pace(context, period),
        now=context.now,
        paces={one: pace(context, period, one) for one in map(employee, context.own_calendars)},
        is_locked=lock is not None,
        **_late(context, version, period, subjects),
    )
    stored = _stored_scores(context, version, period) if is_own_kind else {}
    if stored:
        findings = _stored_findings(context, version, period, subjects)
        values = {subject: value for subject, (value, _at) in stored.items()}
        computed_at = {subject: at for subject, (_value, at) in stored.items()}
    else:
        everything = evaluation.evaluate(context, [context.work(version, period)])
        values, computed_at = score_values(version, everything), {}
        if not has_score(context, version, period):
            values = {subject: ScoreValue(None, False, value.with_data) for subject, value in values.items()}
        findings = [finding for finding in everything if subjects is None or finding.subject in subjects]
    return Sheet(
        version=version,
        period=period,
        is_own_kind=is_own_kind,
        results=result_rows(version, findings, setting),
        scores=score_rows(version, period, values, computed_at, setting),
        lock=lock,
    )


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


def _stored_findings(
    context: Context, version: Version, period: Period, subjects: Collection[Subject] | None
) -> list[Finding]:
    if subjects is not None and not subjects:
        return []
    query = select(*table_of(Result).columns).where(_at(Result, context, version, period))
    if subjects is not None:
        query = query.where(Result.subject_id.in_({subject.id for subject in subjects}))
    found = [finding for row in db.session.execute(query) if (finding := finding_of(version, period, row))]
    return [finding for finding in found if subjects is None or finding.subject in subjects]


def _stored_scores(context: Context, version: Version, period: Period) -> dict[Subject, tuple[ScoreValue, datetime]]:
    query = select(*table_of(Score).columns).where(_at(Score, context, version, period))
    return {
        Subject(SubjectType(row.subject_type), row.subject_id): (
            ScoreValue(Fraction(row.exact) if row.exact else None, row.preliminary, row.indicators_with_data),
            moment(row.computed_at),
        )
        for row in db.session.execute(query)
    }


def _at(table: type[Result] | type[Score], context: Context, version: Version, period: Period) -> ColumnElement[bool]:
    mine = and_(table.portal_id == context.portal_id, table.scorecard == version.code)
    return and_(mine, table.start == period.start.isoformat())


def finding_of(version: Version, period: Period, row: Row[Any]) -> Finding | None:
    """A stored result as it was found; None of an indicator the version no longer has."""
    indicator = version.indicator(row.indicator)
    if indicator is None:
        return None
    return Finding(
        version=version,
        period=period,
        indicator=indicator,
        subject=Subject(SubjectType(row.subject_type), row.subject_id),
        numerator=row.numerator,
        denominator=row.denominator,
        facts=row.facts,
        computed=Fraction(row.value) if row.value is not None else None,
        reason=row.reason,
        target=Fraction(row.target) if row.target is not None else None,
        computed_at=moment(row.computed_at),
    )
