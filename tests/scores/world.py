"""A small portal to score: who works there, what they sold. Facts are written as stored rows, amounts in money."""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from b24app.facts.tables import Activity, Deal, Entry
from b24app.ingest.tables import SyncCursor
from b24app.lib.db import db
from b24app.portal.rules import Viewer
from b24app.portal.tables import Department, Employee, Membership, Portal
from b24app.scorecards import documents, operations
from b24app.scorecards.rules import Version

NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)
"""A Monday noon in Moscow; November 2026 has 21 working days without holidays, 10 of them before this day."""

ZONE = "Europe/Moscow"
PORTAL, OTHER = 1, 2
COMPANY_UNIT, SALES, SUPPORT, EMPTY = 1, 2, 3, 4
ADMIN, HEAD, ANN, BOB, SUE = 1, 2, 3, 4, 5

ADMIN_SEES = Viewer(PORTAL, ADMIN, is_admin=True)
HEAD_SEES = Viewer(PORTAL, HEAD, employees=frozenset({HEAD, ANN, BOB}), departments=frozenset({SALES}))
ANN_SEES = Viewer(PORTAL, ANN)
STRANGER_SEES = Viewer(OTHER, 99, is_admin=True)

_ids = count(1)


def settle() -> None:
    """Two portals; Sales with a head and two people, Support with one, an empty department; everything synced."""
    for id, language in ((PORTAL, "en"), (OTHER, "en")):
        db.session.add(
            Portal(
                id=id, member_id=f"member{id}", domain=f"p{id}.bitrix24.test", client_endpoint="", oauth_server="",
                status="active", language=language, time_zone=ZONE, base_currency="RUB", created_at=0,
            )
        )  # fmt: skip
    db.session.flush()
    for id, name, parent, head in (
        (COMPANY_UNIT, "Roga & Co", None, ADMIN), (SALES, "Sales", COMPANY_UNIT, HEAD),
        (SUPPORT, "Support", COMPANY_UNIT, None), (EMPTY, "Empty", COMPANY_UNIT, None),
    ):  # fmt: skip
        db.session.add(Department(portal_id=PORTAL, id=id, name=name, parent_id=parent, head_id=head))
    for id, name, unit in ((ADMIN, "Ada", 1), (HEAD, "Hugo", 2), (ANN, "Ann", 2), (BOB, "Bob", 2), (SUE, "Sue", 3)):
        person(id, name, unit)
    for source in ("backfill", "staff", "deals", "activities"):
        db.session.add(SyncCursor(portal_id=PORTAL, source=source, complete=True, synced_at=1))
    db.session.flush()


def person(id: int, name: str, *units: int, active: bool = True, since: int = 1) -> None:
    db.session.merge(Employee(portal_id=PORTAL, id=id, name=name, department_ids=list(units), active=active))
    db.session.merge(
        Membership(portal_id=PORTAL, employee_id=id, since=since, department_ids=list(units), active=active)
    )
    db.session.flush()


def at(text: str) -> int:
    """Epoch seconds of a local moment: `2026-11-03` is its noon."""
    moment = datetime.fromisoformat(text)
    if len(text) == len("2026-11-03"):
        moment += timedelta(hours=12)
    return int(moment.replace(tzinfo=ZoneInfo(ZONE)).timestamp())


def deal(owner: int | None, closed: str | None, amount: int | None = 0, won: bool = True, **changes: Any) -> Deal:
    """A deal created ten days before it closed, or open."""
    created = changes.pop("created", None)
    closed_at = at(closed) if closed else None
    created_at = at(created) if created else (closed_at or at("2026-11-02")) - 10 * 86400
    semantic = ("S" if won else "F") if closed else "P"
    values = {
        "portal_id": PORTAL, "id": next(_ids), "title": "Deal", "semantic": semantic,
        "stage_id": {"S": "WON", "F": "LOSE", "P": "NEW"}[semantic],
        "responsible_id": owner, "created_by_id": owner, "closed_by_id": owner if closed else None,
        "currency": "RUB", "amount": None if amount is None else amount * 100,
        "amount_original": None if amount is None else amount * 1_000_000, "rate": None if amount is None else "1",
        "created_at": created_at, "updated_at": created_at, "closed_at": closed_at,
        "closed_from": "history" if closed else None, "seconds_to_close": 864_000 if closed and won else None,
        "read_at": 1,
    } | changes  # fmt: skip
    row = Deal(**values)
    db.session.add(row)
    db.session.flush()
    return row


def meeting(owner: int, day: str) -> None:
    moment = at(day)
    db.session.add(
        Activity(
            portal_id=PORTAL, id=next(_ids), kind="meeting", responsible_id=owner, created_at=moment, updated_at=moment,
            start_at=moment, completed=True, completed_at=moment, read_at=1,
        )
    )  # fmt: skip
    db.session.flush()


def entry(
    code: str, value: int, day: str, employee: int | None = None, department: int | None = None, origin: str = "api"
) -> None:
    id = next(_ids)
    db.session.add(
        Entry(
            portal_id=PORTAL, key=str(id), code=code, value=value * 1_000_000, occurred_at=at(day), created_at=1,
            employee_id=employee, department_id=department, origin=origin, author="system",
        )
    )  # fmt: skip
    db.session.flush()


def scorecard(raw: dict[str, Any]) -> Version:
    return operations.save(PORTAL, documents.parse(raw), "user:1", NOW)


def month(text: str = "2026-11-01") -> date:
    return date.fromisoformat(text)
