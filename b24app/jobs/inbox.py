"""Working off the inbox (architecture 4.1): due rows -> one batch read -> one transaction: facts, pipeline, done.

`drain` may run twice, late, or be killed: rows stay due until the transaction that stores their records. `sweep` takes
what the queue has lost, and what waited because the portal could not be asked.
"""

from contextlib import suppress
from time import sleep
from typing import Any

from redis.exceptions import RedisError
from redis.lock import Lock

from b24app import pipeline
from b24app.bitrix.client import Client
from b24app.bitrix.errors import BatchError, LimitExceeded, MethodPaused, Refused, RestError, Wait
from b24app.ingest import inbox, operations, queries, reconcile
from b24app.ingest.extras import extras
from b24app.ingest.inbox import AT_ONCE, Batch
from b24app.ingest.records import is_read, linked
from b24app.ingest.records import source_of as record_source
from b24app.ingest.sources.base import asking
from b24app.jobs import outbox
from b24app.jobs.alone import alone
from b24app.lib import clock
from b24app.lib.db import DatabaseUnavailable, db, write
from b24app.lib.errors import AppError, Temporary
from b24app.lib.i18n import gettext as _
from b24app.lib.i18n import speaking
from b24app.lib.log import logger
from b24app.lib.queue import enqueue
from b24app.portal import operations as portals
from b24app.portal import queries as tenants

LOCK_S = 30
"""So long nobody drains after a worker was killed. A longer read has company then, which does no harm."""

MOST_FAULTS = 20
"""After so many failures that are not the portal's a drain gives up: the next sweep goes on."""

STORED_AT_ONCE, GAP_S = 500, 0.1
"""So many records are stored and computed in one transaction, so that on SQLite no event waits for seconds;
and so long others have the chance to come in between. SQLite has no queue: who waits looks every tenth of a second."""

PAUSES_S = (0.5, 1, 2, 4, 8)
"""So long a drain waits for more, batch after batch, while events keep coming."""

SUSPICIOUS_DELAYS = 3
"""A portal that could not answer for these rows so often in a row, and answers otherwise, has trouble with one."""


def drain(portal_id: int) -> None:
    """Work off all that is due, in portions of one entity.

    Who finds another worker at it leaves at once: that one looks again after it has let go, and so sees what came late.
    """
    while inbox.due(portal_id, clock.now()):
        with alone("inbox", portal_id, LOCK_S) as lock:
            if lock is None:
                return
            _drain(portal_id, lock)


def _drain(portal_id: int, lock: Lock) -> None:
    """A row that is itself at fault stops no others; the job fails in the end all the same."""
    client: Client | None = None
    faults: list[Exception] = []
    language = tenants.get(portal_id).language
    batch, turn = inbox.due(portal_id, clock.now()), 0
    while batch is not None and len(faults) < MOST_FAULTS:
        db.session.rollback()
        client = client or portals.connect(portal_id)
        with speaking(language):
            try:
                _work_off(portal_id, client, batch)
            except Exception as error:
                if not _noted_as_the_rows_fault(client, batch, error):
                    raise
                faults.append(error)
        with suppress(RedisError):
            lock.reacquire()
        batch, turn = _next(portal_id, batch, turn)
    if faults:
        raise faults[0]


def _next(portal_id: int, last: Batch, turn: int) -> tuple[Batch | None, int]:
    """What has become due meanwhile, and how many batches of the same kind in a row that makes.

    Where events keep coming, each next batch waits a little longer for others to join it: otherwise a burst would be
    read by handfuls, and use up the requests that the portal allows.
    """
    batch = inbox.due(portal_id, clock.now())
    if batch is None or batch.entity != last.entity or batch.attempts or last.attempts:
        return batch, 0
    if max(len(batch.rows), len(last.rows)) >= AT_ONCE:
        return batch, turn
    db.session.rollback()
    sleep(PAUSES_S[min(turn, len(PAUSES_S) - 1)])
    return inbox.due(portal_id, clock.now()), turn + 1


def read_now(portal_id: int, entity: str, record_id: int, *, is_known: bool) -> None:
    """Read a record that somebody waits for, if it is not known or has news waiting; the others keep their turn."""
    with write():
        if not is_known:
            operations.accept(portal_id, entity, record_id, clock.now())
        batch = inbox.due_record(portal_id, entity, record_id)
    if batch is None:
        return
    client = portals.connect(portal_id)
    try:
        _work_off(portal_id, client, batch)
    except Exception as error:
        _noted_as_the_rows_fault(client, batch, error)
        raise


def _work_off(portal_id: int, client: Client, batch: Batch) -> None:
    ids = [int(key) for key in batch.keys]
    others = linked(batch.entity)
    source = record_source(batch.entity) if others is None or is_read(portal_id, batch.entity) else None
    source = source and asking(source, extras(portal_id, batch.entity, ids))
    db.session.rollback()
    if others:
        _ask_after(portal_id, client, others, ids)
    if source is None:
        _nothing_to_read(portal_id, batch)
        return
    reading = source.fetch(client, ids, clock.now())
    for place, part in enumerate(batch.parts(STORED_AT_ONCE)):
        if place:
            sleep(GAP_S)
        now = clock.now()
        with write():
            portals.lock(portal_id)
            cells = operations.store(portal_id, reading.of({int(key) for key in part.keys}))
            changes = pipeline.recompute(portal_id, cells, now)
            inbox.done(part)
            inbox.answered(portal_id)
        outbox.ask_if(portal_id, changes)


def _nothing_to_read(portal_id: int, batch: Batch) -> None:
    with write():
        inbox.done(batch)
        inbox.answered(portal_id)


def _ask_after(portal_id: int, client: Client, source: Any, ids: list[int]) -> None:
    """Records of another kind may have changed with these without a word: those that differ are read again."""
    listed = reconcile.linked(client, source, ids)
    suspects = reconcile.suspects(portal_id, listed)
    db.session.rollback()
    with write():
        operations.accept_many(portal_id, source.concerns, suspects, clock.now())


def _noted_as_the_rows_fault(client: Client, batch: Batch, error: Exception) -> bool:
    """What the portal or the database refuses is refused to every row, and waits; anything else may be one row's fault,
    and is tried among fewer."""
    is_rows_fault = _is_rows_fault(client, batch, error)
    logger.warning("inbox_not_drained", entity=batch.entity, rows=len(batch.rows), error=type(error).__name__)
    reason = error.message if isinstance(error, AppError) else _("An error in the app. It has been logged.")
    with suppress(DatabaseUnavailable), write():
        if is_rows_fault:
            inbox.failed(batch, reason, clock.now())
        else:
            inbox.postponed(batch, reason, clock.now())
    return is_rows_fault


def _is_rows_fault(client: Client, batch: Batch, error: Exception) -> bool:
    db.session.rollback()
    match error:
        case BatchError():
            return all(type(refusal) is Refused for refusal in error.refusals.values())
        case LimitExceeded() | MethodPaused() | DatabaseUnavailable():
            return False
        case Wait():
            return batch.delays >= SUSPICIOUS_DELAYS and _answers(client)
    return not isinstance(error, RestError | Temporary)


def _answers(client: Client) -> bool:
    try:
        client.call("profile")
    except RestError:
        return False
    return True


def sweep() -> None:
    """Have every portal's inbox drained in which something waits that may be tried now."""
    waiting = set(queries.portals_with_due(clock.now()))
    for portal_id in tenants.active_ids():
        if portal_id in waiting:
            enqueue(drain, portal_id, queue="live", unique=f"inbox:{portal_id}")
