"""How far the portal has been read, and what could not be."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from b24app.facts import queries as facts
from b24app.facts.entities import is_own, moved_by, type_id_of
from b24app.ingest import backfill
from b24app.ingest.extras import WATCHED
from b24app.ingest.inbox import DUE, FAILED, ROBOT, microseconds
from b24app.ingest.records import named
from b24app.ingest.sources import absences, currencies, dictionaries, staff
from b24app.ingest.tables import BACKFILL, Inbox, SyncCursor
from b24app.lib import clock
from b24app.lib.db import db
from b24app.lib.tenancy import across_tenants

MICROSECONDS = 1_000_000
SOURCES = (staff, dictionaries, currencies, *backfill.SOURCES, absences)


@dataclass(frozen=True, slots=True)
class EntityStatus:
    """One kind of record. `done` of `total` have been read by the latest backfill; `synced_at` in epoch seconds."""

    rows: int
    complete: bool
    synced_at: int | None
    done: int
    total: int
    error: str | None
    title: str | None = None
    """What people call a type of records that they have made themselves; their moves have it, too."""


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """`complete` once the whole history has been read; until then numbers may still grow (semantics 3.7)."""

    state: str
    """idle | running | failed"""
    complete: bool
    entities: Mapping[str, EntityStatus]
    lag_seconds: int
    """How long the oldest change waits that we know of and have not worked off."""
    pending_events: int
    error: str | None = None
    watched: EntityStatus | None = None
    """How far the deals of the past have been read for what indicators ask for beside their columns."""


@dataclass(frozen=True, slots=True)
class PutAside:
    """A record that could not be read or stored, and why. `id` is what `ingest.operations.retry` takes."""

    id: int
    entity: str
    key: str
    reason: str
    arrived_at: int


def status(portal_id: int) -> SyncStatus:
    cursors = {
        row.source: row
        for row in db.session.scalars(
            select(SyncCursor).where(SyncCursor.portal_id == portal_id).execution_options(populate_existing=True)
        )
    }
    counts, others = facts.counts(portal_id), named(portal_id)
    titles = _titles(portal_id, [source.entity for source in others])
    pending, oldest = _waiting(portal_id)
    whole = cursors.get(BACKFILL)
    now = clock.now()
    error = next((row.error for row in cursors.values() if row.state == "failed"), None) or _held_up(portal_id)
    return SyncStatus(
        state="failed" if error else _state(cursors),
        complete=bool(whole and whole.complete),
        entities={
            source.entity: _entity(
                cursors.get(source.key),
                counts.get(source.entity),
                titles.get(moved_by(source.entity) or source.entity),
            )
            for source in (*SOURCES, *others)
        },
        lag_seconds=max(0, int(now.timestamp()) - oldest // MICROSECONDS) if oldest else 0,
        pending_events=pending,
        error=error,
        watched=_entity(cursors[WATCHED], None) if WATCHED in cursors else None,
    )


def _state(cursors: Mapping[str, SyncCursor]) -> str:
    """Trouble first: a run that has stopped is not running any more."""
    states = {row.state for row in cursors.values()}
    whole = cursors.get(BACKFILL)
    if "failed" in states:
        return "failed"
    return "running" if whole and whole.state == "running" else "idle"


def _titles(portal_id: int, entities: Collection[str]) -> dict[str, str]:
    """What people call the types of records that they have made themselves."""
    own = {str(type_id_of(entity)): entity for entity in entities if is_own(entity)}
    terms = facts.terms(portal_id, dictionaries.TYPE) if own else ()
    return {own[term.id]: term.name for term in terms if term.id in own and term.name}


def _entity(row: SyncCursor | None, rows: int | None, title: str | None = None) -> EntityStatus:
    if row is None:
        return EntityStatus(rows or 0, False, None, 0, 0, None, title)
    known = row.done if rows is None else rows
    return EntityStatus(known, row.complete, row.synced_at, row.done, row.total, row.error, title)


def _waiting(portal_id: int) -> tuple[int, int | None]:
    """How many rows of the inbox are due, and since when (microseconds) the oldest is."""
    query = select(func.count(), func.min(Inbox.arrived_at)).where(
        Inbox.portal_id == portal_id, Inbox.state == DUE, Inbox.entity != ROBOT
    )
    count, oldest = db.session.execute(query).one()
    return int(count), oldest


def _held_up(portal_id: int) -> str | None:
    """Why changes that we know of could not be read the last time we tried."""
    query = select(Inbox.reason).where(
        Inbox.portal_id == portal_id, Inbox.state == DUE, Inbox.entity != ROBOT, Inbox.reason.is_not(None)
    )
    return db.session.scalar(query.limit(1))


def is_complete(portal_id: int) -> bool:
    """Whether the whole history has been read once."""
    row = db.session.get(SyncCursor, (portal_id, BACKFILL), populate_existing=True)
    return bool(row and row.complete and not row.position)


def must_go_on(portal_id: int) -> bool:
    """A backfill that was never begun, or that was broken off without saying why."""
    row = db.session.get(SyncCursor, (portal_id, BACKFILL), populate_existing=True)
    return row is None or row.state == "running"


def unread(portal_id: int) -> Mapping[str, str | None]:
    """What kinds of records have never been read to their end, each with the portal's refusal if that is why."""
    return {**backfill.unread(portal_id), **backfill.unread_named(portal_id)}


def never_polled(portal_id: int, source: str) -> bool:
    """Whether nobody has asked for it yet."""
    return db.session.get(SyncCursor, (portal_id, source)) is None


def has_new(portal_id: int) -> bool:
    """Whether the history was read by a version that did not know of all kinds of records, or was not told of them."""
    return is_complete(portal_id) and None in backfill.unread(portal_id).values()


def stopped(portal_id: int) -> frozenset[str]:
    """The sources whose last reading was broken off, and said why."""
    query = select(SyncCursor.source).where(SyncCursor.portal_id == portal_id, SyncCursor.state == "failed")
    return frozenset(db.session.scalars(query))


def portals_with_due(now: datetime) -> tuple[int, ...]:
    """Portals in whose inbox something waits that may be tried now."""
    waiting = (Inbox.state == DUE, Inbox.entity != ROBOT, Inbox.due_at <= microseconds(now))
    query = select(Inbox.portal_id).where(*waiting).distinct()
    return tuple(db.session.scalars(across_tenants(query.order_by(Inbox.portal_id))))


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits in the inboxes of several portals together; `lag_s` is how long the oldest of it waits."""

    due: int
    lag_s: int
    put_aside: int
    unanswered: int
    """Workflows that wait for an answer."""
    stopped: int
    """Sources whose reading was broken off."""


def backlog(portal_ids: Collection[int], now: datetime) -> Backlog:
    here = Inbox.portal_id.in_(portal_ids)
    waiting = (
        select(Inbox.state, func.count(), func.min(Inbox.arrived_at))
        .where(here, Inbox.state.in_((DUE, FAILED)), Inbox.entity != ROBOT)
        .group_by(Inbox.state)
    )
    rows = db.session.execute(across_tenants(waiting))
    counted = {state: (count, oldest) for state, count, oldest in rows}
    due, oldest = counted.get(DUE, (0, None))
    calls = select(func.count()).select_from(Inbox).where(here, Inbox.state == DUE, Inbox.entity == ROBOT)
    broken = select(func.count()).where(SyncCursor.portal_id.in_(portal_ids), SyncCursor.state == "failed")
    return Backlog(
        due=due,
        lag_s=0 if oldest is None else max(0, clock.epoch(now) - oldest // MICROSECONDS),
        put_aside=counted.get(FAILED, (0, None))[0],
        unanswered=int(db.session.scalar(across_tenants(calls)) or 0),
        stopped=int(db.session.scalar(across_tenants(broken)) or 0),
    )


def put_aside(portal_id: int, limit: int = 100) -> tuple[PutAside, ...]:
    """What is to be looked at by a person, the newest first."""
    query = (
        select(Inbox.id, Inbox.entity, Inbox.key, Inbox.reason, Inbox.arrived_at)
        .where(Inbox.portal_id == portal_id, Inbox.state == FAILED, Inbox.entity != ROBOT)
        .order_by(Inbox.arrived_at.desc(), Inbox.id)
        .limit(limit)
    )
    return tuple(
        PutAside(row.id, row.entity, row.key, row.reason or "", row.arrived_at) for row in db.session.execute(query)
    )
