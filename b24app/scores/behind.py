"""The facts behind a number: of a locked period as they were counted, else as they are (semantics 2.4, 13).

Periods that were locked by an earlier release have no list of their own: for them the facts are those of today, and
late.py has which of them changed.
"""

from collections.abc import Collection
from dataclasses import replace

from sqlalchemy import delete, select

from b24app.lib.clock import epoch
from b24app.lib.db import db
from b24app.lib.storage import table_of, upsert
from b24app.metrics.kept import facts_kept, write_down
from b24app.metrics.queries import FactPage, facts_behind
from b24app.periods.rules import Period, span
from b24app.scorecards.rules import Version
from b24app.scores.context import Context
from b24app.scores.queries import Sheet
from b24app.scores.rules import ResultRow
from b24app.scores.tables import LockedFacts


def facts(
    context: Context,
    sheet: Sheet,
    result: ResultRow,
    *,
    limit: int,
    cursor: str | None,
    visible: Collection[int] | None = None,
) -> FactPage:
    """A page of what a number on the sheet is made of."""
    people, departments = context.work(sheet.version, sheet.period).members(result.subject)
    kept = _kept(context.portal_id, sheet.lock.id, result.indicator.code) if sheet.lock else None
    if kept is not None:
        page = facts_kept(
            kept, result.plan, people, departments=departments, limit=limit, cursor=cursor, visible=visible
        )
        return replace(page, of_lock=True)
    return facts_behind(
        context.portal_id,
        result.plan,
        span(sheet.period, context.settings),
        people,
        now=epoch(context.now),
        departments=departments,
        limit=limit,
        cursor=cursor,
        visible=visible,
    )


def keep(context: Context, lock_id: int, version: Version, period: Period) -> None:
    """Write down what a period that is being locked is made of."""
    within, now = span(period, context.settings), epoch(context.now)
    rows = [
        {
            "portal_id": context.portal_id,
            "lock_id": lock_id,
            "indicator": one.code,
            "facts": write_down(context.portal_id, one.plan, within, now),
        }
        for one in version.indicators
    ]
    upsert(LockedFacts, rows)


def forget(portal_id: int, lock_id: int) -> None:
    """The period is locked no more."""
    table = table_of(LockedFacts)
    db.session.execute(delete(table).where(table.c.portal_id == portal_id, table.c.lock_id == lock_id))


def _kept(portal_id: int, lock_id: int, indicator: str) -> bytes | None:
    query = select(LockedFacts.facts).where(
        LockedFacts.portal_id == portal_id, LockedFacts.lock_id == lock_id, LockedFacts.indicator == indicator
    )
    return db.session.scalar(query)
