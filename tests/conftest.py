"""Fixtures for every room: an application on an empty database, a real Redis, and the cast.

The cast is the same in all tests: an admin, a department head, her employee, and a stranger from another portal.

A test that has a database, by `app`, `config` or a fixture of its room, runs once on SQLite and once on PostgreSQL;
`--databases sqlite` leaves one out, and `@pytest.mark.databases("sqlite")` says that a test is about one of them.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from redis import Redis

from b24app.app import create_app, hand_down
from b24app.config import Config
from b24app.lib import crypto, log, redis_server
from b24app.lib.db import db
from tests import postgresql
from tests.databases import Databases

log.configure()
Flask.jinja_options = {"bytecode_cache": FileSystemBytecodeCache()}  # many small apps have the same templates

SECRET = "a secret for tests only, long enough for its purpose"
OAUTH = "http://localhost:9/oauth-server"


KINDS = ("sqlite", "postgresql")
WALKS = "tests/walks/"
SERVER = pytest.StashKey[str]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--databases", default=",".join(KINDS), help="what to run on: sqlite, postgresql, or both")


def chosen(config: pytest.Config) -> tuple[str, ...]:
    """The databases to run on."""
    kinds = tuple(config.getoption("--databases").split(","))
    if not set(kinds) <= set(KINDS):
        raise pytest.UsageError(f"--databases is one or both of {','.join(KINDS)}")
    return kinds


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database_kind" in metafunc.fixturenames:
        about = metafunc.definition.get_closest_marker("databases")
        metafunc.parametrize("database_kind", about.args if about else KINDS, indirect=True, scope="module")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What was not chosen goes; the longest come first, so that nobody waits for them in the end."""
    kinds = chosen(config)
    left_out = {item for item in items if kind_of(item) not in (None, *kinds)}
    config.hook.pytest_deselected(items=list(left_out))
    items[:] = sorted((item for item in items if item not in left_out), key=lambda item: "walk" not in item.keywords)


def kind_of(item: pytest.Item) -> str | None:
    """On which database a test runs; None where it has none."""
    return item.callspec.params.get("database_kind") if hasattr(item, "callspec") else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """One process has all that share one thing: the walks a demo of the whole product, the others what a file makes."""
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return WALKS if nodeid.startswith(WALKS) else nodeid.partition("::")[0]

    config.option.loadscopereorder = False  # the longest are first already
    return Together(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """pytest-xdist is about to start one of the processes: all of them have the same PostgreSQL."""
    if "postgresql" in chosen(node.config):
        node.workerinput["postgresql"] = server(node.config)


def server(config: pytest.Config) -> str:
    """The PostgreSQL of this run, which ends with it."""
    if handed_down := getattr(config, "workerinput", {}).get("postgresql"):
        return str(handed_down)
    if SERVER not in config.stash:
        kept = ExitStack()
        config.add_cleanup(kept.close)
        config.stash[SERVER] = kept.enter_context(postgresql.server())
    return config.stash[SERVER]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Figures that tests have to tell (`record_property("told", ..)`), whichever process they ran in."""
    reports = terminalreporter.stats.get("passed", ())
    told = [value for report in reports for name, value in getattr(report, "user_properties", ()) if name == "told"]
    for line in told:
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def postgresql_server(pytestconfig: pytest.Config) -> str:
    """The server itself, for whoever makes a database of his own on it."""
    return server(pytestconfig)


@pytest.fixture(scope="session")
def databases(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """The databases of this test run (of this worker of it)."""
    with Databases(tmp_path_factory.mktemp("databases"), lambda: server(pytestconfig)) as found:
        yield found


@pytest.fixture(scope="module")
def database_kind(request: pytest.FixtureRequest) -> str:
    """`sqlite` or `postgresql`: whoever asks for it is run on both."""
    return str(request.param)


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
def config(databases: Databases, database_kind: str, redis: Redis, redis_url: str) -> Config:
    """The configuration of an application with an empty database."""
    return Config(
        database_url=databases.give(database_kind),
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


@pytest.fixture(scope="session")
def apps() -> dict[str, Flask]:
    """The applications of this test run (of this worker of it), by the address of their database."""
    return {}


@pytest.fixture
def app(config: Config, apps: dict[str, Flask]) -> Iterator[Flask]:
    """The whole application with an empty database; its context is pushed. What a test configures ends with it."""
    if config.database_url not in apps:
        apps[config.database_url] = create_app(config)
    app = apps[config.database_url]
    hand_down(config)
    before = dict(app.config)
    app.testing = True
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
    app.config.clear()
    app.config.update(before)
