"""Telling what waits in the outbox, and looking every working morning for who is behind plan and what is not entered.

    due rows -> claimed in a transaction -> a channel tells them, no transaction open -> settled in another

Safe to run twice, late, or to be killed: what was claimed and not settled is released when the claim ends. Nothing is
told while a portal is being read for the first time (semantics 3.7); what was planned waits.
"""

from zoneinfo import ZoneInfo

from b24app.ingest import queries as ingest
from b24app.lib import clock
from b24app.lib.db import db, write
from b24app.lib.i18n import speaking
from b24app.lib.log import logger
from b24app.lib.queue import enqueue
from b24app.outcomes.notifications import operations, outbox, queries
from b24app.outcomes.notifications.rules import CHAT, PATIENCE_S, WEBHOOK
from b24app.periods import queries as periods
from b24app.periods.rules import local_day, period_at
from b24app.portal import operations as portals
from b24app.portal import queries as tenants
from b24app.portal.rules import SubjectType
from b24app.scorecards import queries as scorecards
from b24app.scorecards.rules import in_force
from b24app.scores import queries as scores
from b24app.scores.rules import Changes, ResultRow

LOOKED = "behind_looked"
"""Portal setting: the local day on which it was last looked at who is behind plan."""

MORNING = 9
"""The local hour from which it is looked."""


def ask(portal_id: int) -> None:
    """Have a worker tell what waits; call it after the commit."""
    enqueue(drain, portal_id, queue="robots", unique=f"outbox:{portal_id}")


def ask_if(portal_id: int, changes: Changes) -> None:
    if changes.reached:
        ask(portal_id)


def drain(portal_id: int) -> None:
    """Tell all that is due, channel by channel."""
    with write():
        outbox.release(portal_id, clock.now())
    for channel in PATIENCE_S:
        tell(portal_id, channel)


def tell(portal_id: int, channel: str) -> None:
    """All that is due of one channel."""
    tenant = tenants.get(portal_id)
    is_ready = tenant.status == "active" and ingest.is_complete(portal_id)
    db.session.rollback()
    if not is_ready and channel != WEBHOOK:
        return
    with speaking(tenant.language):
        while _portion(portal_id, channel):
            pass


def _portion(portal_id: int, channel: str) -> bool:
    with write():
        messages = outbox.claim(portal_id, channel, clock.now())
    if not messages:
        return False
    outcomes = outbox.channel(channel).tell(portal_id, messages)
    with write():
        outbox.settle(messages, outcomes, clock.now())
        is_more = operations.fall_back(portal_id, messages, outcomes, clock.now())
    failed = sum(outcome.state == "failed" for outcome in outcomes.values())
    if failed:
        logger.warning("notifications_put_aside", portal_id=portal_id, channel=channel, rows=failed)
    if is_more:
        tell(portal_id, CHAT)
    return True


def sweep() -> None:
    """Every portal in whose outbox something is due."""
    waiting = set(queries.portals_with_due(clock.now()))
    for portal_id in tenants.active_ids():
        if portal_id in waiting:
            ask(portal_id)


def look(portal_id: int) -> None:
    """Once a working day, in the morning: who is behind plan is told so, and heads which values they have not entered
    near the end of a period; each once per indicator and period.

    On the first day it is only noted that the app is there: nobody is reproached for what was before it.
    """
    settings = periods.settings(portal_id)
    now = clock.now()
    today = local_day(clock.epoch(now), settings)
    known = tenants.get(portal_id).settings.get(LOOKED)
    if known == today.isoformat() or not ingest.is_complete(portal_id):
        return
    if known is not None:
        if now.astimezone(ZoneInfo(settings.time_zone)).hour < MORNING:
            return
        if periods.calendar(portal_id).is_working(today):
            _look(portal_id)
    with write():
        tenant = portals.lock(portal_id)
        tenant.settings = {**tenant.settings, LOOKED: today.isoformat()}


def _look(portal_id: int) -> None:
    """The period that is open, of every scorecard in force; one evaluation a scorecard and kind of subject."""
    settings = periods.settings(portal_id)
    now = clock.now()
    today = local_day(clock.epoch(now), settings)
    rows: list[ResultRow] = []
    names = {}
    for code, versions in scorecards.counted(portal_id).items():
        period = period_at(versions[-1].kind, today, settings)
        version = in_force(versions, period.start)
        if version is None or version.document.status != "active":
            continue
        names[code] = version.document.name
        for subject_type in SubjectType:
            rows += scores.results(portal_id, period, subject_type, code, now=now)
    with write():
        count = operations.plan_behind(portal_id, rows, names, now) + operations.plan_due(portal_id, now)
    if count:
        ask(portal_id)


def purge(portal_id: int) -> None:
    with write():
        outbox.purge(portal_id, clock.now())
