"""Making the requests of all records anew, after a mapping or the working calendar has changed.

Portion by portion in short transactions, with how far it has come; so it may be killed, run twice or late.
"""

from contextlib import suppress

from redis.exceptions import RedisError

from b24app.facts.requests import operations, records
from b24app.facts.requests.queries import Stored
from b24app.jobs import scores
from b24app.jobs.alone import Progress, alone
from b24app.lib.db import db, write
from b24app.lib.queue import enqueue
from b24app.portal import operations as portal
from b24app.scores.rules import CauseKind


def make_anew(portal_id: int, progress: Progress | None = None) -> bool:
    """All that is owed, and the numbers that rest on it. False when another process is at it already."""
    if operations.owed(portal_id) is None:
        return True
    with alone("requests", portal_id) as lock:
        if lock is None:
            return False
        while (one := operations.owed(portal_id)) is not None:
            with suppress(RedisError):
                lock.reacquire()
            if _make_some(portal_id, one, progress):
                continue
            scores.recompute_everything(portal_id, progress=progress, cause=CauseKind.DEFINITION)
            with write():
                portal.lock(portal_id)
                operations.finish(portal_id, one)
    return True


def _make_some(portal_id: int, one: Stored, progress: Progress | None) -> bool:
    """Whether there was anything left to make."""
    entity = one.mapping.entity
    ids = records.following(portal_id, entity, one.position or 0, operations.AT_ONCE)
    total = one.total or records.count(portal_id, entity)
    db.session.rollback()
    with write():
        portal.lock(portal_id)
        done, total = operations.make_some(portal_id, one, ids, total)
    if progress:
        progress("requests", done, total)
    return bool(ids)


def ask(portal_id: int) -> None:
    """Have it done, if there is anything to do."""
    if operations.owed(portal_id) is not None:
        enqueue(make_anew, portal_id, queue="sync", unique=f"requests:{portal_id}")
