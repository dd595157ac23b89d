"""The stored records that mappings read, brought into one shape: deals, records of other kinds, and entries."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from operator import attrgetter
from typing import Any

from sqlalchemy import Table, func, null, select

from b24app.facts import queries as facts
from b24app.facts import records as stored
from b24app.facts.entities import dictionary
from b24app.facts.kinds import kind_of
from b24app.facts.money import MILLIONTHS
from b24app.facts.requests.rules import BUILT_IN, CREATED_TIME, VALUE, Record, RequestMapping
from b24app.facts.rules import COUNTED, DEAL, ENTRY
from b24app.facts.tables import Deal, Entry, FieldValue, Item, StageMove
from b24app.lib import storage
from b24app.lib.db import db

FIELD = "field"
_LARGEST = 10**10

_NAMES = ("id", "title", "category_id", "stage_id", "responsible_id", "created_by_id", "created_at", "updated_at",
          "moved_at", "read_at", "deleted_at")  # fmt: skip


def readable(portal_id: int, entity: str) -> dict[str, str]:
    """The fields of the records with their types, as the portal's dictionary tells them."""
    terms = facts.terms(portal_id, dictionary(FIELD, entity))
    return {term.id: str(term.extra.get("type", "")) for term in terms if term.active}


def following(portal_id: int, entity: str, after: int, limit: int) -> list[int]:
    """The ids of the next records."""
    columns, mine = _rows(portal_id, entity)
    query = select(columns["id"]).where(*mine, columns["id"] > after)
    return list(db.session.scalars(query.order_by(columns["id"]).limit(limit)))


def count(portal_id: int, entity: str) -> int:
    columns, mine = _rows(portal_id, entity)
    return db.session.scalar(select(func.count(columns["id"])).where(*mine)) or 0


def records(portal_id: int, entity: str, ids: Collection[int], mappings: Sequence[RequestMapping]) -> Iterator[Record]:
    """Of at most a chunk of ids. Nothing is asked of the database that no mapping reads."""
    if entity == ENTRY:
        yield from _entries(portal_id, ids)
        return
    columns, mine = _rows(portal_id, entity)
    asked = [columns[name].label(name) if name in columns else null().label(name) for name in (*_NAMES, *BUILT_IN)]
    rows = db.session.execute(select(*asked).where(*mine, columns["id"].in_(ids)))
    fields = frozenset[str]().union(*(mapping.fields for mapping in mappings))
    values = _values(portal_id, entity, ids, fields) if fields else {}
    by_stages = any(mapping.responded_stages or mapping.resolved_stages for mapping in mappings)
    moves = _moves(portal_id, entity, ids) if by_stages else {}
    for row in map(dict, map(attrgetter("_mapping"), rows)):
        instants = {name: at for name in BUILT_IN if (at := row.pop(name)) is not None}
        told: dict[str, Any] = {**row, **values.get(row["id"], {})}
        told["instants"] = instants | told.get("instants", {})
        yield Record(entity=entity, moves=moves.get(row["id"], ()), **told)


def _entries(portal_id: int, ids: Collection[int]) -> Iterator[Record]:
    """Those that count. The value may be a rating, or the hours until the first response."""
    columns, mine = _rows(portal_id, ENTRY)
    names = ("id", "key", "code", "value", "occurred_at", "employee_id", "created_at")
    for row in db.session.execute(select(*(columns[name] for name in names)).where(*mine, columns["id"].in_(ids))):
        yield Record(
            entity=ENTRY,
            id=row.id,
            title=row.key,
            category_id=None,
            stage_id=None,
            responsible_id=row.employee_id,
            created_by_id=None,
            created_at=row.occurred_at,
            updated_at=row.created_at,
            moved_at=None,
            read_at=row.created_at,
            instants={CREATED_TIME: row.occurred_at, VALUE: row.occurred_at + row.value * 3600 // MILLIONTHS},
            numbers={VALUE: row.value},
            code=row.code,
        )


def has(entity: str, column: str) -> bool:
    """Whether the records have such an instant."""
    return column in _table(entity).c


def _rows(portal_id: int, entity: str) -> tuple[Any, list[Any]]:
    """The columns of an entity's table, and the conditions of its rows."""
    kind, columns = kind_of(entity), _table(entity).c
    if kind is not None:
        return columns, stored.of_kind(portal_id, kind)
    mine = [columns.portal_id == portal_id]
    if entity == ENTRY:
        return columns, [*mine, columns.state == COUNTED, columns.undone.is_(False), columns.undoes_id.is_(None)]
    return columns, [*mine, columns.is_recurring.is_(False)] if entity == DEAL else [*mine, columns.type == entity]


def _table(entity: str) -> Table:
    if kind := kind_of(entity):
        return stored.table_of(kind)
    if entity == ENTRY:
        return storage.table_of(Entry)
    return storage.table_of(Deal if entity == DEAL else Item)


def _moves(portal_id: int, entity: str, ids: Collection[int]) -> dict[int, list[tuple[str, int]]]:
    found: dict[int, list[tuple[str, int]]] = defaultdict(list)
    query = (
        select(StageMove.record_id, StageMove.stage_id, StageMove.at)
        .where(StageMove.portal_id == portal_id, StageMove.entity == entity, StageMove.record_id.in_(ids))
        .order_by(StageMove.record_id, StageMove.at, StageMove.id)
    )
    for record_id, stage, at in db.session.execute(query):
        found[record_id].append((stage, at))
    return found


def _values(
    portal_id: int, entity: str, ids: Collection[int], fields: Collection[str]
) -> dict[int, dict[str, dict[str, int]]]:
    """By record what `Record` has of its fields: their first values."""
    options = _options(portal_id, entity, fields)
    mine = (FieldValue.portal_id == portal_id, FieldValue.entity == entity, FieldValue.record_id.in_(ids))
    query = select(
        FieldValue.record_id, FieldValue.field, FieldValue.at, FieldValue.num, FieldValue.text, FieldValue.ref
    ).where(*mine, FieldValue.field.in_(sorted(fields)), FieldValue.place == 0)
    found: dict[int, dict[str, dict[str, int]]] = defaultdict(lambda: {"instants": {}, "numbers": {}, "refs": {}})
    for record_id, field, at, num, text, ref in db.session.execute(query):
        number = options[field].get(text) if field in options else num if num is not None else _number(text)
        for name, value in (("instants", at), ("numbers", number), ("refs", ref)):
            if value is not None:
                found[record_id][name][field] = value
    return found


def _options(portal_id: int, entity: str, fields: Collection[str]) -> dict[str, Mapping[str | None, int]]:
    """Of lists the numbers their lines say: a rating is often a list of 1 to 5."""
    terms = facts.terms(portal_id, dictionary(FIELD, entity))
    lists = {term.id: term.extra["options"] for term in terms if term.id in fields and term.extra.get("options")}
    return {
        field: {id: number for id, name in lines.items() if (number := _number(name)) is not None}
        for field, lines in lists.items()
    }


def _number(text: str | None) -> int | None:
    """In millionths; None for what is no number or none that can be stored."""
    try:
        number = Decimal((text or "").strip().replace(",", ".")) * MILLIONTHS
    except InvalidOperation:
        return None
    return int(number) if number.is_finite() and abs(number) < _LARGEST * MILLIONTHS and number % 1 == 0 else None
