"""docs/metrics*.md say what the code does: they are what the code makes of itself, and every example is computed."""

from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from functools import partial
from typing import Any

import pytest

from b24app.metrics.catalogue import CATALOGUE
from b24app.metrics.plans import plan
from b24app.metrics.queries import evaluate, facts_behind
from b24app.metrics.rules import value_of
from b24app.periods.rules import Span
from tests.metrics import slow_reading
from tests.metrics.docs import PAGES, WORLD, page
from tests.metrics.world import (
    Fact,
    activity,
    at,
    call,
    calls_from,
    credit,
    deal,
    entry,
    field_value,
    in_section,
    lead,
    move,
    product_row,
    put,
    request,
    task,
)

EXAMPLES = WORLD["examples"]
MONTH = Span(*(at(f"{day}T00:00") for day in WORLD["period"]))
NOW = at(WORLD["now"])


def facts(portal: int) -> Iterator[Fact]:
    for one in WORLD["deals"]:
        created, closed = at(one["created"]), at(one["closed"]) if "closed" in one else None
        won = one["semantic"] == "S"
        yield deal(
            portal, id=one["id"], semantic=one["semantic"], created_at=created, closed_at=closed,
            updated_at=at(one["updated"]) if "updated" in one else closed, amount=one["amount"] * 100,
            client=one["client"], win_no=one.get("win_no"), category_id=one["category_id"], source_id=one["source_id"],
            is_return=one.get("is_return", False), seconds_to_close=closed - created if won and closed else None,
        )  # fmt: skip
    for record, employee, percent in WORLD["credits"]:
        whole = next(one["amount"] for one in WORLD["deals"] if one["id"] == record)
        yield credit(record, employee, percent * 10_000, whole * percent, portal=portal)
    for record, id, product, amount in WORLD["rows"]:
        yield product_row(record, id, product, amount * 100, portal=portal)
    for product, section in WORLD["sections"]:
        yield in_section(product, section, portal=portal)
    for record, field, text in WORLD["values"]:
        yield field_value(record, field, text=text, portal=portal)
    for id, (record, kind, stage, category, moment) in enumerate(WORLD["moves"], 1):
        yield move(id, record, kind, stage, category, at(moment), portal=portal)
    yield from leads(portal)
    for code, kind, value in WORLD["entries"]:
        yield entry(portal, code, value, kind=kind)
    for one in WORLD["requests"]:
        created, answered, resolved, rated = (
            at(one[name]) if name in one else None for name in ("created", "answered", "resolved", "rated")
        )
        rating = one["rating"] * 1_000_000 if "rating" in one else None
        yield request(
            portal, id=one["id"], mapping=one["mapping"], created_at=created, first_response_at=answered,
            resolved_at=resolved, rating=rating, rated_at=(rated or resolved) if rating else None,
            seconds_to_response=answered - created if "working" in one else None, seconds_working=one.get("working"),
        )  # fmt: skip
    for kind, direction, completed in WORLD["activities"]:
        moment = at("2024-05-17T13:00")
        yield activity(
            portal, kind, direction=direction, completed=completed, completed_at=moment if completed else None,
            seconds=600 if kind == "call" else None,
        )  # fmt: skip
    yield from items(portal)
    yield from work(portal)


def leads(portal: int) -> Iterator[Fact]:
    made = []
    for moment, semantic, closed, source in WORLD["leads"]:
        when = at(closed) if closed else None
        made.append(lead(portal, created_at=at(moment), semantic=semantic, closed_at=when, source_id=source))
    yield from made
    for id, (number, kind, stage, moment) in enumerate(WORLD["lead_moves"], 1):
        yield move(id, made[number - 1].id, kind, stage, None, at(moment), portal=portal, entity="lead")


def items(portal: int) -> Iterator[Fact]:
    for made, semantic, day, amount in WORLD["invoices"]:
        yield lead(
            portal, type="invoice", created_at=at(f"{made}T09:00"), semantic=semantic,
            closed_at=at(f"{day}T09:00") if day else None, amount=round(amount * 100),
        )  # fmt: skip
    for created, day, number, client in WORLD["items"]:
        one = lead(portal, type="item_147", created_at=at(created))
        yield one
        field = partial(field_value, one.id, portal=portal, entity="item_147")
        yield field("ufCrm_9", num=int(client) * 1_000_000, text=client)
        if day:
            yield field("ufCrm_8", text=day, day=day, at=at(f"{day}T00:00"))
        if number is not None:
            yield field("ufCrm_7", num=int(number * 1_000_000))


def work(portal: int) -> Iterator[Fact]:
    for due, done in WORLD["todos"]:
        yield activity(
            portal, "todo", completed=done is not None, due_at=at(due), completed_at=at(done) if done else None,
            seconds_late=at(done) - at(due) if done else None,
        )  # fmt: skip
    yield calls_from(portal, "telephony", at(WORLD["calls_from_telephony_since"]))
    for moment, direction, answered, seconds in WORLD["calls"]:
        yield call(portal, direction=direction, answered=answered, seconds=seconds, start_at=at(moment))
    for due, closed in WORLD["tasks"]:
        yield task(
            portal, due_at=at(due) if due else None, closed_at=at(closed) if closed else None,
            seconds_late=at(closed) - at(due) if due and closed else None,
        )  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: f"{one['metric']}-{one['value']}")
def test_an_example_is_what_the_database_and_the_slow_reading_find(portal: int, example: dict[str, Any]) -> None:
    world = tuple(facts(portal))
    put(*world)
    wanted = plan(example["metric"], example.get("options"), owner=example.get("owner"), where=example.get("where"))
    members = {example["employee"]} if "employee" in example else None
    part = evaluate(portal, [wanted], [MONTH], NOW).get(wanted, 0, members)
    assert value_of(wanted, part.numerator, part.denominator) == Fraction(example["value"])
    assert part == slow_reading.read(world, wanted, MONTH, members, now=NOW)
    assert facts_behind(portal, wanted, MONTH, members, now=NOW).total


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_metric_is_on_every_page_with_an_example(code: str) -> None:
    assert code in {example["metric"] for example in EXAMPLES}
    for path in PAGES.values():
        assert f"| `{code}` |" in path.read_text("utf-8")


@pytest.mark.parametrize("language", PAGES)
def test_the_page_is_what_the_code_makes_of_itself(language: str) -> None:
    assert PAGES[language].read_text("utf-8") == page(language), "write it anew: python -m tests.metrics.docs"


def test_the_day_examples_are_looked_at_is_after_their_period() -> None:
    assert datetime.fromisoformat(WORLD["now"]) > datetime.fromisoformat(WORLD["period"][1])
