"""A portal with three people and a scorecard, a stranger's portal beside it, and a client for each kind of token."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from flask import Flask
from werkzeug.test import TestResponse

from b24app import pipeline
from b24app.facts.tables import Deal
from b24app.lib import clock
from b24app.lib.db import write
from b24app.portal import operations
from b24app.portal.rules import Person, Unit
from b24app.portal.tables import Portal
from b24app.web.api import exact

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
COMPANY, SALES = 1, 5
ADMIN, HEAD, SELLER = 1, 2, 7

SCORECARD: dict[str, Any] = {
    "code": "sales",
    "name": {"ru": "Отдел продаж", "en": "Sales"},
    "period": "month",
    "effective_from": "2026-10-01",
    "subjects": {"departments": [SALES]},
    "indicators": [
        {
            "code": "revenue", "name": "Revenue", "metric": "deals_won_amount", "owner": "closed_by",
            "target": Decimal("500000.5"), "weight": 40,
        },
        {"code": "won", "name": "Won", "metric": "deals_won", "owner": "closed_by", "target": 4, "weight": 35},
        {
            "code": "visits", "name": "Visits", "metric": "entries", "options": {"code": "visit"},
            "target": 3, "weight": 25,
        },
    ],
}  # fmt: skip


@dataclass
class Api:
    """A program with a token. Answers are parsed with exact numbers."""

    app: Flask
    token: str | None
    headers: dict[str, str] = field(default_factory=dict)

    def __call__(self, method: str, path: str, body: Any = None, **query: Any) -> TestResponse:
        headers = dict(self.headers)
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        sent = {} if body is None else {"data": json.dumps(body, default=float), "content_type": "application/json"}
        client = self.app.test_client()
        return client.open(f"/api/v1{path}", method=method, query_string=query, headers=headers, **sent)

    def get(self, path: str, **query: Any) -> Any:
        return self.ok("GET", path, **query)

    def ok(self, method: str, path: str, body: Any = None, status: int = 200, **query: Any) -> Any:
        answer = self(method, path, body, **query)
        assert answer.status_code == status, answer.text
        return exact.loads(answer.data) if answer.data else None

    def problem(self, status: int, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """The problem details of a call that has to fail."""
        answer = self(method, path, body, **query)
        assert answer.status_code == status, answer.text
        assert answer.mimetype == "application/problem+json"
        problem = exact.loads(answer.data)
        assert problem["status"] == status
        assert problem["title"]
        assert problem["detail"]
        return problem


def paths(problem: Any) -> list[str]:
    return [error["path"] for error in problem["errors"]]


@pytest.fixture(autouse=True)
def now() -> Any:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def make_portal(member_id: str) -> int:
    with write() as session:
        portal = Portal(
            member_id=member_id, domain=f"{member_id}.bitrix24.ru", client_endpoint=f"https://{member_id}.bitrix24.ru/rest/",
            oauth_server="https://oauth.bitrix.info", status="active", language="en", time_zone="Europe/Moscow",
            base_currency="RUB", created_at=clock.epoch(NOW),
        )  # fmt: skip
        session.add(portal)
        session.flush()
        units = [Unit(COMPANY, "Company", head_id=ADMIN), Unit(SALES, "Sales", parent_id=COMPANY, head_id=HEAD)]
        people = [
            Person(ADMIN, "Ann Admin", department_ids=(COMPANY,)),
            Person(HEAD, "Helen Head", department_ids=(SALES,)),
            Person(SELLER, "Sam Seller", "Sales manager", department_ids=(SALES,)),
        ]
        operations.sync_staff(portal.id, people, units, datetime(2026, 1, 1, tzinfo=UTC))
        return portal.id


@pytest.fixture
def portal_id(app: Flask) -> int:
    return make_portal("acme")


@pytest.fixture
def api(app: Flask, portal_id: int) -> Api:
    """A program that may do everything."""
    return make_api(app, portal_id, "read", "write", "money")


@pytest.fixture
def api_with(app: Flask, portal_id: int) -> Callable[..., Api]:
    """Makes a program with other scopes."""
    return lambda *scopes: make_api(app, portal_id, *scopes)


@pytest.fixture
def stranger(app: Flask, portal_id: int) -> Api:
    """A program of another portal, which has the same ids of people."""
    return make_api(app, make_portal("stranger"), "read", "write", "money")


def make_api(app: Flask, portal_id: int, *scopes: str) -> Api:
    with write():
        token = operations.create_api_token(portal_id, "tests", scopes, NOW)
    return Api(app, token)


@pytest.fixture
def scorecard(api: Api) -> dict[str, Any]:
    return api.ok("PUT", "/scorecards/sales", SCORECARD)


@pytest.fixture
def deals(portal_id: int, scorecard: Any) -> None:
    """Two deals won by the seller this month and one lost: 1 000.50 and 2 000."""
    with write() as session:
        session.add_all(
            [
                deal(portal_id, 11, amount=100_050),
                deal(portal_id, 12, amount=200_000),
                deal(portal_id, 13, semantic="F"),
            ]
        )
        session.flush()
        pipeline.recompute_open(portal_id, NOW)


def deal(portal_id: int, id: int, **changes: Any) -> Deal:
    """A deal of the seller, won so many hours ago as its id is above 10."""
    closed_at = clock.epoch(NOW) - 3600 * (id - 10)
    values: dict[str, Any] = {
        "title": f"Deal {id}", "stage_id": "WON", "semantic": "S", "amount": 50_000, "currency": "RUB", "rate": "1",
        "responsible_id": SELLER, "closed_by_id": SELLER, "client": "C1", "win_no": id - 10, "closed_at": closed_at,
        "created_at": closed_at - 86_400, "updated_at": closed_at, "read_at": closed_at, "seconds_to_close": 86_400,
        "is_recurring": False, "is_return": False, "category_id": 0,
    } | changes  # fmt: skip
    return Deal(portal_id=portal_id, id=id, amount_original=values["amount"] * 10_000, **values)
