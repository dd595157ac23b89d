"""What changed since the last look, by modification time: the second net under the events.

The window overlaps the one before, so that clocks that disagree and records stored late lose nothing; what is read
twice changes nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from b24app.bitrix.client import Client
from b24app.ingest import operations
from b24app.ingest.extras import extras
from b24app.ingest.records import sources_of
from b24app.ingest.sources.base import Reading, asking, reading
from b24app.ingest.tables import SyncCursor
from b24app.lib import clock
from b24app.lib.clock import epoch, moment
from b24app.lib.db import db

OVERLAP_S = 600


@dataclass(frozen=True, slots=True)
class Window:
    """Changes of one source from `since` on, looked for at `now`."""

    source: Any
    since: int
    now: datetime


def windows(portal_id: int, now: datetime) -> tuple[Window, ...]:
    """What to look for; only of sources whose history has been read."""
    found = []
    for source in sources_of(portal_id):  # moves come first: records that were closed find what closed them
        row = db.session.get(SyncCursor, (portal_id, source.key), populate_existing=True)
        if row is not None and row.changed_since is not None:
            asked = extras(portal_id, source.entity)
            overlap_s = getattr(source, "overlap_s", OVERLAP_S)
            found.append(Window(asking(source, asked), row.changed_since - overlap_s, now))
    return tuple(found)


def read(client: Client, window: Window) -> Iterator[Reading]:
    """REST only, no transaction open."""
    source = window.source
    read_at = clock.now()
    for rows in source.listing.pages(client, {f">={source.listing.changed}": moment(window.since).isoformat()}):
        yield reading(source, rows, read_at)
        read_at = clock.now()


def known_until(portal_id: int, window: Window) -> None:
    """Every change up to the window's end is stored."""
    row = operations.cursor(portal_id, window.source.key)
    row.changed_since = max(row.changed_since or 0, epoch(window.now))
    row.state, row.error, row.synced_at = "idle", None, epoch(window.now)
