"""What can be done to facts: upsert and forget records, post to the ledger, keep rates and dictionaries.

The only writer of facts. Every change answers with the cells it touched, of the old and of the new state; repeating one
changes nothing. The caller has the portal's lock, recomputes and commits. Deals depend on each other: deals.py. Records
that do not: records.py.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from secrets import token_hex
from typing import Any, Literal

from sqlalchemy import delete, select

from b24app.facts import deals, records, watching, words
from b24app.facts.cells import entry_cells
from b24app.facts.kinds import Kind, kind_of
from b24app.facts.money import MILLIONTHS, plain
from b24app.facts.rules import (
    DEAL,
    Cell,
    DealDraft,
    EntryDraft,
    MoveDraft,
    ProductDraft,
    RateDraft,
    TermDraft,
)
from b24app.facts.tables import Entry, Rate
from b24app.lib import storage
from b24app.lib.clock import epoch
from b24app.lib.db import db
from b24app.lib.errors import Conflict, NotFound
from b24app.lib.i18n import gettext as _
from b24app.lib.storage import chunks
from b24app.periods import queries as periods
from b24app.periods.rules import YEARS, midnight

LARGEST_VALUE = 10**10
"""In millionths nine hundred such values still add up to a 64-bit number."""

OCCURRED = range(*(epoch(datetime(year, 1, 1, tzinfo=UTC)) for year in (YEARS.start, YEARS.stop)))
"""Instants whose local day exists in every time zone, and in the periods around it."""

# --- records of the portal


def upsert_deals(
    portal_id: int,
    drafts: Sequence[DealDraft],
    moves: Sequence[MoveDraft],
    read_at: datetime,
    asked: Collection[str] = (),
    *,
    in_history: bool = False,
) -> frozenset[Cell]:
    """Store deals as a read that began at `read_at` found them, with the stage moves it found.

    `asked` are the watched names it asked for; of the others what is known stays. `in_history`: after such a read all
    wins are numbered and everything is computed, so that neither is done for its parts and no cells are told.
    """
    return deals.upsert(portal_id, drafts, moves, asked, epoch(read_at), in_history=in_history)


def upsert_moves(
    portal_id: int, moves: Sequence[MoveDraft], read_at: datetime, *, in_history: bool = False
) -> frozenset[Cell]:
    """Keep stage moves; deals closed by one of them get their exact closed_at."""
    return deals.upsert(portal_id, (), moves, (), epoch(read_at), in_history=in_history)


def buyers(portal_id: int) -> Iterator[list[str]]:
    """All clients that have bought, in portions for `number_wins`."""
    return deals.buyers(portal_id)


def number_wins(portal_id: int, clients: Collection[str]) -> None:
    """After the history has been read: the wins of these clients in their order (semantics 3.3)."""
    deals.renumber(portal_id, clients)


def upsert_records(
    portal_id: int,
    entity: str,
    drafts: Sequence[Any],
    read_at: datetime,
    asked: Collection[str] = (),
    *,
    in_history: bool = False,
) -> frozenset[Cell]:
    """Store simple records of a kind, whichever it is (facts/kinds). `asked` as for deals; `in_history`: found by a
    backfill, after which everything is computed, so that no cells are told."""
    return records.upsert(portal_id, _kind(entity), drafts, epoch(read_at), asked, in_history=in_history)


def forget(portal_id: int, entity: str, ids: Collection[int], now: datetime) -> frozenset[Cell]:
    """The portal has these records no more, says a read that began at `now`; later reads know better."""
    if entity == DEAL:
        return deals.forget(portal_id, ids, epoch(now))
    return records.forget(portal_id, _kind(entity), ids, epoch(now))


def _kind(entity: str) -> Kind:
    kind = kind_of(entity)
    if kind is None:
        raise NotFound(_("There are no records of the kind %(entity)s.", entity=entity))
    return kind


# --- the ledger


@dataclass(frozen=True, slots=True)
class EntryPosted:
    """What became of one draft, by its place in what was posted."""

    index: int
    status: Literal["created", "duplicate", "error"]
    id: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class EntriesPosted:
    items: tuple[EntryPosted, ...]
    cells: frozenset[Cell]


def post_entries(portal_id: int, drafts: Sequence[EntryDraft], now: datetime) -> EntriesPosted:
    """Append to the ledger, item by item: one that is wrong or came before does not stop the others."""
    faults = {place: fault for place, draft in enumerate(drafts) if (fault := _fault(draft))}
    good = {place: draft for place, draft in enumerate(drafts) if place not in faults}
    first_of = {draft.key: place for place, draft in reversed(good.items())}
    created = _append(portal_id, [good[place] for place in sorted(first_of.values())], now)
    earlier = _entry_ids(portal_id, first_of.keys() - created.keys())

    def outcome(place: int) -> EntryPosted:
        if place in faults:
            return EntryPosted(place, "error", error=faults[place])
        key = drafts[place].key
        if key in created and first_of[key] == place:
            return EntryPosted(place, "created", created[key])
        return EntryPosted(place, "duplicate", created.get(key) or earlier[key])

    items = tuple(map(outcome, range(len(drafts))))
    counted = ((item.id, drafts[item.index]) for item in items if item.status == "created" and item.id)
    cells = (entry_cells(id, one.employee_id, one.department_id, one.occurred_at) for id, one in counted)
    return EntriesPosted(items, frozenset().union(*cells))


def _fault(draft: EntryDraft) -> str | None:
    if not draft.key or len(draft.key) > 255:
        return _("The key must have 1 to 255 characters.")
    if not draft.code or len(draft.code) > 64:
        return _("The code must have 1 to 64 characters.")
    if draft.kind not in ("add", "set"):
        return _("The kind must be add or set.")
    if not draft.value.is_finite() or abs(draft.value) > LARGEST_VALUE:
        return _("The value is too large.")
    if draft.value * MILLIONTHS % 1:
        return _("The value may have at most 6 decimals.")
    if draft.occurred_at not in OCCURRED:
        return _("A date like 2026-11-01 is needed here.")
    return None


def _append(
    portal_id: int, drafts: Iterable[EntryDraft], now: datetime, undoes_id: int | None = None
) -> dict[str, int]:
    """The ids of the new entries by key; a key that is there already is left alone."""
    rows = [
        {
            "portal_id": portal_id,
            "key": draft.key,
            "code": draft.code,
            "kind": draft.kind,
            "value": int(draft.value * MILLIONTHS),
            "occurred_at": draft.occurred_at,
            "employee_id": draft.employee_id,
            "department_id": draft.department_id,
            "source_id": draft.source_id,
            "comment": draft.comment,
            "origin": draft.origin,
            "author": draft.author,
            "undoes_id": undoes_id,
            "undone": False,
            "created_at": epoch(now),
        }
        for draft in drafts
    ]
    if not rows:
        return {}
    statement = storage.insert(Entry).on_conflict_do_nothing(index_elements=["portal_id", "key"])
    return {row.key: row.id for row in db.session.execute(statement.returning(Entry.key, Entry.id), rows)}


def _entry_ids(portal_id: int, keys: Collection[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in chunks(keys):
        query = select(Entry.key, Entry.id).where(Entry.portal_id == portal_id, Entry.key.in_(part))
        found |= {row.key: row.id for row in db.session.execute(query)}
    return found


def undo_entry(portal_id: int, entry_id: int, author: str, now: datetime) -> frozenset[Cell]:
    """Take an entry back with a counter-entry: both then count for nothing (semantics 14). Twice changes nothing."""
    query = select(Entry).where(Entry.portal_id == portal_id, Entry.id == entry_id)
    entry = db.session.scalar(query.execution_options(populate_existing=True))
    if entry is None:
        raise NotFound(_("There is no such entry."))
    if entry.undoes_id is not None:
        raise Conflict(_("This entry takes another one back and cannot be taken back itself."))
    if entry.undone:
        return frozenset()
    counter = EntryDraft(
        key=f"undo:{entry.id}:{token_hex(8)}",
        code=entry.code,
        kind=entry.kind,
        value=Decimal(-entry.value) / MILLIONTHS,
        occurred_at=entry.occurred_at,
        employee_id=entry.employee_id,
        department_id=entry.department_id,
        source_id=entry.source_id,
        origin="manual",
        author=author,
    )
    _append(portal_id, [counter], now, undoes_id=entry.id)
    entry.undone = True
    db.session.flush()
    return entry_cells(entry.id, entry.employee_id, entry.department_id, entry.occurred_at)


# --- rates and dictionaries


def save_rates(portal_id: int, rates: Sequence[RateDraft], day: date) -> frozenset[Cell]:
    """Keep the copy of a local day; amounts that rest on a rate which is now another are converted again."""
    before = deals.load_rates(portal_id, {rate.currency for rate in rates})
    changed = {one.currency for one in rates if before.on(one.currency, day) != one.amount / one.count}
    rows = [
        {"portal_id": portal_id, "currency": rate.currency, "day": day.isoformat(), "amount": plain(rate.amount),
         "count": rate.count}
        for rate in rates
        if rate.currency != before.base
    ]  # fmt: skip
    storage.upsert(Rate, rows)
    changed.discard(before.base)
    if not changed:
        return frozenset()
    reaches_back = any(before.is_first(currency, day) for currency in changed)
    since = 0 if reaches_back else midnight(day, periods.settings(portal_id))
    return deals.reconvert(portal_id, changed, since)


def drop_rates(portal_id: int) -> None:
    """The portal counts in another base currency now: rates kept so far say nothing any more."""
    db.session.execute(delete(Rate).where(Rate.portal_id == portal_id))


def save_terms(portal_id: int, kind: str, terms: Sequence[TermDraft]) -> None:
    """The whole dictionary of a kind. Words it no longer has stay, inactive: old facts still use them."""
    words.save(portal_id, kind, terms)
    words.retire(portal_id, kind, [term.id for term in terms])


def save_products(portal_id: int, products: Sequence[ProductDraft]) -> frozenset[Cell] | None:
    """Some products of the catalogue; None when so many deals are touched that everything is to be computed anew."""
    return words.save_products(portal_id, products)


def retire_products(portal_id: int, present: Collection[str]) -> None:
    """Products no longer in the catalogue stay known: old rows still name them."""
    words.retire(portal_id, words.PRODUCT, present)


# --- what is watched


def watch(portal_id: int, fields: Iterable[str], now: datetime, entity: str = DEAL) -> frozenset[str]:
    """Read these names of records from now on; returns those not watched before, which records of the past still lack.
    `rules.RECORDS` is the name for records of a type that is not read unless something names it."""
    return watching.watch(portal_id, fields, now, entity)
