"""Writing many rows in one statement, on either database."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

from b24app.lib.db import Base, db

Row = Mapping[str, Any]

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


def upsert(model: type[Base], rows: Sequence[Row], only: Collection[str] | None = None) -> None:
    """Insert the rows, or replace those with the same key (of them only some columns)."""
    if not rows:
        return
    statement = insert(model)
    keys = [column.name for column in table_of(model).primary_key]
    replaced = {name: statement.excluded[name] for name in rows[0] if name not in keys and (not only or name in only)}
    if replaced:
        statement = statement.on_conflict_do_update(index_elements=keys, set_=replaced)
    else:
        statement = statement.on_conflict_do_nothing(index_elements=keys)  # the key is all there is
    db.session.execute(statement, list(rows))


def chunks(ids: Iterable[Any]) -> Iterator[list[Any]]:
    """In a fixed order, so that statements can be compared."""
    ordered = sorted(ids)
    return (ordered[start : start + CHUNK] for start in range(0, len(ordered), CHUNK))
