"""A stamp of what a page rests on, cheap enough to ask for every second: while it holds, the page stays as it is.

Every recompute writes the scores of all whom it touched anew, so their number, times and sum tell of it. What is in no
score (somebody's name, a plan, another day) is noticed when the stamp ends by its age.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select

from b24app.facts.tables import Deal
from b24app.lib.clock import epoch
from b24app.lib.db import db
from b24app.periods.rules import Period
from b24app.scorecards.tables import PeriodLock
from b24app.scores.tables import LateChange, Score

SETTLED_S = 2
"""Times are whole seconds: until so long after the latest one, another change may hide behind it."""

LASTS_S = 15
"""So long a stamp holds at most, whatever it did not see."""

LONGEST = timedelta(days=366)
"""A scorecard's own period that reaches into the one shown began at most so long before it."""


def of_period(portal_id: int, period: Period, now: datetime) -> str:
    """For pages about a period; empty while nothing may be relied on."""
    scored = func.max(Score.computed_at), func.count(), func.sum(Score.computed_at), func.sum(Score.score)
    query = select(*scored, *_locks(portal_id)).where(
        Score.portal_id == portal_id,
        Score.start > (period.start - LONGEST).isoformat(),
        Score.start < period.end.isoformat(),
    )
    written = tuple(int(value or 0) for value in db.session.execute(query).one())
    return _stamp(now, latest=max(written[0], *written[4:]), seen=written)


def _locks(portal_id: int) -> Iterator[ColumnElement[int | None]]:
    """When anything was locked, unlocked, or changed after a lock last."""
    for moment in (PeriodLock.locked_at, PeriodLock.unlocked_at, LateChange.at):
        yield select(func.max(moment)).where(moment.class_.portal_id == portal_id).scalar_subquery()


def of_deal(portal_id: int, deal_id: int, period: Period, now: datetime) -> str:
    """For a deal's tab: the deal as it is stored, and the scores of the period that a win would move."""
    scores = of_period(portal_id, period, now)
    deal = db.session.execute(
        select(*Deal.__table__.columns).where(Deal.portal_id == portal_id, Deal.id == deal_id)
    ).one_or_none()
    if deal is None or not scores:
        return ""
    return _stamp(now, latest=deal.read_at, seen=(scores.partition(".")[2], tuple(deal)))


def holds(earlier: str, stamp: str) -> bool:
    """Whether what was shown under the earlier stamp is still what is stored under this one."""
    if not earlier or not stamp:
        return False
    (then, _dot, seen_then), (now, _dot, seen_now) = earlier.partition("."), stamp.partition(".")
    return seen_then == seen_now and then.isdecimal() and int(now) - int(then) < LASTS_S


def _stamp(now: datetime, latest: int, seen: object) -> str:
    if latest > epoch(now) - SETTLED_S:
        return ""
    return f"{epoch(now)}.{hashlib.sha256(repr(seen).encode()).hexdigest()[:16]}"
