"""Portals of generated deals: the same number per employee and month however many months they go back."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from random import Random
from typing import Any

from sqlalchemy import Table, insert

from b24app.facts.tables import Deal
from b24app.ingest.tables import SyncCursor
from b24app.lib.db import db, write
from b24app.lib.storage import table_of
from b24app.periods.rules import Kind, Period, Settings, period_at, previous
from b24app.portal.tables import Department, Employee, Portal

ZONE = "Europe/Moscow"
SETTINGS = Settings(ZONE)
NOW = datetime(2026, 10, 30, 9, tzinfo=UTC)
LAST = date(2026, 10, 1)
CHUNK = 20_000
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Shape:
    """How many people there are, for how many months, and how many deals each closes in a month."""

    id: int
    people: int
    months: int
    deals_each: int

    @property
    def deals(self) -> int:
        return self.people * self.months * self.deals_each

    def periods(self) -> tuple[Period, ...]:
        """The months, oldest first."""
        found = [period_at(Kind.MONTH, LAST, SETTINGS)]
        while len(found) < self.months:
            found.append(previous(found[-1], SETTINGS))
        return tuple(reversed(found))


def fill(
    shape: Shape, seed: int = 2017, rows: Iterator[dict[str, Any]] | None = None, table: Table | None = None
) -> None:
    """The portal with its people and deals, a third of them lost, a client for every four or so wins; or with other
    rows of another table."""
    with write() as session:
        session.add(
            Portal(
                id=shape.id, member_id=f"bench{shape.id}", domain="", client_endpoint="", oauth_server="",
                status="active", time_zone=ZONE, base_currency="RUB", created_at=0,
            )
        )  # fmt: skip
        session.flush()
        session.add(Department(portal_id=shape.id, id=1, name="Sales", head_id=1))
        session.add_all(
            Employee(portal_id=shape.id, id=id, name=f"Person {id}", department_ids=[1])
            for id in range(1, shape.people + 1)
        )
        session.add_all(
            SyncCursor(portal_id=shape.id, source=source, complete=True, synced_at=1)
            for source in ("backfill", "staff", "deals", "activities")
        )
    rows = _rows(shape, Random(seed)) if rows is None else rows
    filled = table_of(Deal) if table is None else table
    while chunk := list(islice(rows, CHUNK)):
        with write() as session:
            session.execute(insert(filled), chunk)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


def _rows(shape: Shape, random: Random) -> Iterator[dict[str, Any]]:
    id = 0
    for back in range(shape.months):
        month = _month(back)
        for number in range(shape.people * shape.deals_each):
            id += 1
            closed = month + DAY + random.randrange(26 * DAY)
            created = closed - random.randrange(20 * DAY)
            owner = number % shape.people + 1
            won = random.random() < 2 / 3
            amount = random.randrange(1_000_00, 90_000_00)
            yield {
                "portal_id": shape.id, "id": id, "title": f"Deal {id}", "category_id": id % 3, "is_recurring": False,
                "stage_id": "WON" if won else "LOSE", "semantic": "S" if won else "F",
                "source_id": ("WEB", "CALL")[id % 2], "company_id": id // 4 + 1, "client": f"C{id // 4 + 1}",
                "responsible_id": owner, "created_by_id": owner, "closed_by_id": owner,
                "closed_by_assumed": False, "currency": "RUB", "amount_original": amount * 10_000, "amount": amount,
                "rate": "1", "created_at": created, "updated_at": closed, "closed_at": closed, "closed_from": "moved",
                "moved_at": closed, "seconds_to_close": closed - created if won else None,
                "win_no": 1 + id % 4 if won else None, "is_return": False, "read_at": closed,
            }  # fmt: skip


def _month(back: int) -> int:
    months = LAST.year * 12 + LAST.month - 1 - back
    return int(datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC).timestamp())
