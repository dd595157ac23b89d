"""The numbers of the public data set, computed by the whole product: installed, synced, asked through the API."""

import math
from typing import Any

import pytest

from tests.walks.conftest import Demo

pytestmark = pytest.mark.walk

ALL_TIME = {"period": "custom"}

TRUTH_INDICATORS = {
    "won": ("deals_won", 4238),
    "lost": ("deals_lost", 2473),
    "amount": ("deals_won_amount", 10005534),
    "conversion": ("deal_conversion", 63.15),
    "average": ("average_deal", 2360.91),
    "days": ("average_days_to_close", 51.78),
    "repeat": ("repeat_sales", 4153),
    "new": ("new_clients", 85),
}


@pytest.fixture(scope="module")
def truth(demo: Demo) -> dict[str, str]:
    """A scorecard over the whole company with every metric of the truth; returns the period to ask for.

    The data set ends before today, and today belongs to what other walks do in the portal."""
    portal = demo.api("/portal")
    root = next(unit for unit in demo.api("/departments")["items"] if unit["parent_id"] is None)
    weight = 12.5
    document = {
        "code": "truth",
        "name": "Truth",
        "status": "active",
        "period": "year",
        "effective_from": "2020-01-01",
        "subjects": {"departments": [root["id"]]},
        "indicators": [
            {"code": code, "name": code, "metric": metric, "weight": weight, "owner": "closed_by"}
            for code, (metric, _) in TRUTH_INDICATORS.items()
        ],
    }
    assert portal["sync"]["complete"]
    demo.api("/scorecards/truth", "PUT", json=document)
    return {"period": "custom", "start": "2023-01-01", "end": portal["today"], "scorecard": "truth"}


def values(demo: Demo, question: dict[str, str]) -> dict[tuple[str, str], dict[str, Any]]:
    items = demo.api("/results", params={**question, "limit": 1000})["items"]
    return {(item["subject"]["name"], item["indicator"]): item for item in items}


def test_the_company_reached_what_the_data_set_says(demo: Demo, truth: dict[str, str]) -> None:
    found = {key[1]: item["value"] for key, item in values(demo, {**truth, "subject": "company"}).items()}
    for code, (_, expected) in TRUTH_INDICATORS.items():
        assert round(found[code], 2) == expected, code


def test_the_best_agent_by_amount(demo: Demo, truth: dict[str, str]) -> None:
    found = values(demo, {**truth, "subject": "employee"})
    best = max(
        (item for item in found.values() if item["indicator"] == "amount" and item["value"]),
        key=lambda item: item["value"],
    )
    assert (best["subject"]["name"], best["value"]) == ("Darcel Schlecht", 1153214)
    assert found["Darcel Schlecht", "won"]["value"] == 349


def test_the_west_office(demo: Demo, truth: dict[str, str]) -> None:
    found = values(demo, {**truth, "subject": "department"})
    west = [item["value"] for (name, code), item in found.items() if code == "amount" and "West" in name]
    assert 3568647 in west


def test_an_agent_without_deals_has_no_conversion_rather_than_none_won(demo: Demo, truth: dict[str, str]) -> None:
    found = values(demo, {**truth, "subject": "employee"})
    idle = {name for (name, code), item in found.items() if code == "won" and item["value"] == 0}
    assert {"Carl Lin", "Carol Thompson", "Elizabeth Anderson", "Mei-Mei Johns", "Natalya Ivanova"} <= idle
    assert all(found[name, "conversion"]["value"] is None for name in idle)


@pytest.mark.parametrize("code", list(TRUTH_INDICATORS))
def test_the_rows_of_explain_add_up_to_the_value(demo: Demo, truth: dict[str, str], code: str) -> None:
    question = {**truth, "indicator": code, "subject": "company", "subject_id": "0", "limit": "1000"}
    rows: list[dict[str, Any]] = []
    page = demo.api("/explain", params=question)
    value, aggregate = page["value"], page["aggregate"]
    rows += page["items"]
    while page["next_cursor"]:
        page = demo.api("/explain", params={**question, "cursor": page["next_cursor"]})
        rows += page["items"]
    assert len(rows) == page["total"]
    assert math.isclose(again(rows, aggregate), value, abs_tol=0.000001)


def again(rows: list[dict[str, Any]], aggregate: str) -> float:
    """The aggregate of the list, as a person with a pocket calculator would take it."""
    numbers = [row["number"] for row in rows]
    if aggregate == "count":
        return len(rows)
    if aggregate == "sum":
        return sum(numbers)
    if aggregate == "mean":
        return sum(numbers) / len(numbers)
    upper = [row for row in rows if row["part"] == "numerator"]
    lower = [row for row in rows if row["part"] == "denominator"]
    return 100 * len(upper) / len(lower)
