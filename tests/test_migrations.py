"""Every version of the database, there and back, empty and with rows in every table; and that its end is our models."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    create_engine,
    inspect,
    select,
)

from b24app.app import create_app
from b24app.config import Config
from b24app.lib.db import db
from b24app.lib.paths import MIGRATIONS
from tests.databases import Databases, tables

VERSIONS = [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions("base", "heads")][::-1]
BOOKKEEPING = "alembic_version"
TENANTS = (1, 2)

Rows = dict[str, set[tuple[tuple[str, str], ...]]]


@pytest.fixture
def bare(config: Config, databases: Databases, database_kind: str) -> Iterator[Flask]:
    """The application on a database in which nothing is."""
    app = create_app(replace(config, database_url=databases.give_bare(database_kind)), pooled=False)
    with app.app_context():
        yield app
        db.session.remove()


def to(version: str) -> None:
    upgrade(directory=str(MIGRATIONS), revision=version)


def back_to(version: str) -> None:
    downgrade(directory=str(MIGRATIONS), revision=version)


def differences() -> list[Any]:
    with db.engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), tables()))


def options_of(index: Any) -> dict[str, str]:
    """Of which rows an index is, as text."""
    return {name: str(value) for name, value in index.get("dialect_options", {}).items()}


def shape(engine: Engine) -> dict[str, Any]:
    """What the database itself says about every table, in an order that does not depend on how it came about."""
    inspector = inspect(engine)

    def sorted_words(found: Any) -> list[str]:
        return sorted(str(sorted(one.items(), key=lambda item: item[0])) for one in found)

    return {
        name: (
            sorted_words({**column, "type": str(column["type"])} for column in inspector.get_columns(name)),
            inspector.get_pk_constraint(name)["constrained_columns"],
            sorted_words(inspector.get_foreign_keys(name)),
            sorted_words(inspector.get_unique_constraints(name)),
            sorted_words({**index, "dialect_options": options_of(index)} for index in inspector.get_indexes(name)),
            sorted_words(inspector.get_check_constraints(name)),
        )
        for name in inspector.get_table_names()
        if name != BOOKKEEPING
    }


def test_migrated_it_is_what_the_models_say(bare: Flask) -> None:
    to("heads")
    assert differences() == []


def test_migrated_it_is_what_the_tests_stand_on(bare: Flask, databases: Databases, database_kind: str) -> None:
    to("heads")
    made = create_engine(databases.give(database_kind))
    assert shape(db.engine) == shape(made)
    made.dispose()


def test_it_goes_back_to_nothing_and_comes_again(bare: Flask) -> None:
    to("heads")
    back_to("base")
    assert inspect(db.engine).get_table_names() == [BOOKKEEPING]
    to("heads")
    assert differences() == []


def test_every_migration_leaves_the_rows_as_they_were(bare: Flask) -> None:
    """There step by step, with rows of two tenants in every table that a step has made, and back to the first."""
    kept: Rows = {}
    for version in VERSIONS:
        to(version)
        assert_kept(kept)
        fill()
        kept = stored()
        assert all(len(rows) == len(TENANTS) for rows in kept.values())
    back_to(VERSIONS[0])
    assert_kept(kept)


def assert_kept(kept: Rows) -> None:
    """What columns there are now say what they said before; tables and columns may have come or gone."""
    now = stored()
    for name in kept.keys() & now.keys():
        columns = {column for row in now[name] for column, _value in row}
        before = {column for row in kept[name] for column, _value in row}
        assert only(now[name], before) == only(kept[name], columns), name


def only(rows: set[tuple[tuple[str, str], ...]], columns: set[str]) -> set[tuple[tuple[str, str], ...]]:
    return {tuple(pair for pair in row if pair[0] in columns) for row in rows}


def reflected() -> MetaData:
    found = MetaData()
    found.reflect(db.engine)
    found.remove(found.tables[BOOKKEEPING])
    return found


def stored() -> Rows:
    with db.engine.connect() as connection:
        return {
            table.name: {
                tuple((name, str(value)) for name, value in sorted(row._mapping.items()))
                for row in connection.execute(select(table))
            }
            for table in reflected().sorted_tables
        }


def fill() -> None:
    """A row of each tenant in every table that has none yet, with something in every column."""
    with db.engine.begin() as connection:
        for table in reflected().sorted_tables:
            if connection.execute(select(table)).first() is None:
                rows = [{column.name: value(column, tenant) for column in table.columns} for tenant in TENANTS]
                connection.execute(table.insert(), rows)


def value(column: Column[Any], tenant: int) -> Any:
    """Something that fits; ids and whatever points at them are the tenant's number."""
    kind = column.type
    if isinstance(kind, JSON):
        return {"tenant": tenant}
    if isinstance(kind, LargeBinary):
        return f"{tenant}{column.name}".encode()
    if isinstance(kind, Boolean):
        return tenant % 2 == 0
    if isinstance(kind, Integer | Numeric):
        return tenant
    if isinstance(kind, Date):
        return date(2026, 1, tenant)
    return f"{tenant}{column.name}"[: getattr(kind, "length", None) or 255]
