"""What changed in locked periods: counted and listed, never in the numbers (semantics 2.4). Locking is in locks.py."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, true, tuple_

from b24app.lib.clock import epoch, moment
from b24app.lib.db import db
from b24app.lib.storage import upsert
from b24app.periods.rules import period_at
from b24app.portal.rules import Subject, SubjectType
from b24app.scorecards import rules as scorecards
from b24app.scorecards.rules import Record, Trace
from b24app.scores.context import Context
from b24app.scores.tables import LateChange

Key = tuple[str, date]


@dataclass(frozen=True, slots=True)
class LateRecord:
    """A record that changed after the lock, and the indicators of one subject that it would have moved."""

    entity: str
    id: int
    """0 where the record is not known."""
    subject: Subject
    indicators: tuple[str, ...]
    at: datetime
    """When it changed last."""


def note(context: Context, traces: Mapping[Key, Trace]) -> None:
    """Keep which records moved in locked periods, once per number that they would have moved."""
    rows: list[dict[str, Any]] = []
    for (code, start), trace in traces.items():
        lock = context.locks[code, start]
        version = context.locked_version(lock)
        work = context.work(version, period_at(lock.kind, start, context.settings))
        for subject, by_scan in scorecards.attributed(trace, work.structure).items():
            if subject in work.subjects:
                rows += (
                    {
                        "portal_id": context.portal_id,
                        "scorecard": code,
                        "start": start.isoformat(),
                        "subject_type": subject.type.value,
                        "subject_id": subject.id,
                        "indicator": indicator.code,
                        "entity": entity,
                        "record_id": id,
                        "at": epoch(context.now),
                    }
                    for indicator in version.indicators
                    for entity, id in scorecards.read_by(indicator, by_scan)
                )
    upsert(LateChange, rows)


def take(portal_id: int, scorecard: str, start: date) -> dict[tuple[str, date, Subject, str], set[Record]]:
    """Forget what changed in a period that is locked no more; returns the records by the number they concern."""
    of_period = _of(portal_id, scorecard, (start,))
    found: dict[tuple[str, date, Subject, str], set[Record]] = {}
    for row in db.session.scalars(select(LateChange).where(of_period)):
        key = scorecard, start, Subject(SubjectType(row.subject_type), row.subject_id), row.indicator
        found.setdefault(key, set()).add((row.entity, row.record_id))
    db.session.execute(delete(LateChange).where(of_period))
    return found


def counts(
    portal_id: int, scorecard: str, starts: Sequence[date], subjects: Collection[Subject] | None
) -> dict[tuple[Subject, str], dict[date, int]]:
    """By subject and indicator: of these locked periods those with late changes, and how many records they are."""
    if not starts or (subjects is not None and not subjects):
        return {}
    key = (LateChange.subject_type, LateChange.subject_id, LateChange.indicator, LateChange.start)
    query = select(*key, func.count()).where(_of(portal_id, scorecard, starts), _among(subjects)).group_by(*key)
    found: dict[tuple[Subject, str], dict[date, int]] = {}
    for type_, id, indicator, start, count in db.session.execute(query.order_by(LateChange.start)):
        found.setdefault((Subject(SubjectType(type_), id), indicator), {})[date.fromisoformat(start)] = count
    return found


def records_by_period(portal_id: int) -> dict[tuple[str, date], int]:
    """By scorecard and start: how many different records changed after the lock."""
    key = LateChange.scorecard, LateChange.start
    records = select(*key, LateChange.entity, LateChange.record_id).where(LateChange.portal_id == portal_id).distinct()
    of = records.subquery()
    query = select(of.c.scorecard, of.c.start, func.count()).group_by(of.c.scorecard, of.c.start)
    return {(code, date.fromisoformat(start)): count for code, start, count in db.session.execute(query)}


def how_many(portal_id: int, scorecard: str, start: date, subjects: Collection[Subject]) -> int:
    """How many different records concern any number of these subjects."""
    if not subjects:
        return 0
    records = select(LateChange.entity, LateChange.record_id).where(
        _of(portal_id, scorecard, (start,)), _among(subjects)
    )
    return db.session.scalar(select(func.count()).select_from(records.distinct().subquery())) or 0


def listed(
    portal_id: int,
    scorecard: str,
    start: date,
    subject: Subject,
    indicator: str | None = None,
    *,
    limit: int = 100,
    after: Record | None = None,
) -> tuple[LateRecord, ...]:
    """The records that changed after the lock and concern a subject (in one indicator), by entity and id."""
    mine = and_(_of(portal_id, scorecard, (start,)), _among((subject,)))
    if indicator is not None:
        mine = and_(mine, LateChange.indicator == indicator)
    record = LateChange.entity, LateChange.record_id
    page = select(*record).where(mine).distinct().order_by(*record).limit(limit)
    if after is not None:
        page = page.where(tuple_(*record) > after)
    wanted = [(row.entity, row.record_id) for row in db.session.execute(page)]
    if not wanted:
        return ()
    rows = db.session.scalars(
        select(LateChange)
        .where(mine, tuple_(*record) >= wanted[0], tuple_(*record) <= wanted[-1])
        .order_by(*record, LateChange.indicator)
    )
    return tuple(_records(subject, rows))


def _records(subject: Subject, rows: Iterable[LateChange]) -> list[LateRecord]:
    found: dict[Record, list[LateChange]] = {}
    for row in rows:
        found.setdefault((row.entity, row.record_id), []).append(row)
    return [
        LateRecord(entity, id, subject, tuple(row.indicator for row in those), moment(max(row.at for row in those)))
        for (entity, id), those in found.items()
    ]


def _of(portal_id: int, scorecard: str, starts: Iterable[date]) -> ColumnElement[bool]:
    return and_(
        LateChange.portal_id == portal_id,
        LateChange.scorecard == scorecard,
        LateChange.start.in_([start.isoformat() for start in starts]),
    )


def _among(subjects: Collection[Subject] | None) -> ColumnElement[bool]:
    if subjects is None:
        return true()
    by_type: dict[SubjectType, set[int]] = {}
    for subject in subjects:
        by_type.setdefault(subject.type, set()).add(subject.id)
    return or_(
        *(
            and_(LateChange.subject_type == type_.value, LateChange.subject_id.in_(ids))
            for type_, ids in sorted(by_type.items())
        )
    )
