"""The card and the team: what is shown, to whom, and at what cost."""

from dataclasses import replace
from datetime import date
from fractions import Fraction as F

import pytest

from b24app import pipeline
from b24app.lib.errors import Forbidden, NotFound
from b24app.lib.i18n import speaking
from b24app.outcomes.dashboards import queries
from b24app.outcomes.dashboards.rules import TeamRow, in_order, named_like
from b24app.periods.rules import Kind, Period
from b24app.portal.rules import COMPANY, department, employee
from b24app.scores.context import Context
from tests.scorecards.documents import document, indicator
from tests.scores import world
from tests.scores.world import (
    ADMIN_SEES,
    ANN,
    ANN_SEES,
    BOB,
    COMPANY_UNIT,
    EMPTY,
    HEAD,
    HEAD_SEES,
    NOW,
    PORTAL,
    SALES,
    STRANGER_SEES,
    SUE,
    SUPPORT,
    deal,
    meeting,
)

MONTH = Period(Kind.MONTH, date(2026, 11, 1), date(2026, 12, 1))
WEEK = Period(Kind.WEEK, date(2026, 11, 2), date(2026, 11, 9))
CARD = document(
    indicator("revenue", name={"ru": "Выручка", "en": "Revenue"}, weight=50, owner="closed_by", target=1000),
    indicator("conversion", metric="deal_conversion", weight=30, owner="closed_by", target=50),
    indicator("meetings", metric="meetings", weight=20, target=3),
    subjects={"departments": [SALES]},
)


@pytest.fixture
def sold(portal):
    world.scorecard(CARD)
    deal(ANN, "2026-11-03", 300)
    deal(ANN, "2026-11-04", 0, won=False)
    deal(BOB, "2026-10-20", 500)
    deal(BOB, "2026-11-05", 2000)
    meeting(ANN, "2026-11-05")
    for slice_ in pipeline.slices(PORTAL, NOW):
        pipeline.recompute_slice(PORTAL, slice_, NOW)


def card(viewer=ANN_SEES, subject=employee(ANN), scorecard=None, period=MONTH):
    return queries.card(viewer, subject, scorecard, period, Context(viewer.portal_id, NOW))


def team(viewer=HEAD_SEES, unit=None, scorecard=None, period=MONTH, **more):
    return queries.team(viewer, unit, scorecard, period, Context(viewer.portal_id, NOW), **more)


def test_my_card(sold):
    shown = card()
    assert (shown.subject_name, shown.scorecard_code, shown.scorecard_name) == ("Ann", "sales", "Sales")
    assert shown.score == (F(30) * 50 + F(100) * 30 + F(100, 3) * 20) / 100
    assert (shown.zone, shown.rank, shown.ranked, shown.preliminary) == ("behind", 2, 3, False)
    assert (shown.is_open, shown.working_days_left, shown.complete) == (True, 11, True)
    assert [row.code for row in shown.rows] == ["revenue", "conversion", "meetings"]
    assert shown.headline.code == "revenue"
    assert (shown.previous.start, shown.following) == (date(2026, 10, 1), None)


def test_a_row_says_how_far_and_how_fast(sold):
    revenue, conversion, meetings = card().rows
    assert (revenue.number.value, revenue.number.currency, revenue.target.value) == (300, "RUB", 1000)
    assert (revenue.attainment, revenue.zone, revenue.expected_share) == (30, "behind", F(1, 2))
    assert (revenue.forecast.value, revenue.to_go.value, revenue.needed_per_day.value) == (600, 700, F(700, 11))
    assert (revenue.at_risk, revenue.small_sample, revenue.reason) == (True, False, None)
    assert (conversion.to_go, conversion.expected_share, conversion.small_sample) == (None, None, True)
    # three units a month have no pace, only what is left to go
    assert (meetings.to_go.value, meetings.needed_per_day, meetings.expected_share) == (2, None, None)


def test_a_row_has_its_past(sold):
    shown = card(ADMIN_SEES, employee(BOB))
    october = shown.rows[0].history[-1]
    assert (october.period.start, october.value, october.target) == (date(2026, 10, 1), 500, 1000)
    assert card(period=WEEK).rows[0].history == ()


def test_what_is_capped_is_marked(sold):
    revenue = card(ADMIN_SEES, employee(BOB)).rows[0]
    assert (revenue.attainment, revenue.attainment_raw, revenue.capped, revenue.to_go) == (150, 200, True, None)


def test_a_department_says_whose_targets_it_has(sold):
    revenue = card(HEAD_SEES, department(SALES)).rows[0]
    assert (revenue.target.value, revenue.target_people) == (3000, (3, 3))


def test_no_data_is_said_in_words(sold):
    with speaking("en"):
        conversion = card(HEAD_SEES, employee(HEAD)).rows[1]
    assert (conversion.number.value, conversion.reason) == (None, "No records in this period.")


def test_names_and_rules_are_in_the_viewers_language(sold):
    with speaking("ru"):
        revenue = card().rows[0]
    assert (revenue.name, revenue.rule[:5]) == ("Выручка", "Сумма")


def test_a_week_of_a_monthly_card_has_no_score(sold):
    shown = card(period=WEEK)
    assert (shown.score, shown.own_kind, shown.rows[0].target.value) == (None, Kind.MONTH, F(5000, 21))


def test_without_a_scorecard_the_card_is_empty_and_not_an_error(sold):
    shown = card(ADMIN_SEES, employee(SUE))
    assert (shown.scorecard_code, shown.rows, shown.score, shown.zone) == (None, (), None, "none")


def test_a_scorecard_that_does_not_exist_is_not_found(sold):
    with pytest.raises(NotFound):
        card(scorecard="nope")


@pytest.mark.parametrize(
    ("viewer", "subject"),
    [
        (ANN_SEES, employee(BOB)),
        (ANN_SEES, department(SALES)),
        (ANN_SEES, COMPANY),
        (HEAD_SEES, employee(SUE)),
        (HEAD_SEES, department(SUPPORT)),
        (HEAD_SEES, COMPANY),
        (ANN_SEES, employee(999)),
    ],
)
def test_whose_numbers_one_may_not_see(sold, viewer, subject):
    with pytest.raises(Forbidden):
        card(viewer, subject)


@pytest.mark.parametrize("subject", [employee(ANN), department(SALES)])
def test_the_stranger_gets_nothing(sold, subject):
    with pytest.raises(NotFound):
        card(STRANGER_SEES, subject)
    assert card(STRANGER_SEES, COMPANY).rows == ()
    assert team(STRANGER_SEES).people == ()
    with pytest.raises(NotFound):
        team(STRANGER_SEES, SALES)


def test_money_is_hidden_from_those_without_the_right(sold):
    revenue, conversion, _meetings = card(replace(ADMIN_SEES, sees_money=False)).rows
    assert (revenue.number.value, revenue.target, revenue.forecast, revenue.to_go) == (None, None, None, None)
    assert revenue.attainment == 30
    assert conversion.number.value == 50


def test_the_heads_team(sold):
    shown = team()
    assert {row.name: (row.rank, row.at_risk) for row in shown.people} == {
        "Hugo": (3, True),
        "Ann": (2, True),
        "Bob": (1, True),
    }
    assert [row.name for row in shown.people] == ["Hugo", "Ann", "Bob"]
    assert shown.total.subject == department(SALES)
    assert [cell.code for cell in shown.people[0].cells] == [code for code, _name, _unit in shown.indicators]
    assert shown.departments == ((SALES, "Sales", 0),)
    assert (shown.ranked, shown.scorecard_code, shown.department) == (3, "sales", None)


@pytest.mark.parametrize(
    ("sort", "names"),
    [("risk", ["Hugo", "Ann", "Bob"]), ("score", ["Bob", "Ann", "Hugo"]), ("name", ["Ann", "Bob", "Hugo"])],
)
def test_team_is_ordered_as_the_reader_wants(sold, sort, names):
    assert [row.name for row in team(sort=sort).people] == names


def test_person_without_a_score_comes_last_among_the_best(sold):
    best, *rest = team(sort="score").people
    assert in_order((best._replace(score=None), *rest), "score")[-1].name == best.name


def test_long_team_shows_the_first_but_counts_all(sold):
    shown = team(rows=1)
    assert [row.name for row in shown.people] == ["Hugo"]
    assert (shown.found, shown.everybody, shown.at_risk) == (3, 3, 3)
    assert shown.total == team().total


@pytest.mark.parametrize(("find", "names"), [("AN", ["Ann"]), ("  b ", ["Bob"]), ("ann x", []), ("", None)])
def test_person_is_found_by_part_of_the_name_among_all(sold, find, names):
    shown = team(find=find, rows=1)
    assert names is None or [row.name for row in shown.people] == names
    assert (shown.found, shown.everybody) == (3 if names is None else len(names), 3)


def test_russian_names_are_found_with_and_without_the_dots():
    row = TeamRow(employee(1), "Пётр Семёнов", None, None, "none", None, False, False, ())
    assert named_like([row], "петр семен") == named_like([row], "ПЁТР") == (row,)


def test_cell_is_held_against_the_period_before(sold):
    bob = next(row for row in team().people if row.subject == employee(BOB)).cells[0]
    assert (bob.change.value, bob.trend) == (2000 / F(1, 2) - 500, "more")
    ann = next(row for row in team().people if row.subject == employee(ANN)).cells[1]
    assert (ann.change, ann.trend) == (None, "")
    assert all(cell.trend == "" for row in team(period=WEEK).people for cell in row.cells)


def test_the_admin_sees_the_company_and_compares_departments(sold):
    shown = team(ADMIN_SEES)
    assert shown.total.subject == COMPANY
    assert [row.name for row in shown.departments_rows] == ["Sales"]
    assert shown.departments == (
        (COMPANY_UNIT, "Roga & Co", 0),
        (SALES, "Sales", 1),
        (SUPPORT, "Support", 1),
        (EMPTY, "Empty", 1),
    )
    chosen = team(ADMIN_SEES, SUPPORT)
    assert (chosen.people, chosen.scorecard_code, chosen.department_name) == ((), None, "Support")


def test_a_team_is_for_heads(sold):
    with pytest.raises(Forbidden):
        team(ANN_SEES)
    with pytest.raises(Forbidden):
        team(HEAD_SEES, SUPPORT)
    with pytest.raises(NotFound):
        team(ADMIN_SEES, 999)
