"""A portal of generated deals: the same number per employee and month however many months it goes back."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import islice
from random import Random
from typing import Any

from sqlalchemy import insert

from b24app.facts.tables import Deal
from b24app.ingest.tables import SyncCursor
from b24app.lib.db import db, write
from b24app.lib.storage import table_of
from b24app.portal.tables import Department, Employee, Portal

PEOPLE = 200
MONTHS = 51
LAST = date(2026, 10, 1)
CHUNK = 20_000


def fill(portal_id: int, deals: int, months: int = MONTHS, seed: int = 2017) -> None:
    """A portal with its people and so many deals, spread evenly over people and months; a third of them lost."""
    with write() as session:
        session.add(
            Portal(
                id=portal_id, member_id=f"bench{portal_id}", domain="", client_endpoint="", oauth_server="",
                status="active", time_zone="Europe/Moscow", base_currency="RUB", created_at=0,
            )
        )  # fmt: skip
        session.flush()
        session.add(Department(portal_id=portal_id, id=1, name="Sales", head_id=1))
        session.add_all(
            Employee(portal_id=portal_id, id=id, name=f"Person {id}", department_ids=[1]) for id in range(1, PEOPLE + 1)
        )
        session.add_all(
            SyncCursor(portal_id=portal_id, source=source, complete=True, synced_at=1)
            for source in ("backfill", "staff", "deals", "activities")
        )
    rows = _rows(portal_id, deals, months, Random(seed))
    while chunk := list(islice(rows, CHUNK)):
        with write() as session:
            session.execute(insert(table_of(Deal)), chunk)
    with db.engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE")


def _rows(portal_id: int, deals: int, months: int, random: Random) -> Iterator[dict[str, Any]]:
    for id in range(1, deals + 1):
        created = _month(id // PEOPLE % months) + random.randrange(20 * 86400)
        closed = created + random.randrange(8 * 86400)
        owner = id % PEOPLE + 1
        won = random.random() < 2 / 3
        amount = random.randrange(1_000_00, 90_000_00)
        yield {
            "portal_id": portal_id, "id": id, "title": f"Deal {id}", "category_id": id % 3, "is_recurring": False,
            "stage_id": "WON" if won else "LOSE", "semantic": "S" if won else "F", "source_id": ("WEB", "CALL")[id % 2],
            "client": f"C{id % 5000}", "responsible_id": owner, "created_by_id": owner, "closed_by_id": owner,
            "closed_by_assumed": False, "currency": "RUB", "amount_original": amount * 10_000, "amount": amount,
            "rate": "1", "created_at": created, "updated_at": closed, "closed_at": closed, "closed_from": "moved",
            "moved_at": closed,
            "seconds_to_close": closed - created if won else None, "win_no": 1 + id % 4 if won else None,
            "is_return": False, "read_at": closed,
        }  # fmt: skip


def _month(back: int) -> int:
    months = LAST.year * 12 + LAST.month - 1 - back
    return int(datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC).timestamp())
