"""Jobs of the scores: full recomputes with progress, the nightly comparison, the portal's midnight, and locking.

Each may run twice, late, or be killed half-way: it works in short transactions, slice by slice, and every slice can be
repeated.
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime

from b24app import pipeline
from b24app.jobs.alone import Progress, alive, alone, unseen
from b24app.lib import clock
from b24app.lib.db import DatabaseUnavailable, db, write
from b24app.lib.errors import AppError, Conflict
from b24app.lib.i18n import gettext as _
from b24app.lib.log import logger
from b24app.lib.queue import enqueue
from b24app.metrics.needs import ripening
from b24app.metrics.ripening import ripened
from b24app.periods import queries as periods
from b24app.periods.rules import local_day
from b24app.portal import audit, jobs
from b24app.portal import operations as portal
from b24app.portal import queries as tenants
from b24app.scorecards import queries as scorecards
from b24app.scorecards.rules import plans
from b24app.scores import journal, locks, owed, season
from b24app.scores import nightly as night
from b24app.scores import operations as scores
from b24app.scores.context import Context
from b24app.scores.owed import Recompute
from b24app.scores.rules import NOBODY, Cause, CauseKind, Moved

DAY_SEEN = "scores_day"
"""Portal setting: the local day for which the scores were last brought up to date."""

RIPENED = "scores_ripened"
"""Portal setting: until when it has been looked at what changed by time alone."""

FIRST_LOOK_S = 86_400
"""What was older when such an indicator came was computed with it."""
REFRESHED = "scores_refreshed"
"""Portal setting: until when everything that had become due was computed."""


def recompute_everything(portal_id: int, progress: Progress | None = None, cause: CauseKind = CauseKind.REPAIR) -> None:
    """Every period of every scorecard. Why is for the journal."""
    _compute(portal_id, Recompute(Cause(cause)), progress or unseen)


def recompute_owed(portal_id: int) -> None:
    """What has been written down as owed, one after the other. What a killed worker leaves is begun anew.

    Who finds another worker at it leaves at once: that one looks again after it has let go, and so sees what came late.
    """
    while owed.is_any(portal_id):
        with alone("recompute", portal_id) as lock:
            if lock is None:
                return
            while found := owed.first(portal_id):
                job_id, what = found
                with _told(portal_id, job_id):
                    _compute(portal_id, what, alive(lock), job_id)


def ask(portal_id: int) -> None:
    """Have what is owed computed. To be called after the commit."""
    if owed.is_any(portal_id):
        enqueue(recompute_owed, portal_id, unique=f"recompute:{portal_id}")


def compute(portal_id: int, codes: Collection[str], now: datetime, cause: Cause) -> None:
    """Of some scorecards what people look at now, at once; their past is owed. In the transaction of the change."""
    pipeline.recompute_open(portal_id, now, codes, cause)
    for code in sorted(codes):
        owed.owe(portal_id, Recompute(cause, scorecard=code), now)


def _compute(portal_id: int, what: Recompute, progress: Progress, job_id: str | None = None) -> None:
    if what.period is None:
        with write():
            portal.lock(portal_id)
            pipeline.remove_misplaced(portal_id)
    todo = pipeline.slices(portal_id, clock.now(), what.period, what.scorecards)
    for done, slice_ in enumerate(todo):
        progress(_("scores"), done, len(todo))
        with write():
            portal.lock(portal_id)
            pipeline.recompute_slice(portal_id, slice_, clock.now(), what.cause)
            if job_id:
                jobs.report(portal_id, job_id, done + 1, len(todo))
    seasons(portal_id)
    progress(_("scores"), len(todo), len(todo))


@contextmanager
def _told(portal_id: int, job_id: str) -> Iterator[None]:
    """Whoever watches the job is told how it ended. A database that cannot be reached lets it be owed still."""
    try:
        yield
    except DatabaseUnavailable:
        raise
    except Exception as error:
        db.session.rollback()
        with write():
            reason = error.message if isinstance(error, AppError) else _("The recompute failed.")
            jobs.finish(portal_id, job_id, reason, now=clock.now())
        raise
    with write():
        jobs.finish(portal_id, job_id, now=clock.now())


def nightly(portal_id: int) -> None:
    """Compare open periods with the facts; a difference is repaired, logged and kept for the admin (semantics 5).

    A number that was not there yet is no difference. The journal, which has each of them, forgets its oldest rows.
    """
    with write():
        portal.lock(portal_id)
        now = clock.now()
        corrected = _repaired(portal_id, pipeline.recompute_open(portal_id, now).corrected)
        night.keep(portal_id, scores.open_slices(portal_id, now), corrected, now)
        if corrected:
            logger.warning("scores_repaired", portal_id=portal_id, results=len(corrected))
            audit.record(portal_id, "system", "scores.repair", "nightly", None, _summary(corrected), now)
        journal.purge(portal_id, now)


def lock_due(portal_id: int) -> None:
    """Lock the periods whose time has come (semantics 2.4), each in a transaction of its own."""
    todo = locks.due(portal_id, clock.now())
    for scorecard, period in todo:
        with write():
            portal.lock(portal_id)
            with suppress(Conflict):  # reading the whole history has begun anew meanwhile
                locks.lock(portal_id, period, scorecard, NOBODY, clock.now())


def midnight(portal_id: int) -> None:
    """Once per local day of the portal: periods that begin get their first results, those that ended their last."""
    today = local_day(clock.epoch(clock.now()), periods.settings(portal_id)).isoformat()
    with write():
        tenant = portal.lock(portal_id)
        if tenant.settings.get(DAY_SEEN) == today:
            return
        pipeline.recompute_open(portal_id, clock.now(), cause=Cause(CauseKind.TIME))
        tenant.settings = {**tenant.settings, DAY_SEEN: today}
    seasons(portal_id)


def seasons(portal_id: int) -> None:
    """Every few minutes: find the season of the forecasts where another day began or the past has changed since.

    It is looked for outside of any write; what is written then is for the version it was found for.
    """
    for code in season.stale(Context(portal_id, clock.now())):
        found = season.find(Context(portal_id, clock.now()), code)
        if found:
            with write():
                portal.lock(portal_id)
                season.keep(portal_id, found)


def ripen(portal_id: int) -> None:
    """Every few minutes: recompute what changed just because time passed, since the last look.

    Deals become stale, and the days of deals are over, without anybody touching them. Between two looks nothing is
    missed: each begins where the last one ended.
    """
    with write():
        tenant = portal.lock(portal_id)
        ripenings = {one for plan in plans(scorecards.counted(portal_id)) for one in ripening(plan)}
        if not ripenings:
            return
        now = clock.now()
        until = clock.epoch(now)
        since = min(tenant.settings.get(RIPENED, until - FIRST_LOOK_S), until)
        cells = ripened(portal_id, ripenings, since, until)
        if cells:
            pipeline.recompute(portal_id, cells, now, Cause(CauseKind.TIME))
        tenant.settings = {**tenant.settings, RIPENED: until}


def refresh(portal_id: int) -> None:
    """Indicators that are computed at certain times: what has become due since the last run (semantics 5)."""
    if not scores.scheduled(portal_id):
        return
    now = clock.now()
    since = tenants.get(portal_id).settings.get(REFRESHED)
    if since is not None and not scores.due(portal_id, since, now):
        return
    with write():
        tenant = portal.lock(portal_id)
        since = tenant.settings.get(REFRESHED, clock.epoch(now))
        pipeline.refresh(portal_id, since, now)
        tenant.settings = {**tenant.settings, REFRESHED: clock.epoch(now)}


def _repaired(portal_id: int, corrected: Iterable[Moved]) -> tuple[Moved, ...]:
    """What should not have differed: an indicator that waits for its hour may."""
    waiting = scores.scheduled(portal_id).keys()
    return tuple(one for one in corrected if (one.scorecard, one.indicator) not in waiting)


def _summary(corrected: Iterable[Moved]) -> list[str]:
    return sorted({f"{one.scorecard} {one.start} {one.indicator}" for one in corrected})
