"""The company: what is shown of it, to whom, and at what cost."""

from dataclasses import replace
from datetime import date
from fractions import Fraction as F

import pytest

from b24app import pipeline
from b24app.lib.errors import Forbidden, NotFound
from b24app.outcomes.dashboards.company import company
from b24app.periods.rules import Kind, Period
from b24app.portal.rules import COMPANY, department
from b24app.scores.context import Context
from tests.outcomes.test_dashboards import CARD, MONTH, WEEK
from tests.scores import world
from tests.scores.world import (
    ADMIN_SEES,
    ANN,
    ANN_SEES,
    BOB,
    COMPANY_UNIT,
    HEAD_SEES,
    NOW,
    PORTAL,
    SALES,
    STRANGER_SEES,
    SUE,
    SUPPORT,
    deal,
)


@pytest.fixture
def sold(portal):
    world.scorecard({**CARD, "subjects": {"departments": [COMPANY_UNIT]}})
    deal(ANN, "2026-11-03", 300)
    deal(BOB, "2026-10-20", 500)
    deal(BOB, "2026-11-05", 600)
    deal(SUE, "2026-11-05", 100)
    for slice_ in pipeline.slices(PORTAL, NOW):
        pipeline.recompute_slice(PORTAL, slice_, NOW)


def shown(viewer=ADMIN_SEES, scorecard=None, period=MONTH, indicator=None):
    return company(viewer, scorecard, period, indicator, Context(viewer.portal_id, NOW))


def row_of(page, id):
    return next(one for one in page.departments if one.row.subject == department(id))


def test_whole_and_its_departments_in_the_order_of_the_tree(sold):
    page = shown()
    assert (page.total.subject, page.total.cells[0].number.value) == (COMPANY, 1000)
    assert [(one.row.name, one.depth) for one in page.departments] == [("Roga & Co", 0), ("Sales", 1), ("Support", 1)]
    assert [one.row.cells[0].number.value for one in page.departments] == [1000, 900, 100]


def test_share_of_what_adds_up_and_of_nothing_else(sold):
    sales = row_of(shown(), SALES)
    assert sales.shares == (90, None, None)
    assert [cell.code for cell in sales.row.cells] == ["revenue", "conversion", "meetings"]
    assert row_of(shown(), SUPPORT).shares[0] == 10


def test_records_of_nobody_known_are_others(sold):
    assert shown().others == ()
    deal(None, "2026-11-06", 250)
    deal(999, "2026-11-06", 750)
    pipeline.recompute_open(PORTAL, NOW)
    (others,) = shown().others
    assert (others.name, others.number.value, others.share, others.facts) == ("Revenue", 1000, 50, 2)


def test_others_are_not_told_where_departments_share_people(sold):
    deal(None, "2026-11-06", 250)
    world.db.session.get(world.Department, (PORTAL, SALES)).parent_id = None
    world.person(SUE, "Sue", SUPPORT, SALES, since=2)
    pipeline.recompute_open(PORTAL, NOW)
    assert shown().others == ()


def test_course_of_an_indicator_over_twelve_periods(sold):
    course = shown(indicator="revenue").dynamics
    assert [point.period.start for point in course.company.points][::11] == [date(2025, 12, 1), date(2026, 11, 1)]
    assert [(point.value, point.target) for point in course.company.points][-2:] == [(500, 5000), (1000, 5000)]
    assert {one.name: one.points[-1].value for one in course.departments} == {"Sales": 900, "Support": 100}
    assert shown(indicator="meetings").dynamics.code == "meetings"
    assert shown(indicator="nonsense").dynamics.code == "revenue"


def test_other_kinds_of_period_have_shares_but_no_course(sold):
    page = shown(period=WEEK)
    assert (page.dynamics, row_of(page, SALES).shares[0]) == (None, 90)
    days = shown(period=Period(Kind.CUSTOM, date(2026, 11, 3), date(2026, 11, 5)))
    assert (days.total.cells[0].number.value, days.total.score) == (300, None)


def test_number_is_held_against_the_period_before(sold):
    revenue = shown().total.cells[0]
    assert (revenue.before.value, revenue.change.value) == (500, 1000 / F(1, 2) - 500)


@pytest.mark.parametrize("viewer", [HEAD_SEES, ANN_SEES], ids=["head", "employee"])
def test_company_is_not_shown_to_those_who_may_not_see_it(sold, viewer):
    with pytest.raises(Forbidden):
        shown(viewer)


def test_the_stranger_gets_nothing(sold):
    page = shown(STRANGER_SEES)
    assert (page.total, page.departments, page.others, page.dynamics) == (None, (), (), None)
    with pytest.raises(NotFound):
        shown(STRANGER_SEES, "sales")


def test_money_is_hidden_from_those_without_the_right(sold):
    deal(None, "2026-11-06", 250)
    pipeline.recompute_open(PORTAL, NOW)
    page = shown(replace(ADMIN_SEES, sees_money=False))
    assert (page.total.cells[0].number.value, page.total.cells[0].before) == (None, None)
    assert row_of(page, SALES).shares[0] is None
    assert page.others == ()
    assert {point.value for point in page.dynamics.company.points} == {None}
