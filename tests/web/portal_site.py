"""The application with a demo portal that posts to it, as Bitrix24 itself does."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from unittest.mock import patch

from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from rq import Queue
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from b24app.bitrix import throttle
from b24app.bitrix.oauth import Credentials
from b24app.demo import installation, server
from b24app.demo.server import RunningPortal
from b24app.demo.settings import DemoSettings
from b24app.demo.wire import flatten
from b24app.jobs import install as jobs
from b24app.lib import clock, queue
from b24app.lib.db import db
from b24app.lib.paths import MANIFEST
from b24app.portal import operations
from b24app.portal.tables import Portal

ADMIN, EMPLOYEE = 1, 8
PUBLIC_URL = "http://127.0.0.1:8000"


@dataclass
class Site:
    """The application, a client of it, and the portal it is installed in."""

    app: Flask
    client: FlaskClient
    demo: RunningPortal
    redis: Redis

    @property
    def member_id(self) -> str:
        return self.demo.state.settings.member_id

    @property
    def portal(self) -> Portal:
        """Our row, as it is stored now."""
        with Session(db.engine) as session:
            return session.scalars(select(Portal)).one()

    def browse(
        self, user_id: int = ADMIN, placement: str = "DEFAULT", path: str = "", **changed: object
    ) -> TestResponse:
        """What a browser posts when somebody opens the app; `changed` replaces fields or (None) drops them."""
        form = installation.browser_post(self.demo.state, user_id, placement)
        fields = {name: value for name, value in {**form.fields, **changed}.items() if value is not None}
        query = {name: fields.pop(name, value) for name, value in form.query.items()}
        return self.client.post(path or form.action.removeprefix(PUBLIC_URL), query_string=query, data=fields)

    def install(self) -> None:
        """All of it: the installer's post, its job, and what the page does at the end."""
        assert self.browse().status_code == 200
        jobs.register(self.portal.id)
        installation.finish(self.demo.state)
        self.redis.flushall()

    def event(self, code: str, data: dict[str, object], auth: dict[str, object] | None = None) -> TestResponse:
        """An event as the queue posts it, signed by the portal unless `auth` says otherwise."""
        signed = {**self.demo.state.auth(ADMIN, code.startswith("ONAPP")), **(auth or {})}
        payload = {"event": code, "data": data, "ts": "1790000000", "auth": signed}
        return self.client.post("/b24/event", data=dict(flatten(payload)))

    def session(self, user_id: int = ADMIN, member_id: str | None = None, domain: str | None = None) -> TestResponse:
        pair = self.demo.state.tokens.issue(user_id, clock.now())
        asked = {
            "access_token": pair.access,
            "member_id": member_id or self.member_id,
            "domain": domain or self.demo.state.domain,
        }
        return self.client.post("/ui/session", json=asked)

    def token(self, user_id: int = ADMIN) -> dict[str, str]:
        """The header of somebody's session."""
        return {"Authorization": f"Bearer {self.session(user_id).get_json()['token']}"}

    def queued(self, name: str) -> list[str]:
        """What waits in a queue: the names of the jobs' functions."""
        queue.settle()
        return [job.func_name for job in Queue(name, connection=self.redis).jobs]


@contextmanager
def site(app: Flask, redis: Redis) -> Iterator[Site]:
    """A portal in which the administrator is about to install the app.

    It does not limit: of a Redis that was emptied the app believes the worst, and would wait half a second a request.
    """
    demo_settings = DemoSettings(app_url=PUBLIC_URL, deals=20, activities=False, language="ru", event_workers=0)
    demo = server.start(demo_settings)
    installation.install(demo.state)
    credentials = Credentials(demo_settings.client_id, demo_settings.client_secret, (f"{demo.url}/oauth-server",), True)
    manifest = json.loads(MANIFEST.read_text("utf-8"))
    operations.use(operations.Connection(credentials, PUBLIC_URL, manifest, redis))
    with patch.object(throttle, "DRAIN_PER_S", 1e6):
        yield Site(app, app.test_client(), demo, redis)
    demo.close()


def breaking(error: Exception) -> Callable[..., None]:
    """A function that fails so."""

    def fail(*_args: object, **_kwargs: object) -> None:
        raise error

    return fail
