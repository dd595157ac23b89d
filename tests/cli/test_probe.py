"""The points of the contract that only a real portal can tell of, asked of the demo portal; nothing stays behind."""

from collections.abc import Iterator

import pytest
from redis import Redis

from b24app.bitrix.client import Access, Client
from b24app.bitrix.throttle import Limiter
from b24app.cli.probe import NOT_FROM_HERE, POINTS, Finding, Portal, findings
from b24app.demo import deals as crm
from b24app.demo import installation, server
from b24app.demo.faults import Refusal
from b24app.demo.server import RunningPortal
from b24app.demo.settings import DemoSettings
from b24app.lib import clock

ADMIN = 1
ADDRESS = "http://127.0.0.1:8000/b24/event?probe"


class Keeper:
    """One token, always good."""

    def __init__(self, running: RunningPortal) -> None:
        token = running.state.tokens.issue(ADMIN, clock.now()).access
        self._access = Access(running.state.client_endpoint, token, ADMIN)

    def access(self) -> Access:
        return self._access


@pytest.fixture
def running() -> Iterator[RunningPortal]:
    portal = server.start(DemoSettings(deals=60, activities=False, language="en", event_workers=0))
    installation.install(portal.state)
    installation.finish(portal.state)
    yield portal
    portal.close()


@pytest.fixture
def portal(running: RunningPortal, redis: Redis) -> Portal:
    client = Client(Keeper(running), Limiter(redis, "probe"), sleep=lambda _seconds: None)  # type: ignore[arg-type]
    return Portal(client, ADDRESS)


def by_words(portal: Portal) -> dict[str, Finding]:
    return {finding.assumed: finding for finding in findings(portal)}


def test_every_point_is_asked_and_nothing_stays_behind(portal: Portal, running: RunningPortal) -> None:
    crm.log_activity(running.state, "meeting", 10)
    rows = {name: len(getattr(running.state, name).rows) for name in ("deals", "activities", "history")}
    found = list(findings(portal))
    assert len(found) == len(POINTS) + len(NOT_FROM_HERE)
    refused = [finding for finding in found if "refused" in finding.says and finding.holds is None]
    assert not refused
    assert not any(binding.handler == ADDRESS for binding in running.state.events.bindings)
    assert not any(place.handler == ADDRESS for place in running.state.app.placements)
    assert rows == {name: len(getattr(running.state, name).rows) for name in rows}


def test_the_demo_portal_is_as_we_assume_real_ones_to_be(portal: Portal, running: RunningPortal) -> None:
    found = by_words(portal)
    for words in (
        "stage history is listed by keyset (>ID)",
        "crm.item.list refuses a filter by an unknown field",
        "crm.item.list takes an upper-case ID",
        "an event may be bound in the name of the service administrator",
        "binding the same event again is refused",
        "binding the same placement again makes no second one",
        "product rows of several deals come in one question",
        "answers tell the operating time and when it is set back",
    ):
        assert found[words].holds is True, found[words]


def test_what_differs_is_said(portal: Portal, running: RunningPortal) -> None:
    running.state.faults.single_owner_rows = True
    finding = by_words(portal)["product rows of several deals come in one question"]
    assert finding.holds is False
    assert str(finding).startswith("DIFFERS  note: product rows of several deals come in one question. refused: ")


def test_what_the_portal_refuses_is_unknown(portal: Portal, running: RunningPortal) -> None:
    running.state.faults.refusals.append(Refusal(count=1, status=403, code="INVALID_CREDENTIALS", method="event.bind"))
    assert by_words(portal)["an event may be bound in the name of the service administrator"].holds is None
