"""Every row of contract 2.8: what Bitrix24 answers, what the client does about it, and what a person is told.

The wire is a fake portal of one address; what the client asks its keeper and its limiter for is written down.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import requests
import responses
from redis import Redis

from b24app.bitrix.client import IN_BACKGROUND, Access, Client
from b24app.bitrix.errors import (
    AccessDenied,
    BadAnswer,
    LimitExceeded,
    MethodPaused,
    NotInstalled,
    OwnerDismissed,
    PortalGone,
    Refused,
    RestError,
    ScopeMissing,
    TokenDead,
    TokenExpired,
    TokenUnknown,
    Unconfirmed,
    Unreachable,
    Wait,
    refused,
)
from b24app.bitrix.oauth import Credentials, OAuth
from b24app.bitrix.throttle import Limiter
from b24app.lib.i18n import language, speaking

PORTAL = "https://a.example/rest/"
SERVER = "https://oauth.example"


@dataclass
class Keeper:
    """Has two administrators' tokens, and writes down what it was asked for."""

    asked: list[str] = field(default_factory=list)
    renewals: int = 0
    user: int = 1
    endpoint: str = PORTAL

    def access(self) -> Access:
        return Access(self.endpoint, f"token{self.user}-{self.renewals}", self.user)

    def renewed(self, stale: Access) -> Access:
        self.asked.append("renew")
        self.renewals += 1
        return self.access()

    def another(self, dismissed: Access) -> Access:
        self.asked.append("another")
        if self.user == 2:
            raise TokenDead("nobody is left")
        self.user = 2
        return self.access()

    def moved(self, access: Access, address: str) -> Access:
        self.asked.append(f"move to {address}")
        self.endpoint = "https://b.example/rest/"
        return self.access()

    def gone(self, error: PortalGone) -> None:
        self.asked.append("suspend")


@dataclass
class Tried:
    """What came of one call that is always answered the same."""

    requests: int
    asked: list[str]
    waits: list[float]
    error: RestError


@pytest.fixture
def attempt(redis: Redis) -> Callable[..., Tried]:
    def attempt(status: int, body: Any, method: str = "crm.item.list") -> Tried:
        keeper, waits = Keeper(), []
        client = Client(keeper, Limiter(redis, "reactions"), patience=replace(IN_BACKGROUND, tries=4),
                        sleep=waits.append)  # fmt: skip
        with responses.RequestsMock() as wire:
            given = {"body": body} if isinstance(body, str | Exception) else {"json": body}
            wire.post(f"{PORTAL}{method}", status=status, **given)
            with pytest.raises(RestError) as caught:
                client.call(method)
            return Tried(len(wire.calls), keeper.asked, waits, caught.value)

    return attempt


ONCE, RENEWED_ONCE, REPEATED = 1, 2, 4
GIVES_UP, SUSPENDS = [], ["suspend"]
AND_THEN_ANOTHER = ["renew", "another", "renew", "another"]

REACTIONS = [
    # status, code, description -> the error, how many requests, what the keeper is asked for
    (401, "expired_token", "", TokenExpired, RENEWED_ONCE, ["renew"]),
    (401, "invalid_token", "", TokenDead, 4, AND_THEN_ANOTHER),
    (401, "NO_AUTH_FOUND", "", TokenDead, 4, AND_THEN_ANOTHER),
    (401, "authorization_error", "", TokenDead, 2, ["another", "another"]),
    (403, "user_access_error", "", TokenDead, 2, ["another", "another"]),
    (403, "allowed_only_intranet_user", "", TokenDead, 2, ["another", "another"]),
    (401, "APPLICATION_NOT_FOUND", "", NotInstalled, ONCE, SUSPENDS),
    (401, "ERROR_OAUTH", "Application not installed", NotInstalled, ONCE, SUSPENDS),
    (401, "ERROR_OAUTH", "", TokenDead, 4, AND_THEN_ANOTHER),
    (401, "NOT_INSTALLED", "", NotInstalled, ONCE, SUSPENDS),
    (401, "PAYMENT_REQUIRED", "", PortalGone, ONCE, SUSPENDS),
    (503, "OVERLOAD_LIMIT", "", PortalGone, ONCE, SUSPENDS),
    (500, "PORTAL_DELETED", "", PortalGone, ONCE, SUSPENDS),
    (410, "PORTAL_DELETED", "", PortalGone, ONCE, SUSPENDS),
    (403, "ACCESS_DENIED", "REST API is available only on commercial plans", PortalGone, ONCE, SUSPENDS),
    (403, "ACCESS_DENIED", "Application context required", AccessDenied, ONCE, GIVES_UP),
    (400, "ACCESS_DENIED", "", AccessDenied, ONCE, GIVES_UP),
    (403, "INVALID_CREDENTIALS", "", AccessDenied, ONCE, GIVES_UP),
    (403, "WRONG_AUTH_TYPE", "", AccessDenied, ONCE, GIVES_UP),
    (401, "METHOD_CONFIRM_WAITING", "", Unconfirmed, ONCE, GIVES_UP),
    (403, "METHOD_CONFIRM_DENIED", "", AccessDenied, ONCE, GIVES_UP),
    (403, "insufficient_scope", "", ScopeMissing, ONCE, GIVES_UP),
    (404, "ERROR_METHOD_NOT_FOUND", "", Refused, ONCE, GIVES_UP),
    (405, "ERROR_BATCH_METHOD_NOT_ALLOWED", "", Refused, ONCE, GIVES_UP),
    (400, "ERROR_BATCH_LENGTH_EXCEEDED", "", Refused, ONCE, GIVES_UP),
    (400, "INVALID_REQUEST", "https required", Refused, ONCE, GIVES_UP),
    (503, "QUERY_LIMIT_EXCEEDED", "", LimitExceeded, REPEATED, GIVES_UP),
    (429, "OPERATION_TIME_LIMIT", "", MethodPaused, ONCE, GIVES_UP),
    (500, "INTERNAL_SERVER_ERROR", "", Wait, REPEATED, GIVES_UP),
    (500, "ERROR_UNEXPECTED_ANSWER", "", Wait, REPEATED, GIVES_UP),
    (500, "", "something", Wait, REPEATED, GIVES_UP),
    (500, 0, "", Wait, REPEATED, GIVES_UP),
    (400, 100, "Could not find value for parameter", Refused, ONCE, GIVES_UP),
    (400, "", "Access denied.", Refused, ONCE, GIVES_UP),
    (200, "ERROR_CORE", "an error in a success", Refused, ONCE, GIVES_UP),
]


@pytest.mark.parametrize(("status", "code", "description", "kind", "requests_made", "asked"), REACTIONS)
def test_each_code_has_its_reaction(
    attempt: Callable[..., Tried],
    status: int,
    code: object,
    description: str,
    kind: type[RestError],
    requests_made: int,
    asked: list[str],
) -> None:
    tried = attempt(status, {"error": code, "error_description": description})
    assert (type(tried.error), tried.requests, tried.asked) == (kind, requests_made, asked)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (403, "<h1>Forbidden</h1>"),
        (500, "<h1>Error</h1>"),
        (502, "<h1>Bad gateway</h1>"),
        (200, "<h1>Welcome</h1>"),
        (200, "[]"),
        (200, "{}"),
        (200, ""),
    ],
)
def test_what_is_no_answer_is_asked_for_again(attempt: Callable[..., Tried], status: int, body: str) -> None:
    tried = attempt(status, body)
    assert (type(tried.error), tried.requests, tried.asked) == (BadAnswer, REPEATED, [])


def test_no_answer_at_all_is_asked_for_again(attempt: Callable[..., Tried]) -> None:
    tried = attempt(0, requests.ConnectionError("reset"))
    assert (type(tried.error), tried.requests) == (Unreachable, REPEATED)


def test_the_pauses_grow(attempt: Callable[..., Tried]) -> None:
    waits = attempt(500, {"error": "INTERNAL_SERVER_ERROR"}).waits
    assert len(waits) == 3
    assert waits == sorted(waits)


@pytest.mark.parametrize("method", ["profile", "app.info", "server.time", "scope"])
def test_where_even_what_needs_no_right_is_denied_the_plan_has_no_rest(
    attempt: Callable[..., Tried], method: str
) -> None:
    tried = attempt(403, {"error": "ACCESS_DENIED"}, method)
    assert (tried.asked, "commercial plan" in tried.error.message) == (["suspend"], True)


def test_a_moved_portal_is_followed_once(redis: Redis) -> None:
    keeper = Keeper()
    client = Client(keeper, Limiter(redis, "moved"), sleep=lambda _seconds: None)
    with responses.RequestsMock() as wire:
        wire.post(f"{PORTAL}profile", status=302, headers={"Location": "https://b.example/rest/profile"})
        wire.post("https://b.example/rest/profile", json={"result": {"ID": "1"}})
        assert client.call("profile") == {"ID": "1"}
    assert keeper.asked == ["move to https://b.example/rest/profile"]


def test_a_portal_that_moves_in_a_circle_is_not_followed(attempt: Callable[..., Tried], redis: Redis) -> None:
    client = Client(Keeper(), Limiter(redis, "circle"), sleep=lambda _seconds: None)
    with responses.RequestsMock() as wire:
        wire.post(f"{PORTAL}m", status=302, headers={"Location": "https://b.example/rest/m"})
        wire.post("https://b.example/rest/m", status=302, headers={"Location": f"{PORTAL}m"})
        with pytest.raises(Unreachable):
            client.call("m")


def test_a_command_of_a_batch_is_paused_until_its_own_time(redis: Redis) -> None:
    from b24app.lib import clock

    limiter = Limiter(redis, "inner")
    until = clock.epoch(clock.now()) + 300
    body = {"result": {"a": 1}, "result_error": {"b": {"error": "OPERATION_TIME_LIMIT"}},
            "result_time": {"b": {"operating_reset_at": until}}}  # fmt: skip
    with responses.RequestsMock() as wire:
        wire.post(f"{PORTAL}batch", json={"result": body})
        with pytest.raises(MethodPaused):
            Client(Keeper(), limiter, sleep=lambda _s: None).batch({"a": ("profile", {}), "b": ("crm.item.list", {})})
    assert 250 < limiter.take(["crm.item.list"], 1).pause_s <= 300
    assert limiter.take(["profile"], 1).pause_s == 0


# --- the token endpoint


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "invalid_client", Refused),
        (400, "invalid_grant", TokenDead),
        (400, "invalid_request", Refused),
        (200, "wrong_client", Refused),
        (403, "invalid_scope", ScopeMissing),
        (401, "PAYMENT_REQUIRED", PortalGone),
        (401, "NOT_INSTALLED", NotInstalled),
        (401, "NO_AUTH_FOUND", TokenUnknown),
        (401, "authorization_error", OwnerDismissed),
    ],
)
def test_each_code_of_the_token_endpoint(status: int, code: str, kind: type[RestError]) -> None:
    with responses.RequestsMock() as wire:
        wire.get(f"{SERVER}/oauth/token/", status=status, json={"error": code})
        with pytest.raises(RestError) as caught:
            OAuth(Credentials("id", "secret", (SERVER,))).refresh(SERVER, "refresh token")
    assert type(caught.value) is kind
    assert "secret" not in str(vars(caught.value))


def test_everybody_is_told_in_their_language() -> None:
    for status, code, description, *_rest in REACTIONS:
        sentences = set()
        for name in ("en", "ru"):
            with speaking(name):
                assert language() == name
                error = refused("m", status, {"error": code, "error_description": description})
                sentences.add(error.message)
                assert error.message.endswith((".", "B24_CLIENT_SECRET"))
        assert len(sentences) == 2, code
