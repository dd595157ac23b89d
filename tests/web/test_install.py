"""The installer page: who may install, what a forged post gets, and that the page says when it is done."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import requests
import time_machine
from flask import Flask
from redis import Redis
from sqlalchemy import func, select

from b24app.jobs import install as jobs
from b24app.lib import clock
from b24app.lib.db import DatabaseUnavailable, db
from b24app.lib.errors import Permanent
from b24app.portal import operations
from b24app.portal.tables import Job, Portal, Token
from tests.web.portal_site import ADMIN, EMPLOYEE, Site, breaking, site


@pytest.fixture
def here(app: Flask, redis: Redis) -> Iterator[Site]:
    with site(app, redis) as found:
        yield found


def test_the_administrator_installs_and_the_page_finishes(here: Site) -> None:
    page = here.browse()
    assert page.status_code == 200
    token = re.search(r'name="b24-session" content="([^"]+)"', page.text)
    address = re.search(r'hx-get="(/ui/install/[^"]+)"', page.text)
    assert token, page.text
    assert address, page.text
    assert here.queued("live") == ["b24app.jobs.install.register"]

    headers = {"Authorization": f"Bearer {token[1]}", "HX-Request": "true"}
    assert "data-install-done" not in here.client.get(address[1], headers=headers).text
    jobs.register(here.portal.id, address[1].rpartition("/")[2])
    assert "data-install-done" in here.client.get(address[1], headers=headers).text

    assert here.portal.status == "active"
    assert len(here.demo.state.app.placements) == 7
    robots = {"kpi_add", "kpi_badge", "kpi_check", "kpi_get", "kpi_notify", "kpi_recompute", "kpi_set"}
    assert set(here.demo.state.workflows.robots) == robots | {f"{code}_activity" for code in robots}
    assert set(here.demo.state.workflows.triggers) == {"kpi_reached"}
    assert here.queued("sync") == ["b24app.jobs.sync.backfill"]


def test_the_page_is_framed_by_this_portal_only(here: Site) -> None:
    policy = here.browse().headers["Content-Security-Policy"]
    assert policy.endswith(f"frame-ancestors {here.demo.url}")
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy


def test_no_cookie_is_set(here: Site) -> None:
    assert "Set-Cookie" not in here.browse().headers


def test_the_vendors_form_may_probe_the_address(here: Site) -> None:
    assert here.client.head("/b24/install").status_code == 200
    assert here.client.get("/b24/install").status_code == 405


def test_somebody_without_rights_is_told_whom_to_ask(here: Site) -> None:
    page = here.browse(EMPLOYEE, LANG="en")
    assert page.status_code == 403
    assert "Only an administrator" in page.text
    assert _rows() == 0


@pytest.mark.parametrize(
    "lie",
    [
        {"AUTH_ID": "made up"},
        {"member_id": "f" * 32},
        {"DOMAIN": "evil.example"},
        {"SERVER_ENDPOINT": "https://evil.example/rest/"},
        {"SERVER_ENDPOINT": "https://evil.example/rest/", "DOMAIN": "evil.example", "AUTH_ID": "made up"},
    ],
)
def test_a_forged_post_is_refused_and_asks_nobody_unknown(
    here: Site, monkeypatch: pytest.MonkeyPatch, lie: dict[str, str]
) -> None:
    asked: list[str] = []
    real = requests.Session.send
    monkeypatch.setattr(
        requests.Session, "send", lambda self, request, **how: asked.append(request.url) or real(self, request, **how)
    )
    page = here.browse(**lie)
    assert page.status_code == 403
    assert 'class="error-message"' in page.text
    assert all(url.startswith(here.demo.url) for url in asked)
    assert _rows() == 0


def test_a_post_of_something_else_is_answered_politely(here: Site) -> None:
    page = here.client.post("/b24/install", data={"foo": "bar"})
    assert page.status_code == 422
    assert "AUTH_ID" in page.text


def test_the_wrong_application_token_of_an_installed_portal_is_refused(here: Site) -> None:
    here.install()
    assert here.browse(path="/b24/install", APPLICATION_TOKEN="wrong").status_code == 403
    assert here.portal.application_token == here.demo.state.app.token


def test_installing_again_keeps_the_portal(here: Site) -> None:
    here.install()
    first = here.portal.id
    assert here.browse(path="/b24/install").status_code == 200
    assert here.portal.id == first
    assert here.queued("live") == ["b24app.jobs.install.register"]


def test_a_failed_registration_says_why_and_can_be_tried_again(here: Site) -> None:
    here.browse()
    headers = {**here.token(), "HX-Request": "true"}
    job = db.session.scalars(select(Job)).one()
    broken = operations.Connection(
        operations.settings().credentials, "ftp://nowhere", operations.settings().manifest, here.redis
    )
    operations.use(broken)
    with pytest.raises(Permanent, match="LEFT_MENU"):
        jobs.register(here.portal.id, job.id)
    text = here.client.get(f"/ui/install/{job.id}", headers=headers).text
    assert 'class="error-message"' in text
    assert "data-install-done" not in text
    again = here.client.post("/ui/install", headers=headers)
    assert again.status_code == 303
    assert again.location != f"/ui/install/{job.id}"


def test_the_progress_is_for_administrators_of_this_portal(here: Site) -> None:
    here.browse()
    job = db.session.scalars(select(Job)).one()
    assert here.client.get(f"/ui/install/{job.id}", headers=here.token(EMPLOYEE)).status_code == 403
    assert here.client.get("/ui/install/other", headers=here.token(ADMIN)).status_code == 404


def test_a_full_disk_is_a_sentence_and_leaves_nothing_behind(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    full = DatabaseUnavailable("INSERT", {}, Exception("database or disk is full"))
    monkeypatch.setattr(operations, "start_job", breaking(full))
    page = here.browse(LANG="en")
    assert page.status_code == 503
    assert "Nothing was changed" in page.text
    assert "Traceback" not in page.text
    assert _rows() == 0


def test_an_unreachable_oauth_server_is_a_sentence(here: Site) -> None:
    here.demo.server.shutdown()
    here.demo.server.server_close()
    page = here.browse(LANG="en")
    assert page.status_code == 503
    assert "does not answer" in page.text
    assert page.headers["Retry-After"]


def test_a_lost_queue_is_found_by_the_sweep(here: Site) -> None:
    here.browse()
    here.redis.flushall()
    jobs.sweep()
    assert here.queued("live") == []
    with time_machine.travel(clock.now() + timedelta(minutes=2), tick=False):
        jobs.sweep()
    assert here.queued("live") == ["b24app.jobs.install.register"]


def _rows() -> int:
    db.session.remove()
    return sum(db.session.scalar(select(func.count()).select_from(table)) or 0 for table in (Portal, Token, Job))
