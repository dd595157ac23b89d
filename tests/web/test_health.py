"""The health page: who may see it, what it says in plain words, and that what was put aside can be tried again."""

from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from rq import Queue
from sqlalchemy import insert, update

from b24app.ingest import queries as reading
from b24app.ingest import robot_calls
from b24app.ingest.tables import Inbox, SyncCursor
from b24app.lib import clock, crypto, queue
from b24app.lib.db import db, write
from b24app.outcomes.notifications import queries as messages
from b24app.outcomes.notifications.tables import Notification
from b24app.portal import jobs
from b24app.portal.tables import RestCall, Token
from b24app.scores.owed import Recompute, owe
from b24app.scores.tables import NightlyCheck
from tests.scores import world
from tests.scores.world import ADMIN, HEAD, NOW, OTHER, PORTAL

PAGE = "/ui/settings/health"


class Reader:
    def __init__(self, app: Flask) -> None:
        self.app = app

    def ask(self, method="GET", path="", user=ADMIN, language="en", **form):
        claims = {"portal": PORTAL, "member": f"member{PORTAL}", "user": user, "admin": user == ADMIN,
                  "language": language}  # fmt: skip
        token = crypto.sign(claims, self.app.config["SECRET_KEY"], clock.now(), 60)
        headers = {"Authorization": f"Bearer {token}", "HX-Request": "true"}
        return self.app.test_client().open(PAGE + path, method=method, data=form or None, headers=headers)

    def page(self, **how) -> str:
        answer = self.ask(**how)
        assert answer.status_code == 200
        return " ".join(answer.text.split())


@pytest.fixture
def admin(app: Flask):
    with write():
        world.settle()
    with time_machine.travel(NOW, tick=False):
        yield Reader(app)


def add(*rows: object) -> None:
    with write() as session:
        session.add_all(rows)


def token(user_id: int) -> Token:
    return Token(portal_id=PORTAL, user_id=user_id, access_token="a", refresh_token="r", expires_at=0)


def aside(portal_id: int, key: str) -> Inbox:
    return Inbox(portal_id=portal_id, entity="deal", key=key, payload={}, state="failed", attempts=5,
                 arrived_at=1, reason="No amount.")  # fmt: skip


def test_only_an_administrator_sees_it(admin):
    assert admin.ask(user=HEAD).status_code == 403
    assert admin.ask("POST", "/retry", user=HEAD, id="1").status_code == 403


def test_without_workers_and_with_one_administrator_it_says_what_to_do(admin):
    add(token(ADMIN))
    page = admin.page()
    assert "Nobody works on new records at the moment." in page
    assert "ask a second administrator to open it once" in page
    assert "No request was refused in the last 24 hours." in page


def test_when_all_is_well_there_is_nothing_to_do(admin, monkeypatch):
    monkeypatch.setattr("b24app.web.health.readiness", lambda: {"database": "ok", "redis": "ok", "worker": "ok"})
    add(token(ADMIN), token(HEAD))
    assert "Everything works. There is nothing to do." in admin.page()
    assert "Всё работает. Делать ничего не нужно." in admin.page(language="ru")


def test_refusals_are_told_in_plain_words_with_how_often(admin):
    at = clock.epoch(NOW - timedelta(hours=1))
    errors = ["LimitExceeded QUERY_LIMIT_EXCEEDED"] * 3 + ["BadAnswer", "Unreachable", None]
    with write() as session:
        session.execute(
            insert(RestCall),
            [{"portal_id": PORTAL, "at": at, "method": "batch", "status": 503, "error": error, "duration_ms": 1,
              "request": "", "response": ""} for error in errors],
        )  # fmt: skip
    page = admin.page()
    assert "Bitrix24 asks for fewer requests. The work goes on by itself.</span> <span>3 times</span>" in page
    assert "Bitrix24&#39;s answer cannot be read." in page
    assert "QUERY_LIMIT_EXCEEDED" not in page


def test_how_far_numbers_are_that_a_change_owes_is_said(admin):
    with write():
        job_id = owe(PORTAL, Recompute(), NOW)
    assert "Numbers are to be computed anew" in admin.page()
    with write():
        jobs.report(PORTAL, job_id, 12, 51)
    assert "Numbers are being computed anew: 12 of 51." in admin.page()
    assert "Показатели пересчитываются: 12 из 51." in admin.page(language="ru")
    with write():
        jobs.finish(PORTAL, job_id, now=NOW)
    assert "anew" not in admin.page()


def test_what_stopped_and_what_is_paused_is_said(admin):
    with write() as session:
        session.execute(update(SyncCursor).values(state="failed", error="Bitrix24 denies access."))
    from b24app.portal import connection

    limiter = connection.limiter(f"member{PORTAL}")
    limiter.pause("crm.item.list", 200)
    limiter.rest()
    page = admin.page()
    assert "Reading has stopped: Bitrix24 denies access." in page
    assert "Your Bitrix24 does not answer." in page
    assert "crm.item.list is paused for 3 minutes." in page


def test_records_put_aside_are_tried_again_by_a_click_and_only_ones_own(admin):
    add(aside(PORTAL, "7"), aside(PORTAL, "8"), aside(OTHER, "9"))
    page = admin.page()
    assert "2 records could not be read" in page
    assert ("No amount." in page, "Deals, 7" in page, "Deals, 9" in page) == (True, True, False)
    theirs = reading.put_aside(OTHER)[0].id
    first = reading.put_aside(PORTAL)[0].id
    answer = admin.ask("POST", "/retry", id=[str(first), str(theirs), "nonsense"])
    assert (answer.status_code, answer.location) == (303, f"{PAGE}?again=1")
    db.session.rollback()
    assert (len(reading.put_aside(PORTAL)), len(reading.put_aside(OTHER))) == (1, 1)
    assert reading.status(PORTAL).pending_events == 1
    assert [job.func_name for job in Queue("live", connection=queue.redis()).jobs] == ["b24app.jobs.inbox.drain"]
    assert "1 record is being read again." in admin.page(path="?again=1")


def test_the_nightly_check_is_told(admin):
    assert "The nightly check has not run yet." in admin.page()
    with write() as session:
        night = {"at": clock.epoch(NOW), "compared": 12, "repaired": 2, "repairs": []}
        session.add(NightlyCheck(portal_id=PORTAL, **night))
    assert "2 numbers of 12 differed from the records and were put right." in admin.page()


def test_messages_that_nobody_took_are_sent_again_by_a_click(admin):
    def message(portal_id: int) -> Notification:
        return Notification(portal_id=portal_id, channel="webhook", kind="kpi_reached", payload={}, state="failed",
                            attempts=9, created_at=clock.epoch(NOW), due_at=0, give_up_at=0, reason="404")  # fmt: skip

    add(message(PORTAL), message(OTHER))
    assert "Nobody took these messages" in admin.page()
    ids = [str(one.id) for portal in (PORTAL, OTHER) for one in messages.undelivered(portal)]
    assert admin.ask("POST", "/tell-again", id=ids).status_code == 303
    db.session.rollback()
    assert (len(messages.undelivered(PORTAL)), len(messages.undelivered(OTHER))) == (0, 1)
    assert "Nobody took these messages" not in admin.page()


def test_robot_calls_that_were_given_up_are_counted_again_by_a_click(admin):
    def call(portal_id: int, key: str, attempts: int) -> Inbox:
        payload = {
            "code": "kpi_add",
            "document": ["crm", "CCrmDocumentDeal", "DEAL_7"],
            "properties": {},
            "waits": True,
        }
        return Inbox(
            portal_id=portal_id, entity="robot", key=key, payload=payload, state="failed", attempts=attempts,
            arrived_at=clock.epoch(NOW) * 1_000_000, reason="The call could not be counted for days.",
        )  # fmt: skip

    add(call(PORTAL, "a", 80), call(PORTAL, "wrong input", 0), call(OTHER, "b", 80))
    page = admin.page()
    assert page.count("<b>kpi_add</b> DEAL_7") == 1
    assert "for three days the calls could not be counted" in page
    ids = [str(one.id) for portal in (PORTAL, OTHER) for one in robot_calls.given_up(portal)]
    assert admin.ask("POST", "/count-again", id=ids).status_code == 303
    db.session.rollback()
    assert (robot_calls.given_up(PORTAL), len(robot_calls.given_up(OTHER))) == ((), 1)
    assert [job.args for job in Queue("robots", connection=queue.redis()).jobs] == [(int(ids[0]),)]
