"""Which numbers are amounts of money: by the metric, the type of a field, or what the portal says of a code. Pure."""

from typing import Any

import pytest

from b24app.facts.approval import approval
from b24app.metrics.amounts import EVERYWHERE, Amounts
from b24app.metrics.plans import plan
from b24app.metrics.rules import FormulaPlan
from b24app.scorecards import documents
from b24app.scorecards.formulas import fields_counted
from tests.scorecards.documents import document, indicator

FREIGHT, FLOOR = "ufCrm_freight", "ufCrm_floor"
HERE = Amounts(frozenset({"ad_spend"}), frozenset({("deal", FREIGHT), ("item_147", FREIGHT)}))


def items(type_id: int = 2, aggregate: str = "sum", field: str | None = FREIGHT) -> tuple[str, dict[str, Any]]:
    return "item_metric", {"entity_type_id": type_id, "aggregate": aggregate} | ({"field": field} if field else {})


def declared(field: str, money: bool = True) -> tuple[str, dict[str, Any]]:
    metric, options = items(field=field)
    return metric, options | {"money": money}


def entries(code: str = "ad_spend", aggregate: str = "sum") -> tuple[str, dict[str, Any]]:
    return "entries", {"code": code, "aggregate": aggregate}


@pytest.mark.parametrize(
    ("metric", "is_money"),
    [
        (items(), True),
        (items(147, "mean"), True),
        (items(aggregate="max"), True),
        (items(aggregate="distinct"), True),
        (items(aggregate="count", field=None), False),
        (items(field=FLOOR), False),
        (declared(FLOOR), True),
        (declared(FREIGHT, False), True),
        (items(148), False),
        (items(field="taxValue"), True),
        (items(field="opportunity"), True),
        (entries(), True),
        (entries(aggregate="mean"), True),
        (entries(aggregate="last"), True),
        (entries(aggregate="count"), False),
        (entries("visit"), False),
        (("cost_per_lead", {"code": "visit"}), True),
        (("ad_roi", {}), True),
        (("deals_won", {}), False),
    ],
)
def test_money_follows_from_the_options_and_the_portal(metric: tuple[str, dict[str, Any]], is_money: bool) -> None:
    assert HERE.told_by(plan(*metric)).is_money is is_money


def test_a_formula_is_money_when_an_operand_or_an_indicator_it_names_is() -> None:
    def formula(code: str, text: str, **operands: Any) -> dict[str, Any]:
        return indicator(code, metric="formula", formula=text, target=None, operands=operands, weight=20)

    metric, options = entries()
    parsed = documents.parse(
        document(
            indicator("spend", metric=metric, options=options, weight=20),
            formula("cost", "spend / deals_won"),
            formula("far", "cost * 2"),
            formula("share", "spend.attainment + deals_won"),
            formula("own", "x / deals_won", x={"metric": items()[0], "options": items()[1]}),
        )
    )
    plans = dict(zip(["spend", "cost", "far", "share", "own"], parsed.plans(HERE), strict=True))
    assert {code: one.is_money for code, one in plans.items()} == {
        "spend": True, "cost": True, "far": True, "share": False, "own": True,
    }  # fmt: skip
    assert all(set(one.own) <= set(one.leaves) for one in plans.values() if isinstance(one, FormulaPlan))
    assert not any(one.is_money for one in parsed.plans(EVERYWHERE))
    assert fields_counted(parsed.indicators) == {("deal", FREIGHT)}


def test_codes_are_money_as_the_administrator_says_and_spending_and_cost_by_themselves() -> None:
    assert approval({}).money_codes == {"ad_spend", "cost"}
    said = {
        "ad_spend": {"money": False},
        "margin": {"money": True},
        "visit": {"money": False},
        "cost": {"money": False},
    }
    assert approval({"entry_codes": said}).money_codes == {"margin"}
