"""Locks on the pages, what changed after them, and what moved a number: nothing of people one may not see."""

from datetime import date

import pytest

from b24app import pipeline
from b24app.facts.cells import deal_cells
from b24app.facts.tables import Deal
from b24app.lib.db import db
from b24app.lib.errors import Forbidden, NotFound
from b24app.lib.i18n import speaking
from b24app.outcomes.dashboards import history, queries, stamps
from b24app.outcomes.dashboards.panel import Question
from b24app.periods.rules import Kind, Period
from b24app.portal.rules import COMPANY, Viewer, department, employee
from b24app.scores import locks
from b24app.scores.context import Context
from tests.outcomes.test_dashboards import CARD
from tests.scores import world
from tests.scores.world import (
    ADMIN_SEES,
    ANN,
    ANN_SEES,
    BOB,
    HEAD,
    HEAD_SEES,
    NOW,
    PORTAL,
    SALES,
    STRANGER_SEES,
    SUE,
    deal,
)

OCTOBER = Period(Kind.MONTH, date(2026, 10, 1), date(2026, 11, 1))
NOVEMBER = Period(Kind.MONTH, date(2026, 11, 1), date(2026, 12, 1))
QUARTER = Period(Kind.QUARTER, date(2026, 10, 1), date(2027, 1, 1))


@pytest.fixture(autouse=True)
def sold(portal):
    world.scorecard(CARD)
    deal(ANN, "2026-10-05", 600, id=901, title="Big one")
    deal(ANN, "2026-11-03", 100, id=903, title="Small one", updated_by_id=HEAD)
    for slice_ in pipeline.slices(PORTAL, NOW):
        pipeline.recompute_slice(PORTAL, slice_, NOW)


def move(id: int, **changes) -> None:
    one = db.session.get_one(Deal, (PORTAL, id))
    cells = set(deal_cells(one))
    for name, value in changes.items():
        setattr(one, name, value)
    db.session.flush()
    pipeline.recompute(PORTAL, cells | set(deal_cells(one)), NOW)


def held(viewer=ANN_SEES, period=OCTOBER, subject=employee(ANN)):
    context = Context(viewer.portal_id, NOW)
    return history.held(viewer, queries.card(viewer, subject, "sales", period, context), context)


def of_team(viewer, period=OCTOBER):
    context = Context(viewer.portal_id, NOW)
    return history.held(viewer, queries.team(viewer, SALES, "sales", period, context), context)


def late(viewer=ANN_SEES, subject=employee(ANN), period=OCTOBER, cursor=None):
    return history.late_records(viewer, "sales", subject, period, cursor, Context(viewer.portal_id, NOW))


def changes(viewer=ANN_SEES, subject=employee(ANN), period=NOVEMBER, indicator="revenue", cursor=None):
    with speaking("en"):
        return history.changes(
            viewer, Question("sales", indicator, subject, period, cursor), Context(viewer.portal_id, NOW)
        )


def test_only_administrators_may_lock_and_only_what_is_over():
    assert (held(ADMIN_SEES).may_lock, held().may_lock, of_team(HEAD_SEES).may_lock) == (True, False, False)
    assert not held(ADMIN_SEES, NOVEMBER).may_lock
    assert not held(ADMIN_SEES, QUARTER).may_lock


def test_a_lock_says_by_whom_and_how_many_records_changed_since():
    locks.lock(PORTAL, OCTOBER, None, "user:1", NOW)
    move(901, amount=1)
    shown = held()
    assert (shown.at, shown.by, shown.late, shown.may_unlock) == (NOW, "Ada", 1, False)
    assert of_team(ADMIN_SEES).late == 1
    assert of_team(ADMIN_SEES).may_unlock
    assert held(HEAD_SEES, subject=employee(BOB)).late == 0
    assert held(period=NOVEMBER).at is None


def test_a_lock_that_came_by_itself_names_nobody():
    locks.lock(PORTAL, OCTOBER, None, "system", NOW)
    assert held().by == ""


def test_a_quarter_names_the_locked_month_it_differs_from():
    locks.lock(PORTAL, OCTOBER, None, "user:1", NOW)
    assert held(period=QUARTER).differs == ()
    move(901, amount=1)
    assert held(period=QUARTER).differs == (OCTOBER,)
    assert held(HEAD_SEES, QUARTER, employee(BOB)).differs == ()


def test_late_records_are_listed_with_what_they_would_have_moved():
    locks.lock(PORTAL, OCTOBER, None, "user:1", NOW)
    move(901, amount=1)
    (row,) = late().rows
    assert (row.record.title, row.record.portal_path, row.at) == ("Big one", "/crm/deal/details/901/", NOW)
    assert "Revenue" in row.indicators
    with pytest.raises(NotFound):
        late(period=NOVEMBER)


def test_a_record_that_went_to_somebody_else_is_not_named():
    locks.lock(PORTAL, OCTOBER, None, "user:1", NOW)
    move(901, responsible_id=SUE, created_by_id=SUE, closed_by_id=SUE)
    assert [row.record.title for row in late().rows] == [None]
    assert [row.record.title for row in late(ADMIN_SEES).rows] == ["Big one"]


@pytest.mark.parametrize("ask", [late, changes])
@pytest.mark.parametrize(
    ("viewer", "subject"),
    [
        (ANN_SEES, employee(BOB)),
        (ANN_SEES, COMPANY),
        (HEAD_SEES, COMPANY),
        (HEAD_SEES, employee(SUE)),
    ],
)
def test_nobody_is_told_of_people_they_may_not_see(ask, viewer, subject):
    locks.lock(PORTAL, OCTOBER, None, "user:1", NOW)
    with pytest.raises(Forbidden):
        ask(viewer, subject)


@pytest.mark.parametrize("ask", [late, changes])
def test_a_stranger_is_told_nothing(ask):
    locks.lock(PORTAL, OCTOBER, None, "user:1", NOW)
    for subject in (employee(ANN), department(SALES), COMPANY):
        with pytest.raises(NotFound):
            ask(STRANGER_SEES, subject)


def test_a_change_is_told_with_its_cause():
    assert changes().changes == ()
    move(903, amount=15_000)
    (one,) = changes().changes
    assert (one.before.value, one.after.value, one.value_moved, one.target_moved) == (100, 150, True, False)
    assert (one.cause, one.by, one.at) == ("Records changed", "Hugo", NOW)
    assert [(record.title, record.portal_path) for record in one.records] == [("Small one", "/crm/deal/details/903/")]
    assert changes(ADMIN_SEES, COMPANY).changes[0].after.value == 150


def test_a_change_by_a_record_of_somebody_else_does_not_name_it():
    move(903, responsible_id=SUE, created_by_id=SUE, closed_by_id=SUE)
    (one,) = changes().changes
    assert (one.after.value, [record.title for record in one.records]) == (0, [None])


def test_without_the_right_to_money_a_change_tells_no_sum():
    poor = Viewer(PORTAL, ANN, sees_money=False)
    move(903, amount=15_000)
    told = changes(poor)
    assert told.is_hidden
    (one,) = told.changes
    assert {one.before.value, one.after.value, one.target_before.value, one.target_after.value} == {None}


def test_a_period_of_another_kind_has_no_history():
    move(903, amount=15_000)
    told = changes(period=QUARTER)
    assert (told.is_kept, told.changes) == (False, ())


def test_a_page_is_asked_for_anew_after_a_lock():
    at = NOW.replace(minute=1)
    before = stamps.of_period(PORTAL, OCTOBER, at)
    assert stamps.holds(before, stamps.of_period(PORTAL, OCTOBER, at))
    locks.lock(PORTAL, OCTOBER, None, "user:1", NOW)
    locked = stamps.of_period(PORTAL, OCTOBER, at)
    assert not stamps.holds(before, locked)
    move(901, amount=1)
    assert not stamps.holds(locked, stamps.of_period(PORTAL, OCTOBER, at))
