"""Reading a portal's whole history in chunks that can be resumed, what people look at now first.

    people, dictionaries, currencies, totals
    -> stage moves since the current quarter began -> deals created or moved since   (first numbers)
    -> the other moves -> the other deals, newest first -> all other records, newest first  (all numbers)

Moves come before their deals, so that a deal is worked out once, when all is known of it. `read` does REST with no
transaction open and yields chunks; `store` puts one of them and the new position into the database together. Killed in
between, the same chunk is read again. No stage is read twice: about one request for 2 500 records, and a handful more.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from b24app.bitrix.client import Client
from b24app.bitrix.errors import RestError, is_of_one_method
from b24app.facts import watching
from b24app.facts.rules import DEAL
from b24app.ingest import operations
from b24app.ingest.poll import Poll
from b24app.ingest.records import named, with_history
from b24app.ingest.sources import deals, stage_history
from b24app.ingest.sources.base import NOTHING, Extras, Reading, asking, reading, record_sources
from b24app.ingest.tables import BACKFILL, SyncCursor
from b24app.lib import clock
from b24app.lib.clock import epoch, moment
from b24app.lib.db import db
from b24app.lib.errors import Conflict
from b24app.lib.i18n import gettext as _
from b24app.periods import queries as periods
from b24app.periods.rules import Kind, local_day, midnight, period_at

STORED_AT_ONCE = 1250
"""Half of what a request brings, so that a write transaction stays well under half a second."""

Filter = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stage:
    """One list, narrowed by what lies on this or that side of the quarter's start."""

    source: Any
    filter: Callable[[str], Filter]
    descending: bool = False
    is_last_of_source: bool = True


OTHERS: tuple[Any, ...] = tuple(
    one for source in record_sources() if source.entity != DEAL for one in with_history(source)
)
"""Records that depend on no others, and their moves. A portal without one of them is read all the same."""

SOURCES: tuple[Any, ...] = (deals, stage_history, *OTHERS)

STAGES = (
    Stage(stage_history, lambda since: {">=CREATED_TIME": since}, is_last_of_source=False),
    Stage(
        deals,
        lambda since: {"0": {"logic": "OR", "0": {">=createdTime": since}, "1": {">=movedTime": since}}},
        is_last_of_source=False,
    ),
    Stage(stage_history, lambda since: {"<CREATED_TIME": since}),
    Stage(deals, lambda since: {"<createdTime": since, "<movedTime": since}, descending=True),
    *(Stage(source, lambda since: {}, descending=True) for source in OTHERS),
)
FIRST_NUMBERS, END = 2, len(STAGES)

ORDER = [stage.source.key for stage in STAGES]
"""The order of stages: a position in another one says nothing, and reading begins anew."""


@dataclass(frozen=True, slots=True)
class Position:
    """The next chunk begins behind the id `after` of a stage. `since` is the quarter's start, as it was at first."""

    stage: int
    after: int
    since: int
    began_at: int

    @property
    def entity(self) -> str:
        """Of which records the list is that it stands in."""
        return str(STAGES[self.stage].source.entity)

    @property
    def shows_numbers(self) -> bool:
        """Here everything is known that the numbers of the current quarter, or all numbers, rest on."""
        return self.stage in (FIRST_NUMBERS, END) and not self.after

    def stored(self) -> dict[str, Any]:
        place = {"stage": self.stage, "after": self.after, "since": self.since, "began_at": self.began_at}
        return {**place, "order": ORDER}


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of what one request brought, and the positions before and behind it."""

    source: str
    reading: Reading
    rows: int
    before: Position
    behind: Position


def position(portal_id: int) -> Position | None:
    """Where a backfill that was begun goes on; None when there is none under way."""
    row = db.session.get(SyncCursor, (portal_id, BACKFILL), populate_existing=True)
    known = dict(row.position) if row and row.position else {}
    return Position(**known) if known.pop("order", None) == ORDER else None


def is_first(portal_id: int) -> bool:
    """Whether no history has been read and computed to its end before."""
    row = db.session.get(SyncCursor, (portal_id, BACKFILL), populate_existing=True)
    return row is None or row.synced_at is None


def totals(client: Client) -> dict[str, int]:
    """How many records there are of each source, for the progress. One request."""
    answers = client.totals({source.key: source.listing.counted for source in SOURCES})
    return {source.key: _total(source, answers[source.key]) for source in SOURCES}


def _total(source: Any, answer: int | RestError) -> int:
    """Of what the portal does not tell us nothing."""
    if not isinstance(answer, RestError):
        return answer
    if source in OTHERS and is_of_one_method(answer):
        return 0
    raise answer


def unread(portal_id: int) -> dict[str, str | None]:
    """Entities of which a portal's records have never been read to their end, each with the portal's refusal if that is
    why. What is read because something names it: `unread_named`."""
    return _unread(portal_id, SOURCES)


def unread_named(portal_id: int) -> dict[str, str | None]:
    """The same of what is read because something names it."""
    found = named(portal_id)
    return _unread(portal_id, found) if found else {}


def _unread(portal_id: int, sources: Iterable[Any]) -> dict[str, str | None]:
    query = select(SyncCursor.source, SyncCursor.complete, SyncCursor.error).where(SyncCursor.portal_id == portal_id)
    cursors = {row.source: row for row in db.session.execute(query)}
    found = {source.entity: cursors.get(source.key) for source in sources}
    return {entity: row.error if row else None for entity, row in found.items() if row is None or not row.complete}


def first_unread(portal_id: int) -> int:
    """The first list to read when only those are wanted that have never been read."""
    missing = unread(portal_id)
    return next((place for place, stage in enumerate(STAGES) if stage.source.entity in missing), 0)


def ask_again(portal_id: int) -> None:
    """What the portal refused to tell may be allowed by now: it is to be read like what is new."""
    for source in (*OTHERS, *named(portal_id)):
        row = operations.cursor(portal_id, source.key)
        if not row.complete:
            row.error = None


def begin(portal_id: int, poll: Poll, totals: Mapping[str, int], now: datetime, first: int = 0) -> Position:
    """Store what everything else refers to, and with which list to start. The quarter is the portal's own. What is read
    because something names it follows after a backfill of everything."""
    operations.store_poll(portal_id, poll, now)
    settings = periods.settings(portal_id)
    quarter = period_at(Kind.QUARTER, local_day(epoch(now), settings), settings)
    start = Position(first, 0, midnight(quarter.start, settings), epoch(now))
    for entity in () if first else watching.entities(portal_id):
        watching.restart(portal_id, watching.watches(portal_id, entity).keys(), epoch(now), entity)
        operations.read_moves_again(portal_id, entity)
    for key in {stage.source.key for stage in STAGES[first:]}:
        row = operations.cursor(portal_id, key)
        row.done, row.total, row.error, row.state = 0, totals[key], None, "running"
    whole = operations.cursor(portal_id, BACKFILL)
    whole.state, whole.position, whole.error = "running", start.stored(), None
    return start


def read(client: Client, start: Position, extras: Extras = NOTHING) -> Iterator[Chunk]:
    """The chunks of the stage a position is in; the last one, perhaps empty, leads on to the next stage."""
    stage = STAGES[start.stage]
    source = asking(stage.source, extras)
    here = start
    read_at = clock.now()
    filter = stage.filter(moment(start.since).isoformat())
    for rows in source.listing.pages(client, filter, start.after, stage.descending):
        for first in range(0, len(rows), STORED_AT_ONCE):
            part = rows[first : first + STORED_AT_ONCE]
            behind = Position(start.stage, int(part[-1][source.listing.id_field]), start.since, start.began_at)
            yield Chunk(source.key, reading(source, part, read_at), len(part), here, behind)
            here = behind
        read_at = clock.now()
    behind = Position(start.stage + 1, 0, start.since, start.began_at)
    yield Chunk(source.key, Reading(source.entity, read_at), 0, here, behind)


def store(portal_id: int, chunk: Chunk, now: datetime) -> tuple[int, int]:
    """Facts, counters and position together; how many of how many are done. Conflict when another run has moved on."""
    whole = operations.cursor(portal_id, BACKFILL)
    if whole.position != chunk.before.stored():
        raise Conflict(_("Another run reads this portal already."))
    operations.store(portal_id, chunk.reading, in_history=True)
    own = operations.cursor(portal_id, chunk.source)
    own.done += chunk.rows
    own.total = max(own.total, own.done)
    if chunk.behind.stage > chunk.before.stage and STAGES[chunk.before.stage].is_last_of_source:
        own.state, own.complete = "idle", True
        own.synced_at, own.changed_since = epoch(now), chunk.before.began_at
        watching.complete_since(portal_id, chunk.before.began_at, chunk.reading.entity)
    whole.state, whole.error, whole.position = "running", None, chunk.behind.stored()
    whole.complete = whole.complete or chunk.behind.stage == END
    return own.done, own.total


def skip(portal_id: int, position: Position, refusal: RestError) -> Position:
    """The portal does not tell us what one list holds: that is kept with its reason, and the next one is read."""
    stage = STAGES[position.stage]
    if stage.source not in OTHERS or not is_of_one_method(refusal):
        raise refusal
    behind = Position(position.stage + 1, 0, position.since, position.began_at)
    own, whole = operations.cursor(portal_id, stage.source.key), operations.cursor(portal_id, BACKFILL)
    own.state, own.error, own.total = "idle", refusal.message, own.done
    whole.position, whole.complete = behind.stored(), whole.complete or behind.stage == END
    return behind


def finish(portal_id: int, now: datetime) -> bool:
    """Everything is read and computed. Whether there were fewer records than the portal had counted at the beginning:
    some were deleted meanwhile, or carry no time to be found by, and a comparison has to tell."""
    whole = operations.cursor(portal_id, BACKFILL)
    whole.state, whole.position, whole.error, whole.synced_at = "idle", {}, None, epoch(now)
    cursors = [operations.cursor(portal_id, source.key) for source in SOURCES]
    is_short = any(cursor.done < cursor.total for cursor in cursors)
    for cursor in cursors:
        cursor.total = cursor.done
    return is_short
