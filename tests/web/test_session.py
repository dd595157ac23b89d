"""Sessions: begun for a verified viewer, ended by time or removal; without one there is nothing to see."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from flask import Flask, g
from redis import Redis

from b24app.lib import clock, crypto
from b24app.lib.db import write
from b24app.portal import operations
from b24app.portal.rules import Action
from b24app.portal.tables import Portal
from b24app.web.viewer import needs
from tests.web.portal_site import ADMIN, EMPLOYEE, Site, site

pytestmark = pytest.mark.databases("sqlite")
"""What is refused here is refused before any database is asked."""


@pytest.fixture
def apps() -> dict[str, Flask]:
    """An application of its own: it is given views that no other test may see."""
    return {}


@pytest.fixture
def here(app: Flask, redis: Redis) -> Iterator[Site]:
    with site(app, redis) as found:

        @found.app.get("/ui/probe")
        def probe():
            return {"user": g.viewer.user_id, "admin": g.viewer.is_admin, "language": g.viewer.language}

        @found.app.get("/ui/admins")
        @needs(Action.ADMINISTER)
        def admins():
            return "secret"

        @found.app.get("/broken")
        def broken():
            raise ZeroDivisionError("secret detail")

        found.install()
        yield found


def test_a_session_is_given_to_a_verified_viewer(here: Site) -> None:
    answer = here.session(EMPLOYEE)
    assert answer.status_code == 200
    assert answer.get_json()["expires_in"] == 3600
    headers = {"Authorization": f"Bearer {answer.get_json()['token']}"}
    assert here.client.get("/ui/probe", headers=headers).get_json()["user"] == EMPLOYEE


@pytest.mark.parametrize("lie", [{"member_id": "f" * 32}, {"domain": "evil.example"}])
def test_a_session_is_not_given_on_somebodys_word(here: Site, lie: dict[str, str]) -> None:
    answer = here.session(**lie)
    assert answer.status_code == 403
    assert answer.mimetype == "application/problem+json"


def test_what_is_missing_is_named(here: Site) -> None:
    answer = here.client.post("/ui/session", json={"domain": "x"})
    assert answer.status_code == 422
    assert {fault["path"] for fault in answer.get_json()["errors"]} == {"access_token", "member_id"}


def test_a_page_without_a_session_holds_no_data(here: Site) -> None:
    page = here.client.get("/ui/probe", query_string={"period": "week"})
    assert page.status_code == 200
    assert 'hx-get="/ui/probe?period=week"' in page.text
    assert "b24-session" not in page.text


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c"])
def test_a_fragment_without_a_session_is_refused(here: Site, token: str) -> None:
    headers = {"HX-Request": "true", **({"Authorization": f"Bearer {token}"} if token else {})}
    answer = here.client.get("/ui/probe", headers=headers)
    assert answer.status_code == 401
    assert "<html" not in answer.text


def test_a_session_signed_by_somebody_else_is_refused(here: Site) -> None:
    claims = {"portal": here.portal.id, "member": here.portal.member_id, "user": ADMIN, "admin": True, "language": "en"}
    forged = crypto.sign(claims, "another secret, long enough to sign with", clock.now(), 60)
    assert here.client.get("/ui/probe", headers={"Authorization": f"Bearer {forged}"}).status_code == 401


def test_a_session_ends(here: Site) -> None:
    headers = here.token()
    with time_machine.travel(clock.now() + timedelta(minutes=61), tick=False):
        assert here.client.get("/ui/probe", headers=headers).status_code == 401


def test_a_session_ends_with_the_installation(here: Site) -> None:
    headers = here.token()
    with write():
        operations.uninstall(here.portal.id, clean=False, now=clock.now())
    assert here.client.get("/ui/probe", headers=headers).status_code == 401
    assert here.session().status_code == 404


def test_the_fragment_is_framed_by_the_sessions_portal(here: Site) -> None:
    answer = here.client.get("/ui/nowhere", headers={**here.token(), "HX-Request": "true"})
    assert answer.status_code == 404
    assert answer.headers["Content-Security-Policy"].endswith(f"frame-ancestors {here.demo.url}")


def test_only_administrators_pass_where_they_are_needed(here: Site) -> None:
    assert here.client.get("/ui/admins", headers=here.token(ADMIN)).text == "secret"
    assert here.client.get("/ui/admins", headers=here.token(EMPLOYEE)).status_code == 403


def test_an_error_nobody_expected_shows_no_traceback(here: Site) -> None:
    page = here.client.get("/broken")
    assert page.status_code == 500
    assert "secret detail" not in page.text
    assert 'class="error-message"' in page.text


def test_a_session_of_an_erased_portal_does_not_open_the_one_that_got_its_id(here: Site) -> None:
    headers = {"Authorization": f"Bearer {here.session().get_json()['token']}"}
    assert here.client.get("/ui/probe", headers=headers).status_code == 200
    with write() as session:
        session.get_one(Portal, here.portal.id).member_id = "e" * 32
    assert here.client.get("/ui/probe", headers=headers).status_code == 401
