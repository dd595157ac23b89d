"""Storing simple records, whatever their kind (facts/kinds): the part of operations.py where none depends on others.

    drafts -> guard -> what follows from them -> upsert -> touched cells of the old and the new state

Set-based: a handful of statements for a chunk, however many records it holds. The caller has the portal's lock.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from sqlalchemy import Table, null, or_, select

from b24app.facts import deals, details, moves, tables
from b24app.facts.cells import Moves, touched_moves, touched_records
from b24app.facts.kinds import Kind
from b24app.facts.kinds.base import Making, fields_of
from b24app.facts.rules import Cell, MoveDraft, may_replace, with_values
from b24app.lib import storage
from b24app.lib.db import Base, db
from b24app.lib.storage import chunks
from b24app.periods import queries as periods

TYPE = "type"
"""The column that tells kinds apart which share a table."""


@cache
def model_of(kind: Kind) -> type[Base]:
    models = (one for one in vars(tables).values() if isinstance(one, type) and issubclass(one, Base))
    return next(one for one in models if getattr(one, "__tablename__", None) == kind.table)


def table_of(kind: Kind) -> Table:
    return storage.table_of(model_of(kind))


def fixed(kind: Kind) -> dict[str, str]:
    """What every row of this kind has in its table."""
    return {TYPE: kind.entity} if kind.is_typed else {}


def of_kind(portal_id: int, kind: Kind) -> list[Any]:
    """The conditions of all its rows."""
    columns = table_of(kind).c
    return [columns.portal_id == portal_id, *(columns[name] == value for name, value in fixed(kind).items())]


def upsert(
    portal_id: int,
    kind: Kind,
    drafts: Iterable[Any],
    read_at: int,
    asked: Collection[str] = (),
    found_moves: Sequence[MoveDraft] = (),
    *,
    in_history: bool = False,
) -> frozenset[Cell]:
    """Store records as a read that began at `read_at` found them; of watched fields it asked for `asked`. Records whose
    stage moves are news are looked at again, whether they are among the drafts or not. `in_history`: found by a
    backfill, after which everything is computed anyway, so that no cells are told."""
    news = moves.keep(portal_id, found_moves, kind.entity) if kind.has_moves else {}
    newest = {draft.id: draft for draft in sorted(drafts, key=lambda draft: draft.updated_at)}
    cells: set[Cell] = set()
    for ids in chunks(newest.keys() | news.keys()):
        stored = load(portal_id, kind, ids)
        wanted = {
            id: newest[id] for id in ids if id in newest and may_replace(stored.get(id), newest[id].updated_at, read_at)
        }
        if kind.has_values:
            wanted = {id: with_values(draft, stored.get(id), asked) for id, draft in wanted.items()}
        moved = {id: one for id, one in stored.items() if id in news and id not in wanted and one.deleted_at is None}
        making = _making(portal_id, kind, (*wanted.values(), *moved.values()), read_at, in_history)
        facts = {id: kind.make(draft, stored.get(id), making) for id, draft in wanted.items()}
        facts |= {id: kind.make(one, one, replace(making, read_at=one.read_at)) for id, one in moved.items()}
        changed = _write(portal_id, kind, stored, facts)
        if not in_history:
            cells |= _touched(kind, stored, facts, changed, making.moves, news)
    return frozenset(cells)


def _touched(
    kind: Kind,
    stored: Mapping[int, Any],
    facts: Mapping[int, Any],
    changed: Mapping[int, Any],
    history: Moves,
    news: Moves,
) -> set[Cell]:
    found = touched_records(kind, stored, changed)
    if kind.has_moves:
        found.update(touched_moves(kind, stored, facts, history, news))
    return found


def forget(portal_id: int, kind: Kind, ids: Collection[int], at: int) -> frozenset[Cell]:
    """Tombstones, also for records never seen: a read that began before the deletion may still bring them."""
    cells: set[Cell] = set()
    for part in chunks(ids):
        stored = load(portal_id, kind, part)
        gone = {
            id: replace(fact, deleted_at=at)
            for id, fact in stored.items()
            if fact.deleted_at is None and fact.read_at <= at
        }
        gone |= {id: _unseen(kind, id, at) for id in part if id not in stored}
        history = moves.load(portal_id, gone.keys() & stored.keys(), kind.entity) if kind.has_moves else {}
        cells |= _touched(kind, stored, gone, _write(portal_id, kind, stored, gone), history, {})
    return frozenset(cells)


def reconvert(portal_id: int, kind: Kind, currencies: Collection[str], closed_since: int) -> frozenset[Cell]:
    """Rates are new: convert again what is open, was closed since, or had no rate (semantics 3.5)."""
    columns = table_of(kind).c
    concerned = or_(columns.closed_at.is_(None), columns.closed_at >= closed_since, columns.amount.is_(None))
    query = select(columns.id).where(
        *of_kind(portal_id, kind), columns.deleted_at.is_(None), columns.currency.in_(currencies), concerned
    )
    cells: set[Cell] = set()
    for ids in chunks(db.session.scalars(query).all()):
        stored = load(portal_id, kind, ids)
        making = _making(portal_id, kind, stored.values(), 0, in_history=False)
        facts = {id: kind.make(fact, fact, replace(making, read_at=fact.read_at)) for id, fact in stored.items()}
        cells |= _touched(kind, stored, facts, _write(portal_id, kind, stored, facts), making.moves, {})
    return frozenset(cells)


def load(portal_id: int, kind: Kind, ids: Collection[int]) -> dict[int, Any]:
    """Stored ones by id, deleted ones too. At most a chunk of them."""
    columns = table_of(kind).c
    query = select(*(columns[name] for name in fields_of(kind))).where(*of_kind(portal_id, kind), columns.id.in_(ids))
    names = fields_of(kind)
    rows = db.session.execute(query).all()
    if not kind.has_values:
        return {row.id: kind.fact(**dict(zip(names, row, strict=True))) for row in rows}
    values = details.load(portal_id, ids, kind.entity).values if rows else {}
    return {row.id: kind.fact(**dict(zip(names, row, strict=True)), values=values.get(row.id, ())) for row in rows}


def changed_by(portal_id: int, kind: Kind, ids: Collection[int]) -> dict[int, tuple[int, int | None]]:
    """When each record was changed last, and by whom where the portal tells that. At most a chunk of them."""
    columns = table_of(kind).c
    by = columns.updated_by_id if "updated_by_id" in columns else null()
    query = select(columns.id, columns.updated_at, by).where(*of_kind(portal_id, kind), columns.id.in_(ids))
    return {id: (at, who) for id, at, who in db.session.execute(query)}


def _making(portal_id: int, kind: Kind, drafts: Collection[Any], read_at: int, in_history: bool) -> Making:
    if not kind.is_priced or not drafts:
        return Making(read_at, in_history)
    rates = deals.load_rates(portal_id, {draft.currency for draft in drafts if draft.currency})
    history = moves.load(portal_id, [draft.id for draft in drafts], kind.entity) if kind.has_moves else {}
    return Making(read_at, in_history, periods.settings(portal_id), rates, history)


def _write(portal_id: int, kind: Kind, stored: Mapping[int, Any], facts: Mapping[int, Any]) -> dict[int, Any]:
    """Write those that are not as they were; returns them."""
    changed = {id: fact for id, fact in facts.items() if fact != stored.get(id)}
    same = {"portal_id": portal_id, **fixed(kind)}
    rows: Sequence[dict[str, Any]] = [
        {**same, **{name: getattr(fact, name) for name in fields_of(kind)}} for fact in changed.values()
    ]
    storage.upsert(model_of(kind), rows)
    if kind.has_values:
        details.save_values(portal_id, kind.entity, stored, changed)
    return changed


def _unseen(kind: Kind, id: int, at: int) -> Any:
    """What is kept of a record that was deleted before we saw it."""
    known = {"id": id, "created_at": at, "updated_at": 0, "read_at": at, "deleted_at": at}
    return kind.fact(**{**_nothing(kind), **known})


@cache
def _nothing(kind: Kind) -> Mapping[str, Any]:
    """Nothing known, as far as the columns let that be said."""
    columns = [table_of(kind).c[name] for name in fields_of(kind)]
    return {column.name: None if column.nullable else column.type.python_type() for column in columns}
