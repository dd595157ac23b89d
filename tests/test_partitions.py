"""What the tables promise a PostgreSQL that is to be partitioned by portal (architecture, decision 2)."""

import pytest
from sqlalchemy import Table, UniqueConstraint, create_engine, text
from sqlalchemy.pool import NullPool

from tests.databases import Databases, tables

NUMBERED = frozenset({
    "api_token", "audit_entry", "entry", "import_file", "inbox", "job", "notification", "period_lock", "rest_call",
    "result_change", "scorecard_version", "target",
})  # fmt: skip
"""Their key is a number counted up by the database, over all portals. A partitioned one would have (portal_id, id);
nothing points at them, and no number is ever given twice."""
OF_NOBODY_YET = frozenset({("api_token", ("fingerprint",))})
"""A token is looked up before it is known whose it is: it stays unique over all portals, and its table whole."""


def of_tenants() -> list[Table]:
    return [table for table in tables().sorted_tables if "portal_id" in table.c]


@pytest.mark.parametrize("table", of_tenants(), ids=lambda table: table.name)
def test_every_key_and_index_begins_with_the_portal(table: Table) -> None:
    unique = [one for one in table.constraints if isinstance(one, UniqueConstraint)]
    keys = [tuple(column.name for column in one.columns) for one in (*unique, *table.indexes)]
    keys = [key for key in keys if (table.name, key) not in OF_NOBODY_YET]
    keys.append(tuple(column.name for column in table.primary_key))
    if table.name in NUMBERED:
        assert keys.pop() == ("id",)
    assert all(key[0] == "portal_id" for key in keys)


def test_nothing_but_a_portal_is_pointed_at() -> None:
    """So that a table can be partitioned, or taken away, by itself."""
    pointed = {key.column.table.name for table in of_tenants() for key in table.foreign_keys}
    assert pointed == {"portal"}


@pytest.mark.databases("postgresql")
def test_postgresql_takes_the_tables_in_partitions(databases: Databases, database_kind: str) -> None:
    """Each with all its indexes; the numbered ones with their key made wider."""
    engine = create_engine(databases.give(database_kind), poolclass=NullPool)
    with engine.connect() as connection:
        for table in of_tenants():
            if table.name == "api_token":
                continue
            kept = "INCLUDING ALL EXCLUDING INDEXES" if table.name in NUMBERED else "INCLUDING ALL"
            connection.execute(
                text(f"CREATE TEMPORARY TABLE parted (LIKE {table.name} {kept}) PARTITION BY HASH (portal_id)")
            )
            if table.name in NUMBERED:
                connection.execute(text("ALTER TABLE parted ADD PRIMARY KEY (portal_id, id)"))
            connection.execute(text("DROP TABLE parted"))
