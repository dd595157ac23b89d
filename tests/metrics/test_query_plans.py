"""What is asked all day long is found by an index, on both databases, among facts of years and of other portals."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, insert, text

from b24app.facts import deals
from b24app.facts.tables import Activity, Deal, Entry, FieldValue, ProductRow, StageMove
from b24app.ingest import inbox
from b24app.ingest.tables import Inbox
from b24app.lib import clock
from b24app.lib.db import Base, db, prepare
from b24app.metrics.plans import plan
from b24app.metrics.queries import evaluate, facts_behind
from b24app.metrics.rules import Plan
from b24app.periods.rules import Span
from tests.databases import Databases
from tests.metrics.world import ANN, BOB, MAY, NOW, at, put_portal

DAY = 86_400
TABLES = (Deal, Activity, Entry, Inbox, StageMove, FieldValue, ProductRow)
YEARS = 4
EACH = 12_000
SINCE = at("2020-06-01T00:00")

WON = plan("deals_won", owner="closed_by")
ENTRIES = plan("entries", {"code": "code3"})
PLANS = [
    (WON, "ix_deal_closed"), (plan("deals_created"), "ix_deal_created"), (plan("calls"), "ix_activity_start"),
    (plan("meetings"), "ix_activity_completed"), (ENTRIES, "ix_entry_code"),
    (plan("deal_conversion", {"stale_days": 60}), "ix_deal_updated"),
    (plan("average_days_to_close", {"stat": "median"}), "ix_deal_closed"),
]  # fmt: skip


def moment(number: int) -> int:
    """Spread evenly over the years, in no order."""
    return SINCE + number * 7919 % (YEARS * 365) * DAY + number % DAY


def rows(table: type[Base], portal: int) -> Iterator[dict[str, Any]]:
    for id in range(1, EACH + 1):
        row: dict[str, Any] = {"portal_id": portal, "created_at": moment(id)}
        if table is Deal:
            row |= {
                "id": id, "stage_id": "WON", "semantic": "S", "client": f"C{id % 3000}", "amount": id,
                "closed_by_id": (ANN, BOB)[id % 2], "closed_at": moment(id) + DAY, "updated_at": moment(id) + DAY,
                "read_at": 0,
            }  # fmt: skip
        elif table is Activity:
            row |= {
                "id": id, "kind": ("call", "meeting", "task")[id % 3], "direction": "out", "responsible_id": ANN,
                "start_at": moment(id), "completed": True, "completed_at": moment(id), "updated_at": 0, "read_at": 0,
            }  # fmt: skip
        elif table is Entry:
            row |= {
                "key": f"k{id}", "code": f"code{id % 5}", "kind": "add", "value": id, "occurred_at": moment(id),
                "employee_id": ANN, "comment": "", "origin": "api", "author": "system",
            }  # fmt: skip
        elif table is StageMove:
            row = {
                "portal_id": portal, "entity": "deal", "id": id, "record_id": id, "kind": 2, "category_id": 0,
                "stage_id": ("WON", "NEW")[id % 2], "semantic": "P", "at": moment(id),
            }  # fmt: skip
        elif table is FieldValue:
            row = {"portal_id": portal, "entity": "deal", "record_id": id, "field": "ufCrm_1", "place": 0, "text": "A"}
        elif table is ProductRow:
            row = {"portal_id": portal, "entity": "deal", "record_id": id, "id": id, "product_id": id % 9, "amount": id}
            row |= {"amount_original": 0}
        else:
            state = "due" if id % 1000 == 0 else "done"
            row = {
                "portal_id": portal,
                "entity": "deal",
                "key": str(id),
                "state": state,
                "arrived_at": id,
                "attempts": 0,
            }
        yield row


@pytest.fixture(scope="module")
def crowded(databases: Databases, database_kind: str) -> Iterator[int]:
    """One of two portals with years of facts, and statistics of them; in a database that no other test has to empty."""
    app = Flask("crowded")
    app.config["SQLALCHEMY_DATABASE_URI"] = databases.give_bare(database_kind)
    db.init_app(app)
    with app.app_context():
        prepare(db.engine)
        db.create_all()
        portals = (put_portal(), put_portal())
        for table, portal in product(TABLES, portals):
            db.session.execute(insert(table), list(rows(table, portal)))
        db.session.execute(text("ANALYZE"))
        db.session.commit()
        yield portals[0]
        db.session.remove()
        db.engine.dispose()


@contextmanager
def sent() -> Iterator[list[tuple[str, Any]]]:
    """The statements sent meanwhile, with what was put into them."""
    found: list[tuple[str, Any]] = []

    def remember(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        found.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", remember)
    yield found
    event.remove(db.engine, "before_cursor_execute", remember)


def steps(question: Callable[[], object]) -> list[str]:
    """How the database finds the answer: the lines of its plan of every statement."""
    with sent() as statements:
        question()
    connection = db.session.connection()
    explain = "EXPLAIN" if connection.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    return [
        str(row[-1])
        for statement, parameters in statements
        for row in connection.exec_driver_sql(f"{explain} {statement}", parameters)
    ]


def scans(plan: list[str]) -> list[str]:
    """The steps that read a whole table of facts: SQLite's `SCAN deal`, PostgreSQL's `Seq Scan on deal`."""
    whole = [f"{words} {table.__tablename__}" for words in ("SCAN", "Seq Scan on") for table in TABLES]
    return [step for step in plan if any(words in step for words in whole)]


@pytest.mark.parametrize(("wanted", "index"), PLANS)
@pytest.mark.parametrize("days", [1, 60])
def test_periods_are_read_by_the_index_of_their_date(crowded: int, wanted: Plan, index: str, days: int) -> None:
    spans = [Span(MAY.start + day * DAY, MAY.start + (day + 1) * DAY) for day in range(days)]
    plan = steps(lambda: evaluate(crowded, [wanted], spans, NOW))
    assert any(index in step for step in plan), plan
    assert not scans(plan), plan


@pytest.mark.parametrize(("wanted", "index"), PLANS)
def test_facts_behind_a_number_are_read_by_the_index_of_their_date(crowded: int, wanted: Plan, index: str) -> None:
    plan = steps(lambda: facts_behind(crowded, wanted, MAY, {ANN}, now=NOW, limit=50))
    assert any(index in step for step in plan), plan
    assert not scans(plan), plan


@pytest.mark.parametrize(
    ("wanted", "index", "table"),
    [
        (plan("stage_entered", {"stages": ["WON"]}), "ix_stage_move_at", "stage_move"),
        (
            plan("deals_won", where={"fields": [{"field": "ufCrm_1", "op": "eq", "value": "A"}]}),
            "ix_deal_closed",
            "deal",
        ),
        (plan("deals_won_amount", where={"product_id": [1]}), "ix_deal_closed", "deal"),
        (plan("deals_won", owner="ufCrm_1"), "ix_deal_closed", "deal"),
    ],
)
def test_what_else_is_looked_up_leaves_the_index_of_the_date(
    crowded: int, wanted: Plan, index: str, table: str
) -> None:
    """Of many facts a database may look up fields, product rows or deals of moves all at once; never the facts."""
    plan = steps(lambda: evaluate(crowded, [wanted], [MAY], NOW))
    assert any(index in step for step in plan), plan
    assert not [step for step in scans(plan) if step.split("SCAN ")[-1].split(" on ")[-1].split()[0] == table], plan


def test_what_is_due_is_read_by_its_index_among_all_that_was_ever_done(crowded: int) -> None:
    plan = steps(lambda: inbox.due(crowded, clock.now()))
    assert any("ix_inbox_due" in step for step in plan), plan
    assert not scans(plan), plan


def test_a_batch_of_deals_is_read_by_its_key(crowded: int) -> None:
    plan = steps(lambda: deals.load(crowded, range(100, 150)))
    assert any("pk_deal" in step or "autoindex_deal" in step for step in plan), plan
    assert not scans(plan), plan


def test_wins_of_a_few_clients_are_numbered_without_reading_everybodys(crowded: int) -> None:
    plan = steps(lambda: deals.renumber(crowded, ["C7", "C8"]))
    assert any("ix_deal_client" in step for step in plan), plan
    assert not scans(plan), plan
