"""Reading a portal: its whole history once, then what changed, its people, and at night a comparison of both sides.

Each job does REST with no transaction open and stores what came in short ones, together with how far it has come; so it
may be killed, run twice or late. One of a kind runs per portal.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress

from redis.exceptions import RedisError
from redis.lock import Lock
from sqlalchemy import delete

from b24app import pipeline
from b24app.bitrix.client import WHILE_SOMEBODY_WAITS, Client
from b24app.bitrix.errors import RestError, Wait
from b24app.facts import call_sources, days, watching
from b24app.facts.tables import Activity, Deal, Item, StageMove
from b24app.ingest import backfill as history
from b24app.ingest import operations, poll, queries
from b24app.ingest import reconcile as comparison
from b24app.ingest import sync as changes
from b24app.ingest.backfill import Position
from b24app.ingest.extras import WATCHED, extras, is_owed
from b24app.ingest.inbox import DONE
from b24app.ingest.sources import absences as absence_source
from b24app.ingest.sources import staff as staff_source
from b24app.ingest.sources.base import asking
from b24app.ingest.tables import BACKFILL, Inbox
from b24app.jobs import absences, inbox, scores
from b24app.jobs.alone import Progress, alone
from b24app.jobs.reading import explained, number_wins
from b24app.jobs.watched import ask_watched as ask_watched
from b24app.jobs.watched import read_catalogue
from b24app.jobs.watched import read_watched as read_watched
from b24app.lib import clock
from b24app.lib.clock import epoch
from b24app.lib.db import analyze, db, write
from b24app.lib.errors import AppError, Conflict
from b24app.lib.log import logger
from b24app.lib.queue import enqueue
from b24app.lib.tenancy import across_tenants
from b24app.onboarding import operations as onboarding
from b24app.portal import jobs
from b24app.portal import operations as portals
from b24app.portal import queries as tenants
from b24app.scores.owed import Recompute, owe
from b24app.scores.rules import Cause, CauseKind

ANALYZED_BEFORE = (4, 40)
"""Before these chunks of a list the database is shown that its tables have grown: else it plans as for empty ones."""

DONE_KEPT_S = 30 * 86400
MOVES_AGAIN_S = 3 * 86400


def backfill(portal_id: int, progress: Progress | None = None, only_new: bool = False) -> bool:
    """Read the whole history, going on where an earlier run stopped; after a complete one, all of it again, or only the
    kinds of records that have never been read.

    False when another process is at it already."""
    with alone("backfill", portal_id) as lock:
        if lock is None:
            return False
        with explained(portal_id, BACKFILL), suppress(Conflict):
            _redate(portal_id)
            client = portals.connect(portal_id)
            position = history.position(portal_id) or _begin(portal_id, client, only_new)
            db.session.rollback()
            while True:
                if position.stage == history.END and history.is_first(portal_id):
                    _propose_calls_source(portal_id)
                if position.shows_numbers:
                    _show_numbers(portal_id, progress)
                if position.stage == history.END:
                    break
                position = _stage_or_next(portal_id, client, position, lock, progress)
            with write():
                portals.lock(portal_id)
                is_short = history.finish(portal_id, clock.now())
            if is_short:
                enqueue(reconcile, portal_id, queue="sync", unique=f"reconcile:{portal_id}")
            ask_watched(portal_id)
            enqueue(absences.read, portal_id, unique=f"absences.read:{portal_id}")
    return True


def _redate(portal_id: int) -> None:
    """Entries of a day, which the portal does not have to be asked for. Killed in between, the next run does it."""
    portion: days.Portion | None = days.Portion(0, 0)
    while portion is not None:
        with write():
            portals.lock(portal_id)
            portion = operations.redate_entries(portal_id, portion.behind)
            if portion and portion.moved:
                owe(portal_id, Recompute(Cause(CauseKind.SETTING)), clock.now())


def _begin(portal_id: int, client: Client, only_new: bool = False) -> Position:
    named = watching.entities(portal_id)
    db.session.rollback()
    now = clock.now()
    totals = history.totals(client)
    found = poll.read(client, now, entities=named, with_profile=True)
    with write():
        portals.lock(portal_id)
        first = history.first_unread(portal_id) if only_new else 0
        return history.begin(portal_id, found, totals, now, first)


def _stage_or_next(
    portal_id: int, client: Client, position: Position, lock: Lock, progress: Progress | None
) -> Position:
    """A list that the portal does not tell us of keeps nobody from the others."""
    try:
        return _stage(portal_id, client, position, lock, progress)
    except RestError as refusal:
        db.session.rollback()
        with write():
            portals.lock(portal_id)
            return history.skip(portal_id, history.position(portal_id) or position, refusal)


def _stage(portal_id: int, client: Client, position: Position, lock: Lock, progress: Progress | None) -> Position:
    """Store one list chunk by chunk; returns where the next one begins."""
    asked = extras(portal_id, position.entity)
    db.session.rollback()
    for number, chunk in enumerate(history.read(client, position, asked)):
        if number in ANALYZED_BEFORE:
            analyze(Deal, StageMove, Activity, Item)
        with suppress(RedisError):
            lock.reacquire()
        with write():
            portals.lock(portal_id)
            done, total = history.store(portal_id, chunk, clock.now())
        if progress:
            progress(chunk.source, done, total)
        position = chunk.behind
    return position


def _show_numbers(portal_id: int, progress: Progress | None) -> None:
    """The first scorecard, and every number that can be known by now."""
    number_wins(portal_id)
    now = clock.now()
    proposal = onboarding.propose(portal_id, now)
    with write():
        portals.lock(portal_id)
        onboarding.first_run(portal_id, proposal, now)
    scores.recompute_everything(portal_id, progress=progress, cause=CauseKind.TARGET)


def _propose_calls_source(portal_id: int) -> None:
    with write():
        portals.lock(portal_id)
        call_sources.adopt(portal_id, clock.now())


def resume(portal_id: int) -> None:
    """Begin a backfill whose job was lost, go on with one that was killed, and with what trouble has stopped."""
    if queries.must_go_on(portal_id):
        backfill(portal_id)
        return
    if queries.has_new(portal_id):
        backfill(portal_id, only_new=True)
    stopped = queries.stopped(portal_id)
    if queries.never_polled(portal_id, absence_source.key):
        enqueue(absences.read, portal_id, unique=f"absences.read:{portal_id}")
    if WATCHED not in stopped and is_owed(portal_id):
        read_watched(portal_id)
    if stopped and _answers(portal_id):
        if staff_source.key in stopped:
            staff(portal_id)
        if stopped - {staff_source.key, WATCHED}:
            incremental(portal_id)
        if WATCHED in stopped:
            read_watched(portal_id)


def _answers(portal_id: int) -> bool:
    """One quick question: a portal that is away would keep a worker from all others for a minute."""
    db.session.rollback()
    try:
        portals.connect(portal_id, WHILE_SOMEBODY_WAITS).call("profile")
    except Wait:
        return False
    return True


def catch_up() -> None:
    """Bitrix24 repeats no event: what happened while nobody listened is asked for as soon as somebody does again."""
    for portal_id in tenants.active_ids():
        enqueue(incremental, portal_id, queue="sync", unique=f"sync.incremental:{portal_id}")


def incremental(portal_id: int, progress: Progress | None = None) -> bool:
    """Read what changed since the last time; where the history is not read to its end, that comes first.

    False when another process is at it already."""
    if not queries.is_complete(portal_id):
        return backfill(portal_id, progress)
    with alone("incremental", portal_id) as lock:
        if lock is None:
            return False
        windows = changes.windows(portal_id, clock.now())
        db.session.rollback()
        client = portals.connect(portal_id)
        pages = _first_pages(portal_id, client, windows)
        errors = []
        for window in windows:
            try:
                with explained(portal_id, window.source.key):
                    _read_window(portal_id, client, window, progress, pages.get(window.source.key))
            except AppError as error:  # the other sources can be read nevertheless
                errors.append(error)
    if errors:
        raise errors[0]
    return True


def _first_pages(portal_id: int, client: Client, windows: Sequence[changes.Window]) -> Mapping[str, changes.Page]:
    """A portal that cannot be asked is trouble of every source."""
    with ExitStack() as each:
        for window in windows:
            each.enter_context(explained(portal_id, window.source.key))
        db.session.rollback()
        return changes.first_pages(client, windows)


def _read_window(
    portal_id: int,
    client: Client,
    window: changes.Window,
    progress: Progress | None = None,
    begun: changes.Page | None = None,
) -> None:
    rows = 0
    for reading in changes.read(client, window, begun):
        now = clock.now()
        with write():
            portals.lock(portal_id)
            cells = operations.store(portal_id, reading)
            pipeline.recompute(portal_id, cells, now)
        rows += len(reading.drafts)
        if progress:
            progress(window.source.key, rows, rows)
    with write():
        changes.known_until(portal_id, window)


def staff(portal_id: int) -> None:
    """Poll people, departments, dictionaries and rates, which change without events."""
    with explained(portal_id, staff_source.key):
        known, named = len(tenants.structure(portal_id).people), watching.entities(portal_id)
        db.session.rollback()
        client = portals.connect(portal_id)
        found = poll.read(client, clock.now(), known, entities=named)
        now = clock.now()
        with write():
            portals.lock(portal_id)
            outcome = operations.store_poll(portal_id, found, now)
            pipeline.recompute(portal_id, outcome.cells, now, Cause(CauseKind.RATE))
            if outcome.structure_changed:
                cause = Cause(CauseKind.MEMBERSHIP)
                pipeline.recompute_open(portal_id, now, cause=cause)
                owe(portal_id, Recompute(cause), now)
        read_catalogue(portal_id, client)
    ask_watched(portal_id)
    if outcome.base_changed:
        enqueue(backfill, portal_id, queue="sync", unique=f"backfill:{portal_id}")
    scores.ask(portal_id)


def reconcile(portal_id: int, progress: Progress | None = None) -> bool:
    """Compare all records with the portal's; what differs is read again through the inbox. Stage moves, which nobody
    changes once they are there, are read again for the last days.

    False when another process is at it already."""
    with alone("reconcile", portal_id) as lock:
        if lock is None:
            return False
        now = clock.now()
        histories = comparison.histories(portal_id)
        compared = [asking(one, extras(portal_id, one.entity)) for one in comparison.sources(portal_id)]
        db.session.rollback()
        with write():
            history.ask_again(portal_id)
        client = portals.connect(portal_id)
        windows = [changes.Window(source, epoch(now) - MOVES_AGAIN_S, now) for source in histories]
        pages = changes.first_pages(client, windows)
        for window in windows:
            _read_window(portal_id, client, window, begun=pages.get(window.source.key))
        for source in compared:
            seen = found = 0
            for listed in comparison.read(client, source):
                suspects = comparison.suspects(portal_id, listed)
                db.session.rollback()
                seen, found = seen + len(listed.drafts), found + len(suspects)
                if suspects:
                    with write():
                        operations.accept_many(portal_id, source.entity, suspects, clock.now())
                with suppress(RedisError):
                    lock.reacquire()
                if progress:
                    progress(source.key, seen, seen)
            if found:
                logger.info("reconciled", portal=portal_id, source=source.key, listed=seen, different=found)
    inbox.drain(portal_id)
    return True


def purge() -> None:
    """Drop inbox rows and jobs that were worked off long ago."""
    before = epoch(clock.now()) - DONE_KEPT_S
    done = Inbox.state == DONE, Inbox.arrived_at < before * queries.MICROSECONDS
    with write() as session:
        session.execute(across_tenants(delete(Inbox).where(*done)))
        jobs.purge(before)
