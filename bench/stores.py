"""The databases a measurement runs on, each empty and with its application context pushed."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from b24app.lib.db import db, prepare
from tests import postgresql
from tests.databases import tables


@contextmanager
def store(database: str) -> Iterator[str]:
    """`sqlite` or `postgresql`; gives its address."""
    with tempfile.TemporaryDirectory() as folder, _address(database, folder) as url:
        app = Flask("bench")
        app.config["SQLALCHEMY_DATABASE_URI"] = url
        db.init_app(app)
        with app.app_context():
            prepare(db.engine)
            tables().create_all(db.engine)
            yield url
            db.session.remove()
            db.engine.dispose()


@contextmanager
def _address(database: str, folder: str) -> Iterator[str]:
    if database == "sqlite":
        yield f"sqlite:///{folder}/bench.sqlite"
        return
    with postgresql.server() as server, postgresql.database(server) as url:
        yield url
