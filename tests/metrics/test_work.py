"""Calls, tasks and to-dos, by records one can follow with a finger (semantics 4)."""

from typing import Any

import pytest

from b24app.facts.rules import Cell
from b24app.metrics.needs import ripening
from b24app.metrics.plans import plan
from b24app.metrics.queries import evaluate, facts_behind, not_counted
from b24app.metrics.ripening import ripened
from b24app.metrics.rules import presence, settle, value_of
from tests.metrics.world import ANN, BOB, MAY, Fact, activity, at, call, calls_from, put, task

NOW = at("2024-05-20T12:00")


def value(portal: int, metric: str, options: dict[str, Any] | None = None, members: Any = None, now: int = NOW) -> Any:
    wanted = plan(metric, options)
    part = evaluate(portal, [wanted], [MAY], now).get(wanted, 0, members)
    return value_of(wanted, part.numerator, part.denominator)


def listed(portal: int, metric: str, options: dict[str, Any] | None = None) -> set[tuple[str, int]]:
    return {(row.entity, row.id) for row in facts_behind(portal, plan(metric, options), MAY, now=NOW).items}


def missed(portal: int, metric: str, options: dict[str, Any] | None = None) -> dict[tuple[str, int], str | None]:
    page = not_counted(portal, plan(metric, options), MAY, now=NOW)
    return {(row.entity, row.id): row.reason for row in page.items}


def a_call_each(portal: int) -> tuple[Fact, ...]:
    """The same two days known to both sources: on the 10th and the 20th of May."""
    return (
        activity(portal, "call", id=1, start_at=at("2024-05-10T12:00"), seconds=600),
        activity(portal, "call", id=2, start_at=at("2024-05-20T00:00"), seconds=600),
        call(portal, id=1, start_at=at("2024-05-10T12:00"), responsible_id=BOB),
        call(portal, id=2, start_at=at("2024-05-20T00:00"), responsible_id=BOB),
    )


@pytest.mark.parametrize(
    ("journal", "counted", "minutes"),
    [
        ((), {("activity", 1), ("activity", 2)}, 20),
        ((("telephony", 0),), {("call", 1), ("call", 2)}, 2),
        ((("telephony", at("2024-05-20T00:00")),), {("activity", 1), ("call", 2)}, 11),
        ((("telephony", 0), ("activities", at("2024-05-20T00:00"))), {("call", 1), ("activity", 2)}, 11),
    ],
)
def test_a_call_is_counted_from_one_source_never_from_both(
    portal: int, journal: tuple[tuple[str, int], ...], counted: set[tuple[str, int]], minutes: int
) -> None:
    put(*a_call_each(portal), *(calls_from(portal, source, since) for source, since in journal))
    assert listed(portal, "calls") == counted
    assert value(portal, "calls") == 2
    assert value(portal, "call_minutes") == minutes


def test_everybody_has_their_own_calls_of_both_sources_and_the_company_all(portal: int) -> None:
    put(*a_call_each(portal), calls_from(portal, "telephony", at("2024-05-20T00:00")))
    assert [value(portal, "calls", members=who) for who in ({ANN}, {BOB}, {ANN, BOB}, None)] == [1, 1, 2, 2]


def test_what_the_options_leave_out_is_told_with_its_reason(portal: int) -> None:
    put(
        calls_from(portal, "telephony", 0),
        call(portal, id=1),
        call(portal, id=2, answered=False, seconds=0),
        call(portal, id=3, seconds=9),
        call(portal, id=4, deleted_at=5),
    )
    asked = {"answered": True, "min_seconds": 10}
    assert value(portal, "calls", asked) == 1
    assert missed(portal, "calls", asked) == {
        ("call", 2): "not_answered", ("call", 3): "too_short", ("call", 4): "deleted",
    }  # fmt: skip
    assert (value(portal, "calls"), value(portal, "missed_calls")) == (3, 1)


def test_nobody_without_a_call_of_either_source_is_excellent(portal: int) -> None:
    put(activity(portal, "call"), call(portal, responsible_id=BOB))
    wanted = plan("calls")
    any_call = presence(wanted)
    assert any_call is not None
    parts = evaluate(portal, [wanted, any_call], [MAY], NOW)
    facts = {who: parts.get(any_call, 0, {who}).facts for who in (ANN, BOB, 99)}
    assert facts == {ANN: 1, BOB: 1, 99: 0}
    settled = settle(wanted, parts.get(wanted, 0, {99}), direction="down", has_any_fact=False)
    assert (settled.value, settled.reason) == (None, "absent")


def todos(portal: int) -> tuple[Fact, ...]:
    """Due on the 10th and done in time, done late; due at noon of the 20th and open; due on the 25th and open."""
    due, done = at("2024-05-10T12:00"), at("2024-05-11T12:00")
    return (
        activity(portal, "todo", id=1, due_at=due, completed_at=due, seconds_late=0),
        activity(portal, "task", id=2, due_at=due, completed_at=done, seconds_late=86_400),
        activity(portal, "todo", id=3, due_at=NOW, completed=False, completed_at=None),
        activity(portal, "todo", id=4, due_at=at("2024-05-25T12:00"), completed=False, completed_at=None),
        activity(portal, "call", id=5, due_at=due, completed_at=done, seconds_late=86_400),
        activity(portal, "todo", id=6, completed=False, completed_at=None),
    )


def test_overdue_is_what_was_done_late_or_is_open_past_its_deadline(portal: int) -> None:
    put(*todos(portal))
    assert value(portal, "activities_overdue_share", now=NOW) == 25
    assert value(portal, "activities_overdue_share", now=NOW + 1) == 50
    assert value(portal, "activities_overdue_share", now=at("2024-06-01T00:00")) == 75


def test_a_passed_deadline_touches_the_places_of_its_activity(portal: int) -> None:
    put(*todos(portal))
    asked = ripening(plan("activities_overdue_share"))
    assert asked == {("activity", "due", 1)}
    cells = ripened(portal, asked, NOW, NOW + 1)
    assert Cell("activity", "due", "responsible", ANN, NOW, 3) in cells
    assert {cell.record_id for cell in cells} == {3}
    assert ripened(portal, asked, NOW + 1, NOW + 2) == frozenset()


def test_tasks_closed_without_a_deadline_are_in_no_share(portal: int) -> None:
    put(
        task(portal, id=1),
        task(portal, id=2, seconds_late=1),
        task(portal, id=3, due_at=None, seconds_late=None),
        task(portal, id=4, closed_at=None, done=False, seconds_late=None),
        task(portal, id=5, deleted_at=5),
    )
    assert (value(portal, "tasks_completed"), value(portal, "tasks_on_time_share")) == (3, 50)
    assert missed(portal, "tasks_on_time_share") == {("task", 3): "no_deadline", ("task", 5): "deleted"}
