"""Formula indicators computed and stored: against a slow reading of the same facts, for people and for groups, live and
in full, in chains, with nothing to compute from, and in periods of another kind."""

import random
from datetime import date
from fractions import Fraction as F

import pytest
from sqlalchemy import delete, select

from b24app import pipeline
from b24app.facts.rules import Cell
from b24app.facts.tables import Activity, Deal, Entry
from b24app.ingest.tables import SyncCursor
from b24app.lib.db import db
from b24app.periods.rules import Kind, Period, Settings, span
from b24app.portal.rules import COMPANY, Subject, SubjectType, department, employee
from b24app.scorecards import documents as parsing
from b24app.scorecards import operations as scorecards
from b24app.scorecards.formulas import operand_plan
from b24app.scores import history, locks, queries
from b24app.scores.tables import Result, Score
from tests.metrics import slow_formula, slow_reading
from tests.scorecards.documents import document, indicator
from tests.scores import world
from tests.scores.test_operations import everything, snapshot
from tests.scores.world import ADMIN, ANN, BOB, COMPANY_UNIT, HEAD, NOW, PORTAL, SALES, SUE, SUPPORT, at, deal, meeting

NOVEMBER = "2026-11-01"
MONTH = Period(Kind.MONTH, date(2026, 11, 1), date(2026, 12, 1))
WHO = {
    employee(ANN): ({ANN}, ()),
    employee(BOB): ({BOB}, ()),
    employee(SUE): ({SUE}, ()),
    department(SALES): ({HEAD, ANN, BOB}, (SALES,)),
    department(COMPANY_UNIT): ({ADMIN, HEAD, ANN, BOB, SUE}, (COMPANY_UNIT, SALES, SUPPORT, world.EMPTY)),
    COMPANY: (None, ()),
}


def formula(code, text, **changes):
    return indicator(code, metric="formula", formula=text, target=None) | changes


def card(*indicators, **changes):
    """A scorecard of everybody; weights are shared out."""
    weight = F(100, len(indicators))
    shares = [int(weight)] * (len(indicators) - 1)
    return document(
        *(one | {"weight": share} for one, share in zip(indicators, (*shares, 100 - sum(shares)), strict=True)),
        **changes,
    )


def stored(code: str, start: str = NOVEMBER) -> dict[Subject, tuple[F | None, str | None]]:
    """The exact value and the reason of everybody."""
    rows = db.session.scalars(select(Result).where(Result.start == start, Result.indicator == code))
    return {
        Subject(SubjectType(row.subject_type), row.subject_id): (F(row.value) if row.value else None, row.reason)
        for row in rows
    }


def test_the_ready_scorecard_of_margin_by_hand(portal):
    """Ann: 600 + 400 of revenue, 350 + 270 - 20 of cost: 400, which is 40 % of 1000. Bob's deals have no cost yet, so
    that nobody takes his revenue for profit. The department: 1500 - 600 = 900, 60 %. In December there is nothing."""
    changes = {"subjects": {"departments": [SALES]}, "effective_from": NOVEMBER}
    version = scorecards.apply_template(PORTAL, "margin", changes, "user:1", NOW)
    assert [one.plan.is_money for one in version.indicators] == [True] * 3
    deal(ANN, "2026-11-03", 600)
    deal(ANN, "2026-11-10", 400)
    deal(ANN, "2026-11-11", 5000, won=False)
    deal(BOB, "2026-11-04", 500)
    for cost, day in ((350, "2026-11-03"), (270, "2026-11-12"), (-20, "2026-11-13"), (999, "2026-10-30")):
        world.entry("cost", cost, day, employee=ANN)
    everything()
    margin, share = stored("margin"), stored("margin_share")
    assert (margin[employee(ANN)], share[employee(ANN)]) == ((400, None), (40, None))
    assert (margin[employee(BOB)][0], share[employee(BOB)][0]) == (None, None)
    assert (margin[department(SALES)], share[department(SALES)]) == ((900, None), (60, None))


def test_cost_per_deal_is_what_was_spent_by_what_was_created(portal):
    """The example of the interfaces, with deals for leads."""
    world.entry("ad_spend", 1000, "2026-11-02", employee=ANN)
    world.entry("ad_spend", 500, "2026-11-02", department=SALES)
    world.scorecard(card(formula("cpl", "ad_spend / deals_created", direction="down", target=500)))
    for owner in (ANN, ANN, ANN, BOB):
        deal(owner, None, created="2026-11-03")
    deal(SUE, None, created="2026-10-31")
    everything()
    found = stored("cpl")
    assert found[employee(ANN)] == (F(1000, 3), None)
    assert found[employee(BOB)] == (None, "empty_operand")
    assert found[department(SALES)] == (F(1500, 4), None)
    assert found[department(SUPPORT)] == (None, "empty_operand")
    assert found[COMPANY] == (F(1500, 4), None)
    row = db.session.get(Result, (PORTAL, "sales", NOVEMBER, "employee", ANN, "cpl"))
    assert (row.value, row.numerator, row.denominator, row.facts) == ("1000/3", None, None, 4)
    shown = queries.results(PORTAL, MONTH, SubjectType.EMPLOYEE, subject_ids=[ANN], now=NOW)[0]
    assert (shown.value, shown.attainment, shown.unit) == (F(1000, 3), F(150), "number")
    assert (shown.numerator, shown.denominator) == (None, None)


@pytest.mark.parametrize(
    ("text", "changes", "value", "reason"),
    [
        ("deals_won / deals_lost", {}, None, "no_result"),
        ("deals_won / deals_lost", {"empty": "zero"}, F(0), None),
        ("deals_won + deals_lost", {"empty": "no_data"}, F(2), None),
        ("meetings * 2", {"empty": "no_data"}, None, "no_facts"),
        ("meetings * 2", {}, F(0), None),
        ("deal_conversion + spend", {}, None, "empty_operand"),
        ("IFEMPTY(spend, 5) + deals_won", {}, F(7), None),
        ("SUM(spend, deals_won)", {}, F(2), None),
        ("7", {}, F(7), None),
        ("10 ^ 9 * 10 ^ 9 - deals_won", {}, F(10**18 - 2), None),
        ("deals_won * 10 ^ 9 * 10 ^ 9", {}, None, "no_result"),
    ],
)
def test_what_nothing_means(portal, text, changes, value, reason):
    world.entry("spend", 1, "2026-10-05", employee=ANN)
    world.scorecard(card(formula("f", text, **changes)))
    deal(ANN, "2026-11-03", 5)
    deal(ANN, "2026-11-03", 5)
    everything()
    row = db.session.get(Result, (PORTAL, "sales", NOVEMBER, "employee", ANN, "f"))
    assert row.reason == reason
    shown = queries.results(PORTAL, MONTH, SubjectType.EMPLOYEE, subject_ids=[ANN], now=NOW)[0]
    assert (shown.value, shown.no_data_reason) == (value, reason)


def test_formulas_over_formulas_targets_and_attainments(portal):
    world.scorecard(
        card(
            formula("top", "half + [Выручка].выполнение"),
            formula("half", "gap / 2"),
            formula("gap", "revenue.target - revenue"),
            indicator("revenue", name={"ru": "Выручка", "en": "Revenue"}, owner="closed_by", target=1000),
        )
    )
    deal(ANN, "2026-11-03", 400)
    deal(BOB, "2026-11-03", 2000)
    everything()
    assert stored("top")[employee(ANN)] == (F(600, 2) + 40, None)
    assert stored("top")[employee(BOB)] == (F(-1000, 2) + 150, None)  # what goes into the score is capped
    people = 5
    assert stored("gap")[COMPANY] == (1000 * people - 2400, None)


def test_an_indicator_without_a_target_or_data_leaves_the_formula_empty(portal):
    world.scorecard(
        card(
            indicator("rate", metric="deal_conversion", target=None),
            indicator("lost", metric="deals_lost", owner="closed_by", direction="down", target=5),
            formula("a", "rate + 1"),
            formula("b", "rate.target"),
            formula("c", "lost.attainment"),
            formula("d", "a + 1"),
        )
    )
    everything()
    assert {code: stored(code)[employee(ANN)] for code in "abcd"} == dict.fromkeys("abcd", (None, "empty_operand"))


def test_targets_of_formulas_are_means_for_groups_and_scores_count_them(portal):
    world.scorecard(card(formula("f", "deals_won * 10", target=20)))
    own = {"scorecard": "sales", "indicator": "f", "period": "month", "start": NOVEMBER, "target": 40}
    items = parsing.parse_targets([own | {"subject": {"type": "employee", "id": ANN}}])
    scorecards.set_targets(PORTAL, items, "user:1", NOW)
    deal(ANN, "2026-11-03", 5)
    deal(ANN, "2026-11-03", 5)
    everything()
    rows = {row.subject: row for row in queries.results(PORTAL, MONTH, SubjectType.DEPARTMENT, now=NOW)}
    sales = rows[department(SALES)]
    assert (sales.value, sales.target, sales.attainment) == (20, F(20 + 20 + 40, 3), 75)
    assert (sales.forecast, sales.expected, sales.needed_per_day) == (20, None, None)
    score = db.session.get(Score, (PORTAL, "sales", NOVEMBER, "employee", ANN))
    assert score.exact == "50"


def test_a_changed_target_moves_the_formulas_that_name_it(portal):
    world.scorecard(card(formula("f", "won.target * 2"), indicator("won", metric="deals_won", target=3)))
    everything()
    assert stored("f")[employee(ANN)] == (6, None)
    own = {"scorecard": "sales", "indicator": "won", "period": "month", "start": NOVEMBER, "target": 5}
    items = parsing.parse_targets([own | {"subject": {"type": "employee", "id": ANN}}])
    scorecards.set_targets(PORTAL, items, "user:1", NOW)
    pipeline.recompute_open(PORTAL, NOW)
    assert stored("f")[employee(ANN)] == (10, None)
    assert stored("f")[employee(BOB)] == (6, None)


def test_only_a_formula_whose_number_changed_moves(portal):
    world.scorecard(card(formula("many", "IF(meetings > 1, 1, 0)"), formula("half", "meetings / 2")))
    meeting(ANN, "2026-11-03")
    meeting(ANN, "2026-11-03")
    everything()
    meeting(ANN, "2026-11-04")
    changes = pipeline.recompute(PORTAL, [Cell("activity", "completed", "responsible", ANN, at("2026-11-04"))], NOW)
    assert {(one.indicator, one.subject_id) for one in changes.results if one.subject_type == "employee"} == {
        ("many", ANN),  # another record is in it
        ("half", ANN),
    }
    assert stored("half")[employee(ANN)] == (F(3, 2), None)
    again = pipeline.recompute(PORTAL, [Cell("activity", "completed", "responsible", ANN, at("2026-11-04"))], NOW)
    assert not again


def test_facts_of_an_indicator_that_is_named_recompute_the_formula(portal):
    """Also across two steps: the record is of no operand of its own."""
    world.scorecard(
        card(
            formula("far", "near * 3"),
            formula("near", "visits + 1"),
            indicator("visits", metric="meetings", target=None),
        )
    )
    everything()
    meeting(BOB, "2026-11-04")
    pipeline.recompute(PORTAL, [Cell("activity", "completed", "responsible", BOB, at("2026-11-04"))], NOW)
    assert stored("far")[employee(BOB)] == (6, None)
    assert stored("far")[COMPANY] == (6, None)
    live = snapshot()
    everything()
    assert snapshot() == live


def test_a_formula_names_what_is_shown_of_an_indicator_that_moves_at_its_time(portal):
    world.scorecard(
        card(
            indicator("visits", metric="meetings", target=None, refresh="daily"),
            formula("twice", "visits * 2 + meetings"),
        )
    )
    meeting(ANN, "2026-11-03")
    everything()
    meeting(ANN, "2026-11-04")
    pipeline.recompute(PORTAL, [Cell("activity", "completed", "responsible", ANN, at("2026-11-04"))], NOW)
    assert stored("twice")[employee(ANN)] == (1 * 2 + 2, None)
    everything()
    assert stored("twice")[employee(ANN)] == (2 * 2 + 2, None)


def test_a_locked_period_keeps_the_value_of_a_formula(portal):
    world.scorecard(card(formula("f", "meetings / 3")))
    meeting(ANN, "2026-10-05")
    everything()
    october = Period(Kind.MONTH, date(2026, 10, 1), date(2026, 11, 1))
    locks.lock(PORTAL, october, None, "user:1", NOW)
    meeting(ANN, "2026-10-06")
    pipeline.recompute(PORTAL, [Cell("activity", "completed", "responsible", ANN, at("2026-10-06"))], NOW)
    assert stored("f", "2026-10-01")[employee(ANN)] == (F(1, 3), None)
    shown = queries.results(PORTAL, october, SubjectType.EMPLOYEE, subject_ids=[ANN], now=NOW)[0]
    assert (shown.value, shown.locked, shown.changed_after_lock) == (F(1, 3), True, 1)
    locks.unlock(PORTAL, october, None, "A late report", "user:1", NOW)
    assert stored("f", "2026-10-01")[employee(ANN)] == (F(2, 3), None)
    told = history.changes(PORTAL, "sales", "f", employee(ANN), date(2026, 10, 1))
    assert [(one.before, one.after) for one in told] == [(F(1, 3), F(2, 3))]


def test_periods_of_another_kind_are_computed_when_asked(portal):
    world.scorecard(
        card(
            formula("f", "deals_won / meetings + won.target", target=10),
            indicator("won", metric="deals_won", target=60),
        )
    )
    for day in ("2026-10-05", "2026-10-06", "2026-11-03"):
        deal(ANN, day, 5)
    meeting(ANN, "2026-10-05")
    meeting(ANN, "2026-11-05")
    everything()
    quarter = Period(Kind.QUARTER, date(2026, 10, 1), date(2027, 1, 1))
    week = Period(Kind.WEEK, date(2026, 11, 2), date(2026, 11, 9))
    found = {
        period.kind: queries.results(PORTAL, period, SubjectType.EMPLOYEE, subject_ids=[ANN], now=NOW)[0]
        for period in (quarter, week)
    }
    # the target of a quarter is that of three months, of a week its share of working days: 5 of 21
    assert found[Kind.QUARTER].value == F(3, 2) + 180
    assert found[Kind.WEEK].value == 1 + F(60 * 5, 21)
    assert found[Kind.QUARTER].target == found[Kind.WEEK].target == 10


def test_a_formula_waits_until_all_its_operands_have_been_read(portal):
    world.scorecard(
        card(formula("f", "deals_won + visits"), indicator("visits", metric="meetings"), formula("g", "deals_won"))
    )
    db.session.execute(delete(SyncCursor).where(SyncCursor.source.in_(["backfill", "activities"])))
    everything()
    assert stored("f")[employee(ANN)] == (None, "not_synced")
    assert stored("g")[employee(ANN)] == (0, None)


OPERANDS = {
    "revenue": {"metric": "deals_won_amount", "owner": "closed_by"},
    "ad_spend": {"metric": "entries", "options": {"code": "ad_spend"}},
    "выручка": {"metric": "average_deal", "owner": "closed_by"},
    "Any name": {"metric": "deal_conversion", "owner": "closed_by"},
    "звонки": {"metric": "meetings"},
}
ALIKE = {
    "revenue": "revenue",
    "ad_spend": "ad_spend",
    "выручка": "выручка",
    "[Any name]": "Any name",
    "[Новые клиенты].target": "ad_spend",
    "calls.attainment": "revenue",
    "звонки.план": "звонки",
}
"""The names that generated formulas hold, written so that each is one of the operands."""


def renamed(tree):
    if tree[0] == "name":
        return ("name", f"[{ALIKE[tree[1]]}]")
    return tuple(renamed(part) if isinstance(part, tuple) and part and isinstance(part[0], str) else
                 tuple(renamed(one) for one in part) if isinstance(part, tuple) else part for part in tree)  # fmt: skip


def facts_of(chance: random.Random):
    """A few dozen deals, meetings and entries of everybody, also of nobody and of departments."""
    for _ in range(40):
        owner = chance.choice([ANN, BOB, SUE, None])
        closed = f"2026-11-{chance.randint(1, 15):02}"
        deal(owner, closed, chance.choice([None, 0, chance.randint(1, 900)]), won=chance.random() < 0.6)
    for _ in range(15):
        meeting(chance.choice([ANN, BOB, SUE]), f"2026-11-{chance.randint(1, 15):02}")
    for _ in range(6):
        whose = chance.choice([{"employee": ANN}, {"employee": SUE}, {"department": SALES}, {}])
        world.entry("ad_spend", chance.randint(-5, 50), f"2026-11-{chance.randint(1, 15):02}", **whose)
    return [
        *db.session.scalars(select(Deal)),
        *db.session.scalars(select(Activity)),
        *db.session.scalars(select(Entry)),
    ]


@pytest.mark.parametrize("seed", range(4))
def test_random_formulas_over_random_facts(portal, seed):
    """Each formula of each subject, read fact by fact; a department's operands are the department's."""
    chance = random.Random(seed)
    trees = [renamed(grown(chance, 4)) for _ in range(25)]
    texts = [slow_formula.write(tree, chance) for tree in trees]
    facts = facts_of(chance)
    world.scorecard(card(*(formula(f"f{number}", text, operands=OPERANDS) for number, text in enumerate(texts))))
    everything()

    within = span(MONTH, Settings(world.ZONE))
    plans = {
        name: operand_plan(name, parsing.OperandDocument.model_validate(described))
        for name, described in OPERANDS.items()
    }
    for subject, (members, departments) in WHO.items():
        values = {}
        for name, plan in plans.items():
            part = slow_reading.read(facts, plan, within, members, departments)
            values[f"[{name}]"] = slowly(plan, part)
        for number, tree in enumerate(trees):
            expected = slow_formula.evaluate(tree, values)
            assert stored(f"f{number}")[subject][0] == expected, (texts[number], subject, values)


def slowly(plan, part):
    """The value by the words of semantics 4: what is divided, times the factor, in whole units."""
    if plan.denominator is None:
        return None if part.numerator is None else F(part.numerator, plan.numerator.scale)
    if not part.denominator:
        return None
    return plan.factor * F(part.numerator or 0, plan.numerator.scale) / F(part.denominator, plan.denominator.scale)


def grown(chance: random.Random, depth: int):
    """A formula of a few levels."""
    if depth == 0 or chance.random() < 0.2:
        if chance.random() < 0.6:
            return ("name", chance.choice(list(ALIKE)))
        return ("number", F(chance.randint(0, 500), 100))

    def inner():
        return grown(chance, depth - 1)

    match chance.choice(
        ["+", "-", "*", "/", "sign", "percent", "compare", "not", "many", "if", "round", "abs", "ifempty"]
    ):
        case "many":
            kind = chance.choice(["and", "or", "min", "max", "sum", "average", "count"])
            return (kind, tuple(inner() for _ in range(chance.randint(1, 3))))
        case "if":
            return ("if", tuple(inner() for _ in range(chance.randint(2, 3))))
        case "round":
            return ("round", (inner(),))
        case "abs":
            return ("abs", (inner(),))
        case "ifempty":
            return ("ifempty", (inner(), inner()))
        case "sign":
            return ("sign", "-", inner())
        case "compare":
            return ("compare", chance.choice(["=", "<", ">="]), inner(), inner())
        case "not" | "percent" as kind:
            return (kind, inner())
        case kind:
            return (kind, inner(), inner())
