"""What can be done with what was read: store it into the facts, take over a poll, note how far a source has come.

    accept -> due -> (a source's fetch) -> store -> done | failed

Flushes and never commits; REST is done before, with no transaction open. The inbox's rows themselves are in inbox.py.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from b24app.facts import days, queries, watching
from b24app.facts import operations as facts
from b24app.facts import rules as fact
from b24app.facts.entities import dictionary, has_moves, moved_by
from b24app.facts.requests import operations as requests
from b24app.facts.rules import Cell, TermDraft
from b24app.ingest.extras import WATCHED, extras, rows_refused, stage_semantics
from b24app.ingest.inbox import DONE as DONE
from b24app.ingest.inbox import DUE as DUE
from b24app.ingest.inbox import FAILED as FAILED
from b24app.ingest.inbox import ROBOT as ROBOT
from b24app.ingest.inbox import accept as accept
from b24app.ingest.inbox import accept_many as accept_many
from b24app.ingest.inbox import accept_robot as accept_robot
from b24app.ingest.inbox import put_aside, restored
from b24app.ingest.inbox import retry as retry
from b24app.ingest.poll import Poll
from b24app.ingest.rules import Profile
from b24app.ingest.sources import absences, catalogue, currencies, dictionaries, product_rows, staff
from b24app.ingest.sources.base import Reading
from b24app.ingest.sources.stage_history import History
from b24app.ingest.tables import BACKFILL, SyncCursor
from b24app.lib.clock import epoch
from b24app.lib.db import db
from b24app.periods import queries as periods
from b24app.periods.rules import local_day
from b24app.portal import operations as portals
from b24app.portal.tables import AuditEntry, Portal


def store(portal_id: int, reading: Reading, *, in_history: bool = False) -> frozenset[Cell]:
    """Put a reading into the facts; returns the cells it touched. The caller has the portal's lock.

    Whoever reads `in_history` numbers all wins and computes everything afterwards: what deals and moves touch is not
    worked out then.
    """
    entity, read_at = reading.entity, reading.read_at
    record = moved_by(entity)
    put_aside(portal_id, record or entity, reading.rejected, read_at)
    if record:
        moved = facts.upsert_moves(portal_id, record, reading.drafts, read_at, in_history=in_history)
        return moved | requests.make(portal_id, record, {move.record_id for move in reading.drafts})
    match entity:
        case fact.DEAL:
            cells = facts.upsert_deals(
                portal_id, reading.drafts, reading.moves, read_at, reading.asked, in_history=in_history
            )
            _watched(portal_id, reading)
        case _:
            cells = facts.upsert_records(
                portal_id, entity, reading.drafts, read_at, reading.asked, reading.moves, in_history=in_history
            )
            _read_again(portal_id, reading, reading.asked)
    ids = [draft.id for draft in reading.drafts]
    restored(portal_id, entity, ids)
    cells |= facts.forget(portal_id, entity, reading.gone, read_at)
    return cells | requests.make(portal_id, entity, (*ids, *reading.gone))


def _watched(portal_id: int, reading: Reading) -> None:
    """Whether the portal tells product rows is kept: as long as it does not, what rests on them has no data."""
    asked = reading.asked
    if reading.refused:
        cursor(portal_id, product_rows.key).error = reading.refused
        watching.restart(portal_id, (fact.PRODUCT_ROWS,), epoch(reading.read_at))
        asked |= {fact.PRODUCT_ROWS}
    elif fact.PRODUCT_ROWS in asked and reading.drafts and rows_refused(portal_id):
        rows_told(portal_id)
    _read_again(portal_id, reading, asked)


def _read_again(portal_id: int, reading: Reading, asked: Collection[str]) -> None:
    """Those that came without something watched since their read began."""
    late = watching.overtaken(portal_id, asked, [draft.id for draft in reading.drafts], reading.entity)
    accept_many(portal_id, reading.entity, late, reading.read_at)


def rows_told(portal_id: int) -> None:
    """The portal refuses product rows no more."""
    cursor(portal_id, product_rows.key).error = None


FROM_THE_START = {"after": 0}
"""The position of reading a history that is to be begun."""


def read_moves_again(portal_id: int, entity: str) -> None:
    """The stage moves of a type that something names are read once more, whatever is known of them."""
    if has_moves(entity):
        cursor(portal_id, History(entity).key).position = FROM_THE_START


CLOCK = ("time_zone", "country")
"""Settings by which working time is counted."""


@dataclass(frozen=True, slots=True)
class Polled:
    """What a poll changed: cells whose amounts are others, who is where, and the currency everything is counted in."""

    cells: frozenset[Cell]
    structure_changed: bool
    base_changed: bool
    """Everything is to be read anew; a sweep finds that."""


def store_poll(portal_id: int, poll: Poll, now: datetime) -> Polled:
    """Take over people, departments, dictionaries, today's rates and what the portal says of itself."""
    found = settings_of(poll.profile, poll.currencies.base)
    fixed = set_by_hand(portal_id)
    free = {name: value for name, value in found.items() if name not in fixed}
    known = select(Portal.base_currency, Portal.time_zone, Portal.country).where(Portal.id == portal_id)
    base_before, *clock_before = db.session.execute(known).one()
    base = free.get("base_currency", base_before)
    if base != base_before:
        facts.drop_rates(portal_id)
    if free:
        portals.change_settings(portal_id, free, "system", now)
    if clock_before != [free.get(name, before) for name, before in zip(CLOCK, clock_before, strict=True)]:
        requests.restart(portal_id)
    structure_changed = portals.sync_staff(portal_id, poll.people, poll.departments, now)
    save_terms(portal_id, poll.terms, poll.read_at)
    cells: frozenset[Cell] = frozenset()
    if poll.currencies.base in (None, base):
        facts.save_terms(portal_id, currencies.CURRENCY, poll.currencies.names)
        today = local_day(epoch(poll.read_at), periods.settings(portal_id))
        cells = facts.save_rates(portal_id, poll.currencies.rates, today)
    for key, size in ((staff.key, len(poll.people)), (dictionaries.key, len(poll.terms)), (currencies.key, 1)):
        _polled(cursor(portal_id, key), size, poll.refused.get(key), poll.read_at)
    if base != base_before:
        owe_history(portal_id)
    return Polled(cells, structure_changed, base != base_before)


def save_terms(portal_id: int, terms: Mapping[str, Sequence[TermDraft]], read_at: datetime) -> None:
    """Take over dictionaries, whole ones. Records that were read by a word that is now another are read again."""
    known = (fact.DEAL, fact.LEAD, *watching.entities(portal_id))
    for entity in known:
        _retyped(portal_id, entity, terms.get(dictionary(dictionaries.FIELD, entity), ()), read_at)
    restaged = {
        entity: _restaged(portal_id, entity, terms.get(dictionary(dictionaries.STAGE, entity), ()))
        for entity in watching.entities(portal_id)
    }
    for kind, words in terms.items():
        facts.save_terms(portal_id, kind, words)
    for entity, stages in restaged.items():
        accept_many(portal_id, entity, queries.in_stages(portal_id, entity, stages), read_at)


def _retyped(portal_id: int, entity: str, fields: Sequence[TermDraft], read_at: datetime) -> None:
    """Watched fields that turn out to be of another type are read again: their values were kept by the wrong one."""
    types = {term.id: term.extra["type"] for term in fields}
    before = extras(portal_id, entity).types if types else {}
    changed = [name for name, kind in before.items() if types.get(name, kind) != kind]
    if changed:
        # A backfill that begins with this poll is right.
        watching.restart(portal_id, changed, epoch(read_at) - 1, entity)


def _restaged(portal_id: int, entity: str, stages: Sequence[TermDraft]) -> list[str]:
    """Stages that mean something else than was thought when records in them were read: those of new ones were open."""
    before = stage_semantics(portal_id, entity) if stages else {}
    return [term.id for term in stages if term.extra.get("semantic") != (before.get(term.id) or fact.OPEN)]


def note_catalogue(portal_id: int, refused: str | None, now: datetime) -> None:
    """Whether the portal tells its products and their sections. The first time it does, numbers that rest on sections
    are to be computed."""
    _polled(cursor(portal_id, catalogue.key), 1, refused, now)
    one = watching.watches(portal_id).get(fact.PRODUCT_SECTIONS)
    if refused is None and one and not one.complete:
        watching.complete(portal_id, [one], 0)
        owe_numbers(portal_id)


def note_absences(portal_id: int, count: int, refused: str | None, now: datetime) -> None:
    """How many absences the portal's calendars told, or why they do not."""
    _polled(cursor(portal_id, absences.key), count, refused, now)


def owe_numbers(portal_id: int) -> None:
    """Everything is to be computed anew, as after reading the past anew; a sweep finds it."""
    cursor(portal_id, WATCHED).state = "running"


def owe_history(portal_id: int) -> None:
    """Everything is to be read anew: what is kept of it was made by another currency or clock. A sweep finds it."""
    row = cursor(portal_id, BACKFILL)
    row.state, row.position = "running", {}


def redate_entries(portal_id: int, after: int = 0) -> days.Portion | None:
    """The next entries that were given as a day, by the present time zone; requests that are made of entries are made
    anew, if any moved."""
    portion = days.redate(portal_id, after)
    if portion and portion.moved:
        requests.restart(portal_id)
    return portion


def settings_of(profile: Profile | None, base_currency: str | None) -> dict[str, Any]:
    """What was found out, as columns of the portal; what was not is left as it is."""
    found = {"base_currency": base_currency}
    if profile is not None:
        found |= {"time_zone": profile.time_zone, "country": profile.country, "language": profile.language}
    return {name: value for name, value in found.items() if value is not None}


def set_by_hand(portal_id: int) -> set[str]:
    """Settings that a person has chosen: the portal's own word does not change them any more."""
    changes = db.session.scalars(
        select(AuditEntry.after).where(
            AuditEntry.portal_id == portal_id, AuditEntry.action == "portal.settings", AuditEntry.actor != "system"
        )
    )
    return {name for change in changes for name in change or ()}


def _polled(row: SyncCursor, size: int, refused: str | None, read_at: datetime) -> None:
    row.error = refused
    if refused is None:
        row.state, row.complete, row.done, row.total, row.synced_at = "idle", True, size, size, epoch(read_at)


def cursor(portal_id: int, source: str) -> SyncCursor:
    """The row that says how far a source has been read; made when there is none."""
    found = db.session.get(SyncCursor, (portal_id, source), populate_existing=True)
    if found is None:
        found = SyncCursor(portal_id=portal_id, source=source, state="idle", position={}, done=0, total=0)
        found.complete = False
        db.session.add(found)
    return found


def trouble(portal_id: int, source: str, message: str) -> None:
    """Reading a source has stopped; the next run takes it up."""
    row = cursor(portal_id, source)
    row.state, row.error = "failed", message
