"""Alembic's environment: migrates the database of the current application."""

import importlib
from typing import Any, Literal

from alembic import context
from flask import current_app

from b24app.lib.db import Encrypted

for room in (
    *("portal", "periods", "facts", "ingest", "scorecards", "scores"),
    *("outcomes.notifications", "outcomes.recognition"),
):
    importlib.import_module(f"b24app.{room}.tables")

database = current_app.extensions["migrate"].db


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """A migration names what the database has, not our classes, which may move."""
    return "sa.Text()" if kind == "type" and isinstance(item, Encrypted) else False


def run() -> None:
    with database.engine.connect() as connection:
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
