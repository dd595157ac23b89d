"""The OAuth server: only listed ones are called, and our secret is in no error."""

import pytest
import requests
import responses

from b24app.bitrix.errors import BadAnswer, Refused, TokenDead, Unreachable
from b24app.bitrix.oauth import Credentials, OAuth, is_allowed, probe
from b24app.demo.server import RunningPortal
from b24app.lib import clock
from b24app.lib.errors import Forbidden

SERVERS = ("https://oauth.bitrix.info", "https://oauth.bitrix24.tech")
CREDENTIALS = Credentials("app.1", "the-secret", SERVERS)


@pytest.fixture
def oauth(portal: RunningPortal) -> OAuth:
    settings = portal.state.settings
    return OAuth(Credentials(settings.client_id, settings.client_secret, (f"{portal.url}/oauth-server",), True))


def test_app_info_says_whose_token_it_is(oauth: OAuth, portal: RunningPortal) -> None:
    pair = portal.state.tokens.issue(1, clock.now())
    info = oauth.app_info(oauth.preferred, pair.access)
    assert (info.member_id, info.user_id, info.installed) == (portal.state.settings.member_id, 1, False)
    assert info.client_endpoint == f"{portal.url}/rest/"
    assert "crm" in info.scopes


def test_a_pair_is_refreshed_once(oauth: OAuth, portal: RunningPortal) -> None:
    pair = portal.state.tokens.issue(1, clock.now())
    renewed = oauth.refresh(oauth.preferred, pair.refresh)
    assert renewed.access_token != pair.access
    assert renewed.client_endpoint == f"{portal.url}/rest/"
    with pytest.raises(TokenDead):
        oauth.refresh(oauth.preferred, pair.refresh)


@pytest.mark.parametrize("endpoint", ["https://oauth.bitrix.info/rest/", "https://oauth.bitrix.info/rest"])
def test_a_listed_server_is_known_by_its_endpoint(endpoint: str) -> None:
    assert OAuth(CREDENTIALS).server_of(endpoint) == "https://oauth.bitrix.info"


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://evil.example/rest/",
        "http://oauth.bitrix.info/rest/",
        "https://oauth.bitrix.info.evil.example/rest/",
        "https://oauth.bitrix.info@evil.example/rest/",
        "https://oauth.bitrix.info:8443/rest/",
        "",
    ],
)
@responses.activate
def test_no_other_server_is_ever_called(endpoint: str) -> None:
    with pytest.raises(Forbidden):
        OAuth(CREDENTIALS).server_of(endpoint)
    with pytest.raises(Forbidden):
        OAuth(CREDENTIALS).app_info(endpoint, "token")
    with pytest.raises(Forbidden):
        OAuth(CREDENTIALS).refresh(endpoint, "token")
    assert not responses.calls


@pytest.mark.parametrize(
    ("url", "allow_http", "allowed"),
    [
        ("https://acme.bitrix24.com/rest/", False, True),
        ("http://acme.bitrix24.com/rest/", True, False),
        ("http://localhost:8001/rest/", True, True),
        ("http://localhost:8001/rest/", False, False),
        ("https://user:word@acme.bitrix24.com/rest/", False, False),
        ("file:///etc/passwd", True, False),
        ("", True, False),
    ],
)
def test_plain_http_is_for_this_machine_only(url: str, allow_http: bool, allowed: bool) -> None:
    assert is_allowed(url, allow_http) is allowed


@responses.activate
def test_an_endpoint_without_https_is_refused() -> None:
    install = {"client_endpoint": "http://acme.bitrix24.com/rest/", "member_id": "m", "installed": True}
    body = {"result": {"client_id": "app.1", "user_id": 1, "scope": "crm", "install": install}}
    responses.get(f"{SERVERS[0]}/rest/app.info/", json=body)
    with pytest.raises(Refused):
        OAuth(CREDENTIALS).app_info(SERVERS[0], "token")


@responses.activate
def test_no_error_shows_the_secret() -> None:
    url = f"{SERVERS[0]}/oauth/token/"
    responses.get(url, body=requests.ConnectionError(f"failed: {url}?client_secret=the-secret"))
    with pytest.raises(Unreachable) as caught:
        OAuth(CREDENTIALS).refresh(SERVERS[0], "refresh")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert "the-secret" not in repr(caught.value) + caught.value.description


@responses.activate
def test_a_redirect_of_the_oauth_server_is_not_followed() -> None:
    responses.get(f"{SERVERS[0]}/rest/app.info/", status=302, headers={"Location": "https://evil.example/"})
    with pytest.raises(BadAnswer):
        OAuth(CREDENTIALS).app_info(SERVERS[0], "token")
    assert len(responses.calls) == 1


def test_a_probe_says_what_is_wrong(oauth: OAuth) -> None:
    assert probe(oauth.credentials).registration_problem is None
    stranger = Credentials("app.unknown", "x", oauth.credentials.servers, True)
    assert probe(stranger).registration_problem
    nobody = Credentials("a", "b", ("http://127.0.0.1:9/oauth-server",), True)
    assert probe(nobody).server_problem
