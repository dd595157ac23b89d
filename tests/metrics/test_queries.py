"""How numbers are asked for: few statements, by the index; pages of facts; hidden people; what nearly counted."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite

from b24app.lib.db import db
from b24app.lib.errors import Invalid
from b24app.metrics import compile, queries
from b24app.metrics.catalogue import CATALOGUE
from b24app.metrics.plans import plan
from b24app.metrics.queries import evaluate, facts_behind, not_counted
from b24app.periods.rules import Span
from tests.metrics.world import (
    ANN,
    BOB,
    BOTH,
    EVE,
    JUNE,
    MAY,
    NOW,
    SALES,
    activity,
    at,
    deal,
    entry,
    lost,
    put,
    put_portal,
)

EVERYTHING = tuple(plan(code, ready.example) for code, ready in CATALOGUE.items())
WON = plan("deals_won", owner="closed_by")
AVERAGE = plan("average_deal", owner="closed_by")


def days(number: int) -> list[Span]:
    """So many days from the first of May."""
    return [Span(MAY.start + day * 86_400, MAY.start + (day + 1) * 86_400) for day in range(number)]


@contextmanager
def statements() -> Iterator[list[str]]:
    """The statements sent to the database meanwhile."""
    sent: list[str] = []

    def remember(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", remember)
    yield sent
    event.remove(db.engine, "before_cursor_execute", remember)


def test_one_statement_per_entity_date_and_owner_however_many_plans_and_periods(portal: int) -> None:
    put(deal(portal))
    with statements() as sent:
        parts = evaluate(portal, EVERYTHING * 2, days(31), NOW)
    assert len(sent) == len({scan for wanted in EVERYTHING for scan in wanted.scans})
    assert [parts.get(plan("deals_won"), day).numerator for day in (15, 16, 17)] == [0, 1, 0]


def test_every_day_of_five_years_is_one_statement_too(portal: int) -> None:
    put(deal(portal))
    with statements() as sent:
        parts = evaluate(portal, [WON], days(1826), NOW)
    assert len(sent) == 1
    assert sum(parts.get(WON, day).facts for day in range(1826)) == 1


def test_days_side_by_side_give_what_each_gives_alone(portal: int) -> None:
    """A database may find out in one pass which of many spans a fact lies in."""
    first = MAY.start
    edges = [first - 1, first, first + 86_400 - 1, first + 86_400, first + 5 * 86_400 - 1, first + 5 * 86_400]
    put(*(deal(portal, created_at=at - 3 * 86_400, closed_at=at, closed_by_id=ANN if at % 2 else BOB) for at in edges))
    put(*(activity(portal, "call", start_at=at, completed_at=at) for at in edges))
    asked = (*EVERYTHING, plan("deal_conversion", {"mode": "window", "days": 2}))
    asked = (*asked, plan("average_days_to_close", {"stat": "median"}), WON)
    together = evaluate(portal, asked, days(5), NOW)
    for number, day in enumerate(days(5)):
        alone = evaluate(portal, asked, [day], NOW)
        for one in asked:
            for members in ((ANN,), (BOB,), None):
                assert together.get(one, number, members) == alone.get(one, 0, members)
    assert sum(together.get(WON, number).facts for number in range(5)) == 4


def test_more_measures_than_a_row_has_columns_are_asked_in_several_statements(
    portal: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MOST_MEASURES", 3)
    put(deal(portal, category_id=3))
    plans = [plan("deals_won_amount", where={"category_id": [number]}) for number in range(4)]
    with statements() as sent:
        parts = evaluate(portal, plans, [MAY], NOW)
    assert len(sent) == 2
    assert [parts.get(wanted).facts for wanted in plans] == [0, 0, 0, 1]


def test_nothing_asked_nothing_sent(portal: int) -> None:
    with statements() as sent:
        evaluate(portal, [], [MAY], NOW)
        evaluate(portal, EVERYTHING, [], NOW)
    assert sent == []


def test_facts_of_another_portal_count_nowhere(portal: int) -> None:
    stranger = put_portal()
    put(deal(stranger), entry(stranger, "nps", 1), activity(stranger, "call"))
    parts = evaluate(portal, EVERYTHING, [BOTH], NOW)
    assert all(parts.get(wanted).facts == 0 for wanted in EVERYTHING)
    assert all(facts_behind(portal, wanted, BOTH, now=NOW).total == 0 for wanted in EVERYTHING)
    assert all(not_counted(portal, wanted, BOTH, now=NOW).total == 0 for wanted in EVERYTHING)


def test_overlapping_spans_count_a_fact_in_each(portal: int) -> None:
    put(deal(portal))
    parts = evaluate(portal, [WON], [MAY, BOTH, JUNE], NOW)
    assert [parts.get(WON, number).numerator for number in range(3)] == [1, 1, 0]
    assert parts.employees(0) == {ANN}


def test_both_databases_are_asked_in_the_same_words(database: Flask) -> None:
    def words(dialect: Any) -> str:
        statement = compile.totals(WON.numerator.scan, AVERAGE.measures, 1).statement
        return " ".join(str(statement.compile(dialect=dialect)).replace("::", " ").split())

    asked = words(postgresql.dialect(paramstyle="qmark"))
    for cast in ("INTEGER", "BIGINT", "VARCHAR"):
        asked = asked.replace(f"? {cast}", "?")
    sent = words(sqlite.dialect())
    assert [word for word in sent.split() if word.isupper()] == [word for word in asked.split() if word.isupper()]


def test_pages_go_on_where_the_last_one_ended_newest_first(portal: int) -> None:
    same = at("2024-05-20T10:00")
    put(*(deal(portal, id=1000 + number, closed_at=same) for number in range(5)), deal(portal, id=1))
    seen, cursor = [], None
    while True:
        page = facts_behind(portal, WON, MAY, limit=2, cursor=cursor, now=NOW)
        assert page.total == 6
        seen += [row.id for row in page.items]
        if (cursor := page.next_cursor) is None:
            break
    assert seen == [1004, 1003, 1002, 1001, 1000, 1]


def test_a_cursor_that_is_not_ours_is_refused(portal: int) -> None:
    for cursor in ("x", "1:2", "-1", "0:1:2:3"):
        with pytest.raises(Invalid):
            facts_behind(portal, WON, MAY, cursor=cursor, now=NOW)


def test_a_conversion_lists_won_deals_above_and_decided_ones_below_the_line(portal: int) -> None:
    put(deal(portal, id=1), lost(portal, id=2))
    page = facts_behind(portal, plan("deal_conversion"), MAY, limit=2, now=NOW)
    rest = facts_behind(portal, plan("deal_conversion"), MAY, limit=2, cursor=page.next_cursor, now=NOW)
    assert [(row.id, row.part) for row in (*page.items, *rest.items)] == [
        (1, "numerator"),
        (2, "denominator"),
        (1, "denominator"),
    ]


def test_a_listed_deal_tells_its_money_and_whose_it_is(portal: int) -> None:
    money = {"currency": "EUR", "amount": 109_950, "amount_original": 1_000_000_000, "rate": "1.0995"}
    put(deal(portal, id=1, title="Kettles", **money))
    (row,) = facts_behind(portal, plan("deals_won_amount", owner="closed_by"), MAY, now=NOW).items
    assert (row.entity, row.title, row.part, row.employee_id) == ("deal", "Kettles", "value", ANN)
    assert (row.number, row.amount, row.amount_original) == (Fraction("1099.5"), Decimal("1099.50"), Decimal(1000))
    assert (row.currency, row.rate, row.date) == ("EUR", Decimal("1.0995"), at("2024-05-17T12:00"))


def test_a_mean_lists_the_deal_without_a_rate_with_zero_as_it_counts(portal: int) -> None:
    put(deal(portal), deal(portal, amount=None, rate=None))
    page = facts_behind(portal, plan("average_deal"), MAY, now=NOW)
    assert sorted(row.number for row in page.items if row.number is not None) == [0, 1000]


def test_a_sum_lists_only_deals_that_have_an_amount(portal: int) -> None:
    put(deal(portal, id=1), deal(portal, id=2, amount=None, rate=None))
    assert [row.id for row in facts_behind(portal, plan("deals_won_amount"), MAY, now=NOW).items] == [1]


def test_facts_of_people_the_viewer_may_not_see_are_only_counted(portal: int) -> None:
    put(deal(portal), deal(portal, closed_by_id=BOB), deal(portal, closed_by_id=EVE), deal(portal, closed_by_id=None))
    page = facts_behind(portal, WON, MAY, visible={ANN, BOB}, now=NOW)
    assert (page.total, page.hidden, len(page.items)) == (4, 2, 2)
    assert {row.employee_id for row in page.items} == {ANN, BOB}
    assert facts_behind(portal, WON, MAY, {BOB}, visible={ANN}, now=NOW).items == ()


def test_entries_of_a_department_are_nobodys_secret_inside_it(portal: int) -> None:
    put(entry(portal, "nps", 1), entry(portal, "nps", 2, employee_id=None, department_id=SALES))
    wanted = plan("entries", {"code": "nps"})
    page = facts_behind(portal, wanted, MAY, {ANN, BOB}, departments={SALES}, visible={BOB}, now=NOW)
    assert (page.total, page.hidden) == (2, 1)
    assert [row.number for row in page.items] == [2]


def test_an_entry_of_a_stranger_that_names_the_department_is_not_listed_there(portal: int) -> None:
    put(entry(portal, "nps", 1, employee_id=EVE, department_id=SALES))
    assert (
        facts_behind(portal, plan("entries", {"code": "nps"}), MAY, {ANN, BOB}, departments={SALES}, now=NOW).total == 0
    )


def missed(portal: int, *arguments: Any, **how: Any) -> dict[int, str | None]:
    return {row.id: row.reason for row in not_counted(portal, plan(*arguments, **how), MAY, now=NOW).items}


def test_not_counted_tells_which_condition_a_deal_failed_first(portal: int) -> None:
    put(
        deal(portal, id=1, category_id=1, source_id="WEB"),
        deal(portal, id=2, category_id=2, source_id="FAX"),
        deal(portal, id=3, category_id=1, source_id=None),
        deal(portal, id=4, category_id=1, source_id="WEB", deleted_at=5),
        deal(portal, id=5, category_id=2, deleted_at=5),
        lost(portal, id=6, category_id=2),
    )
    where = {"category_id": [1], "source_id": ["WEB"]}
    assert missed(portal, "deals_won", where=where) == {2: "other_funnel", 3: "other_source", 4: "deleted"}


def test_not_counted_tells_who_meets_no_alternative(portal: int) -> None:
    put(deal(portal, id=1, source_id=None), deal(portal, id=2, source_id="WEB"))
    where = {"any": [{"source_id": ["WEB"]}, {"category_id": [9]}]}
    assert missed(portal, "deals_won", where=where) == {1: "other_conditions"}


@pytest.mark.parametrize(
    ("metric", "known", "reason"),
    [
        ("deals_won_amount", {"amount": None, "rate": None}, "no_rate"),
        ("average_deal", {"amount": None, "rate": None}, "no_rate"),
        ("deals_created_amount", {"amount": None, "rate": None}, "no_rate"),
        ("repeat_sales_amount", {"amount": None, "rate": None, "win_no": 2}, "no_rate"),
        ("average_days_to_close", {"seconds_to_close": None, "closed_from": "planned"}, "planned_close"),
        ("average_days_to_close", {"seconds_to_close": None, "closed_from": "history"}, "negative_duration"),
        ("new_clients", {"client": None, "win_no": None}, "no_client"),
        ("repeat_sales", {"client": None, "win_no": None}, "no_client"),
    ],
)
def test_not_counted_tells_what_a_won_deal_lacks(portal: int, metric: str, known: dict[str, Any], reason: str) -> None:
    put(deal(portal, id=1, **known), deal(portal, id=2))
    assert missed(portal, metric) == {1: reason}


def test_not_counted_tells_of_meetings_nobody_marked_as_completed(portal: int) -> None:
    put(activity(portal, "meeting", id=1, completed=False, completed_at=None), activity(portal, "meeting", id=2))
    assert missed(portal, "meetings") == {1: "not_completed"}


def test_not_counted_tells_of_entries_replaced_or_undone(portal: int) -> None:
    put(
        entry(portal, "nps", 5, id=1),
        entry(portal, "nps", 6, id=2, kind="set"),
        entry(portal, "nps", 7, id=3, undone=True),
        entry(portal, "nps", -7, id=4, undoes_id=3),
        entry(portal, "nps", 8, id=5, employee_id=BOB),
    )
    assert missed(portal, "entries", {"code": "nps"}) == {1: "replaced", 3: "undone"}
    assert missed(portal, "entries", {"code": "nps", "aggregate": "mean"}) == {3: "undone"}
