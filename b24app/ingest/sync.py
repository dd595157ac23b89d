"""What changed since the last look, by modification time: the second net under the events.

The window overlaps the one before, so that clocks that disagree and records stored late lose nothing; what is read
twice changes nothing. Mostly little has changed: the first pages of all windows come in one request, and only those
that are full are read on.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from b24app.bitrix.client import Client
from b24app.bitrix.errors import MethodPaused, RestError, Wait
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

    @property
    def filter(self) -> Mapping[str, Any]:
        return {f">={self.source.listing.changed}": moment(self.since).isoformat()}


@dataclass(frozen=True, slots=True)
class Page:
    """The answer to the first page of a window, or why it was refused, of a read that began at `read_at`."""

    answer: Any
    read_at: datetime


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


def first_pages(client: Client, windows: Sequence[Window]) -> dict[str, Page]:
    """By the key of the source, in a request for fifty of them. A window is left out that only has to be asked for
    again, by itself; all are where the portal lets none of a method's calls through for a while."""
    read_at = clock.now()
    try:
        answers = client.batch_lenient(
            {f"window{place}": one.source.listing.page(one.filter) for place, one in enumerate(windows)}
        )
    except MethodPaused:
        return {}
    told = zip(windows, answers.values(), strict=True)
    return {one.source.key: Page(answer, read_at) for one, answer in told if not isinstance(answer, Wait)}


def read(client: Client, window: Window, begun: Page | None = None) -> Iterator[Reading]:
    """All of a window, behind its first page if that is there. REST only, no transaction open."""
    source, listing = window.source, window.source.listing
    behind = 0
    if begun is not None:
        if isinstance(begun.answer, RestError):
            raise begun.answer
        first = listing.first(begun.answer)
        if first.rows:
            listing.complete(client, first.rows)
            yield reading(source, first.rows, begun.read_at)
        if first.is_last:
            return
        behind = first.last_id
    read_at = clock.now()
    for rows in listing.pages(client, window.filter, behind):
        yield reading(source, rows, read_at)
        read_at = clock.now()


def known_until(portal_id: int, window: Window) -> None:
    """Every change up to the window's end is stored."""
    row = operations.cursor(portal_id, window.source.key)
    row.changed_since = max(row.changed_since or 0, epoch(window.now))
    row.state, row.error, row.synced_at = "idle", None, epoch(window.now)
