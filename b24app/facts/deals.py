"""Storing deals and their stage moves: the part of operations.py where one record depends on others.

    drafts, moves -> guard -> closed_at, closer, amount -> upsert -> win numbers of the clients -> touched cells

Set-based: a handful of statements for a chunk, however many deals it holds. The caller has the portal's lock.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import func, or_, select, update

from b24app.facts.money import Rates
from b24app.facts.rules import (
    DEAL,
    FINAL,
    WON,
    Cell,
    DealDraft,
    DealFact,
    MoveDraft,
    Owned,
    deal_cells,
    deal_fact,
    may_replace,
    touched,
)
from b24app.facts.tables import Deal, Ownership, Rate, StageMove
from b24app.lib import storage
from b24app.lib.db import db
from b24app.periods import queries as periods
from b24app.portal.tables import Portal

CHUNK = 2500
"""How many ids a statement names; both databases take that many."""

CELL_COLUMNS = ("id", "created_at", "closed_at", "responsible_id", "created_by_id", "closed_by_id")

_NAMES = tuple(field.name for field in fields(DealFact))
_COLUMNS = tuple(getattr(Deal, name) for name in _NAMES)
_MOVE_NAMES = tuple(field.name for field in fields(MoveDraft))
_MOVE_COLUMNS = tuple(getattr(StageMove, name) for name in _MOVE_NAMES)


def upsert(portal_id: int, drafts: Iterable[DealDraft], moves: Sequence[MoveDraft], read_at: int) -> frozenset[Cell]:
    """Moves are kept for ever; deals they belong to are looked at again, whether they are among the drafts or not."""
    keep_moves(portal_id, moves)
    newest = {draft.id: draft for draft in sorted(drafts, key=lambda draft: draft.updated_at)}
    cells: set[Cell] = set()
    for ids in chunks(newest.keys() | {move.record_id for move in moves}):
        stored = load(portal_id, ids)
        wanted: dict[int, tuple[DealDraft, int]] = {}
        for id in ids:
            draft, before = newest.get(id), stored.get(id)
            if draft is not None and may_replace(before, draft.updated_at, read_at):
                wanted[id] = draft, read_at
            elif before is not None and before.deleted_at is None:
                wanted[id] = before, before.read_at
        cells |= settle(portal_id, stored, wanted)
    return frozenset(cells)


def settle(
    portal_id: int, stored: Mapping[int, DealFact], drafts: Mapping[int, tuple[DealDraft, int]]
) -> frozenset[Cell]:
    """Work out what follows from these drafts (each with the instant its read began), and store what is different."""
    settings = periods.settings(portal_id)
    moves = _moves(portal_id, [id for id, (draft, _read_at) in drafts.items() if draft.semantic in FINAL])
    owners = _journal(portal_id, stored, [draft for draft, _read_at in drafts.values()])
    rates = load_rates(portal_id, {draft.currency for draft, _read_at in drafts.values() if draft.currency})
    facts = {
        id: deal_fact(draft, moves.get(id, ()), owners.get(id, ()), rates, settings, stored.get(id), read_at)
        for id, (draft, read_at) in drafts.items()
    }
    changed = {id: fact for id, fact in facts.items() if fact != stored.get(id)}
    return store(portal_id, stored, changed)


def store(portal_id: int, stored: Mapping[int, DealFact], changed: Mapping[int, DealFact]) -> frozenset[Cell]:
    """Write the facts as they are, and number the wins of the clients they had and have."""
    storage.upsert(Deal, [{"portal_id": portal_id, **_row(fact)} for fact in changed.values()])
    cells: set[Cell] = set()
    clients: set[str] = set()
    for id, fact in changed.items():
        before = stored.get(id)
        cells |= touched(before, fact)
        wins = {before.win if before else None, fact.win}
        if len(wins) > 1:
            clients |= {win[0] for win in wins if win}
    return frozenset(cells | _renumber(portal_id, clients))


def _renumber(portal_id: int, clients: Collection[str]) -> set[Cell]:
    """Give the wins of these clients their numbers, by closed_at and id, whoever owns them (semantics 3.3)."""
    deal = storage.table_of(Deal)
    order = func.row_number().over(partition_by=deal.c.client, order_by=(deal.c.closed_at, deal.c.id))
    cells: set[Cell] = set()
    for part in chunks(clients):
        numbered = (
            select(deal.c.id, order.label("number"))
            .where(
                deal.c.portal_id == portal_id,
                deal.c.client.in_(part),
                deal.c.semantic == WON,
                deal.c.closed_at.is_not(None),
                deal.c.deleted_at.is_(None),
                deal.c.is_recurring.is_(False),
            )
            .subquery()
        )
        statement = (
            update(deal)
            .where(deal.c.portal_id == portal_id, deal.c.id == numbered.c.id)
            .where(or_(deal.c.win_no.is_(None), deal.c.win_no != numbered.c.number))
            .values(win_no=numbered.c.number)
            .returning(*(deal.c[name] for name in CELL_COLUMNS))
        )
        cells.update(cell for row in db.session.execute(statement) for cell in deal_cells(row))
    return cells


def keep_moves(portal_id: int, moves: Sequence[MoveDraft]) -> None:
    rows = [{"portal_id": portal_id, "entity": DEAL, **_values(move, _MOVE_NAMES)} for move in moves]
    storage.upsert(StageMove, rows)


def _moves(portal_id: int, ids: Sequence[int]) -> Mapping[int, list[MoveDraft]]:
    """The moves of some deals, oldest first."""
    found: dict[int, list[MoveDraft]] = defaultdict(list)
    for part in chunks(ids):
        query = (
            select(*_MOVE_COLUMNS)
            .where(StageMove.portal_id == portal_id, StageMove.entity == DEAL, StageMove.record_id.in_(part))
            .order_by(StageMove.at, StageMove.id)
        )
        for row in db.session.execute(query):
            found[row.record_id].append(MoveDraft(*row))
    return found


def _journal(
    portal_id: int, stored: Mapping[int, DealFact], drafts: Sequence[DealDraft]
) -> Mapping[int, Sequence[Owned]]:
    """Note whose each deal is from this version on, and return the journal of those closed.

    A version is as old as its last change: from then on nothing was different, so that is when its owner began at the
    latest.
    """
    news = [
        {"portal_id": portal_id, "entity": DEAL, "record_id": draft.id, "since": draft.updated_at,
         "owner_id": draft.responsible_id}
        for draft in drafts
        if draft.id not in stored or stored[draft.id].responsible_id != draft.responsible_id
    ]  # fmt: skip
    storage.upsert(Ownership, news)
    owners: dict[int, list[Owned]] = defaultdict(list)
    for part in chunks([draft.id for draft in drafts if draft.semantic in FINAL]):
        query = (
            select(Ownership.record_id, Ownership.since, Ownership.owner_id)
            .where(Ownership.portal_id == portal_id, Ownership.entity == DEAL, Ownership.record_id.in_(part))
            .order_by(Ownership.since)
        )
        for record_id, since, owner_id in db.session.execute(query):
            owners[record_id].append((since, owner_id))
    return owners


def load(portal_id: int, ids: Collection[int]) -> dict[int, DealFact]:
    """Stored deals by id, deleted ones too. At most a chunk of them."""
    query = select(*_COLUMNS).where(Deal.portal_id == portal_id, Deal.id.in_(ids))
    return {row.id: DealFact(*row) for row in db.session.execute(query)}


def forget(portal_id: int, ids: Collection[int], at: int) -> frozenset[Cell]:
    """Tombstones, also for deals never seen: a read that began before the deletion may still bring them."""
    cells: set[Cell] = set()
    for part in chunks(ids):
        stored = load(portal_id, part)
        gone = {
            id: replace(fact, deleted_at=at, win_no=None)
            for id, fact in stored.items()
            if fact.deleted_at is None and fact.read_at <= at
        }
        gone |= {id: _unseen(id, at) for id in part if id not in stored}
        cells |= store(portal_id, stored, gone)
    return frozenset(cells)


def _unseen(id: int, at: int) -> DealFact:
    columns: dict[str, Any] = dict.fromkeys(_NAMES) | {
        "id": id,
        "title": "",
        "category_id": 0,
        "stage_id": "",
        "semantic": "P",
    }
    flags: dict[str, Any] = {"is_return": False, "is_recurring": False, "closed_by_assumed": False}
    return DealFact(**columns | flags | {"created_at": at, "updated_at": 0, "read_at": at, "deleted_at": at})


def reconvert(portal_id: int, currencies: Collection[str], closed_since: int) -> frozenset[Cell]:
    """Rates are new: convert again what is open, was closed since, or had no rate (semantics 3.5)."""
    concerned = or_(Deal.closed_at.is_(None), Deal.closed_at >= closed_since, Deal.amount.is_(None))
    query = select(Deal.id).where(
        Deal.portal_id == portal_id, Deal.deleted_at.is_(None), Deal.currency.in_(currencies), concerned
    )
    cells: set[Cell] = set()
    for ids in chunks(db.session.scalars(query).all()):
        stored = load(portal_id, ids)
        cells |= settle(portal_id, stored, {id: (fact, fact.read_at) for id, fact in stored.items()})
    return frozenset(cells)


def load_rates(portal_id: int, currencies: Collection[str]) -> Rates:
    """The copies of some currencies. The portal's own has none, and needs none."""
    base = db.session.scalars(select(Portal.base_currency).where(Portal.id == portal_id)).one()
    copies: dict[str, list[tuple[str, Decimal]]] = defaultdict(list)
    foreign = set(currencies) - {base}
    if foreign:
        query = select(Rate).where(Rate.portal_id == portal_id, Rate.currency.in_(foreign)).order_by(Rate.day)
        for row in db.session.scalars(query):
            copies[row.currency].append((row.day, Decimal(row.amount) / row.count))
    return Rates(base, copies)


def chunks(ids: Iterable[Any]) -> Iterator[list[Any]]:
    """In a fixed order, so that statements can be compared."""
    ordered = sorted(ids)
    return (ordered[start : start + CHUNK] for start in range(0, len(ordered), CHUNK))


def _row(fact: DealFact) -> dict[str, Any]:
    return _values(fact, _NAMES)


def _values(one: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(one, name) for name in names}
