"""The page of notifications: who may, what is saved and audited, the webhook's secret shown once, and its log."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import time_machine
from flask import Flask
from rq import Queue
from sqlalchemy import select
from werkzeug.test import TestResponse

from b24app.bitrix.errors import AccessDenied
from b24app.lib import clock, crypto, queue
from b24app.lib.db import db, write
from b24app.outcomes.notifications import queries
from b24app.outcomes.notifications.tables import Notification, Webhook
from b24app.portal import operations as portals
from b24app.portal.tables import AuditEntry
from tests.scores import world
from tests.scores.world import ADMIN, ANN, HEAD, NOW, OTHER, PORTAL

PAGE = "/ui/settings/notifications"
URL = "https://hooks.example.com/kpi"
POSTS = ["", "/webhook", "/webhook/secret", "/webhook/forget", "/webhook/test"]


@dataclass
class Reader:
    app: Flask
    user_id: int = ADMIN
    portal_id: int = PORTAL

    def ask(self, method: str, path: str = "", **form: str) -> TestResponse:
        claims = {
            "portal": self.portal_id, "member": f"member{self.portal_id}", "user": self.user_id,
            "admin": self.user_id in (ADMIN, 99), "language": "en",
        }  # fmt: skip
        token = crypto.sign(claims, self.app.config["SECRET_KEY"], clock.now(), 60)
        headers = {"Authorization": f"Bearer {token}", "HX-Request": "true"}
        answer = self.app.test_client().open(PAGE + path, method=method, data=form or None, headers=headers)
        db.session.rollback()
        return answer


@pytest.fixture
def admin(app: Flask) -> Iterator[Reader]:
    with write():
        world.settle()
    with time_machine.travel(NOW, tick=False):
        yield Reader(app)


def audited() -> list[str]:
    rows = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))
    return [row.action for row in rows if row.action.startswith(("portal.s", "webhook"))]


def secret_in(answer: TestResponse) -> str:
    assert answer.status_code == 200, answer.text
    found = re.search(r'<code id="webhook-secret">(\S+)</code>', answer.text)
    assert found
    return found[1]


def test_what_happens_is_saved_and_audited(admin: Reader) -> None:
    assert "checked" in admin.ask("GET").text
    answer = admin.ask("POST", tell_reached="yes", workflow="3", document="deal_12")
    assert answer.status_code == 303
    wishes = queries.wishes(PORTAL)
    assert (wishes.tell_reached, wishes.tell_behind, wishes.tell_due) == (True, False, False)
    assert (wishes.workflow, wishes.workflow_document) == (3, "DEAL_12")
    assert audited() == ["portal.settings"]
    assert "Saved." in admin.ask("GET", "?said=saved").text


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"workflow": "many"}, "Choose a workflow"),
        ({"workflow": "0"}, "Choose a workflow"),
        ({"document": "TASK_5"}, "Name a record"),
        ({"document": "DEAL_"}, "Name a record"),
        ({"document": "DEAL_1; DROP"}, "Name a record"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_saved(admin: Reader, form: dict[str, str], sentence: str) -> None:
    answer = admin.ask("POST", **form)
    assert answer.status_code == 200
    assert audited() == []
    assert sentence in answer.text or "workflow" in form


def test_workflows_are_offered_by_name_or_the_reason_why_not(admin: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    rows: Any = [
        {"ID": "3", "NAME": "Talk to <them>", "ENTITY": "CCrmDocumentDeal", "DOCUMENT_TYPE": ["crm", "", "DEAL"]},
        {"ID": "4", "NAME": "A list's own", "ENTITY": "BizprocDocument", "DOCUMENT_TYPE": "iblock_5"},
    ]

    class Bitrix24:
        def call(self, method: str, params: Any) -> Any:
            if isinstance(rows, Exception):
                raise rows
            return rows

    monkeypatch.setattr(portals, "connect", lambda *_asked: Bitrix24())
    text = admin.ask("GET", "/workflows").text
    assert "Talk to &lt;them&gt; (DEAL)" in text
    assert "own" not in text
    rows = AccessDenied("Denied by the tariff plan.", code="ACCESS_DENIED")
    text = admin.ask("GET", "/workflows").text
    assert "Denied by the tariff plan." in text
    assert 'type="number"' in text


def test_the_secret_is_in_the_answer_that_makes_it_and_in_no_other(admin: Reader) -> None:
    secret = secret_in(admin.ask("POST", "/webhook", url=URL))
    assert secret not in admin.ask("GET").text
    assert admin.ask("POST", "/webhook", url=URL).status_code == 303, "the same address keeps its secret"
    stored = db.session.get_one(Webhook, PORTAL).secret
    raw = db.session.connection().exec_driver_sql("SELECT secret FROM webhook").scalar_one()
    db.session.rollback()
    assert stored == secret
    assert secret not in raw
    another = secret_in(admin.ask("POST", "/webhook/secret"))
    assert another != secret
    assert audited() == ["webhook.set", "webhook.secret"]
    assert all(secret not in str(row.after) for row in db.session.scalars(select(AuditEntry)))


@pytest.mark.parametrize("url", ["", "http://example.com", "https://192.168.0.1/", "https://user:pw@example.com/"])
def test_an_address_that_may_not_be_called_is_not_saved(admin: Reader, url: str) -> None:
    answer = admin.ask("POST", "/webhook", url=url)
    assert 'class="fault" id="webhook-url-told"' in answer.text
    assert queries.hook(PORTAL) is None


def test_a_test_is_put_into_the_outbox_and_shown_in_the_log(admin: Reader) -> None:
    assert "No address is set yet." in admin.ask("POST", "/webhook/test").text
    admin.ask("POST", "/webhook", url=URL)
    assert admin.ask("POST", "/webhook/test").status_code == 303
    assert [job.func_name for job in Queue("robots", connection=queue.redis()).jobs] == ["b24app.jobs.outbox.drain"]
    with write() as session:
        row = session.scalars(select(Notification)).one()
        row.state, row.answer, row.attempts, row.reason = "failed", "500", 3, "The address <answered> so."
    text = admin.ask("GET").text
    assert "Not delivered · 500" in text
    assert "The address &lt;answered&gt; so." in text
    assert "3 attempts" in text


def test_a_removed_webhook_is_gone(admin: Reader) -> None:
    admin.ask("POST", "/webhook", url=URL)
    assert admin.ask("POST", "/webhook/forget").status_code == 303
    assert queries.hook(PORTAL) is None
    assert "Send a test" not in admin.ask("GET").text


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("user_id", [HEAD, ANN])
def test_it_is_the_administrators_page(admin: Reader, user_id: int, path: str) -> None:
    reader = Reader(admin.app, user_id)
    assert reader.ask("GET").status_code == reader.ask("GET", "/workflows").status_code == 403
    assert reader.ask("POST", path, url=URL).status_code == 403


def test_a_strangers_webhook_is_their_own(admin: Reader) -> None:
    admin.ask("POST", "/webhook", url=URL)
    stranger = Reader(admin.app, 99, OTHER)
    assert URL not in stranger.ask("GET").text
    stranger.ask("POST", "/webhook/forget")
    assert queries.hook(PORTAL) is not None
