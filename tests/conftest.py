"""Fixtures for every room: an application on a fresh SQLite file, a real Redis, and the cast.

The cast is the same in all tests: an admin, a department head, her employee, and a stranger from another portal.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from redis import Redis

from b24app.app import create_app
from b24app.config import Config
from b24app.lib import crypto, log, redis_server
from b24app.lib.db import db

log.configure()

SECRET = "a secret for tests only, long enough for its purpose"
OAUTH = "http://localhost:9/oauth-server"


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Redis of this test run (of this worker of it)."""
    process, url = redis_server.start(tmp_path_factory.mktemp("redis"))
    yield url
    process.terminate()
    process.wait()


@pytest.fixture
def redis(redis_url: str) -> Redis:
    """The same Redis, empty."""
    client = Redis.from_url(redis_url)
    client.flushall()
    return client


@pytest.fixture
def config(tmp_path: Path, redis: Redis, redis_url: str) -> Config:
    return Config(
        database_url=os.environ.get("TEST_DATABASE_URL") or f"sqlite:///{tmp_path}/test.sqlite",
        redis_url=redis_url,
        secret_key=SECRET,
        token_keys=(crypto.derive_key(SECRET, "tokens"),),
        public_url="http://127.0.0.1:8000",
        client_id="app.test",
        client_secret="test-secret",
        oauth_servers=(OAUTH,),
        allow_http=True,
        host="127.0.0.1",
        port=8000,
        session_minutes=60,
        log_format="console",
        sentry_dsn=None,
    )


@pytest.fixture
def app(config: Config) -> Iterator[Flask]:
    """The whole application with an empty database; its context is pushed."""
    app = create_app(config)
    app.testing = True
    with app.app_context():
        db.create_all()
        yield app
        db.session.remove()
        db.drop_all()
        db.engine.dispose()
