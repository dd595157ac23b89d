"""A demo portal behind a real socket, and a client for it whose waiting is written down instead of done."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import pytest
from redis import Redis

from b24app.bitrix.client import Access, Client
from b24app.bitrix.errors import PortalGone, TokenDead
from b24app.bitrix.journal import Exchange
from b24app.bitrix.throttle import Limiter
from b24app.demo import installation, server
from b24app.demo.server import RunningPortal
from b24app.demo.settings import DemoSettings
from b24app.lib import clock

SETTINGS = DemoSettings(deals=120, activities=False, language="en", event_workers=0)


@pytest.fixture
def portal() -> Iterator[RunningPortal]:
    running = server.start(SETTINGS)
    installation.install(running.state)
    yield running
    running.close()


@dataclass
class Keeper:
    """Keeps one token of the administrator, and remembers what it was asked for."""

    portal: RunningPortal
    asked: list[str] = field(default_factory=list)

    def access(self) -> Access:
        pair = self.portal.state.tokens.issue(1, clock.now())
        return Access(self.portal.state.client_endpoint, pair.access, 1, 1)

    def renewed(self, stale: Access) -> Access:
        self.asked.append("renewed")
        return replace(self.access(), version=stale.version + 1)

    def another(self, dismissed: Access) -> Access:
        self.asked.append("another")
        raise TokenDead("nobody left")

    def moved(self, access: Access, address: str) -> Access:
        self.asked.append(f"moved {address}")
        return replace(access, endpoint=self.portal.state.client_endpoint)

    def gone(self, error: PortalGone) -> None:
        self.asked.append(f"gone {error.code}")


@pytest.fixture
def keeper(portal: RunningPortal) -> Keeper:
    return Keeper(portal)


@pytest.fixture
def waits() -> list[float]:
    """How long the client would have slept, in order."""
    return []


@pytest.fixture
def exchanges() -> list[Exchange]:
    """What the client wrote into its log."""
    return []


@pytest.fixture
def client(redis: Redis, keeper: Keeper, waits: list[float], exchanges: list[Exchange]) -> Client:
    return Client(keeper, Limiter(redis, "test"), log=exchanges.append, sleep=waits.append)


@pytest.fixture
def refuse(portal: RunningPortal) -> Callable[..., None]:
    """Let the portal answer its next requests so."""
    from b24app.demo.faults import Refusal

    return lambda **how: portal.state.faults.refusals.append(Refusal(**how))
