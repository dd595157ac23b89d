"""A database with the demo portal installed in it: the room without the web, jobs and screens above it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from redis import Redis

from b24app.bitrix.oauth import Credentials
from b24app.config import Config
from b24app.demo import installation, server
from b24app.demo.server import RunningPortal
from b24app.demo.settings import DemoSettings
from b24app.lib import clock, crypto
from b24app.lib.db import db, prepare, write
from b24app.lib.paths import MANIFEST
from b24app.portal import operations, visits
from b24app.portal.tables import Portal

ADMIN, HEAD, EMPLOYEE = 1, 2, 8


@pytest.fixture
def demo() -> Iterator[RunningPortal]:
    """A portal in which the installer is open."""
    running = server.start(DemoSettings(deals=20, activities=False, language="en", event_workers=0))
    installation.install(running.state)
    yield running
    running.close()


@pytest.fixture
def database(config: Config, redis: Redis, demo: RunningPortal) -> Iterator[Flask]:
    """An empty database of our tables, and the connection to the demo portal."""
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = config.database_url
    db.init_app(app)
    crypto.use_keys(config.token_keys)
    settings = demo.state.settings
    credentials = Credentials(settings.client_id, settings.client_secret, (f"{demo.url}/oauth-server",), True)
    manifest = json.loads(MANIFEST.read_text("utf-8"))
    operations.use(operations.Connection(credentials, "http://127.0.0.1:8000", manifest, redis))
    with app.app_context():
        prepare(db.engine)
        yield app
        db.session.remove()
        db.engine.dispose()


@dataclass(frozen=True)
class Visitor:
    """Opens the app as somebody, with a fresh pair of tokens, as a browser would."""

    demo: RunningPortal

    def __call__(self, user_id: int = ADMIN) -> tuple[visits.Visit, operations.Pair]:
        pair = self.demo.state.tokens.issue(user_id, clock.now())
        visit = visits.verify(pair.access, self.demo.state.settings.member_id)
        return visit, operations.Pair(pair.access, pair.refresh, 3600)

    @property
    def secret(self) -> str:
        return self.demo.state.app.token


@pytest.fixture
def visitor(database: Flask, demo: RunningPortal) -> Visitor:
    return Visitor(demo)


@pytest.fixture
def portal(visitor: Visitor) -> Portal:
    """Installed by the administrator and worked for."""
    visit, pair = visitor()
    with write():
        portal = operations.install(visit, pair, visitor.secret, "ru", clock.now())
        operations.installed(portal.id, clock.now())
    installation.finish(visitor.demo.state)
    return portal
