"""One application with two portals for a whole file of tests that only ask: everything of the first bears a mark.

The second portal is the stranger's: she is its administrator and has the same ids of people and records.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import time_machine
from flask import Flask
from redis import Redis
from sqlalchemy import JSON, Boolean, Dialect, Integer, LargeBinary, String, insert, select
from werkzeug.test import TestResponse

from b24app import pipeline
from b24app.app import create_app
from b24app.config import Config
from b24app.facts.requests import operations as requests
from b24app.facts.requests.documents import MappingDocument
from b24app.ingest.imports.tables import ImportFile
from b24app.lib import clock, crypto
from b24app.lib.db import Base, db, write
from b24app.portal import operations
from b24app.portal.access.queries import GIVEN
from b24app.portal.access.tables import Delegation, Role
from b24app.portal.tables import ApiToken, AuditEntry, Job, Portal
from b24app.scorecards.tables import Target
from tests.databases import Databases
from tests.scores import world
from tests.scores.world import ADMIN, ANN, BOB, HEAD, NOW, OTHER, PORTAL, SUE

MARK = "Quokka"
"""Stands in every name and text of the first portal."""

SECRET = "a secret for these tests, long enough for its purpose"
EVENT_SECRET = "application-token-of-the-first"
STRANGER = 99
FILE = 77
"""An import of the first portal's."""

JOB = "11111111-1111-4111-8111-111111111111"

CARD = {
    "code": "sales", "name": f"{MARK} sales", "period": "month", "effective_from": "2026-10-01",
    "subjects": {"departments": [world.SALES]},
    "indicators": [
        {"code": "revenue", "name": f"{MARK} revenue", "metric": "deals_won_amount", "owner": "closed_by",
         "target": 500_000, "weight": 60},
        {"code": "won", "name": f"{MARK} won", "metric": "deals_won", "owner": "closed_by", "target": 4, "weight": 40},
    ],
}  # fmt: skip


@dataclass
class Site:
    """The application, and ways to ask it."""

    app: Flask
    keys: dict[str, str]
    """API tokens: `first`, `first_read` (without write and money), `second`."""

    def session(self, user_id: int, portal_id: int = PORTAL, **claims: Any) -> str:
        """A session as the app itself would give it."""
        given = {
            "portal": portal_id, "member": f"member{portal_id}", "user": user_id,
            "admin": user_id in (ADMIN, STRANGER), "language": "en", **claims,
        }  # fmt: skip
        return crypto.sign(given, SECRET, clock.now(), 60)

    def ask(self, method: str, path: str, token: str | None = None, **sent: Any) -> TestResponse:
        headers = {"Accept-Language": "en", **sent.pop("headers", {})}
        if token:
            headers |= {"Authorization": f"Bearer {token}"}
        answer = self.app.test_client().open(path, method=method, headers=headers, **sent)
        db.session.rollback()
        return answer


@contextmanager
def site(databases: Databases, kind: str, redis_url: str, **settings: Any) -> Iterator[Site]:
    """Both portals filled; times stand still."""
    Redis.from_url(redis_url).flushall()
    config = Config(
        database_url=databases.give(kind), redis_url=redis_url, secret_key=SECRET,
        token_keys=(crypto.derive_key(SECRET, "tokens"),), public_url="https://kpi.example", client_id="app.test",
        client_secret="client-secret-of-the-app", oauth_servers=("https://oauth.example",), allow_http=False,
        host="127.0.0.1", port=8000, session_minutes=60, log_format="json", sentry_dsn=None,
    )  # fmt: skip
    with time_machine.travel(NOW, tick=False):
        app = create_app(config)
        app.testing = True
        app.config.update(settings)
        with app.app_context():
            yield Site(app, settle())
            db.session.remove()
            db.engine.dispose()


def settle() -> dict[str, str]:
    with write() as session:
        world.settle()
        for id, name, unit in ((ADMIN, "Ada", 1), (HEAD, "Hugo", 2), (ANN, "Ann", 2), (BOB, "Bob", 2), (SUE, "Sue", 3)):
            world.person(id, f"{name} {MARK}", unit)
        for portal in session.scalars(select(Portal)):
            portal.client_endpoint = f"https://{portal.domain}/rest/"
            portal.oauth_server = "https://oauth.example"
            portal.app_version = "1"
            portal.settings = {GIVEN: True}
            portal.application_token = EVENT_SECRET if portal.id == PORTAL else "application-token-of-the-second"
        world.scorecard(CARD)
        for owner, amount in ((ANN, 1000), (BOB, 2000), (HEAD, 4000)):
            world.deal(owner, "2026-11-10", amount, title=f"{MARK} deal of {owner}", id=700 + owner)
        pipeline.recompute_open(PORTAL, NOW)
        session.add(Job(id=JOB, portal_id=PORTAL, kind="install", state="failed", error=MARK, created_at=0))
        session.add(
            ImportFile(
                id=FILE, portal_id=PORTAL, author=f"user:{ADMIN}", is_admin=True, name=f"{MARK}.csv", size=1, digest="",
                content=b"x", layout={"kind": "csv", "encoding": "utf-8", "separator": ";", "sheet": "",
                        "has_heads": True},
                head={"rows": [[MARK]], "sheets": []}, meaning={"roles": ["day"]}, created_at=0,
            )
        )  # fmt: skip
        session.add(AuditEntry(portal_id=PORTAL, at=1, actor="user:1", action="x.y", target=MARK, before=MARK, after=1))
        session.add(Role(portal_id=PORTAL, holder_type="employee", holder_id=900, reach="own"))
        session.add(Delegation(portal_id=PORTAL, absent_id=900, deputy_id=900, first="2026-11-01", last="2026-11-30"))
        target = {"scorecard": "sales", "indicator": "revenue", "period": "month", "start": "2026-12-01"}
        session.add(
            Target(
                portal_id=PORTAL,
                subject_type="employee",
                subject_id=ANN,
                target=500_000 * 10**6,
                author="user:1",
                saved_at=1,
                **target,
            )
        )
        world.entry("visit", 3, "2026-11-03", ANN)
        help_ = MappingDocument(code="help", name=MARK, entity="deal")
        requests.save(PORTAL, help_, "user:1", NOW)
        fill(PORTAL)
        scopes = {"first": ("read", "write", "money"), "first_read": ("read",), "first_write": ("write",)}
        keys = {name: operations.create_api_token(PORTAL, MARK, given, NOW) for name, given in scopes.items()}
        keys["revoked"] = operations.create_api_token(PORTAL, "revoked", ("read",), NOW)
        keys["second"] = operations.create_api_token(OTHER, "stranger's", ("read", "write", "money"), NOW)
        session.flush()
        for row in session.scalars(select(ApiToken)):
            row.last_used_at = clock.epoch(NOW)
            row.revoked_at = 1 if row.name == "revoked" else None
    return keys


def fill(portal_id: int) -> None:
    """A row in every table that has none of the portal yet."""
    for table in Base.metadata.sorted_tables:
        if "portal_id" in table.c and not db.session.scalar(
            select(table.c.portal_id).where(table.c.portal_id == portal_id)
        ):
            db.session.execute(insert(table), row(table, portal_id))


def row(table: Any, portal_id: int) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for column in table.columns:
        kind = column.type
        if column.name == "portal_id":
            values[column.name] = portal_id
        elif column.primary_key and isinstance(kind, Integer) and column.autoincrement is True:
            continue
        elif isinstance(kind, JSON):
            values[column.name] = []
        elif isinstance(kind, LargeBinary):
            values[column.name] = MARK.encode()
        elif isinstance(kind, Boolean):
            values[column.name] = False
        elif isinstance(kind, Integer) or kind.python_type is int:
            values[column.name] = 900
        elif column.name in ("first", "last", "day", "start", "end"):
            values[column.name] = "2026-11-03"
        else:
            values[column.name] = MARK[: kind.length] if isinstance(kind, String) and kind.length else MARK
    return values


def everything_of(portal_id: int) -> dict[str, list[str]]:
    """All rows of a portal as the database has them, to be compared; when a key was used last is no change."""
    db.session.rollback()
    cursor = db.session.connection().connection.cursor()
    found = {}
    for name, query in _queries(db.engine.dialect, portal_id):
        cursor.execute(query)
        found[name] = sorted(map(repr, cursor.fetchall()))
    return found


@cache
def _queries(dialect: Dialect, portal_id: int) -> list[tuple[str, str]]:
    """By table the statement that reads it, made once: hundreds of tests read every table several times."""
    queries = []
    for table in Base.metadata.sorted_tables:
        key = table.c.get("portal_id", table.c.get("id"))
        columns = [column for column in table.columns if column.name != "last_used_at"]
        query = select(*columns).where(key == portal_id)
        queries.append((table.name, str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))))
    return queries
