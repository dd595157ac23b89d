"""The whole flow on one page: what changed upstream -> results and scores -> what follows from them.

    facts.operations        -> touched cells ----------> recompute -> notifications of what was reached
    scorecards, targets,    -> slices of a scorecard --> recompute_slice
    staff, calendar, night

Whoever stores facts, scorecards, targets or staff calls this in the same transaction, or enqueues a job, and says why.
"""

from collections.abc import Collection, Iterable
from datetime import datetime

from b24app.facts.requests import operations as requests
from b24app.facts.rules import Cell
from b24app.outcomes.notifications import operations as notifications
from b24app.periods.rules import Period
from b24app.scores import operations as scores
from b24app.scores.rules import FACTS, REPAIR, Cause, Changes, Slice


def recompute(portal_id: int, cells: Iterable[Cell], now: datetime, cause: Cause = FACTS, record: str = "") -> Changes:
    """Facts changed: bring everything they touch up to date. `record`: whose workflow did it, if one did."""
    changes = scores.recompute(portal_id, requests.with_entries(portal_id, cells), now, cause)
    notifications.plan(portal_id, changes, now, record)
    return changes


def recompute_slice(portal_id: int, slice_: Slice, now: datetime, cause: Cause = REPAIR) -> Changes:
    """A portion of a full recompute, small enough for one short transaction."""
    return scores.recompute_slice(portal_id, slice_, now, cause)


def recompute_open(
    portal_id: int, now: datetime, scorecards: Collection[str] | None = None, cause: Cause = REPAIR
) -> Changes:
    """What people look at now: the current period of every scorecard (or of some) and the one before it."""
    changes = Changes()
    for slice_ in scores.open_slices(portal_id, now, scorecards):
        changes += scores.recompute_slice(portal_id, slice_, now, cause)
    return changes


def refresh(portal_id: int, since: int, now: datetime) -> Changes:
    """Indicators that are not live and whose time has come after `since` (semantics 5)."""
    changes = Changes()
    for slice_ in scores.open_slices(portal_id, now, scores.due(portal_id, since, now)):
        changes += scores.refresh_slice(portal_id, slice_, since, now)
    return changes


def remove_misplaced(portal_id: int) -> int:
    """Periods that begin nowhere any more, since the portal's week or year begins elsewhere."""
    return scores.remove_misplaced(portal_id)


def slices(
    portal_id: int, now: datetime, period: Period | None = None, scorecards: Collection[str] | None = None
) -> tuple[Slice, ...]:
    """A full recompute in portions, the present first; narrowed to one period or to some scorecards."""
    return scores.slices(portal_id, now, period, scorecards)
