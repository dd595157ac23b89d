"""Alembic's environment: migrates the database of the current application."""

import importlib

from alembic import context
from flask import current_app

for room in ("portal", "facts", "ingest", "scorecards", "scores"):
    importlib.import_module(f"b24app.{room}.tables")

database = current_app.extensions["migrate"].db


def run() -> None:
    with database.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=database.metadata,
            render_as_batch=True,
            compare_type=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
