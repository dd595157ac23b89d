"""Reading a portal: its whole history once, then what changed, its people, and at night a comparison of both sides.

Each job does REST with no transaction open and stores what came in short ones, together with how far it has come; so it
may be killed, run twice or late. One of a kind runs per portal.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from redis.exceptions import RedisError
from redis.lock import Lock
from sqlalchemy import delete

from b24app import pipeline
from b24app.bitrix.client import WHILE_SOMEBODY_WAITS, Client
from b24app.bitrix.errors import RestError, Wait
from b24app.facts import call_sources
from b24app.facts import operations as facts
from b24app.facts import queries as known
from b24app.facts.rules import NOT_FIELDS, PRODUCT_SECTIONS
from b24app.facts.tables import Activity, Deal, Item, StageMove
from b24app.ingest import backfill as history
from b24app.ingest import operations, poll, queries, watching
from b24app.ingest import reconcile as comparison
from b24app.ingest import sync as changes
from b24app.ingest.backfill import BACKFILL, Position
from b24app.ingest.extras import WATCHED, extras, is_owed, rows_refused, unread
from b24app.ingest.inbox import DONE
from b24app.ingest.sources import catalogue, product_rows, stage_history
from b24app.ingest.sources import staff as staff_source
from b24app.ingest.sources.base import asking
from b24app.ingest.tables import Inbox
from b24app.jobs import absences, inbox, scores
from b24app.jobs.inbox import alone
from b24app.lib import clock
from b24app.lib.clock import epoch
from b24app.lib.db import analyze, db, write
from b24app.lib.errors import AppError, Conflict
from b24app.lib.i18n import gettext as _
from b24app.lib.i18n import speaking
from b24app.lib.log import logger
from b24app.lib.queue import enqueue
from b24app.lib.tenancy import across_tenants
from b24app.onboarding import operations as onboarding
from b24app.portal import operations as portals
from b24app.portal import queries as tenants
from b24app.scores.rules import Cause, CauseKind

Progress = Callable[[str, int, int], None]

LOCK_S = 60
"""Longer than a request, between two signs of life: a killed reader keeps the next one waiting for so long."""

ANALYZED_BEFORE = (4, 40)
"""Before these chunks of a list the database is shown that its tables have grown: else it plans as for empty ones."""

DONE_KEPT_S = 30 * 86400
MOVES_AGAIN_S = 3 * 86400


def backfill(portal_id: int, progress: Progress | None = None, only_new: bool = False) -> bool:
    """Read the whole history, going on where an earlier run stopped; after a complete one, all of it again, or only the
    kinds of records that have never been read.

    False when another process is at it already."""
    with alone("backfill", portal_id, LOCK_S) as lock:
        if lock is None:
            return False
        with _explained(portal_id, BACKFILL), suppress(Conflict):
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


def _begin(portal_id: int, client: Client, only_new: bool = False) -> Position:
    db.session.rollback()
    now = clock.now()
    totals = history.totals(client)
    found = poll.read(client, now, with_profile=True)
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
    asked = extras(portal_id)
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
    _number_wins(portal_id)
    with write():
        portals.lock(portal_id)
        onboarding.first_run(portal_id, clock.now())
    scores.recompute_everything(portal_id, progress=progress, cause=CauseKind.TARGET)


def _propose_calls_source(portal_id: int) -> None:
    with write():
        portals.lock(portal_id)
        call_sources.adopt(portal_id, clock.now())


def _number_wins(portal_id: int) -> None:
    """What was read of the history has not numbered the wins of its clients part by part."""
    for clients in list(facts.buyers(portal_id)):
        with write():
            portals.lock(portal_id)
            facts.number_wins(portal_id, clients)


def read_watched(portal_id: int, progress: Progress | None = None) -> bool:
    """Read what indicators have begun to ask for beside the columns of deals, for all deals of the past, and compute.

    False when another process is at it already, or the history itself has not been read: that reads it too."""
    if not queries.is_complete(portal_id):
        return False
    with alone("watched", portal_id, LOCK_S) as lock:
        if lock is None:
            return False
        with _explained(portal_id, WATCHED):
            while is_owed(portal_id):
                _read_watched(portal_id, lock, progress)
                _number_wins(portal_id)
                scores.recompute_everything(portal_id, progress=_alive(lock, progress), cause=CauseKind.DEFINITION)
                with write():
                    portals.lock(portal_id)
                    watching.finish(portal_id, clock.now())
    return True


def _read_watched(portal_id: int, lock: Lock, progress: Progress | None) -> None:
    """Everything there is to read by now; nothing when only its numbers are owed."""
    names = {one.field for one in unread(portal_id)}
    db.session.rollback()
    if not names:
        return
    client = portals.connect(portal_id)
    if PRODUCT_SECTIONS in names:
        _catalogue(portal_id, client)
    total = watching.total(client)
    with write():
        portals.lock(portal_id)
        run = watching.begin(portal_id, total, clock.now())
    if run is None:
        return
    for chunk in watching.read(client, run):
        with suppress(RedisError):
            lock.reacquire()
        with write():
            portals.lock(portal_id)
            done, total = watching.store(portal_id, run, chunk, clock.now())
        if progress:
            progress(WATCHED, done, total)


def _alive(lock: Lock, progress: Progress | None) -> Progress:
    """The same progress, which keeps others from beginning the same work."""

    def report(step: str, done: int, total: int) -> None:
        with suppress(RedisError):
            lock.reacquire()
        if progress:
            progress(step, done, total)

    return report


def ask_watched(portal_id: int) -> None:
    """Have it read, if there is anything to read."""
    if is_owed(portal_id):
        enqueue(read_watched, portal_id, queue="sync", unique=f"watched:{portal_id}")


def resume(portal_id: int) -> None:
    """Begin a backfill whose job was lost, go on with one that was killed, and with what trouble has stopped."""
    if queries.must_go_on(portal_id):
        backfill(portal_id)
        return
    if queries.has_new(portal_id):
        backfill(portal_id, only_new=True)
    stopped = queries.stopped(portal_id)
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
    with alone("incremental", portal_id, LOCK_S) as lock:
        if lock is None:
            return False
        windows = changes.windows(portal_id, clock.now())
        db.session.rollback()
        client = portals.connect(portal_id)
        errors = []
        for window in windows:
            try:
                with _explained(portal_id, window.source.key):
                    _read_window(portal_id, client, window, progress)
            except AppError as error:  # the other sources can be read nevertheless
                errors.append(error)
    if errors:
        raise errors[0]
    return True


def _read_window(portal_id: int, client: Client, window: changes.Window, progress: Progress | None) -> None:
    rows = 0
    for reading in changes.read(client, window):
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
    with _explained(portal_id, staff_source.key):
        known = len(tenants.structure(portal_id).people)
        db.session.rollback()
        client = portals.connect(portal_id)
        found = poll.read(client, clock.now(), known)
        now = clock.now()
        with write():
            portals.lock(portal_id)
            outcome = operations.store_poll(portal_id, found, now)
            pipeline.recompute(portal_id, outcome.cells, now, Cause(CauseKind.RATE))
            if outcome.structure_changed:
                pipeline.recompute_open(portal_id, now, cause=Cause(CauseKind.MEMBERSHIP))
        _catalogue(portal_id, client)
    ask_watched(portal_id)
    if outcome.base_changed:
        enqueue(backfill, portal_id, queue="sync", unique=f"backfill:{portal_id}")
    elif outcome.structure_changed:
        everything = scores.recompute_everything, portal_id, None, None, CauseKind.MEMBERSHIP.value
        enqueue(*everything, queue="sync", unique=f"recompute:{portal_id}")


def _catalogue(portal_id: int, client: Client) -> None:
    """Poll products and their sections, while product rows are watched."""
    is_watched = not NOT_FIELDS.isdisjoint(known.watched(portal_id))
    refused = rows_refused(portal_id) if is_watched else None
    db.session.rollback()
    if not is_watched:
        return
    if refused:
        _probe_rows(portal_id, client)
    present: list[str] = []
    try:
        tree = catalogue.read_sections(client)
        for products in catalogue.read_products(client, tree):
            now = clock.now()
            present += [str(product.id) for product in products]
            with write():
                portals.lock(portal_id)
                cells = facts.save_products(portal_id, products)
                pipeline.recompute(portal_id, cells or (), now)
                if cells is None:
                    operations.owe_numbers(portal_id)
    except Wait:
        raise
    except RestError as error:
        with write():
            operations.note_catalogue(portal_id, error.message, clock.now())
        return
    with write():
        portals.lock(portal_id)
        facts.save_terms(portal_id, catalogue.SECTION, catalogue.terms(tree))
        facts.retire_products(portal_id, present)
        operations.note_catalogue(portal_id, None, clock.now())


def _probe_rows(portal_id: int, client: Client) -> None:
    """Product rows were refused: once they no longer are, they are to be read."""
    answers = client.batch({"rows": product_rows.listing.page({"=ownerType": "D", "=ownerId": [1]})},
                           may_be_refused=("rows",))  # fmt: skip
    if not isinstance(answers["rows"], RestError):
        with write():
            operations.rows_told(portal_id)


def reconcile(portal_id: int, progress: Progress | None = None) -> bool:
    """Compare all records with the portal's; what differs is read again through the inbox. Stage moves, which nobody
    changes once they are there, are read again for the last days.

    False when another process is at it already."""
    with alone("reconcile", portal_id, LOCK_S) as lock:
        if lock is None:
            return False
        asked, now = extras(portal_id), clock.now()
        compared = comparison.sources(portal_id)
        db.session.rollback()
        with write():
            history.ask_again(portal_id)
        client = portals.connect(portal_id)
        _read_window(portal_id, client, changes.Window(stage_history, epoch(now) - MOVES_AGAIN_S, now), None)
        for source in (asking(one, asked) for one in compared):
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
    """Drop inbox rows that were worked off long ago."""
    before = (epoch(clock.now()) - DONE_KEPT_S) * queries.MICROSECONDS
    with write() as session:
        session.execute(across_tenants(delete(Inbox).where(Inbox.state == DONE, Inbox.arrived_at < before)))


@contextmanager
def _explained(portal_id: int, source: str) -> Iterator[None]:
    """A failure is kept with its reason, in the portal's language, for the screens; then it goes on its way."""
    language = tenants.get(portal_id).language
    with speaking(language):
        try:
            yield
        except Exception as error:
            db.session.rollback()
            reason = error.message if isinstance(error, AppError) else _("An error in the app. It has been logged.")
            with write():
                operations.trouble(portal_id, source, reason)
            raise
