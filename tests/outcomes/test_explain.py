"""Why a number is what it is: records that give it again, steps in words, and nothing of people one may not see."""

from dataclasses import replace
from datetime import date
from fractions import Fraction as F

import pytest

from b24app import pipeline
from b24app.lib.db import db
from b24app.lib.errors import Forbidden, NotFound
from b24app.lib.i18n import speaking
from b24app.outcomes.dashboards import explain
from b24app.outcomes.dashboards.panel import Question
from b24app.portal.rules import COMPANY, department, employee
from b24app.scores.context import Context
from b24app.scores.tables import Result
from tests.outcomes.test_dashboards import CARD, MONTH, WEEK
from tests.scorecards.documents import document, indicator
from tests.scores import world
from tests.scores.world import (
    ADMIN_SEES,
    ANN,
    ANN_SEES,
    BOB,
    HEAD_SEES,
    NOW,
    PORTAL,
    SALES,
    STRANGER_SEES,
    SUE,
    deal,
    meeting,
)


@pytest.fixture(autouse=True)
def sold(portal):
    world.scorecard(CARD)
    deal(ANN, "2026-11-03", 300, title="First", client="C1", win_no=1)
    deal(ANN, "2026-11-04", 700, title="Second")
    deal(ANN, "2026-11-05", 0, won=False)
    deal(BOB, "2026-11-05", 50)
    deal(SUE, "2026-11-06", 5)
    meeting(ANN, "2026-11-05")
    pipeline.recompute_open(PORTAL, NOW)


def why(indicator, viewer=ANN_SEES, subject=employee(ANN), period=MONTH, cursor=None):
    with speaking("en"):
        return explain.why(
            viewer, Question("sales", indicator, subject, period, cursor), Context(viewer.portal_id, NOW)
        )


def test_the_records_of_a_sum_add_up_to_it():
    told = why("revenue")
    assert sum(fact.number for fact in told.facts) == told.row.number.value == 1000
    assert [(fact.title, fact.number, fact.part, fact.owner_name) for fact in told.facts] == [
        ("Second", 700, "value", "Ann"),
        ("First", 300, "value", "Ann"),
    ]
    assert told.facts[0].portal_path == f"/crm/deal/details/{told.facts[0].id}/"
    assert (told.total, told.hidden, told.next_cursor) == (2, 0, None)
    assert told.steps == ("2 records in the period give 1,000\N{NO-BREAK SPACE}₽.",)
    assert told.attainment_steps == (
        "100 × 1,000 ÷ 1,000 = 100%",
        "100% × weight 50%: 50 to the score.",
    )


def test_a_ratio_lists_both_its_sides():
    told = why("conversion")
    parts = [fact.part for fact in told.facts]
    assert (parts.count("numerator"), parts.count("denominator")) == (2, 3)
    assert 100 * F(2, 3) == told.row.number.value
    assert (told.numerator.value, told.denominator.value) == (2, 3)
    assert told.steps[0] == "100 × 2 ÷ 3 = 66.67%"


def test_a_count_is_its_records():
    told = why("meetings")
    assert (told.total, told.facts[0].number, told.facts[0].portal_path) == (1, 1, None)
    assert told.steps == ("1 record in the period counts.",)


def test_a_week_explains_its_own_records():
    assert why("revenue", period=WEEK).row.number.value == 1000


def test_records_of_others_are_a_number_only():
    told = why("revenue", HEAD_SEES, department(SALES))
    assert (told.row.number.value, told.total, told.hidden) == (1050, 3, 0)
    narrow = replace(HEAD_SEES, employees=frozenset({BOB}))
    told = why("revenue", narrow, department(SALES))
    assert ([fact.owner_name for fact in told.facts], told.hidden) == (["Bob"], 2)
    assert why("revenue", ADMIN_SEES, COMPANY).total == 4


def test_not_counted_says_why():
    deal(ANN, "2026-11-07", None, currency="XXX", title="Foreign")
    with speaking("en"):
        told = explain.not_counted(ANN_SEES, Question("sales", "revenue", employee(ANN), MONTH), Context(PORTAL, NOW))
    assert [(fact.title, fact.reason) for fact in told.facts] == [
        ("Foreign", "No exchange rate: the deal counts, its amount does not")
    ]


def test_money_is_hidden_from_those_without_the_right():
    told = why("revenue", replace(ADMIN_SEES, sees_money=False))
    assert (told.steps, told.attainment_steps, told.numerator) == ((), (), None)
    assert {(fact.number, fact.amount, fact.amount_original) for fact in told.facts} == {(None, None, None)}


@pytest.mark.parametrize(
    ("season", "told"),
    [
        (None, "1,000 ₽ ÷ 50%, the share of working days gone, gives 2,000 ₽."),
        ("1/4", "1,000 ₽ ÷ 25%, the mean share reached by this day in the last 12 periods, gives 4,000 ₽."),
    ],
    ids=["line", "season"],
)
def test_the_forecast_says_what_it_goes_by(season, told):
    db.session.query(Result).update({"season": season, "season_at": world.at("2026-11-16")})
    assert why("revenue").forecast_step.replace("\xa0", " ") == told
    assert why("revenue", replace(ADMIN_SEES, sees_money=False)).forecast_step is None
    assert why("conversion").forecast_step is None


@pytest.mark.parametrize(
    ("changes", "step"),
    [
        ({"baseline": 500, "target": 1500}, "100 × (1,000 − 500) ÷ (1,500 − 500) = 50%"),
        ({"direction": "down", "target": 500}, "100 × 500 ÷ 1,000 = 50%"),
        ({"floor": 80, "target": 2000}, "Below 80% nothing counts: 0 %."),
        ({"steps": [[40, 30]], "target": 2000}, "By the steps it counts as 30%."),
        ({"target": 100}, "Not more than 150% counts."),
        ({"target": None}, "There is no target, so there is no attainment: the score leaves this indicator out."),
    ],
)
def test_every_rule_of_the_attainment_is_said(changes, step):
    world.scorecard(document(indicator("revenue", owner="closed_by", **changes), subjects={"employees": [ANN]}))
    pipeline.recompute_open(PORTAL, NOW)
    assert step in why("revenue").attainment_steps


@pytest.mark.parametrize("ask", [explain.why, explain.not_counted])
def test_access_is_that_of_the_number(ask):
    with pytest.raises(Forbidden):
        ask(ANN_SEES, Question("sales", "revenue", employee(BOB), MONTH), Context(ANN_SEES.portal_id, NOW))
    with pytest.raises(NotFound):
        ask(STRANGER_SEES, Question("sales", "revenue", employee(ANN), MONTH), Context(STRANGER_SEES.portal_id, NOW))
    for scorecard, code in (("sales", "nope"), ("nope", "revenue")):
        with pytest.raises(NotFound):
            ask(ANN_SEES, Question(scorecard, code, employee(ANN), MONTH), Context(ANN_SEES.portal_id, NOW))


def test_a_long_list_goes_on_where_it_stopped():
    for number in range(explain.PAGE):
        deal(ANN, "2026-11-02", 1, title=str(number))
    pipeline.recompute_open(PORTAL, NOW)
    first = why("revenue")
    second = why("revenue", cursor=first.next_cursor)
    assert (len(first.facts), len(second.facts), second.next_cursor) == (explain.PAGE, 2, None)
    assert sum(fact.number for fact in (*first.facts, *second.facts)) == 1000 + explain.PAGE
    assert date(2026, 11, 2) == second.facts[0].date.date()


def computed(code, text, **changes):
    return indicator(code, metric="formula", formula=text, target=None, weight=25) | changes


@pytest.fixture
def formulas():
    """Revenue of each meeting and each deal, in two steps, and one that lacks a number."""
    world.scorecard(
        document(
            computed("per_visit", "[Выручка] / meetings + revenue.target", target=2),
            indicator("revenue", name={"ru": "Выручка"}, owner="closed_by", target=2000, weight=25),
            computed("twice", "2 * per_visit"),
            computed("lacks", "meetings / nps + won", operands={"won": {"metric": "deal_conversion"}, **NPS}),
            subjects=CARD["subjects"],
        )
    )
    pipeline.recompute_open(PORTAL, NOW)


NPS = {"nps": {"metric": "entries", "options": {"code": "nps"}}}


def operands(told):
    return [
        (one.name, one.number and one.number.value, one.number and one.number.unit, one.indicator)
        for one in told.operands
    ]


def test_a_formula_is_told_with_the_numbers_it_names(formulas):
    told = why("per_visit")
    assert (told.row.number.value, told.formula) == (3000, "[Выручка] / meetings + revenue.target")
    assert operands(told) == [
        ("Выручка", 1000, "money", "revenue"),
        ("meetings", 1, "count", None),
        ("revenue.target", 2000, "money", "revenue"),
    ]
    assert told.steps == ("[Выручка] / meetings + revenue.target = 3,000",)
    assert told.rule == "By the formula: [Выручка] / meetings + revenue.target"
    assert (told.numerator, told.denominator) == (None, None)
    assert sorted((fact.entity, fact.number) for fact in told.facts) == [("activity", 1), ("deal", 300), ("deal", 700)]
    assert told.total == 3


def test_a_formula_of_a_formula_has_the_records_of_both(formulas):
    told = why("twice")
    assert operands(told) == [("per_visit", 3000, "number", "per_visit")]
    assert told.total == 3


def test_a_formula_without_a_value_says_what_is_empty(formulas):
    told = why("lacks")
    assert told.steps == ("The formula lacks a number: something it names has no data.", "No data: nps.")
    assert told.row.reason == "The formula lacks a number: something it names has no data."


def test_however_small_a_formula_comes_out_it_is_told():
    tiny = "10 ^ -10 * 10 ^ -10 * 10 ^ -10 * 10 ^ -10"
    one = indicator("tiny", metric="formula", formula=tiny, direction="down", target=5, weight=100)
    world.scorecard(document(one, subjects=CARD["subjects"]))
    pipeline.recompute_open(PORTAL, NOW)
    told = why("tiny")
    assert told.steps[0].endswith("= 0")
    assert told.attainment_steps[1] == "Not more than 150% counts."


def test_a_formula_of_a_department_is_told_with_the_departments_numbers(formulas):
    told = why("per_visit", HEAD_SEES, department(SALES))
    assert operands(told)[:2] == [("Выручка", 1050, "money", "revenue"), ("meetings", 1, "count", None)]
    assert operands(told)[2][1] == 6000


def test_money_in_a_formula_is_hidden_with_all_that_tells_of_it(formulas):
    poor = replace(ADMIN_SEES, sees_money=False)
    told = why("per_visit", poor)
    assert operands(told) == [
        ("Выручка", None, None, "revenue"),
        ("meetings", 1, "count", None),
        ("revenue.target", None, None, "revenue"),
    ]
    assert (told.row.number.value, told.row.target, told.steps, told.attainment_steps) == (None, None, (), ())
    assert {(fact.number, fact.amount, fact.amount_original) for fact in told.facts} == {(None, None, None)}
    assert operands(why("twice", poor)) == [("per_visit", None, None, "per_visit")]
    assert why("lacks", poor).steps


def test_what_nearly_counted_for_a_formula_is_what_did_for_its_operands(formulas):
    deal(ANN, "2026-11-07", None, currency="XXX", title="Foreign")
    with speaking("en"):
        told = explain.not_counted(ANN_SEES, Question("sales", "twice", employee(ANN), MONTH), Context(PORTAL, NOW))
    assert [(fact.title, fact.reason) for fact in told.facts] == [
        ("Foreign", "No exchange rate: the deal counts, its amount does not")
    ]


def test_a_page_of_the_records_of_a_formula_goes_on_where_the_last_one_ended(formulas, monkeypatch):
    monkeypatch.setattr(explain, "PAGE", 2)
    first = why("per_visit")
    rest = why("per_visit", cursor=first.next_cursor)
    assert len(first.facts) == 2
    assert len({(fact.entity, fact.id) for fact in (*first.facts, *rest.facts)}) == 3
