"""Stage moves of deals and of other CRM records. Once seen they are kept for ever (semantics 3.2)."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import and_, bindparam, func, select

from b24app.facts.cells import Moves
from b24app.facts.rules import DEAL, MoveDraft
from b24app.facts.tables import Deal, Item, StageMove
from b24app.lib import storage
from b24app.lib.db import db
from b24app.lib.storage import AMONG, OF_PORTAL, chunks

_NAMES = tuple(field.name for field in fields(MoveDraft))
_COLUMNS = tuple(getattr(StageMove, name) for name in _NAMES)
_MOVE = storage.table_of(StageMove).c
_OLDEST_FIRST = (
    select(*(_MOVE[name] for name in _NAMES))
    .where(_MOVE.portal_id == OF_PORTAL, _MOVE.entity == bindparam("entity"), _MOVE.record_id.in_(AMONG))
    .order_by(_MOVE.at, _MOVE.id)
)


def keep(portal_id: int, moves: Sequence[MoveDraft], entity: str = DEAL) -> Moves:
    """Store them; returns those that are news, and what was known of them before if it was something else."""
    news: dict[int, list[MoveDraft]] = defaultdict(list)
    by_id = {move.id: move for move in moves}
    for ids in chunks(by_id):
        query = select(*_COLUMNS).where(StageMove.portal_id == portal_id, StageMove.entity == entity)
        known = {row.id: MoveDraft(*row) for row in db.session.execute(query.where(StageMove.id.in_(ids)))}
        new = [by_id[id] for id in ids if by_id[id] != known.get(id)]
        storage.upsert(
            StageMove,
            [
                {"portal_id": portal_id, "entity": entity, **{name: getattr(move, name) for name in _NAMES}}
                for move in new
            ],
        )
        for move in (*new, *(known[move.id] for move in new if move.id in known)):
            news[move.record_id].append(move)
    return news


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a record stood when it was read last, and the last of its moves that we know."""

    stage_id: str
    category_id: int | None
    semantic: str
    moved_at: int | None
    last_move: int


def stands(portal_id: int, ids: Collection[int], entity: str = DEAL) -> Mapping[int, Stand]:
    """Of records that are known and have at least one move."""
    table: Any = Deal if entity == DEAL else Item
    mine = (table.portal_id == portal_id, *(() if entity == DEAL else (table.type == entity,)))
    columns = (table.id, table.stage_id, table.category_id, table.semantic, table.moved_at)
    found: dict[int, Stand] = {}
    for part in chunks(ids):
        query = (
            select(*columns, func.max(StageMove.id))
            .join(StageMove, and_(StageMove.portal_id == table.portal_id, StageMove.record_id == table.id))
            .where(*mine, table.id.in_(part), StageMove.entity == entity)
            .group_by(*columns)
        )
        found |= {row[0]: Stand(*row[1:]) for row in db.session.execute(query)}
    return found


def load(portal_id: int, ids: Collection[int], entity: str = DEAL) -> Moves:
    """The moves of some records, oldest first."""
    found: dict[int, list[MoveDraft]] = defaultdict(list)
    for part in chunks(ids):
        for row in db.session.execute(_OLDEST_FIRST, {"portal": portal_id, "entity": entity, "ids": part}):
            found[row.record_id].append(MoveDraft(*row))
    return found
