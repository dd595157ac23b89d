"""Working off the inbox (architecture 4.1): due rows -> one batch read -> one transaction: facts, pipeline, done.

`drain` may run twice, late, or be killed: rows stay due until the transaction that stores their records. `sweep` takes
what the queue has lost.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from redis.exceptions import RedisError
from redis.lock import Lock

from b24app import pipeline
from b24app.bitrix.client import Client
from b24app.bitrix.errors import RestError
from b24app.ingest import operations, queries
from b24app.ingest.extras import extras
from b24app.ingest.operations import Batch
from b24app.ingest.sources.base import asking, record_source
from b24app.lib import clock
from b24app.lib.db import DatabaseUnavailable, db, write
from b24app.lib.errors import AppError, Temporary
from b24app.lib.i18n import gettext as _
from b24app.lib.i18n import speaking
from b24app.lib.log import logger
from b24app.lib.queue import enqueue, redis
from b24app.portal import operations as portals
from b24app.portal import queries as tenants

LOCK_S = 30
"""So long nobody drains after a worker was killed. A longer read has company then, which does no harm."""


@contextmanager
def alone(work: str, portal_id: int, hold_s: float) -> Iterator[Lock | None]:
    """Not together with another worker at the same work; None when one is at it. Saves work, nothing rests on it."""
    lock = redis().lock(f"b24app:{work}:{portal_id}", timeout=hold_s)
    if not lock.acquire(blocking=False):
        yield None
        return
    try:
        yield lock
    finally:
        with suppress(RedisError):
            lock.release()


def drain(portal_id: int) -> None:
    """Work off all that is due, in portions of one entity.

    Who finds another worker at it leaves at once: that one looks again after it has let go, and so sees what came late.
    """
    while operations.due(portal_id):
        with alone("inbox", portal_id, LOCK_S) as lock:
            if lock is None:
                return
            _drain(portal_id, lock)


def _drain(portal_id: int, lock: Lock) -> None:
    client: Client | None = None
    language = tenants.get(portal_id).language
    while batch := operations.due(portal_id):
        db.session.rollback()
        client = client or portals.connect(portal_id)
        with speaking(language):
            _work_off(portal_id, client, batch)
        with suppress(RedisError):
            lock.reacquire()


def read_now(portal_id: int, entity: str, record_id: int, *, is_known: bool) -> None:
    """Read a record that somebody waits for, if it is not known or has news waiting; the others keep their turn."""
    with write():
        if not is_known:
            operations.accept(portal_id, entity, record_id, clock.now())
        batch = operations.due_record(portal_id, entity, record_id)
    if batch:
        _work_off(portal_id, portals.connect(portal_id), batch)


def _work_off(portal_id: int, client: Client, batch: Batch) -> None:
    try:
        ids = [row.record_id for row in batch.rows]
        source = asking(record_source(batch.entity), extras(portal_id))
        db.session.rollback()
        reading = source.fetch(client, ids, clock.now())
        now = clock.now()
        with write():
            portals.lock(portal_id)
            cells = operations.store(portal_id, reading)
            pipeline.recompute(portal_id, cells, now)
            operations.done(batch)
    except Exception as error:
        _note(batch, error)
        raise


def _note(batch: Batch, error: Exception) -> None:
    """What the portal or the database refuses is refused to every row; anything else may be one row's fault."""
    logger.warning("inbox_not_drained", entity=batch.entity, rows=len(batch.rows), error=type(error).__name__)
    reason = error.message if isinstance(error, AppError) else _("An error in the app. It has been logged.")
    with suppress(DatabaseUnavailable), write():
        if isinstance(error, RestError | Temporary | DatabaseUnavailable):
            operations.postponed(batch, reason)
        else:
            operations.failed(batch, reason)


def sweep() -> None:
    """Have every portal's inbox drained in which something waits."""
    waiting = set(queries.portals_with_due())
    for portal_id in tenants.active_ids():
        if portal_id in waiting:
            enqueue(drain, portal_id, queue="live", unique=f"inbox:{portal_id}")
