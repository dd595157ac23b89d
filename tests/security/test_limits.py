"""Who is refused too often waits: per address where anybody may call, per key at the API, per portal for events."""

from collections.abc import Iterator

import pytest
import responses
from redis.exceptions import RedisError

from b24app.lib import queue, rates
from b24app.web import gates
from b24app.web.api import gate
from b24app.web.bitrix import events
from tests.databases import Databases
from tests.scores.world import ADMIN
from tests.security.hostile import outside
from tests.security.world import EVENT_SECRET, Site, site

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def network() -> Iterator[responses.RequestsMock]:
    with outside() as found:
        yield found


@pytest.fixture(scope="module")
def strict(databases: Databases, database_kind: str, redis_url: str) -> Iterator[Site]:
    with site(
        databases, database_kind, redis_url, REFUSED_RATE_LIMIT="3 per minute", API_RATE_LIMIT="5 per minute"
    ) as it:
        yield it


@pytest.fixture
def here(strict: Site) -> Site:
    """Nobody has been refused yet."""
    queue.redis().flushall()
    gates.refusals.forget()
    gate.calls.forget()
    return strict


def event(here: Site, secret: str, member: str = "member1", address: str = "192.0.2.7") -> int:
    form = {"event": "ONCRMNOTHING", "auth[member_id]": member, "auth[application_token]": secret}
    sent = here.app.test_client().post("/b24/event", data=form, environ_base={"REMOTE_ADDR": address})
    return sent.status_code


def test_made_up_tokens_are_asked_of_bitrix24_a_few_times_only(here: Site, network: responses.RequestsMock) -> None:
    form = {"AUTH_ID": "made up", "member_id": "member1"}
    answers = [here.ask("POST", "/b24/app", data=form) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [403, 403, 403, 429, 429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 61
    assert "Too many refused requests" in answers[-1].text
    assert len(network.calls) == 3
    renewal = here.ask("POST", "/ui/session", json={"access_token": "made up", "member_id": "member1"})
    assert renewal.status_code == 429
    assert renewal.mimetype == "application/problem+json"


def test_whoever_is_let_in_is_not_counted(here: Site, network: responses.RequestsMock) -> None:
    form = {"AUTH_ID": "token-of-ann", "member_id": "member1"}
    assert {here.ask("POST", "/b24/app", data=form).status_code for _ in range(8)} == {200}


def test_pages_are_not_limited_this_way(here: Site) -> None:
    assert {here.ask("GET", "/ui/my", "made up", headers={"HX-Request": "true"}).status_code for _ in range(8)} == {401}


def test_a_portal_with_a_wrong_secret_stops_no_other_behind_the_same_queue(here: Site) -> None:
    """Bitrix24 does not repeat an event that was refused."""
    assert [event(here, "wrong") for _ in range(4)] == [403, 403, 403, 429]
    assert event(here, "application-token-of-the-second", "member2") == 200
    assert event(here, EVENT_SECRET, address="192.0.2.8") == 200
    assert event(here, EVENT_SECRET) == 429


def test_made_up_keys_are_tried_a_few_times_only(here: Site) -> None:
    """However many different ones; and valid keys of the same address wait, too."""
    tried = [here.ask("GET", "/api/v1/portal", f"made up {number}").status_code for number in range(5)]
    assert tried == [401, 401, 401, 429, 429]


def test_what_a_program_does_wrong_with_its_key_counts_for_the_key_only(here: Site) -> None:
    answers = [here.ask("GET", "/api/v1/employees", here.keys["first"], query_string={"limit": 0}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [422] * 5 + [429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 61
    assert here.ask("GET", "/api/v1/portal", here.keys["second"]).status_code == 200


def test_whoever_says_the_right_secret_costs_redis_no_question(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates.RedisStorage, "incr", broken)
    monkeypatch.setattr(rates.RedisStorage, "get", broken)
    assert {event(here, EVENT_SECRET) for _ in range(5)} == {200}


def test_whoever_was_refused_too_often_is_turned_away_unasked(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither Redis nor the database is asked whether a secret is right that comes from them."""
    assert [event(here, "wrong") for _ in range(3)] == [403, 403, 403]
    monkeypatch.setattr(rates.RedisStorage, "incr", broken)
    monkeypatch.setattr(events.operations, "event_secret", broken)
    assert event(here, "another") == 429


def test_another_process_counts_on_where_the_first_one_stopped(here: Site) -> None:
    assert [event(here, "wrong") for _ in range(3)] == [403, 403, 403]
    gates.refusals.forget()  # as a process that has seen none of it
    assert [event(here, "wrong") for _ in range(2)] == [403, 429]


def test_who_names_no_portal_of_ours_guesses_at_no_secret(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates.RedisStorage, "incr", broken)
    assert {event(here, "wrong", f"made up {number}") for number in range(5)} == {404}


def test_without_redis_every_process_counts_for_itself(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates.RedisStorage, "incr", broken)
    assert [event(here, "wrong") for _ in range(4)] == [403, 403, 403, 429]
    assert here.ask("GET", "/ui/my", here.session(ADMIN), headers={"HX-Request": "true"}).status_code == 200


def broken(*_args: object, **_kwargs: object) -> None:
    raise RedisError
