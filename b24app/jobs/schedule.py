"""Every periodic job, declared in one table. One scheduler at a time enqueues them; a second one waits for its lock.

A periodic job that is enqueued twice, late or not at all does no harm: each asks the database what is due.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from redis.exceptions import RedisError

from b24app.jobs import absences, imports, inbox, install, offline, outbox, requests, robots, scores, sync
from b24app.lib import clock
from b24app.lib.db import db
from b24app.lib.log import logger
from b24app.lib.queue import enqueue, redis
from b24app.portal import queries

LOCK = "b24app:scheduler"
LOCK_S = 30
TICK_S = 5


@dataclass(frozen=True, slots=True)
class Periodic:
    """`job(portal_id)` for every active portal, or `job()` once, every so many seconds."""

    job: Callable[..., Any]
    every_s: int
    queue: str
    per_portal: bool = True


SCHEDULE = (
    Periodic(inbox.sweep, 60, "live", per_portal=False),
    Periodic(robots.sweep, 15, "robots", per_portal=False),
    Periodic(outbox.sweep, 15, "robots", per_portal=False),
    Periodic(install.sweep, 60, "live", per_portal=False),
    Periodic(install.knock_everywhere, 5 * 60, "default", per_portal=False),
    Periodic(sync.resume, 60, "sync"),
    Periodic(imports.resume, 60, "default"),
    Periodic(scores.recompute_owed, 60, "default"),
    Periodic(requests.make_anew, 5 * 60, "sync"),
    Periodic(sync.staff, 15 * 60, "default"),
    Periodic(absences.read, 4 * 3600, "default"),
    Periodic(offline.poll, 5 * 60, "sync"),
    Periodic(sync.incremental, 10 * 60, "sync"),
    Periodic(scores.midnight, 5 * 60, "default"),
    Periodic(scores.ripen, 5 * 60, "default"),
    Periodic(scores.seasons, 5 * 60, "default"),
    Periodic(scores.refresh, 60, "default"),
    Periodic(scores.lock_due, 3600, "sync"),
    Periodic(outbox.look, 5 * 60, "default"),
    Periodic(outbox.purge, 24 * 3600, "default"),
    Periodic(imports.purge, 24 * 3600, "default"),
    Periodic(sync.purge, 24 * 3600, "default", per_portal=False),
    Periodic(sync.reconcile, 24 * 3600, "sync"),
    Periodic(scores.nightly, 24 * 3600, "sync"),
    Periodic(install.register, 24 * 3600, "default"),
    Periodic(install.keep_tokens, 24 * 3600, "default"),
    Periodic(install.purge, 24 * 3600, "default", per_portal=False),
)


def run() -> None:
    """Hold the lock and enqueue what is due, for ever. Needs an application context."""
    name = clock.now().isoformat()
    while True:
        try:
            if _holds_lock(name):
                tick(clock.epoch(clock.now()))
        except RedisError as error:
            logger.warning("scheduler_waits_for_redis", error=type(error).__name__)
        time.sleep(TICK_S)


def tick(now: int) -> int:
    """Enqueue every job whose interval began since it was last enqueued; returns how many jobs were."""
    count = 0
    portals: tuple[int, ...] | None = None
    for periodic in SCHEDULE:
        if not _is_due(periodic, now):
            continue
        if not periodic.per_portal:
            enqueue(periodic.job, queue=periodic.queue, unique=_name(periodic))
            count += 1
            continue
        portals = _active() if portals is None else portals
        for portal_id in portals:
            enqueue(periodic.job, portal_id, queue=periodic.queue, unique=f"{_name(periodic)}:{portal_id}")
            count += 1
    return count


def _active() -> tuple[int, ...]:
    """The portals as they are now. A look that stayed open would see for ever what it saw first."""
    try:
        return queries.active_ids()
    finally:
        db.session.rollback()


def _is_due(periodic: Periodic, now: int) -> bool:
    """Once per interval over all schedulers and restarts: the interval's number is what Redis remembers.

    The first sight of a job only starts its clock: a portal just being installed has no use for a nightly check.
    """
    interval = str(now // periodic.every_s).encode()
    last = redis().getset(f"{LOCK}:{_name(periodic)}", interval)
    return last is not None and last != interval


def is_held() -> bool:
    """Whether a scheduler works now."""
    return bool(redis().exists(LOCK))


def _holds_lock(name: str) -> bool:
    if redis().set(LOCK, name, nx=True, ex=LOCK_S):
        return True
    holder = redis().get(LOCK)
    if holder != name.encode():
        return False
    redis().expire(LOCK, LOCK_S)
    return True


def _name(periodic: Periodic) -> str:
    return f"{periodic.job.__module__.rsplit('.', 1)[-1]}.{periodic.job.__name__}"
