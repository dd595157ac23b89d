"""The database itself: what it is shown of tables that have grown, and connections that it has closed."""

import pytest
from flask import Flask
from sqlalchemy import create_engine, text

from b24app.lib import db as module
from b24app.lib.db import analyze, db
from b24app.portal.tables import Portal
from tests.scores import world


def test_a_table_is_looked_at_when_it_is_asked_for(app: Flask) -> None:
    world.settle()
    db.session.commit()
    analyze(Portal)
    seen = "SELECT stat FROM sqlite_stat1 WHERE tbl = 'portal'"
    if db.engine.dialect.name == "postgresql":
        seen = "SELECT reltuples FROM pg_class WHERE relname = 'portal' AND reltuples > 0"
    with db.engine.connect() as connection:
        assert connection.exec_driver_sql(seen).all()


@pytest.mark.databases("postgresql")
def test_a_connection_closed_while_nobody_used_it_is_replaced(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a server closes them that is started anew."""
    closed = db.session.scalar(text("SELECT pg_backend_pid()"))
    db.session.remove()
    other = create_engine(db.engine.url)
    with other.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:one)"), {"one": closed})
    other.dispose()
    monkeypatch.setattr(module, "IDLE_S", -1)
    assert db.session.scalar(text("SELECT pg_backend_pid()")) != closed
