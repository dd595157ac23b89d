"""Reading what is watched for the records of the past, in chunks that can be resumed: fields and product rows that an
indicator has begun to ask for, and types of CRM records that something has begun to name, with their stage moves.

New reads ask for it at once; here the whole list is read once more, through the same `upsert` and its guard. `read`
does REST with no transaction open; `store` puts a chunk and the new position into the database together.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from b24app.bitrix.client import Client
from b24app.bitrix.errors import RestError
from b24app.facts import watching
from b24app.facts.rules import PRODUCT_ROWS, PRODUCT_SECTIONS, RECORDS
from b24app.facts.watching import Watched, advance, complete
from b24app.ingest import operations
from b24app.ingest.extras import WATCHED, extras, unread, unread_histories
from b24app.ingest.records import source_of
from b24app.ingest.sources.base import Extras, Reading, asking, reading
from b24app.ingest.sources.stage_history import History
from b24app.lib import clock
from b24app.lib.clock import epoch

STORED_AT_ONCE = 1250
"""As much as a backfill stores in one transaction."""


@dataclass(frozen=True, slots=True)
class Run:
    """These names, for the records behind `start`. `extras` is all that is asked for meanwhile."""

    entity: str
    names: tuple[Watched, ...]
    start: int
    extras: Extras


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of what one request brought, and the ids before and behind it; the last one is empty."""

    reading: Reading
    rows: int
    before: int
    behind: int
    is_last: bool = False


def entities(portal_id: int) -> tuple[str, ...]:
    """Of which records something is to be read, in the order they are read in."""
    names = (one.entity for one in unread(portal_id) if one.field != PRODUCT_SECTIONS)
    return tuple(dict.fromkeys((*names, *unread_histories(portal_id))))


def has_unread(portal_id: int, entity: str) -> bool:
    """Whether records themselves are to be read, and not only their moves."""
    return any(one.entity == entity and one.field != PRODUCT_SECTIONS for one in unread(portal_id))


def begin(portal_id: int, entity: str, total: int, now: datetime) -> Run | None:
    """What to read; None when all that can be read has been."""
    names = tuple(one for one in unread(portal_id) if one.entity == entity and one.field != PRODUCT_SECTIONS)
    if not names:
        return None
    start = min(one.position for one in names)
    row = operations.cursor(portal_id, WATCHED)
    row.state, row.error, row.total, row.done = "running", None, total, 0
    if any(one.field == RECORDS for one in names):
        own = operations.cursor(portal_id, entity)
        own.total, own.done = total, own.done if start else 0
    return Run(entity, names, start, extras(portal_id, entity))


def total(client: Client, entity: str) -> int:
    return client.total(*source_of(entity).listing.counted)


def refused(portal_id: int, entity: str, refusal: RestError) -> None:
    """The portal does not tell these records: that is kept, and they wait until it no longer refuses. Of deals and what
    is always read that is trouble like any other."""
    if entity not in watching.entities(portal_id):
        raise refusal
    operations.cursor(portal_id, entity).error = refusal.message


def read(client: Client, run: Run) -> Iterator[Chunk]:
    yield from _chunks(client, asking(source_of(run.entity), run.extras), run.start)


def _chunks(client: Client, source: Any, start: int) -> Iterator[Chunk]:
    listing = source.listing
    here, read_at = start, clock.now()
    for rows in listing.pages(client, {}, start):
        for first in range(0, len(rows), STORED_AT_ONCE):
            part = rows[first : first + STORED_AT_ONCE]
            behind = int(part[-1][listing.id_field])
            yield Chunk(reading(source, part, read_at), len(part), here, behind)
            here = behind
        read_at = clock.now()
    yield Chunk(Reading(source.entity, read_at), 0, here, here, is_last=True)


def store(portal_id: int, run: Run, chunk: Chunk, now: datetime) -> tuple[int, int]:
    """Records and position together; how many of how many are done. What is touched is computed at the end, at once."""
    operations.store(portal_id, chunk.reading, in_history=True)
    names = [one for one in run.names if one.field != PRODUCT_ROWS or chunk.reading.refused is None]
    if chunk.is_last:
        complete(portal_id, names, chunk.behind)
    else:
        advance(portal_id, names, chunk.before, chunk.behind)
    _note_records(portal_id, run, chunk, now)
    row = operations.cursor(portal_id, WATCHED)
    row.done += chunk.rows
    row.total = max(row.total, row.done)
    return row.done, row.total


def _note_records(portal_id: int, run: Run, chunk: Chunk, now: datetime) -> None:
    """How far records have been read that were not read at all before; once they are, changes are looked for."""
    began = next((one.since for one in run.names if one.field == RECORDS), None)
    if began is None:
        return
    own = operations.cursor(portal_id, run.entity)
    own.done += chunk.rows
    own.total = max(own.total, own.done)
    if chunk.is_last:
        own.state, own.error, own.complete, own.synced_at = "idle", None, True, epoch(now)
        own.total, own.changed_since = own.done, max(own.changed_since or 0, began)


@dataclass(frozen=True, slots=True)
class MovesRun:
    """Reading the stage moves of a type behind the id `start`. Changes since `began` are looked for once it is done."""

    source: History
    start: int
    began: int


def begin_moves(portal_id: int, entity: str, now: datetime) -> MovesRun | None:
    """Before the records, so that these are worked out once; None when there is nothing to read."""
    if entity not in unread_histories(portal_id):
        return None
    source = History(entity)
    row = operations.cursor(portal_id, source.key)
    position = {"began": epoch(now), **operations.FROM_THE_START, **row.position}
    if not position["after"]:
        row.done = 0
    row.state, row.error, row.position = "running", None, position
    return MovesRun(source, position["after"], position["began"])


def read_moves(client: Client, run: MovesRun) -> Iterator[Chunk]:
    yield from _chunks(client, run.source, run.start)


def store_moves(portal_id: int, run: MovesRun, chunk: Chunk, now: datetime) -> int:
    """Moves and position together; how many are done."""
    operations.store(portal_id, chunk.reading, in_history=True)
    row = operations.cursor(portal_id, run.source.key)
    row.done += chunk.rows
    row.total, row.position = row.done, {"after": chunk.behind, "began": run.began}
    if chunk.is_last:
        row.state, row.complete, row.position, row.synced_at = "idle", True, {}, epoch(now)
        row.changed_since = max(row.changed_since or 0, run.began)
    return row.done


def moves_refused(portal_id: int, run: MovesRun, refusal: RestError) -> None:
    """The portal keeps no history of this type, or does not tell it: the last move of a record says when it closed."""
    row = operations.cursor(portal_id, run.source.key)
    row.state, row.error, row.position = "idle", refusal.message, {}


def finish(portal_id: int, now: datetime) -> None:
    """What was read is in the numbers."""
    row = operations.cursor(portal_id, WATCHED)
    row.state, row.error, row.complete, row.synced_at = "idle", None, True, epoch(now)
    row.total = row.done
