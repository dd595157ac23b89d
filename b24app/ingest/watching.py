"""Reading what is watched for the records of the past, in chunks that can be resumed: fields and product rows that an
indicator has begun to ask for, and types of CRM records that something has begun to name.

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
from b24app.ingest.extras import WATCHED, extras, unread
from b24app.ingest.records import source_of
from b24app.ingest.sources.base import Extras, Reading, asking, reading
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
    return tuple(dict.fromkeys(one.entity for one in unread(portal_id) if one.field != PRODUCT_SECTIONS))


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
    source: Any = asking(source_of(run.entity), run.extras)
    source = getattr(source, "in_full", source)
    here, read_at = run.start, clock.now()
    for rows in source.listing.pages(client, {}, run.start):
        for first in range(0, len(rows), STORED_AT_ONCE):
            part = rows[first : first + STORED_AT_ONCE]
            behind = int(part[-1]["id"])
            yield Chunk(reading(source, part, read_at), len(part), here, behind)
            here = behind
        read_at = clock.now()
    yield Chunk(Reading(run.entity, read_at), 0, here, here, is_last=True)


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


def finish(portal_id: int, now: datetime) -> None:
    """What was read is in the numbers."""
    row = operations.cursor(portal_id, WATCHED)
    row.state, row.error, row.complete, row.synced_at = "idle", None, True, epoch(now)
    row.total = row.done
