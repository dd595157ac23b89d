"""Results, scores and what they are made of."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.web.api.conftest import HEAD, SALES, SELLER, Api, paths

NOVEMBER = {"period": "month", "start": "2026-11-01"}


def by_indicator(items: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {item["indicator"]: item for item in items}


def test_a_result_says_everything_about_its_number(api: Api, deals: None) -> None:
    found = by_indicator(api.get("/results", **NOVEMBER, subject="employee", subject_id=SELLER)["items"])
    revenue = found["revenue"]
    assert revenue.pop("computed_at").endswith("+03:00")
    assert revenue.pop("complete") in (True, False)
    assert revenue.pop("forecast") is not None
    assert revenue.pop("forecast_by") == "line"
    assert revenue.pop("at_risk") is True
    assert revenue == {
        "scorecard": "sales",
        "scorecard_version": 1,
        "indicator": "revenue",
        "metric": "deals_won_amount",
        "unit": "money",
        "currency": "RUB",
        "direction": "up",
        "subject": {"type": "employee", "id": SELLER, "name": "Sam Seller"},
        "period": {"kind": "month", "start": "2026-11-01", "end": "2026-12-01"},
        "value": Decimal("3000.5"),
        "numerator": Decimal("3000.5"),
        "denominator": None,
        "facts_count": 2,
        "target": Decimal("500000.5"),
        "attainment": Decimal("0.600099"),
        "attainment_raw": Decimal("0.600099"),
        "weight": 40,
        "zone": "behind",
        "no_data_reason": None,
        "locked": False,
        "changed_after_lock": 0,
    }
    assert (found["won"]["value"], found["won"]["attainment"]) == (2, 50)
    assert (found["visits"]["value"], found["visits"]["attainment"]) == (None, None)
    assert found["visits"]["no_data_reason"]


def test_departments_the_company_and_custom_periods_are_answered(api: Api, deals: None) -> None:
    for question in (
        {**NOVEMBER, "subject": "department", "subject_id": SALES},
        {**NOVEMBER, "subject": "company"},
        {"period": "custom", "start": "2026-11-19", "end": "2026-11-21", "subject": "company"},
        {"period": "day", "start": "2026-11-20", "subject": "employee", "subject_id": SELLER},
        {"subject": "company"},
    ):
        assert by_indicator(api.get("/results", **question)["items"])["won"]["value"] == 2


def test_results_are_paged_in_a_stable_order(api: Api, deals: None) -> None:
    whole = api.get("/results", **NOVEMBER)["items"]
    paged, cursor = [], None
    while True:
        page = api.get("/results", **NOVEMBER, limit=2, **({"cursor": cursor} if cursor else {}))
        paged += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert paged == whole
    assert {item["subject"]["id"] for item in whole} == {HEAD, SELLER}


def test_scores_have_places(api: Api, deals: None) -> None:
    items = {item["subject"]["id"]: item for item in api.get("/scores", **NOVEMBER)["items"]}
    seller = items[SELLER]
    assert seller["scorecard"] == "sales"
    assert (seller["rank"], seller["zone"], seller["indicators_with_data"]) == (1, "behind", 2)
    # (40 x 0.6 + 35 x 50) / 75, exactly
    assert seller["score"] == Decimal("23.653386")


WRONG_QUESTIONS: tuple[tuple[dict[str, str], str], ...] = (
    ({"period": "fortnight"}, "period"),
    ({"period": "month", "start": "2026-11-02"}, "start"),
    ({"period": "month", "start": "2026-13-01"}, "start"),
    ({"period": "month", "start": "20261101"}, "start"),
    ({"period": "month", "start": "2026-11-01", "end": "2026-12-01"}, "end"),
    ({"period": "custom", "start": "2026-11-01"}, "end"),
    ({"period": "custom", "start": "2026-11-01", "end": "2026-11-01"}, "end"),
    ({"period": "custom", "start": "2016-11-01", "end": "2026-11-01"}, "end"),
    ({"subject": "team"}, "subject"),
    ({"subject_id": "seven"}, "subject_id"),
)


@pytest.mark.parametrize("path", ["/results", "/scores"])
def test_a_wrong_question_is_refused_with_the_parameter(api: Api, path: str) -> None:
    for question, wrong in WRONG_QUESTIONS:
        assert paths(api.problem(422, "GET", path, **question)) == [wrong]


def test_without_money_there_are_no_sums(api_with: Callable[..., Api], deals: None) -> None:
    poor = api_with("read")
    found = by_indicator(poor.get("/results", **NOVEMBER, subject_id=SELLER)["items"])
    for name in ("value", "numerator", "target", "forecast"):
        assert found["revenue"][name] is None
    assert found["revenue"]["attainment"] == Decimal("0.600099")
    assert (found["won"]["value"], found["won"]["target"]) == (2, 4)

    explained = poor.get("/explain", **NOVEMBER, scorecard="sales", indicator="won", subject_id=SELLER)
    assert explained["value"] == 2
    assert {fact["amount"] for fact in explained["items"]} == {None}
    explained = poor.get("/explain", **NOVEMBER, scorecard="sales", indicator="revenue", subject_id=SELLER)
    assert explained["value"] is None
    assert {fact["number"] for fact in explained["items"]} == {None}


def test_the_facts_behind_a_sum_add_up_to_it(api: Api, deals: None) -> None:
    explained = api.get("/explain", **NOVEMBER, scorecard="sales", indicator="revenue", subject_id=SELLER)
    assert (explained["value"], explained["aggregate"], explained["total"]) == (Decimal("3000.5"), "sum", 2)
    assert sum(fact["number"] for fact in explained["items"]) == explained["value"]
    assert explained["next_cursor"] is None
    assert explained["items"][0] == {
        "entity": "deal",
        "id": 11,
        "title": "Deal 11",
        "number": Decimal("1000.5"),
        "share": 1,
        "amount": Decimal("1000.5"),
        "amount_original": Decimal("1000.5"),
        "currency": "RUB",
        "rate": 1,
        "date": "2026-11-20T11:00:00+03:00",
        "employee_id": SELLER,
        "url": "https://acme.bitrix24.ru/crm/deal/details/11/",
        "part": "value",
    }


def test_explanations_are_paged(api: Api, deals: None) -> None:
    question = {**NOVEMBER, "scorecard": "sales", "indicator": "won", "subject": "company", "limit": 1}
    first = api.get("/explain", **question)
    second = api.get("/explain", **question, cursor=first["next_cursor"])
    assert [fact["id"] for page in (first, second) for fact in page["items"]] == [11, 12]
    assert second["next_cursor"] is None
    assert first["total"] == 2


def test_what_nearly_counted_comes_with_its_reason(api: Api, deals: None) -> None:
    found = api.get("/not-counted", **NOVEMBER, scorecard="sales", indicator="revenue", subject_id=SELLER)
    assert found["total"] == len(found["items"])
    assert all(fact["reason"] for fact in found["items"])


@pytest.mark.parametrize("path", ["/explain", "/not-counted"])
def test_a_number_that_is_not_there_cannot_be_explained(api: Api, deals: None, path: str) -> None:
    question = {**NOVEMBER, "scorecard": "sales", "indicator": "won", "subject": "employee", "subject_id": SELLER}
    for changes in ({"scorecard": "none"}, {"indicator": "none"}, {"subject_id": 99}, {"subject": "department"}):
        api.problem(404, "GET", path, **question | changes)
