"""What the latest nightly comparison of the results with the facts found (semantics 5); jobs/scores.py makes it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import func, select

from b24app.lib.clock import epoch, moment
from b24app.lib.db import db
from b24app.lib.storage import table_of, upsert
from b24app.portal.rules import Subject, SubjectType
from b24app.scores.rules import CauseKind, Moved, Slice
from b24app.scores.tables import NightlyCheck, Result, ResultChange

LISTED = 100
"""So many repairs are kept to be looked at; all of them are in the journal of their numbers."""

Key = tuple[str, str, str, int, str]


@dataclass(frozen=True, slots=True)
class Repair:
    """A result that was not what its records gave. Before and after are the same where only its parts differed."""

    scorecard: str
    start: date
    subject: Subject
    indicator: str
    before: Fraction | None
    after: Fraction | None


@dataclass(frozen=True, slots=True)
class Check:
    """The latest night."""

    at: datetime
    compared: int
    repaired: int
    repairs: tuple[Repair, ...]


def keep(portal_id: int, slices: Iterable[Slice], corrected: Sequence[Moved], now: datetime) -> None:
    """Instead of what the night before found. The caller has the portal's row and commits."""
    journal = _journal(portal_id, now) if corrected else {}
    row = {
        "portal_id": portal_id,
        "at": epoch(now),
        "compared": sum(_results(portal_id, one) for one in slices),
        "repaired": len(corrected),
        "repairs": [_repair(one, journal) for one in sorted(corrected)[:LISTED]],
    }
    upsert(NightlyCheck, [row])


def latest(portal_id: int) -> Check | None:
    """None before the first night."""
    row = db.session.execute(select(*table_of(NightlyCheck).columns).where(NightlyCheck.portal_id == portal_id)).first()
    if row is None:
        return None
    repairs = tuple(
        Repair(
            scorecard=one["scorecard"],
            start=date.fromisoformat(one["start"]),
            subject=Subject(SubjectType(one["subject_type"]), one["subject_id"]),
            indicator=one["indicator"],
            before=_exact(one["before"]),
            after=_exact(one["after"]),
        )
        for one in row.repairs
    )
    return Check(moment(row.at), row.compared, row.repaired, repairs)


def _results(portal_id: int, slice_: Slice) -> int:
    query = select(func.count()).where(
        Result.portal_id == portal_id,
        Result.scorecard == slice_.scorecard,
        Result.start.in_([start.isoformat() for start in slice_.starts]),
    )
    return db.session.scalar(query) or 0


def _journal(portal_id: int, now: datetime) -> dict[Key, tuple[str | None, str | None]]:
    """What the journal has of this night's repairs: (before, after) by the number."""
    of_night = select(*table_of(ResultChange).columns).where(
        ResultChange.portal_id == portal_id,
        ResultChange.at == epoch(now),
        ResultChange.cause == CauseKind.REPAIR.value,
    )
    return {
        (row.scorecard, row.start, row.subject_type, row.subject_id, row.indicator): (row.before, row.after)
        for row in db.session.execute(of_night)
    }


def _repair(one: Moved, journal: dict[Key, tuple[str | None, str | None]]) -> dict[str, Any]:
    key = one.scorecard, one.start.isoformat(), one.subject_type.value, one.subject_id, one.indicator or ""
    before, after = journal.get(key, (None, None))
    names = "scorecard", "start", "subject_type", "subject_id", "indicator", "before", "after"
    return dict(zip(names, (*key, before, after), strict=True))


def _exact(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)
