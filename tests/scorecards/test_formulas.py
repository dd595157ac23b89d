"""What the names of a formula mean, which place wins, and how what is wrong is told: where, and in both languages."""

from fractions import Fraction as F

import pytest

from b24app.lib.errors import Invalid
from b24app.lib.i18n import speaking
from b24app.metrics.amounts import EVERYWHERE
from b24app.metrics.plans import plan
from b24app.metrics.rules import FormulaPlan, Part, Plan, Sibling, Unit
from b24app.scorecards import documents
from b24app.scorecards.formulas import entry_codes
from tests.scorecards.documents import document, indicator


def formula(code: str, text: str, **changes):
    return indicator(code, metric="formula", formula=text, target=None) | changes


def card(*indicators):
    return document(*indicators, status="draft")


def plans(*indicators) -> dict[str, Plan | FormulaPlan]:
    parsed = documents.parse(card(*indicators))
    return {one.code: made for one, made in zip(parsed.indicators, parsed.plans(EVERYWHERE), strict=True)}


def operand(*indicators, code="f"):
    """The only operand of the formula."""
    found = plans(*indicators)[code]
    assert isinstance(found, FormulaPlan)
    (one,) = found.operands
    return one


def faults(*indicators, language="en") -> dict[str, str]:
    with speaking(language), pytest.raises(Invalid) as caught:
        documents.parse(card(*indicators))
    return {fault.path: fault.message for fault in caught.value.errors}


REVENUE = indicator("revenue", name={"ru": "Выручка за месяц", "en": "Revenue"}, owner="closed_by")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("revenue", Sibling("revenue", "value", Unit.MONEY, is_money=True)),
        ("REVENUE", Sibling("revenue", "value", Unit.MONEY, is_money=True)),
        ("[Выручка за месяц]", Sibling("revenue", "value", Unit.MONEY, is_money=True)),
        ("[выручка  за Месяц].план", Sibling("revenue", "target", Unit.MONEY, is_money=True)),
        ("[revenue].attainment", Sibling("revenue", "attainment", Unit.PERCENT)),
        ("deals_won", plan("deals_won")),
        ("[deals_won]", plan("deals_won")),
        ("ad_spend", plan("entries", {"code": "ad_spend"})),
        ("[Расход на рекламу]", plan("entries", {"code": "Расход на рекламу"})),
    ],
)
def test_where_a_name_is_looked_for(text, meant):
    assert operand(REVENUE, formula("f", text)) == meant


def test_the_first_place_that_knows_the_name_wins():
    described = {"deals_won": {"metric": "deals_lost"}}
    namesake = indicator("deals_won", metric="meetings")
    assert operand(namesake, formula("f", "deals_won", operands=described)) == plan("deals_lost")
    assert operand(namesake, formula("f", "deals_won")) == Sibling("deals_won", "value", Unit.COUNT)
    assert operand(formula("f", "deals_won")) == plan("deals_won")


def test_a_name_in_any_language_is_enough_without_brackets_too():
    assert operand(indicator("calls", metric="calls", name="Звонки"), formula("f", "звонки")) == Sibling(
        "calls", "value", Unit.COUNT
    )


def test_a_code_written_plainly_is_not_the_name_of_another():
    other = indicator("web", name={"en": "Revenue"})
    assert operand(REVENUE, other, formula("f", "revenue")).code == "revenue"


@pytest.mark.parametrize(("text", "name"), [("[Revenue]", "Revenue"), ("[revenue].target", "revenue")])
def test_two_indicators_of_one_name_are_a_choice(text, name):
    found = faults(REVENUE, indicator("web", name={"en": "Revenue"}), formula("f", f"1 + {text}"))
    said = f"At character 5: {name} can mean several things: revenue, web. Choose one."
    assert found == {"indicators[2].formula": said}


def test_operands_that_differ_in_capitals_are_a_choice():
    described = {"Won": {"metric": "deals_won"}, "WON": {"metric": "deals_lost"}}
    assert operand(formula("f", "Won", operands=described)) == plan("deals_won")
    assert "WON, Won" in faults(formula("f", "won", operands=described))["indicators[0].formula"]


@pytest.mark.parametrize(
    ("indicators", "language", "path", "message"),
    [
        ((formula("f", "1 +"),), "en", "indicators[0].formula", "At character 3: A value is missing after +."),
        ((formula("f", "1 +"),), "ru", "indicators[0].formula", "Символ 3: После + не хватает значения."),
        ((formula("f", ""),), "en", "indicators[0].formula", "At character 1: The formula is empty."),
        (
            (formula("f", "2 * deals_won.target"),),
            "en",
            "indicators[0].formula",
            "At character 5: deals_won is no indicator of this scorecard and has a value only.",
        ),
        (
            (formula("f", "2 * f"),),
            "en",
            "indicators[0].formula",
            "At character 5: A formula cannot name itself. Say in operands what else f is.",
        ),
        (
            (formula("a", "b"), formula("b", "1 + c"), formula("c", "a.target")),
            "en",
            "indicators[0].formula",
            "At character 1: These formulas need one another: a → b → c → a.",
        ),
        (
            (formula("a", "b"), formula("b", "1 + c"), formula("c", "a.target")),
            "ru",
            "indicators[0].formula",
            "Символ 1: Эти формулы нужны друг другу: a → b → c → a.",
        ),
        (
            (formula("f", "1 / entries"),),
            "en",
            "indicators[0].formula",
            "At character 5: entries needs more words in operands (options.code: This field is required.)",
        ),
        (
            (formula("f", "x", operands={"x": {"metric": "luck"}}),),
            "en",
            "indicators[0].operands.x.metric",
            "There is no such metric.",
        ),
        (
            (formula("f", "x", operands={"x": {"metric": "deals_won", "options": {"mode": "a"}}}),),
            "en",
            "indicators[0].operands.x.options.mode",
            "There is no such field.",
        ),
        (
            (formula("f", "x", operands={"x": {"metric": "formula"}}),),
            "en",
            "indicators[0].operands.x.metric",
            "An operand cannot be a formula: make it an indicator of the scorecard and name that.",
        ),
        (
            (formula("f", "x", operands={"x": {"metric": "meetings", "where": {"category_id": [1]}}}),),
            "en",
            "indicators[0].operands.x.where.category_id",
            "Calls, meetings and e-mails have no such field: this condition applies to deals.",
        ),
        (
            (formula("f", "x", operands={"x": {"metric": "deals_created", "owner": "closed_by"}}),),
            "en",
            "indicators[0].operands.x.owner",
            "One of these is expected: responsible, created_by, shared.",
        ),
        (
            (indicator("f", formula="1"),),
            "en",
            "indicators[0].formula",
            "Only the metric formula has this field.",
        ),
    ],
)
def test_what_is_wrong_is_told_where_it_is(indicators, language, path, message):
    assert faults(*indicators, language=language) == {path: message}


def test_every_circle_is_told():
    found = faults(formula("a", "b"), formula("b", "a"), formula("c", "c"), formula("d", "1 + a"))
    assert found.keys() == {"indicators[0].formula", "indicators[2].formula"}


def test_faults_of_formulas_are_told_beside_all_others():
    found = faults(indicator("a", weight="1"), formula("f", "1 +"), formula("g", "g"))
    assert found.keys() == {"indicators[0].weight", "indicators[1].formula", "indicators[2].formula"}


def test_a_long_or_deep_formula_is_refused():
    assert "2000" in faults(formula("f", "1+" * 1000 + "1"))["indicators[0].formula"]
    assert "64" in faults(formula("f", "(" * 65 + "1" + ")" * 65))["indicators[0].formula"]


WEB = {"source_id": ["WEB"], "category_id": [3]}


def test_metrics_take_those_conditions_of_the_formula_that_they_know():
    found = plans(formula("f", "deals_won / meetings + ad_spend", where=WEB | {"stage_id": []}, owner="closed_by"))["f"]
    won, meetings, spend = found.operands
    assert won == plan("deals_won", owner="closed_by", where=WEB)
    assert meetings == plan("meetings")
    assert spend == plan("entries", {"code": "ad_spend"}, where={"source_id": ["WEB"]})


def test_an_alternative_is_taken_whole_or_not_at_all():
    either = {"any": [{"source_id": ["WEB"]}, {"category_id": [3]}]}
    won, spend = plans(formula("f", "deals_won / ad_spend", where=either))["f"].operands
    assert (won, spend) == (plan("deals_won", where=either), plan("entries", {"code": "ad_spend"}))


def test_operands_and_indicators_keep_their_own_conditions():
    described = {"all": {"metric": "deals_won"}}
    found = plans(REVENUE, formula("f", "deals_won / all + revenue", where=WEB, operands=described))["f"]
    assert found.operands[:2] == (plan("deals_won", where=WEB), plan("deals_won"))
    assert found.leaves == (*found.operands[:2], plan("deals_won_amount", owner="closed_by"))


@pytest.mark.parametrize(
    ("text", "changes", "path"),
    [
        ("meetings", {"where": WEB}, "indicators[0].where.category_id"),
        ("meetings", {"where": {"colour": []}}, "indicators[0].where.colour"),
        ("deals_won", {"where": {"category_id": ["x"]}}, "indicators[0].where.category_id[0]"),
        ("meetings + ad_spend", {"owner": "closed_by"}, "indicators[0].owner"),
        ("1", {"where": {"category_id": [1]}}, "indicators[0].where.category_id"),
        ("1", {"owner": "closed_by"}, "indicators[0].owner"),
    ],
)
def test_a_condition_that_no_operand_takes_is_refused(text, changes, path):
    assert path in faults(formula("f", text, **changes))


def test_a_formula_is_touched_by_the_facts_of_everything_it_rests_on():
    found = plans(
        REVENUE,
        formula("per_visit", "revenue / meetings"),
        formula("plan_part", "revenue.target / 2"),
        formula("f", "per_visit + ad_spend"),
    )
    scans = {scan.entity for scan in found["f"].scans}
    assert scans == {"deal", "activity", "entry"}
    assert found["f"].scans == frozenset().union(found["per_visit"].scans, plan("entries", {"code": "ad_spend"}).scans)
    assert found["plan_part"].scans == frozenset()
    assert not found["f"].additive


def test_what_tells_of_money_is_money():
    found = plans(
        REVENUE,
        formula("value", "revenue * 1"),
        formula("target", "revenue.target"),
        formula("chain", "value + 1"),
        formula("share", "revenue.attainment / 100"),
        formula("count", "deals_won"),
    )
    assert [code for code, one in found.items() if one.is_money] == ["revenue", "value", "target", "chain"]
    assert {one.unit for code, one in found.items() if code != "revenue"} == {Unit.NUMBER}


def test_long_chains_of_formulas_cost_little():
    chain = [formula(f"f{number}", f"f{number + 1} + f{number + 1}.attainment") for number in range(200)]
    found = plans(*chain, formula("f200", "deals_won"))
    assert found["f0"].scans == plan("deals_won").scans


def test_names_taken_for_entries_are_listed():
    parsed = documents.parse(card(REVENUE, formula("f", "ad_spend / [Any code] + revenue + deals_won")))
    found = list(entry_codes(dict(enumerate(parsed.indicators))))
    assert [(path, name.at, code) for path, name, code in found] == [
        ("indicators[1].formula", 0, "ad_spend"),
        ("indicators[1].formula", 11, "Any code"),
    ]


def test_operands_come_back_as_they_were_put_with_their_defaults():
    described = {"ads": {"metric": "entries", "options": {"code": "ad_spend"}}, "deals_won": {"where": WEB}}
    parsed = documents.parse(card(formula("f", "ads / deals_won", operands=described)))
    answer = parsed.as_json()["indicators"][0]
    assert (answer["formula"], answer["date"], answer["owner"]) == ("ads / deals_won", None, None)
    assert answer["operands"] == {
        "ads": {"metric": "entries", "options": {"code": "ad_spend"}, "where": {}, "owner": None},
        "deals_won": {"metric": "deals_won", "options": {}, "where": WEB, "owner": None},
    }
    assert documents.parse(parsed.as_json()) == parsed
    assert documents.load(parsed.stored()) == parsed


def test_computing_takes_operands_in_the_order_of_the_names():
    ratio = plans(formula("f", "ЕСЛИПУСТО(meetings; 2) / deals_won"))["f"]
    parts = {plan("meetings"): Part(6, None, 6), plan("deals_won"): Part(4, None, 4)}
    made = ratio.part(parts.__getitem__, lambda sibling: None)
    assert (made.value, made.operands, made.facts) == (F(3, 2), (6, 4), 10)
