"""Alembic's environment: migrates the database of the current application."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from alembic import context
from flask import current_app
from sqlalchemy import Connection, text

from b24app.lib.db import Encrypted

for room in (
    *("portal", "portal.access", "periods", "facts", "facts.requests", "ingest", "ingest.imports"),
    *("scorecards", "scores", "outcomes.notifications", "outcomes.recognition"),
):
    importlib.import_module(f"b24app.{room}.tables")

LOCK = 24_10_2026
"""Any number that nobody else in this database locks."""

database = current_app.extensions["migrate"].db


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """A migration names what the database has, not our classes, which may move."""
    return "sa.Text()" if kind == "type" and isinstance(item, Encrypted) else False


@contextmanager
def alone(connection: Connection) -> Iterator[None]:
    """Two that migrate at once, as on two hosts: the second waits, and then finds everything done.

    SQLite lets one write at a time by itself.
    """
    if connection.dialect.name != "postgresql":
        yield
        return
    connection.execute(text(f"SELECT pg_advisory_lock({LOCK})"))
    connection.commit()
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(text(f"SELECT pg_advisory_unlock({LOCK})"))
        connection.commit()


def run() -> None:
    """A migration is about all tenants on purpose, also where a table is copied row by row."""
    of_all = database.engine.execution_options(across_tenants=True)
    with of_all.connect() as connection, alone(connection):
        context.configure(
            connection=connection,
            target_metadata=database.metadata,
            render_as_batch=True,
            compare_type=True,
            render_item=render_item,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
