"""The demo portal with our own client in front of it, and what a job needs to work on it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from redis import Redis

from b24app.bitrix.client import IN_BACKGROUND, Access, Client, Patience
from b24app.bitrix.throttle import Limiter
from b24app.demo import deals as crm
from b24app.demo import installation
from b24app.demo.server import RunningPortal, start
from b24app.demo.settings import DemoSettings
from b24app.demo.state import DEAL, Portal
from b24app.lib import clock
from b24app.lib.db import write
from b24app.portal import tables

ADMIN = 1


@dataclass
class Keeper:
    """Always the same token."""

    endpoint: str
    token: str

    def access(self) -> Access:
        return Access(self.endpoint, self.token)

    def renewed(self, stale: Access) -> Access:
        raise AssertionError("the token has not expired")

    another = renewed

    def moved(self, access: Access, address: str) -> Access:
        raise AssertionError("the portal has not moved")

    def gone(self, error: Exception) -> None:
        raise error


@dataclass(eq=False)
class Site:
    """A running demo portal. Requests are counted by the portal itself."""

    portal_id: int
    running: RunningPortal
    connect: Callable[[Patience], Client]

    @cached_property
    def client(self) -> Client:
        return self.connect(IN_BACKGROUND)

    @property
    def state(self) -> Portal:
        return self.running.state

    @property
    def requests(self) -> int:
        return self.state.traffic.requests

    def create(self, **values: Any) -> int:
        row = crm.create(self.state, DEAL, {"title": "New", "opportunity": 100, "companyId": 1, **values}, ADMIN)
        return int(row["id"])

    def change(self, id: int, **values: Any) -> None:
        crm.change(self.state, DEAL, id, values, ADMIN)

    def delete(self, id: int) -> None:
        crm.delete(self.state, DEAL, id, ADMIN)


@contextmanager
def site(redis: Redis, deals: int, portal_id: int = 1) -> Iterator[Site]:
    """A portal with some of the data set's deals, installed, and its row in our database."""
    settings = DemoSettings(deals=deals, activities=False, strict_limits=False, event_workers=0, language="en")
    running = start(settings)
    installation.install(running.state)
    installation.finish(running.state)
    endpoint = running.state.client_endpoint
    token = running.state.tokens.issue(ADMIN, clock.now()).access
    with write() as session:
        session.add(
            tables.Portal(
                id=portal_id,
                member_id=settings.member_id,
                domain=running.state.domain,
                client_endpoint=endpoint,
                oauth_server="",
                status="active",
                created_at=0,
            )
        )
    keeper, limiter = Keeper(endpoint, token), Limiter(redis, settings.member_id)
    try:
        yield Site(
            portal_id,
            running,
            lambda patience: Client(keeper, limiter, patience=patience, sleep=lambda _seconds: None),
        )
    finally:
        running.close()
