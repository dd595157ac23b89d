"""How long a page with everybody on it takes, against the same table rendered bare: a Jinja template, nothing else.

`measure()` fills a portal in an empty database, opens the pages through the test client, and gives figures as
`make bench` prints them. Alone: `python -m bench.pages [people ..]`, on SQLite.
"""

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from random import Random
from typing import Any

import jinja2
import time_machine
from flask import Flask
from sqlalchemy import event, insert

from b24app.app import create_app
from b24app.config import Config
from b24app.ingest.tables import SyncCursor
from b24app.lib import crypto
from b24app.lib.db import db, write
from b24app.lib.storage import table_of
from b24app.portal.tables import Department, Employee, Portal
from b24app.scorecards import documents, operations
from b24app.scores.tables import Result, Score
from bench.figures import Figure
from bench.stores import store

NOW = datetime(2026, 11, 17, 9, tzinfo=UTC)
PORTAL, ADMIN, REPEAT = 1, 1, 40
UNITS = 20
SECRET = "a secret for measuring only, long enough for it"
METRICS = ("deals_won_amount", "new_clients", "deal_conversion", "meetings", "average_deal")
TARGETS = (500_000, 10, 15, 30, 50_000)

BARE = jinja2.Environment(autoescape=True).from_string("""
<table><thead><tr><th>Place</th><th>Employee</th><th>Score</th>
{% for name in names %}<th>{{ name }}</th>{% endfor %}</tr></thead><tbody>
{% for person in people %}
<tr><td>{{ person.rank }}</td><th><a href="/ui/my?subject_id={{ person.id }}">{{ person.name }}</a></th>
<td>{{ person.score }}</td>
{% for cell in person.cells %}
<td class="{{ cell.zone }}">
<a href="/ui/why?indicator={{ cell.code }}&amp;subject_id={{ person.id }}">{{ cell.value }}</a>
<span>{{ cell.percent }}</span></td>
{% endfor %}</tr>
{% endfor %}
</tbody></table>
""")


def measure(address: str, people: int = 500, repeat: int = REPEAT) -> Iterator[Figure]:
    """Team and Company of so many people with five indicators each; p95 of both sides, and the statements of a page."""
    with time_machine.travel(NOW):
        app = _app(address)
        with app.app_context():
            _fill(people)
            kind = db.engine.dialect.name
        sides = {"team": ("/ui/team", _bare(people)), "company": ("/ui/company", _bare(people))}
        for page, (path, bare) in sides.items():
            what = f"{page} of {people} people x {len(METRICS)} indicators, {kind}"
            yield _figure(what, app, path, bare, repeat)
        with app.app_context():
            db.engine.dispose()


def client(app: Flask) -> Callable[[str], str]:
    """Opens a page as an administrator's frame does."""
    claims = {"portal": PORTAL, "member": "bench", "user": ADMIN, "admin": True, "language": "en"}
    token = crypto.sign(claims, SECRET, NOW, 600)
    browser = app.test_client()

    def get(address: str) -> str:
        response = browser.get(address, headers={"Authorization": f"Bearer {token}", "HX-Request": "true"})
        assert response.status_code == 200, response.text
        return response.text

    return get


def _figure(name: str, app: Flask, address: str, bare: Callable[[], object], repeat: int) -> Figure:
    """Both sides in turns, so that whatever else the machine does falls on both; 95th percentiles."""
    get = client(app)
    statements = _statements(app, lambda: get(address))
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeat):
        for side, work in zip(times, (lambda: get(address), bare), strict=True):
            began = time.perf_counter()
            work()
            side.append(1000 * (time.perf_counter() - began))
    ours, base = (statistics.quantiles(side, n=20)[-1] for side in times)
    note = f"{statements} statements"
    return Figure(f"{name}, p95 | the same table bare", ours, base, goal=3, note=note)


def _statements(app: Flask, show: Callable[[], object]) -> int:
    """How many a page costs; that a transaction begins is not one of them."""
    seen: list[object] = []

    def count(*asked: object) -> None:
        if not str(asked[2]).startswith("BEGIN"):
            seen.append(asked[2])

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", count)
    show()
    event.remove(engine, "before_cursor_execute", count)
    return len(seen)


def _bare(people: int) -> Callable[[], object]:
    random = Random(95)
    rows = [
        {
            "id": id, "rank": id, "name": f"Person {id}", "score": f"{random.uniform(0, 150):.2f}%",
            "cells": [
                {"code": metric, "zone": "close", "value": f"{random.randrange(500_000):,}", "percent": "85%"}
                for metric in METRICS
            ],
        }
        for id in range(1, people + 1)
    ]  # fmt: skip
    return lambda: BARE.render(names=METRICS, people=rows)


def _app(address: str) -> Flask:
    return create_app(
        Config(
            database_url=address, redis_url=None, secret_key=SECRET,
            token_keys=(crypto.derive_key(SECRET, "tokens"),), public_url="http://127.0.0.1:8000", client_id="bench",
            client_secret="bench", oauth_servers=("http://localhost:9",), allow_http=True, host="127.0.0.1", port=8000,
            session_minutes=600, log_format="console", sentry_dsn=None,
        )
    )  # fmt: skip


def _fill(people: int) -> None:
    """A portal with so many people in its departments; five indicators, computed for this month and the last one."""
    random = Random(2026)
    with write() as session:
        session.add(
            Portal(
                id=PORTAL, member_id="bench", domain="", client_endpoint="", oauth_server="", status="active",
                time_zone="Europe/Moscow", base_currency="RUB", created_at=0,
            )
        )  # fmt: skip
        session.flush()
        session.add(Department(portal_id=PORTAL, id=1, name="Company"))
        session.add_all(
            Department(portal_id=PORTAL, id=id, name=f"Unit {id}", parent_id=1) for id in range(2, UNITS + 2)
        )
        session.add_all(
            Employee(portal_id=PORTAL, id=id, name=f"Person {id}", department_ids=[2 + id % UNITS])
            for id in range(1, people + 1)
        )
        session.add_all(
            SyncCursor(portal_id=PORTAL, source=source, complete=True, synced_at=1)
            for source in ("backfill", "staff", "deals", "activities")
        )
        session.flush()
        operations.save(PORTAL, documents.parse(_document()), "system", NOW)
        groups = [("company", 0), *(("department", id) for id in range(1, UNITS + 2))]
        everybody = [*groups, *(("employee", id) for id in range(1, people + 1))]
        for month in range(1, 12):
            start, subjects = date(2026, month, 1), everybody if month > 9 else groups
            session.execute(
                insert(table_of(Result)), [row for one in subjects for row in _results(*one, start, random)]
            )
            session.execute(insert(table_of(Score)), [_score(*one, start, random) for one in subjects])
    with db.engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE")


def _document() -> dict[str, Any]:
    return {
        "code": "sales", "name": "Sales", "period": "month", "effective_from": "2026-01-01",
        "subjects": {"departments": [1]},
        "indicators": [
            {"code": metric, "name": metric.replace("_", " "), "metric": metric, "target": target, "weight": 20}
            for metric, target in zip(METRICS, TARGETS, strict=True)
        ],
    }  # fmt: skip


def _results(subject_type: str, id: int, start: date, random: Random) -> list[dict[str, Any]]:
    rows = []
    for metric, target in zip(METRICS, TARGETS, strict=True):
        value = random.randrange(target) + 1
        ratio, money = metric in ("deal_conversion", "average_deal"), metric in ("deals_won_amount", "average_deal")
        rows.append({
            "portal_id": PORTAL, "scorecard": "sales", "start": start.isoformat(), "subject_type": subject_type,
            "subject_id": id, "indicator": metric, "version_id": 1, "numerator": value * (100 if money else 1),
            "denominator": random.randrange(20) + 1 if ratio else 1, "facts": 20, "target": str(target), "reason": None,
            "value": None, "changed_at": 1, "computed_at": 1_790_000_000,
        })  # fmt: skip
    return rows


def _score(subject_type: str, id: int, start: date, random: Random) -> dict[str, Any]:
    exact = random.randrange(150_000)
    return {
        "portal_id": PORTAL, "scorecard": "sales", "start": start.isoformat(), "subject_type": subject_type,
        "subject_id": id, "version_id": 1, "score": exact * 1000, "exact": f"{exact}/1000", "preliminary": False,
        "indicators_with_data": 5, "computed_at": 1_790_000_000,
    }  # fmt: skip


def main() -> None:
    for people in [int(one) for one in sys.argv[1:]] or [500]:
        with store("sqlite") as address:
            for figure in measure(address, people):
                print(figure.line(), flush=True)


if __name__ == "__main__":
    main()
