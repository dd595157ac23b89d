"""Jobs of the scores: full recomputes with progress, the nightly comparison, and the portal's midnight.

Each may run twice, late, or be killed half-way: it works in short transactions, slice by slice, and every slice can be
repeated.
"""

from collections.abc import Callable
from datetime import date

from b24app import pipeline
from b24app.lib import clock
from b24app.lib.db import db, write
from b24app.lib.errors import AppError
from b24app.lib.i18n import gettext as _
from b24app.lib.log import logger
from b24app.metrics.ripening import ripened
from b24app.metrics.rules import ripening
from b24app.periods import queries as periods
from b24app.periods.rules import Kind, Period, local_day, named
from b24app.portal import audit, jobs
from b24app.portal import operations as portal
from b24app.portal import queries as tenants
from b24app.scorecards import queries as scorecards
from b24app.scorecards.rules import plans
from b24app.scores import operations as scores
from b24app.scores.rules import Changes

Progress = Callable[[str, int, int], None]

DAY_SEEN = "scores_day"
"""Portal setting: the local day for which the scores were last brought up to date."""

RIPENED = "scores_ripened"
"""Portal setting: until when it has been looked at what changed by time alone."""

FIRST_LOOK_S = 86_400
"""What was older when such an indicator came was computed with it."""
REFRESHED = "scores_refreshed"
"""Portal setting: until when everything that had become due was computed."""


def recompute_everything(portal_id: int, job_id: str | None = None, progress: Progress | None = None) -> None:
    """Every period of every scorecard, or what the job's arguments name (`period` and `start`, `scorecard`)."""
    try:
        period, codes = _asked(portal_id, job_id)
        if period is None:
            with write():
                portal.lock(portal_id)
                pipeline.remove_misplaced(portal_id)
        todo = pipeline.slices(portal_id, clock.now(), period, codes)
        for done, slice_ in enumerate(todo):
            _report(job_id, progress, done, len(todo))
            with write():
                portal.lock(portal_id)
                pipeline.recompute_slice(portal_id, slice_, clock.now())
        _report(job_id, progress, len(todo), len(todo))
    except Exception as error:
        db.session.rollback()
        _finish(job_id, error.message if isinstance(error, AppError) else _("The recompute failed."))
        raise
    _finish(job_id)


def recompute_days(portal_id: int, start: str, end: str) -> None:
    """Every period that holds one of the local days from `start` up to, not including, `end`."""
    period = Period(Kind.CUSTOM, date.fromisoformat(start), date.fromisoformat(end))
    for slice_ in pipeline.slices(portal_id, clock.now(), period):
        with write():
            portal.lock(portal_id)
            pipeline.recompute_slice(portal_id, slice_, clock.now())


def nightly(portal_id: int) -> None:
    """Compare open periods with the facts; a difference is repaired, logged and kept for the admin (semantics 5)."""
    with write():
        portal.lock(portal_id)
        now = clock.now()
        changes = pipeline.recompute_open(portal_id, now)
        if repaired := _repaired(portal_id, changes):
            logger.warning("scores_repaired", portal_id=portal_id, results=len(changes.results))
            audit.record(portal_id, "system", "scores.repair", "nightly", None, _summary(repaired), now)


def midnight(portal_id: int) -> None:
    """Once per local day of the portal: periods that begin get their first results, those that ended their last."""
    today = local_day(clock.epoch(clock.now()), periods.settings(portal_id)).isoformat()
    with write():
        tenant = portal.lock(portal_id)
        if tenant.settings.get(DAY_SEEN) == today:
            return
        pipeline.recompute_open(portal_id, clock.now())
        tenant.settings = {**tenant.settings, DAY_SEEN: today}


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
            pipeline.recompute(portal_id, cells, now)
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


def _asked(portal_id: int, job_id: str | None) -> tuple[Period | None, tuple[str, ...] | None]:
    arguments = jobs.job(portal_id, job_id).arguments if job_id else {}
    period = None
    if "period" in arguments:
        start = date.fromisoformat(arguments["start"])
        period = named(Kind(arguments["period"]), start, periods.settings(portal_id))
    return period, (arguments["scorecard"],) if arguments.get("scorecard") else None


def _report(job_id: str | None, progress: Progress | None, done: int, total: int) -> None:
    if progress:
        progress(_("scores"), done, total)
    if job_id:
        with write():
            jobs.report(job_id, done, total)


def _finish(job_id: str | None, error: str | None = None) -> None:
    if job_id:
        with write():
            jobs.finish(job_id, error, now=clock.now())


def _repaired(portal_id: int, changes: Changes) -> Changes:
    """What should not have differed: an indicator that waits for its hour may."""
    waiting = scores.scheduled(portal_id).keys()
    results = tuple(one for one in changes.results if (one.scorecard, one.indicator) not in waiting)
    return Changes(results, changes.scores if results or not changes.results else ())


def _summary(changes: Changes) -> list[str]:
    return sorted({f"{one.scorecard} {one.start} {one.indicator}" for one in changes.results})
