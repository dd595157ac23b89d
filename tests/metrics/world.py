"""A portal with nothing but a database, and short ways to write facts down."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from flask import Flask

from b24app.facts.tables import (
    Activity,
    Call,
    CallSource,
    Credit,
    Deal,
    Entry,
    FieldValue,
    Item,
    ProductRow,
    ProductSection,
    Request,
    Session,
    StageMove,
    Task,
)
from b24app.lib.db import Base, db, prepare
from b24app.periods.rules import Kind, Settings, Span, named, span
from b24app.portal.tables import Portal
from tests.databases import Databases

Fact = (
    Deal
    | Item
    | Activity
    | Entry
    | Request
    | StageMove
    | FieldValue
    | ProductRow
    | ProductSection
    | Call
    | CallSource
    | Credit
    | Task
    | Session
)

_numbers = count(1)


@pytest.fixture(scope="module")
def database(databases: Databases, database_kind: str) -> Iterator[Flask]:
    """An empty database with its context pushed."""
    app = Flask("metrics")
    app.config["SQLALCHEMY_DATABASE_URI"] = databases.give(database_kind)
    db.init_app(app)
    with app.app_context():
        prepare(db.engine)
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def portal(database: Flask) -> Iterator[int]:
    """The id of a portal that vanishes with its facts when the test ends."""
    yield put_portal()
    db.session.rollback()


def put_portal() -> int:
    portal = Portal(member_id=f"m{next(_numbers)}", domain="d", client_endpoint="e", oauth_server="o", created_at=0)
    put(portal)
    return portal.id


def put(*rows: Base) -> None:
    db.session.add_all(rows)
    db.session.flush()


def at(moment: str) -> int:
    """Epoch seconds of a moment written in UTC: `2024-05-17T12:00`."""
    return int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp())


UTC_ONLY = Settings("UTC")
MAY = span(named(Kind.MONTH, datetime(2024, 5, 1).date(), UTC_ONLY), UTC_ONLY)
JUNE = span(named(Kind.MONTH, datetime(2024, 6, 1).date(), UTC_ONLY), UTC_ONLY)
BOTH = Span(MAY.start, JUNE.end)
NOW = JUNE.end
"""July has begun."""

ANN, BOB, EVE = 7, 8, 9
"""Employees: Ann and Bob are in the department SALES, Eve is in no department of ours."""
SALES = 5


def deal(portal: int, **known: Any) -> Deal:
    """A deal of Ann's won on 17 May 2024 for 1 000.00, created ten days before; say what is different."""
    deal = Deal(
        portal_id=portal,
        id=next(_numbers),
        title="Deal",
        category_id=0,
        stage_id="WON",
        semantic="S",
        client="C1",
        responsible_id=ANN,
        created_by_id=ANN,
        closed_by_id=ANN,
        currency="USD",
        amount_original=1_000_000_000,
        amount=100_000,
        rate="1",
        created_at=at("2024-05-07T12:00"),
        updated_at=at("2024-05-17T12:00"),
        closed_at=at("2024-05-17T12:00"),
        closed_from="history",
        seconds_to_close=864_000,
        win_no=1,
        is_return=False,
        is_recurring=False,
        read_at=0,
    )
    return _known(deal, known)


def lost(portal: int, **known: Any) -> Deal:
    return deal(portal, **{"semantic": "F", "stage_id": "LOSE", "seconds_to_close": None, "win_no": None, **known})


def open_deal(portal: int, **known: Any) -> Deal:
    nothing = dict.fromkeys(("closed_at", "closed_from", "closed_by_id", "seconds_to_close", "win_no"))
    return deal(portal, **{"semantic": "P", "stage_id": "NEW", **nothing, **known})


def credit(deal: int, employee: int, share: int, amount: int | None, *, portal: int) -> Credit:
    """Somebody's part of a deal: so many millionths of it, and of its amount."""
    return Credit(portal_id=portal, deal_id=deal, employee_id=employee, share=share, amount=amount, by_hand=True)


def field_value(
    record: int, field: str, place: int = 0, *, portal: int, entity: str = "deal", **known: Any
) -> FieldValue:
    return FieldValue(portal_id=portal, entity=entity, record_id=record, field=field, place=place, **known)


def product_row(deal: int, id: int, product: int | None, amount: int | None, *, portal: int) -> ProductRow:
    return ProductRow(
        portal_id=portal, entity="deal", record_id=deal, id=id, product_id=product, amount=amount, amount_original=0
    )


def in_section(product: int, section: int, *, portal: int) -> ProductSection:
    return ProductSection(portal_id=portal, product_id=product, section_id=section)


def move(
    id: int, record: int, kind: int, stage: str, category: int | None, moment: int, *, portal: int, entity: str = "deal"
) -> StageMove:
    return StageMove(
        portal_id=portal, entity=entity, id=id, record_id=record, kind=kind, category_id=category, stage_id=stage,
        semantic="P", at=moment,
    )  # fmt: skip


def activity(portal: int, kind: str, **known: Any) -> Activity:
    """An activity of Ann's that took place and was completed on 17 May 2024."""
    activity = Activity(
        portal_id=portal,
        id=next(_numbers),
        kind=kind,
        subject=kind,
        direction="out",
        responsible_id=ANN,
        created_by_id=ANN,
        created_at=at("2024-05-10T12:00"),
        updated_at=at("2024-05-17T13:00"),
        start_at=at("2024-05-17T12:00"),
        completed=True,
        completed_at=at("2024-05-17T13:00"),
        read_at=0,
    )
    return _known(activity, known)


def lead(portal: int, **known: Any) -> Item:
    """A lead of Ann's of 7 May 2024, converted ten days later; say what is different."""
    lead = Item(
        portal_id=portal,
        type="lead",
        id=next(_numbers),
        title="Lead",
        stage_id="CONVERTED",
        semantic="S",
        responsible_id=ANN,
        created_by_id=ANN,
        created_at=at("2024-05-07T12:00"),
        updated_at=at("2024-05-17T12:00"),
        closed_at=at("2024-05-17T12:00"),
        closed_from="told",
        read_at=0,
    )
    return _known(lead, known)


def call(portal: int, **known: Any) -> Call:
    """A call of a minute that Ann took on 17 May 2024."""
    call = Call(
        portal_id=portal,
        id=next(_numbers),
        direction="in",
        answered=True,
        seconds=60,
        responsible_id=ANN,
        created_by_id=ANN,
        start_at=at("2024-05-17T12:00"),
        completed_at=at("2024-05-17T12:01"),
        created_at=0,
        updated_at=0,
        read_at=0,
    )
    return _known(call, known)


def calls_from(portal: int, source: str, since: int) -> CallSource:
    return CallSource(portal_id=portal, since=since, source=source)


def task(portal: int, **known: Any) -> Task:
    """A task of Ann's, closed on 17 May 2024 an hour before its deadline."""
    task = Task(
        portal_id=portal,
        id=next(_numbers),
        title="Task",
        done=True,
        responsible_id=ANN,
        created_by_id=BOB,
        created_at=at("2024-05-10T12:00"),
        updated_at=at("2024-05-17T12:00"),
        closed_at=at("2024-05-17T12:00"),
        due_at=at("2024-05-17T13:00"),
        seconds_late=-3600,
        read_at=0,
    )
    return _known(task, known)


def entry(portal: int, code: str, value: float, **known: Any) -> Entry:
    """An entry of Ann's of 17 May 2024."""
    number = next(_numbers)
    entry = Entry(
        portal_id=portal,
        id=number,
        key=f"k{number}",
        code=code,
        kind="add",
        value=round(value * 1_000_000),
        occurred_at=at("2024-05-17T12:00"),
        employee_id=ANN,
        comment="",
        origin="api",
        author="system",
        undone=False,
        state="counted",
        created_at=0,
    )
    return _known(entry, known)


def request(portal: int, **known: Any) -> Request:
    """A request of Ann's of 17 May 2024, answered after two hours, resolved the next day and rated 4."""
    number = next(_numbers)
    request = Request(
        portal_id=portal,
        id=number,
        mapping="help",
        entity="deal",
        record_id=number,
        title="Request",
        responsible_id=ANN,
        created_at=at("2024-05-17T12:00"),
        updated_at=at("2024-05-18T12:00"),
        first_response_at=at("2024-05-17T14:00"),
        resolved_at=at("2024-05-18T12:00"),
        rating=4_000_000,
        rated_at=at("2024-05-18T12:00"),
        seconds_to_response=7200,
        seconds_working=3600,
        read_at=0,
    )
    return _known(request, known)


def _known(row: Any, known: dict[str, Any]) -> Any:
    for name, value in known.items():
        setattr(row, name, value)
    return row
