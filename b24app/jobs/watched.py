"""Reading what has begun to be asked for beside the columns of deals: fields, product rows, types of CRM records.

For the past chunk by chunk, so that it may be killed, run twice or late; the catalogue of products as long as anything
asks for it.
"""

from contextlib import suppress

from redis.exceptions import RedisError
from redis.lock import Lock

from b24app import pipeline
from b24app.bitrix.client import Client
from b24app.bitrix.errors import RestError, Wait, is_of_one_method
from b24app.facts import operations as facts
from b24app.facts import queries as known
from b24app.facts.rules import DEAL, NOT_FIELDS, PRODUCT_SECTIONS
from b24app.ingest import operations, queries, watching
from b24app.ingest.extras import WATCHED, field_types, is_owed, rows_refused, unread
from b24app.ingest.sources import catalogue, dictionaries, product_rows
from b24app.jobs import scores
from b24app.jobs.alone import Progress, alive, alone
from b24app.jobs.reading import explained, number_wins
from b24app.lib import clock
from b24app.lib.db import db, write
from b24app.lib.queue import enqueue
from b24app.portal import operations as portals
from b24app.scores.rules import CauseKind


def read_watched(portal_id: int, progress: Progress | None = None) -> bool:
    """Read what has begun to be asked for beside the columns of deals, for all records of the past, and compute.

    False when another process is at it already, or the history itself has not been read: that reads it too."""
    if not queries.is_complete(portal_id):
        return False
    with alone("watched", portal_id) as lock:
        if lock is None:
            return False
        with explained(portal_id, WATCHED):
            while is_owed(portal_id):
                _read_watched(portal_id, lock, progress)
                number_wins(portal_id)
                scores.recompute_everything(portal_id, progress=alive(lock, progress), cause=CauseKind.DEFINITION)
                with write():
                    portals.lock(portal_id)
                    watching.finish(portal_id, clock.now())
    return True


def _read_watched(portal_id: int, lock: Lock, progress: Progress | None) -> None:
    """Everything there is to read by now; nothing when only its numbers are owed."""
    names, entities = {one.field for one in unread(portal_id)}, watching.entities(portal_id)
    db.session.rollback()
    if not names and not entities:
        return
    client = portals.connect(portal_id)
    if PRODUCT_SECTIONS in names:
        read_catalogue(portal_id, client)
    for entity in entities:
        try:
            _read_words(portal_id, client, entity)
            _read_moves(portal_id, client, entity, lock, progress)
            _read_records(portal_id, client, entity, lock, progress)
        except RestError as refusal:
            db.session.rollback()
            if not is_of_one_method(refusal):
                raise
            with write():
                watching.refused(portal_id, entity, refusal)


def _read_words(portal_id: int, client: Client, entity: str) -> None:
    """The fields of records that nobody has asked about before, and their funnels: a poll would bring them later."""
    is_known = entity == DEAL or bool(field_types(portal_id, entity))
    db.session.rollback()
    if is_known:
        return
    now = clock.now()
    answers = client.batch_lenient(dictionaries.more_commands((entity,)))
    with write():
        portals.lock(portal_id)
        operations.save_terms(portal_id, dictionaries.translate_more(answers), now)


def _read_moves(portal_id: int, client: Client, entity: str, lock: Lock, progress: Progress | None) -> None:
    with write():
        portals.lock(portal_id)
        run = watching.begin_moves(portal_id, entity, clock.now())
    if run is None:
        return
    try:
        for chunk in watching.read_moves(client, run):
            with suppress(RedisError):
                lock.reacquire()
            with write():
                portals.lock(portal_id)
                done = watching.store_moves(portal_id, run, chunk, clock.now())
            if progress:
                progress(WATCHED, done, done)
    except RestError as refusal:
        db.session.rollback()
        if not is_of_one_method(refusal):
            raise
        with write():
            watching.moves_refused(portal_id, run, refusal)


def _read_records(portal_id: int, client: Client, entity: str, lock: Lock, progress: Progress | None) -> None:
    is_unread = watching.has_unread(portal_id, entity)
    db.session.rollback()
    if not is_unread:
        return
    total = watching.total(client, entity)
    with write():
        portals.lock(portal_id)
        run = watching.begin(portal_id, entity, total, clock.now())
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


def ask_watched(portal_id: int) -> None:
    """Have it read, if there is anything to read."""
    if is_owed(portal_id):
        enqueue(read_watched, portal_id, queue="sync", unique=f"watched:{portal_id}")


def read_catalogue(portal_id: int, client: Client) -> None:
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
