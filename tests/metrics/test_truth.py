"""The known truth of the published data set (b24app/demo/data), from deals made directly of its rows."""

import csv
from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert

from b24app.facts.tables import Deal
from b24app.lib.db import db
from b24app.lib.paths import PACKAGE
from b24app.metrics.parts import Parts
from b24app.metrics.plans import plan
from b24app.metrics.queries import evaluate, facts_behind
from b24app.metrics.rules import Plan, value_of
from b24app.periods.rules import Settings, Span, custom, span
from tests.metrics.world import NOW, at, put_portal

DATA = PACKAGE / "demo" / "data"
SEMANTICS = {"Won": "S", "Lost": "F"}
EVER = span(custom(date(2016, 1, 1), date(2018, 1, 1)), Settings("UTC"))

PLANS = {
    code: plan(code, owner="closed_by")
    for code in ("deals_won", "deals_lost", "deals_won_amount", "deal_conversion", "average_deal",
                 "average_days_to_close", "new_clients", "repeat_sales")
}  # fmt: skip


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / f"{name}.csv").open(encoding="ascii", newline="") as file:
        return list(csv.DictReader(file))


AGENTS = {row["sales_agent"]: number for number, row in enumerate(rows("sales_teams"), 1)}
OFFICES = {
    office: frozenset(AGENTS[row["sales_agent"]] for row in rows("sales_teams") if row["regional_office"] == office)
    for office in ("West", "East", "Central")
}
CLIENTS = {row["account"]: f"C{number}" for number, row in enumerate(rows("accounts"), 1)}


def deals(portal: int) -> Iterator[dict[str, Any]]:
    """Every opportunity at local noon; the first win of a client by closing, then by id (semantics 3.3)."""
    wins: dict[str, int] = {}
    pipeline = list(enumerate(rows("sales_pipeline"), 1))
    for id, row in sorted(pipeline, key=lambda numbered: (numbered[1]["close_date"], numbered[0])):
        semantic = SEMANTICS.get(row["deal_stage"], "P")
        created = at(f"{row['engage_date'] or '2017-12-27'}T12:00")
        closed = at(f"{row['close_date']}T12:00") if row["close_date"] else None
        client = CLIENTS.get(row["account"])
        if semantic == "S" and client:
            wins[client] = wins.get(client, 0) + 1
        yield {
            "portal_id": portal,
            "id": id,
            "stage_id": row["deal_stage"],
            "semantic": semantic,
            "client": client,
            "closed_by_id": AGENTS[row["sales_agent"]] if closed else None,
            "responsible_id": AGENTS[row["sales_agent"]],
            "amount": int(row["close_value"] or 0) * 100,
            "created_at": created,
            "updated_at": closed or created,
            "closed_at": closed,
            "closed_from": "history" if closed else None,
            "seconds_to_close": closed - created if closed and semantic == "S" else None,
            "win_no": wins[client] if semantic == "S" and client else None,
            "read_at": 0,
        }


@pytest.fixture(scope="module")
def sales(database: Flask) -> Iterator[int]:
    """The portal that holds the whole pipeline."""
    portal = put_portal()
    db.session.execute(insert(Deal), list(deals(portal)))
    yield portal
    db.session.rollback()


@pytest.fixture(scope="module")
def parts(sales: int) -> Parts:
    return evaluate(sales, list(PLANS.values()), [EVER], NOW)


def value(parts: Parts, wanted: Plan, members: frozenset[int] | None = None) -> Fraction | None:
    part = parts.get(wanted, 0, members)
    return value_of(wanted, part.numerator, part.denominator)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("deals_won", "4238"),
        ("deals_lost", "2473"),
        ("deals_won_amount", "10005534"),
        ("deal_conversion", "63.15"),
        ("average_deal", "2360.91"),
        ("average_days_to_close", "51.78"),
        ("repeat_sales", "4153"),
        ("new_clients", "85"),
    ],
)
def test_company_over_all_time(parts: Parts, metric: str, expected: str) -> None:
    found = value(parts, PLANS[metric])
    assert found is not None
    assert f"{float(found):.{len(expected.partition('.')[2])}f}" == expected


def test_best_agent_by_amount(parts: Parts) -> None:
    def amount(agent: int) -> Fraction:
        return value(parts, PLANS["deals_won_amount"], frozenset({agent})) or Fraction(0)

    best = max(AGENTS.values(), key=amount)
    assert amount(best) == 1_153_214
    assert value(parts, PLANS["deals_won"], frozenset({best})) == 349


def test_offices_by_amount_add_up_to_the_company(parts: Parts) -> None:
    amounts = {office: value(parts, PLANS["deals_won_amount"], agents) for office, agents in OFFICES.items()}
    assert amounts["West"] == 3_568_647
    assert sum(amount for amount in amounts.values() if amount) == 10_005_534


def test_an_agent_without_deals_has_no_conversion(parts: Parts) -> None:
    assert value(parts, PLANS["deal_conversion"], frozenset({AGENTS["Carl Lin"]})) is None
    assert value(parts, PLANS["deals_won"], frozenset({AGENTS["Carl Lin"]})) == 0


@pytest.mark.parametrize("metric", PLANS)
def test_listed_deals_give_the_value_again(sales: int, parts: Parts, metric: str) -> None:
    wanted, numbers = PLANS[metric], {"value": [], "numerator": [], "denominator": []}
    cursor: str | None = None
    while True:
        page = facts_behind(sales, wanted, EVER, limit=5000, cursor=cursor, now=NOW)
        for row in page.items:
            numbers[row.part].append(row.number)
        if (cursor := page.next_cursor) is None:
            break
    if wanted.shown_as == "ratio":
        again = wanted.factor * sum(numbers["numerator"]) / sum(numbers["denominator"])
    else:
        again = sum(numbers["value"]) / (len(numbers["value"]) if wanted.shown_as == "mean" else 1)
    assert again == value(parts, wanted)


def test_the_whole_pipeline_is_read(sales: int) -> None:
    created = plan("deals_created")
    part = evaluate(sales, [created], [Span(0, EVER.end)], NOW).get(created)
    assert part.numerator == 8800
