"""What the journal says of a number: every change of it with its cause (semantics 13). journal.py writes it."""

from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from sqlalchemy import select

from b24app.lib.clock import moment
from b24app.lib.db import db
from b24app.lib.storage import table_of
from b24app.portal.rules import Subject
from b24app.scorecards.rules import Record
from b24app.scores.rules import CauseKind
from b24app.scores.tables import ResultChange


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
            before=_exact_or_none(row.before),
            after=_exact_or_none(row.after),
            target_before=_exact_or_none(row.target_before),
            target_after=_exact_or_none(row.target_after),
            cause=CauseKind(row.cause),
            actor=row.actor,
            records=tuple((entity, id) for entity, id in row.records),
            count=row._mapping["count"],
        )
        for row in rows
    )


def _exact_or_none(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)
