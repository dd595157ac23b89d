"""Writing many rows in one statement, on either database."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ARRAY, JSON, Table, bindparam, cast, column, func, select
from sqlalchemy.dialects import postgresql, sqlite

from b24app.lib.db import Base, Int64, db

Row = Mapping[str, Any]

OF_PORTAL = bindparam("portal", type_=Int64)
AMONG = bindparam("ids", type_=Int64, expanding=True)
"""What a statement leaves open that is made once, because naming its columns takes longer than sending it."""

CHUNK = 2500
"""How many ids a statement names; both databases take that many."""


def table_of(model: type[Base]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)
    return table


def insert(model: type[Base]) -> Any:
    """An INSERT of the database in use, which can say ON CONFLICT."""
    dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    return dialect.insert(table_of(model))


MANY = 50
"""From so many rows on PostgreSQL is handed columns instead: that costs a third less than row by row."""


def upsert(model: type[Base], rows: Sequence[Row], only: Collection[str] | None = None) -> None:
    """Insert the rows, or replace those with the same key (of them only some columns). Of rows with the same key the
    last one stays."""
    if not rows:
        return
    table, names, dialect = table_of(model), tuple(rows[0]), db.engine.dialect.name
    by_columns = len(rows) >= MANY and dialect == "postgresql" and _has_arrays(table, names)
    statement = _upserting(model, names, None if only is None else frozenset(only), by_columns, dialect)
    keys = [one.name for one in table.primary_key]
    db.session.execute(statement, _columns(names, keys, rows) if by_columns else list(rows))


@lru_cache(maxsize=256)
def _upserting(
    model: type[Base], names: tuple[str, ...], only: frozenset[str] | None, by_columns: bool, dialect: str
) -> Any:
    """Made once: making it takes as long as writing a row."""
    table = table_of(model)
    statement = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    if by_columns:
        statement = statement.from_select(names, _unnested(table, names))
    keys = [one.name for one in table.primary_key]
    replaced = {name: statement.excluded[name] for name in names if name not in keys and (not only or name in only)}
    if replaced:
        return statement.on_conflict_do_update(index_elements=keys, set_=replaced)
    return statement.on_conflict_do_nothing(index_elements=keys)  # the key is all there is


def _has_arrays(table: Table, names: Iterable[str]) -> bool:
    """Of JSON there is no array whose parts are told from its documents."""
    return not any(isinstance(table.c[name].type, JSON) for name in names)


def _unnested(table: Table, names: Iterable[str]) -> Any:
    """Rows made of one array a column."""
    types = {name: table.c[name].type for name in names}
    arrays = (cast(bindparam(f"all_{name}"), ARRAY(type_)) for name, type_ in types.items())
    columns = (column(name, type_) for name, type_ in types.items())
    given = func.unnest(*arrays).table_valued(*columns, name="given").render_derived()
    return select(*(given.c[name] for name in names))


def _columns(names: Iterable[str], keys: Sequence[str], rows: Iterable[Row]) -> dict[str, list[Any]]:
    """One statement may touch no row twice."""
    last = {tuple(row[key] for key in keys): row for row in rows}.values()
    return {f"all_{name}": [row[name] for row in last] for name in names}


def chunks(ids: Iterable[Any]) -> Iterator[list[Any]]:
    """In a fixed order, so that statements can be compared."""
    ordered = sorted(ids)
    return (ordered[start : start + CHUNK] for start in range(0, len(ordered), CHUNK))
