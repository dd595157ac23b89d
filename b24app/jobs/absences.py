"""Polling when people are away, from the portal's calendars. What is noted by hand here stays."""

from b24app.bitrix.errors import RestError, is_of_one_method
from b24app.ingest import operations
from b24app.ingest.sources import absences as away
from b24app.jobs import scores
from b24app.lib import clock
from b24app.lib.clock import epoch
from b24app.lib.db import db, write
from b24app.periods import operations as calendars
from b24app.periods import queries as periods
from b24app.periods.rules import local_day
from b24app.portal import operations as portals
from b24app.portal import queries as tenants
from b24app.scores.owed import Recompute, owe
from b24app.scores.rules import Cause, CauseKind


def read(portal_id: int) -> None:
    """Poll who is away when; what lies in days that somebody is away or back on is computed anew."""
    people, settings = tenants.structure(portal_id).people, periods.settings(portal_id)
    today = local_day(epoch(clock.now()), settings)
    db.session.rollback()
    try:
        found = away.read(portals.connect(portal_id), people, today, settings)
    except RestError as refusal:
        if not is_of_one_method(refusal):
            raise
        with write():
            operations.note_absences(portal_id, 0, refusal.message, clock.now())
        return
    with write():
        portals.lock(portal_id)
        touched = calendars.take_absences(portal_id, found, *away.window(today), "system", clock.now())
        operations.note_absences(portal_id, len(found), None, clock.now())
        if touched is not None:
            owe(portal_id, Recompute(Cause(CauseKind.CALENDAR), touched), clock.now())
    scores.ask(portal_id)
