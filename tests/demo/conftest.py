"""A small portal in memory, a caller of its REST, and a listener standing in for the app."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import parse_qsl

import pytest
from flask import Flask
from flask.testing import FlaskClient

from b24app.demo import installation
from b24app.demo.server import create_portal
from b24app.demo.settings import DemoSettings
from b24app.demo.state import Portal
from b24app.demo.wire import unflatten
from b24app.demo.wsgi_server import WsgiServer
from b24app.lib import clock

TODAY = date(2026, 11, 23)


@dataclass
class Caller:
    """Calls REST methods as one user."""

    client: FlaskClient
    token: str

    def __call__(self, method: str, **params: Any) -> dict[str, Any]:
        answer = self.raw(method, **params)
        assert answer.status_code == 200, answer.text
        return answer.get_json()

    def result(self, method: str, **params: Any) -> Any:
        return self(method, **params)["result"]

    def raw(self, method: str, **params: Any) -> Any:
        return self.client.post(f"/rest/{method}", json={**params, "auth": self.token})


@dataclass
class Listener:
    """Remembers what the portal posts; `wait` returns when so many posts have come."""

    url: str
    posts: list[dict[str, Any]] = field(default_factory=list)
    came: threading.Condition = field(default_factory=threading.Condition)

    def wait(self, count: int = 1) -> list[dict[str, Any]]:
        with self.came:
            assert self.came.wait_for(lambda: len(self.posts) >= count, timeout=5), self.posts
        return self.posts


SETTINGS = DemoSettings(deals=300, activities=False, today=TODAY, language="en", strict_limits=False)


@pytest.fixture(scope="session")
def web() -> Flask:
    """The portal's addresses; what they are asked about is made anew for each test."""
    return create_portal(SETTINGS)


@pytest.fixture
def client(web: Flask) -> FlaskClient:
    web.extensions["demo_portal"] = Portal(SETTINGS)
    return web.test_client()


@pytest.fixture
def portal(client: FlaskClient) -> Portal:
    """With the app installed."""
    state: Portal = client.application.extensions["demo_portal"]
    installation.install(state)
    installation.finish(state)
    return state


@pytest.fixture
def admin(client: FlaskClient, portal: Portal) -> Caller:
    return Caller(client, portal.tokens.issue(1, clock.now()).access)


@pytest.fixture
def agent(client: FlaskClient, portal: Portal) -> Caller:
    """An employee without people below."""
    return Caller(client, portal.tokens.issue(portal.staff.by_name("Moses Frase").id, clock.now()).access)


@pytest.fixture
def listener() -> Iterator[Listener]:
    def app(environ: Any, respond: Any) -> list[bytes]:
        form = environ["wsgi.input"].read().decode()
        with heard.came:
            heard.posts.append(unflatten(parse_qsl(form, keep_blank_values=True)))
            heard.came.notify_all()
        respond("200 OK", [("Content-Type", "text/plain")])
        return [b"ok"]

    server = WsgiServer("127.0.0.1", 0, app)
    heard = Listener(f"http://127.0.0.1:{server.port}")
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield heard
    server.shutdown()
    server.server_close()
