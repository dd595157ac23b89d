"""check, db upgrade and install-manifest: is everything there that the app needs?"""

import json
from collections.abc import Callable
from pathlib import Path

import click
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from redis.exceptions import RedisError
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from b24app import config
from b24app.app import create_app
from b24app.bitrix import oauth
from b24app.lib import db as db_tools
from b24app.lib.db import db
from b24app.lib.errors import AppError, Permanent
from b24app.lib.paths import MANIFEST, MIGRATIONS


def upgrade() -> None:
    """Migrate the database to this version; on SQLite make its folder first."""
    from flask_migrate import upgrade as migrate

    settings = config.load()
    make_folder(settings.database_url)
    with create_app(settings, pooled=False).app_context():
        try:
            migrate(directory=str(MIGRATIONS))
        except SQLAlchemyError as cause:
            raise Permanent(f"The database cannot be migrated: {_plain(cause)}") from cause


def renew_secrets() -> None:
    """Afterwards only the first of TOKEN_KEYS is needed."""
    app = create_app(config.load(), pooled=False)
    refuse_unmigrated(app)
    with app.app_context():
        renewed = db_tools.renew_secrets()
    click.echo(f"{renewed} secrets are encrypted with the first of TOKEN_KEYS. The others may be removed.")


def make_folder(database_url: str) -> None:
    """SQLite does not make the folder of its file by itself."""
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        folder = Path(url.database).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as cause:
            raise Permanent(f"The folder {folder} cannot be made: {cause.strerror}") from cause


def refuse_unmigrated(app: Flask) -> None:
    """Permanent unless the database has exactly the tables of this version."""
    with app.app_context():
        if problem := _migration_problem():
            raise Permanent(problem)
        db.session.remove()
        db.engine.dispose()


def _migration_problem() -> str | None:
    head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    try:
        with db.engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
    except SQLAlchemyError as cause:
        return f"The database cannot be opened: {_plain(cause)}"
    if current == head:
        return None
    return "The database is not migrated to this version of the app. Run: b24app db upgrade"


def check() -> bool:
    """Print one line each for what the app stands on; whether all of it holds."""
    try:
        settings = config.load()
    except AppError as error:
        _line("configuration", "; ".join(fault.message for fault in error.errors) or error.message)
        return False
    _line("configuration", None)
    with create_app(settings, pooled=False).app_context():
        checks: list[tuple[str, Callable[[], str | None]]] = [
            ("database", _migration_problem),
            ("redis", _redis_problem),
            ("oauth server", lambda: _oauth_problem(settings)),
            ("app registration", lambda: _registration_problem(settings)),
        ]
        problems = [_line(name, problem()) for name, problem in checks]
    return not any(problems)


def _redis_problem() -> str | None:
    from b24app.lib.queue import redis

    try:
        redis().ping()
    except RuntimeError:
        return None if config.load().redis_url is None else "REDIS_URL was not understood."
    except RedisError as cause:
        return f"Redis does not answer: {cause}"
    return None


def _oauth_problem(settings: config.Config) -> str | None:
    return oauth.probe(credentials(settings)).server_problem


def _registration_problem(settings: config.Config) -> str | None:
    return oauth.probe(credentials(settings)).registration_problem


def credentials(settings: config.Config) -> oauth.Credentials:
    return oauth.Credentials(
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        servers=settings.oauth_servers,
        allow_http=settings.allow_http,
    )


def manifest() -> None:
    """What the registrar will bind, kind by kind."""
    for kind, items in json.loads(MANIFEST.read_text("utf-8")).items():
        if isinstance(items, list):
            click.echo(f"{kind}:")
            for item in items:
                click.echo(f"  {item if isinstance(item, str) else item['code']}")


def _line(name: str, problem: str | None) -> bool:
    click.echo(f"{name}: {problem or 'ok'}")
    return problem is not None


def _plain(error: SQLAlchemyError) -> str:
    return str(getattr(error, "orig", None) or error).splitlines()[0]
