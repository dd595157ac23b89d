"""A copy made while the app works, restored into an empty database: every row is there, and it is migrated."""

import shutil
import sqlite3
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from b24app.app import create_app
from b24app.cli.check import refuse_unmigrated
from b24app.config import Config
from b24app.lib.db import db, write
from b24app.portal.tables import Portal, Token
from tests import postgresql
from tests.databases import Databases, tables

SECRETS = ("access", "refresh")


@pytest.fixture
def working(config: Config, databases: Databases, database_kind: str) -> Flask:
    """The application on a migrated database with a tenant in it."""
    from flask_migrate import upgrade

    from b24app.lib.paths import MIGRATIONS

    app = create_app(replace(config, database_url=databases.give_bare(database_kind)), pooled=False)
    with app.app_context():
        upgrade(directory=str(MIGRATIONS))
        with write() as session:
            session.add(Portal(id=1, member_id="m", domain="d", client_endpoint="e", oauth_server="o", created_at=1))
            session.flush()
            session.add(Token(portal_id=1, user_id=1, access_token="access", refresh_token="refresh", expires_at=1))
    return app


def backup(url: str, file: Path) -> None:
    """As docs/operations.md says."""
    if url.startswith("sqlite"):
        source = make_url(url).database
        with sqlite3.connect(str(source)) as live, sqlite3.connect(file) as copy:
            live.backup(copy)
        return
    subprocess.run([program("pg_dump"), "--format=custom", f"--file={file}", plain(url)], check=True)


def restore(file: Path, url: str) -> None:
    if url.startswith("sqlite"):
        shutil.copyfile(file, str(make_url(url).database))
        return
    subprocess.run([program("pg_restore"), "--no-owner", "--exit-on-error", f"--dbname={plain(url)}", file], check=True)


def program(name: str) -> str:
    beside = postgresql._programs() / name
    return str(beside) if beside.is_file() else name


def plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def counts(url: str) -> dict[str, int]:
    with create_engine(url, poolclass=NullPool).connect() as connection:
        names = [table.name for table in tables().sorted_tables]
        return {name: connection.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one() for name in names}


def test_a_copy_of_the_running_database_is_all_there(
    working: Flask, config: Config, databases: Databases, database_kind: str, tmp_path: Path
) -> None:
    url = working.config["SQLALCHEMY_DATABASE_URI"]
    with working.app_context(), write() as session:
        session.get_one(Portal, 1).domain = "not committed when the copy is made"
        backup(url, tmp_path / "copy")
    emptied = databases.give_bare(database_kind)
    restore(tmp_path / "copy", emptied)
    assert counts(emptied) == counts(url)

    restored = create_app(replace(config, database_url=emptied), pooled=False)
    refuse_unmigrated(restored)
    with restored.app_context():
        assert db.session.get_one(Portal, 1).domain == "d"
        token = db.session.get_one(Token, (1, 1))
        assert (token.access_token, token.refresh_token) == SECRETS
        db.session.remove()
