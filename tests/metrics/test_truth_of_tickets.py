"""The known truth of the published tickets (b24app/demo/data), from requests made directly of its rows."""

import csv
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from flask import Flask
from sqlalchemy import insert

from b24app.facts.requests.rules import Record, RequestMapping, WorkingTime, request_of
from b24app.facts.tables import Request
from b24app.lib.db import db
from b24app.lib.paths import PACKAGE
from b24app.metrics.plans import plan
from b24app.metrics.queries import evaluate, facts_behind, not_counted
from b24app.metrics.rules import value_of
from b24app.periods.rules import Calendar, Settings, Span, custom, span
from tests.metrics.world import NOW, put_portal

TICKETS = PACKAGE / "demo" / "data" / "support_tickets.csv"
YEAR = span(custom(date(2023, 1, 1), date(2024, 1, 1)), Settings("UTC"))
EVER = Span(YEAR.start, YEAR.end + 90 * 86_400)
"""Ratings count when they were given, some of them in January."""

MAPPING = RequestMapping(
    "tickets", 0, "item_1036", responded="responded", resolved="resolved", rating="rating", rated="closed"
)
COLUMNS = {"responded": "First response time", "resolved": "Resolution time", "closed": "Close time"}


def instant(text: str) -> int:
    """To the nearest second: Bitrix24 keeps whole ones."""
    return int((datetime.fromisoformat(text).replace(tzinfo=UTC) + timedelta(milliseconds=500)).timestamp())


def records() -> Iterator[Record]:
    with TICKETS.open(encoding="ascii", newline="") as file:
        for row in csv.DictReader(file):
            created = instant(row["Created time"])
            yield Record(
                "item_1036", int(row["Ticket ID"]), row["Topic"], None, None, 1, 1, created, created, None, created,
                instants={name: instant(row[column]) for name, column in COLUMNS.items() if row[column]},
                numbers={"rating": int(float(row["Survey results"]) * 1_000_000)} if row["Survey results"] else {},
            )  # fmt: skip


@pytest.fixture(scope="module")
def support(database: Flask) -> Iterator[int]:
    """The portal that holds all tickets as requests."""
    portal = put_portal()
    time = WorkingTime(Calendar(), Settings("UTC"))
    made = (request_of(record, MAPPING, time) for record in records())
    db.session.execute(insert(Request), [{"portal_id": portal, **asdict(one)} for one in made if one])
    yield portal
    db.session.rollback()


@pytest.mark.parametrize(
    ("metric", "span", "n", "expected"),
    [
        ("requests", YEAR, None, "2330"),
        ("first_response_hours", YEAR, 2310, "26.83"),
        ("customer_rating", EVER, 1173, "3.511"),
        ("requests_resolved_share", YEAR, 2330, "82.06"),
    ],
)
def test_all_tickets_of_the_year(support: int, metric: str, span: Span, n: int | None, expected: str) -> None:
    wanted = plan(metric)
    part = evaluate(support, [wanted], [span], NOW).get(wanted)
    value = value_of(wanted, part.numerator, part.denominator)
    assert value is not None
    told = value * 60 if metric == "first_response_hours" else value  # in minutes
    assert f"{float(told):.{len(expected.partition('.')[2])}f}" == expected
    assert part.denominator == n


def test_the_listed_tickets_give_the_mean_again_and_those_left_out_are_named(support: int) -> None:
    wanted = plan("first_response_hours")
    listed = facts_behind(support, wanted, YEAR, now=NOW, limit=3000)
    part = evaluate(support, [wanted], [YEAR], NOW).get(wanted)
    numbers = [row.number or Fraction(0) for row in listed.items]
    assert sum(numbers) / len(numbers) == value_of(wanted, part.numerator, part.denominator)
    missed = not_counted(support, wanted, YEAR, now=NOW).items
    assert sorted(row.id // 100 for row in missed if row.reason == "answered_before") == [1288, 2135]
    assert sum(row.reason == "unanswered" for row in missed) == 18
