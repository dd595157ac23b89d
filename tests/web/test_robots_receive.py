"""Robot calls: stored once by their event token, answered at once, refused without the application token."""

from collections.abc import Iterator

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import select
from werkzeug.test import TestResponse

from b24app.demo.wire import flatten
from b24app.ingest.tables import Inbox
from b24app.lib.db import db
from tests.web.portal_site import ADMIN, Site, site


@pytest.fixture
def here(app: Flask, redis: Redis) -> Iterator[Site]:
    with site(app, redis) as found:
        found.install()
        yield found


def body(here: Site, **changed: object) -> dict[str, object]:
    payload = {
        "workflow_id": "66aa.1",
        "code": "kpi_add",
        "document_id": ["crm", "CCrmDocumentDeal", "DEAL_12"],
        "document_type": ["crm", "CCrmDocumentDeal", "DEAL"],
        "event_token": "66aa.1|A1_2_3_4|signature",
        "properties": {"code": "ad_spend", "value": "1200.5", "employee": "user_8"},
        "use_subscription": "Y",
        "ts": "1790000000",
        "auth": here.demo.state.auth(ADMIN, True),
    }
    return {**payload, **changed}


def call(here: Site, **changed: object) -> TestResponse:
    return here.client.post("/b24/robot", data=dict(flatten(body(here, **changed))))


def stored() -> list[Inbox]:
    db.session.remove()
    return list(db.session.scalars(select(Inbox)))


def test_a_call_is_stored_and_answered_at_once(here: Site) -> None:
    assert call(here).status_code == 200
    (row,) = stored()
    assert (row.entity, row.key) == ("robot", "66aa.1|A1_2_3_4|signature")
    assert row.payload == {
        "code": "kpi_add",
        "document": ["crm", "CCrmDocumentDeal", "DEAL_12"],
        "properties": {"code": "ad_spend", "value": "1200.5", "employee": "user_8"},
        "waits": True,
    }
    assert here.queued("robots") == ["b24app.jobs.robots.run"]


def test_a_call_that_comes_twice_is_stored_once(here: Site) -> None:
    assert [call(here).status_code for _time in range(2)] == [200, 200]
    assert len(stored()) == 1
    assert len(here.queued("robots")) == 1


def test_a_call_may_come_as_json(here: Site) -> None:
    assert here.client.post("/b24/robot", json=body(here)).status_code == 200
    assert stored()[0].payload["document"][2] == "DEAL_12"


@pytest.mark.parametrize(("lie", "status"), [({"application_token": "wrong"}, 403), ({"member_id": "f" * 32}, 404)])
def test_a_forged_call_is_refused(here: Site, lie: dict[str, str], status: int) -> None:
    assert call(here, auth={**here.demo.state.auth(ADMIN, True), **lie}).status_code == status
    assert stored() == []


@pytest.mark.parametrize("token", ["", "x" * 5000])
def test_a_call_without_a_usable_event_token_is_refused(here: Site, token: str) -> None:
    answer = call(here, event_token=token)
    assert answer.status_code == 422
    assert answer.get_json()["detail"]
