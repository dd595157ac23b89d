"""Whom the app calls: a listed authorization server, and the portal that it has named; nobody else, whatever comes."""

import re
from collections.abc import Iterator

import pytest
import responses

from b24app.bitrix.errors import Refused, Unreachable
from b24app.bitrix.oauth import OAuth
from b24app.lib import clock
from b24app.lib.db import write
from b24app.lib.errors import Forbidden
from b24app.lib.paths import PACKAGE
from b24app.portal import operations, queries
from b24app.portal.tables import Token
from tests.databases import Databases
from tests.scores.world import PORTAL
from tests.security.hostile import OAUTH
from tests.security.world import Site, site

pytestmark = pytest.mark.databases("sqlite")

HOME = "https://p1.bitrix24.test/rest/"
CALLERS = {"bitrix/client.py", "bitrix/oauth.py", "lib/outgoing.py", "outcomes/notifications/channels/base.py"}
"""The last one only names what can go wrong. What outgoing.py calls is tested in tests/lib/test_outgoing.py."""
OPENS = re.compile(
    r"^\s*(import|from) (requests|urllib\.request|urllib3|http\.client|httpx|aiohttp|socket|smtplib)\b", re.M
)


@pytest.fixture
def here(databases: Databases, database_kind: str, redis_url: str) -> Iterator[Site]:
    """The first portal has an administrator's token that works."""
    with site(databases, database_kind, redis_url) as found:
        with write() as session:
            token = session.get(Token, (PORTAL, 900))
            assert token
            token.dead, token.expires_at = False, clock.epoch(clock.now()) + 3600
        yield found


@pytest.fixture
def network() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as found:
        yield found


def named(network: responses.RequestsMock, endpoint: str, member_id: str = "member1") -> None:
    """Where the authorization server says that the portal lives."""
    install = {"installed": True, "client_endpoint": endpoint, "member_id": member_id}
    network.get(f"{OAUTH}/rest/app.info/", json={"result": {"client_id": "app.test", "user_id": 1, "install": install}})


def moved(network: responses.RequestsMock, to: str) -> None:
    network.post(f"{HOME}crm.deal.fields", status=302, headers={"Location": f"{to}crm.deal.fields"})


def hosts(network: responses.RequestsMock) -> list[str]:
    return [call.request.url.split("/")[2] for call in network.calls]


def test_who_opens_connections_is_a_short_list() -> None:
    """Whoever adds one has to say here whom it calls, and to test that it calls nobody else."""
    found = {str(file.relative_to(PACKAGE)) for file in PACKAGE.rglob("*.py") if OPENS.search(file.read_text("utf-8"))}
    assert {name for name in found if not name.startswith(("demo/", "cli/", "lib/redis_server"))} == CALLERS


@pytest.mark.parametrize(
    "address", ["https://evil.example/rest/", "http://p1.bitrix24.test/rest/", "https://169.254.169.254/rest/"]
)
def test_a_redirect_of_the_portal_is_followed_only_to_where_the_authorization_server_says(
    here: Site, network: responses.RequestsMock, address: str
) -> None:
    moved(network, address)
    named(network, HOME)
    with pytest.raises(Unreachable):
        operations.connect(PORTAL).call("crm.deal.fields")
    assert hosts(network) == ["p1.bitrix24.test", "oauth.example"]
    assert queries.get(PORTAL).client_endpoint == HOME


def test_a_move_that_it_confirms_is_followed_and_kept(here: Site, network: responses.RequestsMock) -> None:
    moved(network, "https://new.bitrix24.test/rest/")
    named(network, "https://new.bitrix24.test/rest/")
    network.post("https://new.bitrix24.test/rest/crm.deal.fields", json={"result": {}})
    assert operations.connect(PORTAL).call("crm.deal.fields") == {}
    assert hosts(network) == ["p1.bitrix24.test", "oauth.example", "new.bitrix24.test"]


def test_a_move_that_it_confirms_for_another_portal_is_not(here: Site, network: responses.RequestsMock) -> None:
    moved(network, "https://p2.bitrix24.test/rest/")
    named(network, "https://p2.bitrix24.test/rest/", "member2")
    with pytest.raises(Unreachable):
        operations.connect(PORTAL).call("crm.deal.fields")
    assert "p2.bitrix24.test" not in hosts(network)


@pytest.mark.parametrize("server", ["https://evil.example", "http://oauth.example", f"{OAUTH}.evil.example", ""])
def test_an_authorization_server_that_is_not_listed_is_never_called(
    here: Site, network: responses.RequestsMock, server: str
) -> None:
    oauth = OAuth(operations.settings().credentials)
    with pytest.raises(Forbidden):
        oauth.app_info(server, "token")
    with pytest.raises(Forbidden):
        oauth.refresh(server, "token")
    assert hosts(network) == []


@pytest.mark.parametrize(
    "endpoint", ["http://p1.bitrix24.test/rest/", "https://u:p@p1.bitrix24.test/", "file:///etc/", "x"]
)
def test_a_portal_without_encryption_or_with_a_password_in_its_address_is_refused(
    here: Site, network: responses.RequestsMock, endpoint: str
) -> None:
    named(network, endpoint)
    with pytest.raises(Refused):
        OAuth(operations.settings().credentials).app_info(OAUTH, "token")
    network.get(
        f"{OAUTH}/oauth/token/",
        json={"access_token": "a", "refresh_token": "r", "client_endpoint": endpoint, "member_id": "member1"},
    )
    assert OAuth(operations.settings().credentials).refresh(OAUTH, "r").client_endpoint is None
