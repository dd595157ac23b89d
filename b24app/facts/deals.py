"""Storing deals with all that is theirs: the part of operations.py where one record depends on others.

    drafts, moves -> guard -> closed_at, closer, amounts -> upsert -> win numbers of the clients -> touched cells
                                      settle                write              renumber              _touched

Set-based: a handful of statements for a chunk, however many deals it holds. The caller has the portal's lock.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import exists, func, or_, select, update

from b24app.facts import details, moves
from b24app.facts.cells import Moves, deal_cells, is_same, move_cells, touched
from b24app.facts.cells import cells as whole
from b24app.facts.credit.rules import rules_of
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
    deal_fact,
    may_replace,
    with_unasked,
)
from b24app.facts.tables import Credit, Deal, Ownership, ProductRow, Rate
from b24app.lib import storage
from b24app.lib.db import db
from b24app.lib.storage import AMONG, CHUNK, OF_PORTAL, chunks
from b24app.periods import queries as periods
from b24app.portal import queries as portal

CELL_COLUMNS = ("id", "created_at", "closed_at", "responsible_id", "created_by_id", "closed_by_id")

_NAMES = tuple(field.name for field in fields(DealFact) if field.name not in ("values", "rows", "credits"))
_DEAL, _OWNER = storage.table_of(Deal).c, storage.table_of(Ownership).c
_IS_SPLIT = exists().where(Credit.portal_id == _DEAL.portal_id, Credit.deal_id == _DEAL.id)
_STORED = select(*(_DEAL[name] for name in _NAMES), _IS_SPLIT.label("is_split")).where(
    _DEAL.portal_id == OF_PORTAL, _DEAL.id.in_(AMONG)
)
"""Told with deals is whether there is credit to look for, so that nothing is asked of those that are not split: nearly
all."""
_OWNERS = (
    select(_OWNER.record_id, _OWNER.since, _OWNER.owner_id)
    .where(_OWNER.portal_id == OF_PORTAL, _OWNER.entity == DEAL, _OWNER.record_id.in_(AMONG))
    .order_by(_OWNER.since)
)


def upsert(
    portal_id: int,
    drafts: Iterable[DealDraft],
    found_moves: Sequence[MoveDraft],
    asked: Collection[str],
    read_at: int,
    *,
    in_history: bool = False,
) -> frozenset[Cell]:
    """Deals whose moves are news are looked at again, whether they are among the drafts or not."""
    news = moves.keep(portal_id, found_moves)
    newest = {draft.id: draft for draft in sorted(drafts, key=lambda draft: draft.updated_at)}
    cells: set[Cell] = set()
    for ids in chunks(newest.keys() | news.keys()):
        stored = load(portal_id, ids)
        wanted: dict[int, tuple[DealDraft, int]] = {}
        for id in ids:
            draft, before = newest.get(id), stored.get(id)
            if draft is not None and may_replace(before, draft.updated_at, read_at):
                wanted[id] = with_unasked(draft, before, asked), read_at
            elif before is not None and before.deleted_at is None:
                wanted[id] = before, before.read_at
        facts, history = settle(portal_id, stored, wanted)
        clients = write(portal_id, stored, facts)
        if not in_history:
            cells |= _touched(portal_id, stored, facts, history, news, renumber(portal_id, clients))
    return frozenset(cells)


def settle(
    portal_id: int, stored: Mapping[int, DealFact], drafts: Mapping[int, tuple[DealDraft, int]]
) -> tuple[dict[int, DealFact], Moves]:
    """Work out what follows from these drafts (each with the instant its read began), and from their moves."""
    settings, credit_rules = periods.settings(portal_id), rules_of(portal.get(portal_id).settings)
    history = moves.load(portal_id, drafts.keys())
    owners = _journal(portal_id, stored, [draft for draft, _read_at in drafts.values()])
    rates = load_rates(portal_id, {draft.currency for draft, _read_at in drafts.values() if draft.currency})
    facts = {
        id: deal_fact(
            draft, history.get(id, ()), owners.get(id, ()), rates, settings, stored.get(id), read_at, credit_rules
        )
        for id, (draft, read_at) in drafts.items()
    }
    return facts, history


def store(
    portal_id: int, stored: Mapping[int, DealFact], facts: Mapping[int, DealFact], history: Moves, news: Moves
) -> frozenset[Cell]:
    """Write the facts as they are, and number the wins of the clients they had and have."""
    renumbered = renumber(portal_id, write(portal_id, stored, facts))
    return frozenset(_touched(portal_id, stored, facts, history, news, renumbered))


def write(portal_id: int, stored: Mapping[int, DealFact], facts: Mapping[int, DealFact]) -> set[str]:
    """Write the facts as they are; returns the clients whose wins are to be numbered anew."""
    changed = {id: fact for id, fact in facts.items() if fact != stored.get(id)}
    storage.upsert(Deal, [{"portal_id": portal_id, **_row(fact)} for fact in changed.values()])
    details.save(portal_id, stored, changed)
    clients: set[str] = set()
    for id, fact in changed.items():
        before = stored.get(id)
        wins = {before.win if before else None, fact.win}
        if len(wins) > 1:
            clients |= {win[0] for win in wins if win}
    return clients


def _touched(
    portal_id: int,
    stored: Mapping[int, DealFact],
    facts: Mapping[int, DealFact],
    history: Moves,
    news: Moves,
    renumbered: Sequence[Any],
) -> set[Cell]:
    """What the facts touch that have been written, and what deals touch that were renumbered with them."""
    cells = cells_of(portal_id, renumbered) if renumbered else set()
    for id, fact in facts.items():
        before = stored.get(id)
        cells |= touched(before, fact)
        states = [(id, one.responsible_id) for one in (before, fact) if one is not None and one.counts]
        told = news.get(id, ())
        cells.update(move_cells(states, told if is_same(before, fact) else (*history.get(id, ()), *told)))
    return cells


def renumber(portal_id: int, clients: Collection[str]) -> Sequence[Any]:
    """Give the wins of these clients their numbers, by closed_at and id, whoever owns them (semantics 3.3).

    Returns the deals that had another one.
    """
    deal = storage.table_of(Deal)
    order = func.row_number().over(partition_by=deal.c.client, order_by=(deal.c.closed_at, deal.c.id))
    renumbered: list[Any] = []
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
            .returning(*(deal.c[name] for name in CELL_COLUMNS), _IS_SPLIT.label("is_split"))
        )
        renumbered += db.session.execute(statement)
    return renumbered


def buyers(portal_id: int) -> Iterator[list[str]]:
    """All clients that have bought, in portions of about as many wins as one short transaction numbers."""
    query = (
        select(Deal.client, func.count())
        .where(Deal.portal_id == portal_id, Deal.semantic == WON, Deal.client.is_not(None))
        .group_by(Deal.client)
    )
    portion: list[str] = []
    wins = 0
    for client, count in sorted((str(client), count) for client, count in db.session.execute(query)):
        portion.append(client)
        wins += count
        if wins >= CHUNK:
            yield portion
            portion, wins = [], 0
    if portion:
        yield portion


def cells_of(portal_id: int, deals: Sequence[Any]) -> set[Cell]:
    """All cells of deals of which the columns that tell them are given; their moves and user fields are looked up."""
    ids = [deal.id for deal in deals]
    owners, history = details.places(portal_id, ids), moves.load(portal_id, ids)
    credits = details.load_credits(portal_id, [deal.id for deal in deals if deal.is_split])
    cells = {cell for deal in deals for cell in deal_cells(deal, owners.get(deal.id, ()), credits.get(deal.id, ()))}
    for deal in deals:
        cells.update(move_cells([(deal.id, deal.responsible_id)], history.get(deal.id, ())))
    return cells


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
        for record_id, since, owner_id in db.session.execute(_OWNERS, {"portal": portal_id, "ids": part}):
            owners[record_id].append((since, owner_id))
    return owners


def load(portal_id: int, ids: Collection[int]) -> dict[int, DealFact]:
    """Stored deals by id, deleted ones too. At most a chunk of them."""
    found = db.session.execute(_STORED, {"portal": portal_id, "ids": [*ids]}).all()
    more = details.load(portal_id, [row.id for row in found]) if found else details.Details()
    credits = details.load_credits(portal_id, [row.id for row in found if row.is_split])
    return {
        row.id: DealFact(**dict(zip(_NAMES, row, strict=False)), **more.of(row.id), credits=credits.get(row.id, ()))
        for row in found
    }


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
        cells |= store(portal_id, stored, gone, moves.load(portal_id, gone.keys() & stored.keys()), {})
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
        facts, history = settle(portal_id, stored, {id: (fact, fact.read_at) for id, fact in stored.items()})
        cells |= store(portal_id, stored, facts, history, {})
    return frozenset(cells)


def with_products(portal_id: int, product_ids: Collection[int]) -> frozenset[Cell] | None:
    """The cells of all deals with a row of one of these products; None when that is more than a chunk of deals."""
    ids: set[int] = set()
    for part in chunks(product_ids):
        rows = select(ProductRow.record_id).where(
            ProductRow.portal_id == portal_id, ProductRow.entity == DEAL, ProductRow.product_id.in_(part)
        )
        ids.update(db.session.scalars(rows.distinct().limit(CHUNK + 1)))
        if len(ids) > CHUNK:
            return None
    facts = load(portal_id, ids).values()
    counting = [fact for fact in facts if fact.counts]
    updated = {cell for fact in counting for cell in whole(fact)}
    return frozenset(updated | cells_of(portal_id, counting))


def load_rates(portal_id: int, currencies: Collection[str]) -> Rates:
    """The copies of some currencies. The portal's own has none, and needs none."""
    base = portal.get(portal_id).base_currency
    copies: dict[str, list[tuple[str, Decimal]]] = defaultdict(list)
    foreign = set(currencies) - {base}
    if foreign:
        query = select(Rate).where(Rate.portal_id == portal_id, Rate.currency.in_(foreign)).order_by(Rate.day)
        for row in db.session.scalars(query):
            copies[row.currency].append((row.day, Decimal(row.amount) / row.count))
    return Rates(base, copies)


def _row(fact: DealFact) -> dict[str, Any]:
    return {name: getattr(fact, name) for name in _NAMES}
