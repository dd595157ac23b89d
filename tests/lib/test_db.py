"""The database itself: what it is shown of tables that have grown."""

from flask import Flask

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
