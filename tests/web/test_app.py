"""Opening the app and its placements: verified every time, handed over to the right page."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import select

from b24app.demo import installation
from b24app.lib import clock
from b24app.lib.db import db, write
from b24app.portal import operations, suspension
from b24app.portal.tables import Token
from b24app.web.session import read
from tests.web.portal_site import ADMIN, EMPLOYEE, Site, site

pytestmark = pytest.mark.databases("sqlite")
"""What is refused here is refused before any database is asked."""


@pytest.fixture
def here(app: Flask, redis: Redis) -> Iterator[Site]:
    with site(app, redis) as found:
        found.install()
        yield found


@pytest.mark.parametrize(
    ("placement", "options", "page"),
    [
        ("DEFAULT", "{}", "/ui/"),
        ("LEFT_MENU", "[]", "/ui/"),
        ("CRM_ANALYTICS_MENU", "", "/ui/"),
        ("CRM_DEAL_DETAIL_TAB", '{"ID":"12"}', "/ui/deal/12"),
        ("CRM_DEAL_DETAIL_TAB", '{"ID":"12\\"><script>"}', "/ui/"),
        ("REST_APP_URI", '{"go":"/ui/team?period=week"}', "/ui/team?period=week"),
        ("REST_APP_URI", '{"go":"https://evil.example/ui/"}', "/ui/"),
        ("REST_APP_URI", '{"go":"//evil.example/ui/"}', "/ui/"),
        ("REST_APP_URI", '{"go":"/ui/../api/v1/portal"}', "/ui/"),
        ("REST_APP_URI", '{"go":"/ui/\\\\evil"}', "/ui/"),
        ("REST_APP_URI", '{"go":["/ui/my"]}', "/ui/"),
    ],
)
def test_each_placement_leads_to_its_page(here: Site, placement: str, options: str, page: str) -> None:
    answer = here.browse(EMPLOYEE, PLACEMENT=placement, PLACEMENT_OPTIONS=options)
    assert answer.status_code == 200
    assert f'hx-get="{page}"' in answer.text.replace("&#34;", '"')


def test_the_session_says_who_looks(here: Site) -> None:
    for user_id, is_admin in ((ADMIN, True), (EMPLOYEE, False)):
        page = here.browse(user_id, LANG="en")
        token = re.search(r'name="b24-session" content="([^"]+)"', page.text)
        assert token
        claims = read(token[1])
        assert (claims.user_id, claims.is_admin, claims.language) == (user_id, is_admin, "en")
        assert '<html lang="en">' in page.text


def test_the_page_is_framed_by_this_portal_only(here: Site) -> None:
    page = here.browse(EMPLOYEE)
    assert page.headers["Content-Security-Policy"].endswith(f"frame-ancestors {here.demo.url}")
    assert "X-Frame-Options" not in page.headers
    assert page.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in page.headers


def test_without_a_post_the_page_is_neutral(here: Site) -> None:
    assert here.client.head("/b24/app").status_code == 200
    page = here.client.get("/b24/app")
    assert page.status_code == 200
    assert "b24-session" not in page.text


@pytest.mark.parametrize(
    "lie",
    [
        {"APPLICATION_TOKEN": "wrong"},
        {"AUTH_ID": "made up"},
        {"member_id": "f" * 32},
        {"DOMAIN": "evil.example"},
        {"SERVER_ENDPOINT": "https://evil.example/rest/"},
    ],
)
@pytest.mark.parametrize("user_id", [ADMIN, EMPLOYEE])
def test_a_forged_post_is_refused_in_the_viewers_language(here: Site, user_id: int, lie: dict[str, str]) -> None:
    page = here.browse(user_id, LANG="ru", **lie)
    assert page.status_code == 403
    assert '<html lang="ru">' in page.text
    assert "b24-session" not in page.text


def test_a_viewers_tokens_never_replace_the_service_token(here: Site) -> None:
    service = db.session.scalar(select(Token.access_token).where(Token.rank == 0))
    for user_id in (ADMIN, EMPLOYEE):
        here.browse(user_id)
    db.session.rollback()
    assert db.session.scalars(select(Token.access_token)).all() == [service]


def test_an_administrator_is_kept_as_a_stand_in(here: Site) -> None:
    here.demo.state.staff.users[EMPLOYEE].is_admin = True
    here.browse(EMPLOYEE)
    db.session.rollback()
    assert dict(db.session.execute(select(Token.user_id, Token.rank)).all()) == {ADMIN: 0, EMPLOYEE: 1}


def test_a_suspended_portal_says_why_and_wakes_up_for_its_administrator(here: Site) -> None:
    with write():
        suspension.begin(operations.lock(here.portal.id), "PAYMENT_REQUIRED", clock.now())
    page = here.browse(EMPLOYEE)
    assert (page.status_code, here.portal.problem in page.text) == (403, True)
    assert here.browse(ADMIN).status_code == 200
    assert here.queued("live") == ["b24app.jobs.install.register"]
    assert here.browse(EMPLOYEE).status_code == 200


def test_a_new_version_is_registered_again_when_an_administrator_comes(here: Site) -> None:
    installation.update(here.demo.state, new_token=True)
    assert here.browse(EMPLOYEE).status_code == 200
    assert here.queued("live") == []
    assert here.browse(ADMIN).status_code == 200
    assert here.queued("live") == ["b24app.jobs.install.register"]
    assert here.portal.application_token == here.demo.state.app.token


def test_an_unknown_portal_is_asked_to_install(here: Site) -> None:
    with write():
        operations.uninstall(here.portal.id, clean=False, now=clock.now())
    assert here.browse(ADMIN).status_code == 404
