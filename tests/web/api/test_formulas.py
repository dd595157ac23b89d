"""Formula indicators through the API: the document both ways, faults with their places, results and their records."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.web.api.conftest import SALES, SCORECARD, SELLER, Api

NOVEMBER = {"period": "month", "start": "2026-11-01"}
MINE = {**NOVEMBER, "scorecard": "sales", "subject_id": SELLER}


def formula(code: str, text: str, **changes: Any) -> dict[str, Any]:
    return {"code": code, "name": code, "metric": "formula", "formula": text, "weight": 10, **changes}


COMPUTED: dict[str, Any] = {
    **SCORECARD,
    "indicators": [
        *SCORECARD["indicators"][:2],
        formula("cpl", "ad_spend / deals_created", direction="down", target=500),
        formula("ticket", "ЕСЛИ(won > 0; [Revenue] / won; 0)"),
        formula(
            "left", "won.target - lost", operands={"lost": {"metric": "deals_lost", "owner": "closed_by"}}, weight=5
        ),
    ],
}


@pytest.fixture
def spent(api: Api, deals: None) -> None:
    """The scorecard with formulas, and what was spent."""
    entries = [{"code": "ad_spend", "value": 1000, "employee_id": SELLER, "key": "1"},
               {"code": "ad_spend", "value": 500, "department_id": SALES, "key": "2"}]  # fmt: skip
    api.ok("POST", "/entries", entries)
    api.ok("PUT", "/scorecards/sales", COMPUTED)


def test_a_formula_comes_back_as_it_was_put_and_can_be_put_again(api: Api, spent: None) -> None:
    saved = api.get("/scorecards/sales")
    assert [one["formula"] for one in saved["indicators"]] == [one.get("formula") for one in COMPUTED["indicators"]]
    assert saved["indicators"][4]["operands"] == {
        "lost": {"metric": "deals_lost", "options": {}, "where": {}, "owner": "closed_by"}
    }
    assert api.ok("PUT", "/scorecards/sales", saved) == saved


def test_results_of_formulas_are_exact_to_six_decimals(api: Api, spent: None) -> None:
    found = {one["indicator"]: one for one in api.get("/results", **MINE)["items"]}
    cpl = found["cpl"]
    assert (cpl["metric"], cpl["unit"], cpl["currency"]) == ("formula", "number", None)
    assert (cpl["value"], cpl["numerator"], cpl["denominator"]) == (Decimal("333.333333"), None, None)
    assert (cpl["target"], cpl["attainment"], cpl["facts_count"]) == (500, 150, 4)
    assert found["ticket"]["value"] == Decimal("1500.25")
    assert found["left"]["value"] == 3
    of_sales = api.get("/results", **NOVEMBER, subject="department", subject_id=SALES)["items"]
    assert {one["indicator"]: one["value"] for one in of_sales}["cpl"] == 500


def test_an_explained_formula_names_its_operands_and_lists_their_records(api: Api, spent: None) -> None:
    told = api.get("/explain", **MINE, indicator="cpl")
    assert (told["value"], told["aggregate"]) == (Decimal("333.333333"), "formula")
    assert told["operands"] == [{"name": "ad_spend", "value": 1000}, {"name": "deals_created", "value": 3}]
    assert [(one["entity"], one["number"]) for one in told["items"]] == [("entry", 1000), *[("deal", 1)] * 3]
    told = api.get("/explain", **MINE, indicator="left")
    assert told["operands"] == [{"name": "won.target", "value": 4}, {"name": "lost", "value": 1}]
    assert [one["id"] for one in told["items"]] == [13]
    assert api.get("/not-counted", **MINE, indicator="ticket")["items"] == []


def test_a_formula_over_money_is_money(api: Api, api_with: Callable[..., Api], spent: None) -> None:
    poor = api_with("read", "write")
    found = {one["indicator"]: one for one in poor.get("/results", **MINE)["items"]}
    assert [found[code]["value"] for code in ("ticket", "cpl", "left")] == [None, None, 3]
    assert found["cpl"]["attainment"] == 150, "what it reached is for everybody"
    told = poor.get("/explain", **MINE, indicator="ticket")
    assert (told["value"], {one["number"] for one in told["items"]}) == (None, {None})
    assert told["operands"] == [{"name": "won", "value": 2}, {"name": "Revenue", "value": None}]
    hidden = {one["code"]: one["target"] for one in poor.get("/scorecards/sales")["indicators"]}
    assert (hidden["ticket"], hidden["cpl"]) == (None, None)
    target = {"scorecard": "sales", "indicator": "ticket", "subject": {"type": "employee", "id": SELLER}, **NOVEMBER}
    poor.problem(403, "PUT", "/targets", [{**target, "target": 5}])
    poor.problem(403, "PUT", "/targets", [{**target, "indicator": "cpl", "target": 5}])
    poor.ok("PUT", "/targets", [{**target, "indicator": "left", "target": 5}])


def test_what_is_wrong_with_a_formula_is_said_with_its_place(api: Api, deals: None) -> None:
    wrong = [formula("a", "1 / nothing"), formula("b", "ad_spend / a", weight=15)]
    body = {**COMPUTED, "indicators": [*SCORECARD["indicators"][:2], *wrong]}
    problem = api.problem(422, "PUT", "/scorecards/sales", body)
    assert problem["errors"] == [
        {
            "path": "indicators[2].formula",
            "message": "At character 5: No indicator, metric or entry is called nothing.",
        },
        {
            "path": "indicators[3].formula",
            "message": "At character 1: No indicator, metric or entry is called ad_spend.",
        },
    ]


def test_another_portal_sees_nothing_of_it(api: Api, stranger: Api, spent: None) -> None:
    assert stranger.get("/results", **MINE)["items"] == []
    stranger.problem(404, "GET", "/explain", **MINE, indicator="cpl")
