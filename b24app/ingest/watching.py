"""Reading what is watched for the deals of the past, in chunks that can be resumed: fields and product rows that an
indicator has begun to ask for.

New reads ask for it at once; here the whole list is read once more, through the same `upsert` and its guard. `read`
does REST with no transaction open; `store` puts a chunk and the new position into the database together.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from b24app.bitrix.client import Client
from b24app.facts.rules import PRODUCT_ROWS, PRODUCT_SECTIONS
from b24app.facts.watching import Watched, advance, complete
from b24app.ingest import operations
from b24app.ingest.extras import WATCHED, extras, unread
from b24app.ingest.sources import deals
from b24app.ingest.sources.base import Extras, Reading, asking, reading
from b24app.lib import clock
from b24app.lib.clock import epoch

STORED_AT_ONCE = 1250
"""As much as a backfill stores in one transaction."""


@dataclass(frozen=True, slots=True)
class Run:
    """These names, for the deals behind `start`. `extras` is all that is asked for meanwhile."""

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


def begin(portal_id: int, total: int, now: datetime) -> Run | None:
    """What to read; None when all that can be read has been."""
    names = tuple(one for one in unread(portal_id) if one.field != PRODUCT_SECTIONS)
    if not names:
        return None
    row = operations.cursor(portal_id, WATCHED)
    row.state, row.error, row.total, row.done = "running", None, total, 0
    return Run(names, min(one.position for one in names), extras(portal_id))


def total(client: Client) -> int:
    return client.total(deals.listing.method, deals.listing.only("id").params)


def read(client: Client, run: Run) -> Iterator[Chunk]:
    source: Any = asking(deals, run.extras)
    here, read_at = run.start, clock.now()
    for rows in source.listing.pages(client, {}, run.start):
        for first in range(0, len(rows), STORED_AT_ONCE):
            part = rows[first : first + STORED_AT_ONCE]
            behind = int(part[-1]["id"])
            yield Chunk(reading(source, part, read_at), len(part), here, behind)
            here = behind
        read_at = clock.now()
    yield Chunk(Reading(deals.entity, read_at), 0, here, here, is_last=True)


def store(portal_id: int, run: Run, chunk: Chunk, now: datetime) -> tuple[int, int]:
    """Deals and position together; how many of how many are done. What is touched is computed at the end, at once."""
    operations.store(portal_id, chunk.reading, in_history=True)
    names = [one for one in run.names if one.field != PRODUCT_ROWS or chunk.reading.refused is None]
    if chunk.is_last:
        complete(portal_id, names, chunk.behind)
    else:
        advance(portal_id, names, chunk.before, chunk.behind)
    row = operations.cursor(portal_id, WATCHED)
    row.done += chunk.rows
    row.total = max(row.total, row.done)
    return row.done, row.total


def finish(portal_id: int, now: datetime) -> None:
    """What was read is in the numbers."""
    row = operations.cursor(portal_id, WATCHED)
    row.state, row.error, row.complete, row.synced_at = "idle", None, True, epoch(now)
    row.total = row.done
