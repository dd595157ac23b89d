"""Splitting the credit of a deal through the API: exact parts, one number for the company, nothing half-done."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from b24app.ingest.tables import SyncCursor
from b24app.lib.db import write
from tests.web.api.conftest import HEAD, NOW, SCORECARD, SELLER, Api, paths

SHARED: dict[str, Any] = {
    **SCORECARD,
    "indicators": [{**one, "owner": "shared"} for one in SCORECARD["indicators"][:2]]
    + [{"code": "mean", "name": "Mean", "metric": "average_deal", "owner": "shared", "weight": 25}],
}
DEAL = "/credits/deal/11"
HALVES = {"shares": [{"employee_id": SELLER, "percent": 50}, {"employee_id": HEAD, "percent": 50}], "reason": "both"}


@pytest.fixture
def shared(api: Api, portal_id: int, deals: None) -> None:
    with write() as session:
        session.add(SyncCursor(portal_id=portal_id, source="backfill", complete=True, synced_at=1))
    api.ok("PUT", "/scorecards/sales", SHARED)


def values(api: Api, indicator: str) -> dict[tuple[str, int], Any]:
    found = {}
    for subject in ("employee", "department", "company"):
        for one in api.get("/results", period="month", start="2026-11-01", subject=subject)["items"]:
            if one["indicator"] == indicator:
                found[subject, one["subject"]["id"]] = one["value"]
    return found


def test_parts_of_a_deal_are_the_deal_and_are_explained(api: Api, shared: None) -> None:
    """11 is over 1 000.50, 12 over 2 000; both the seller's."""
    told = api.ok("PUT", DEAL, HALVES)
    assert [(one["employee_id"], one["percent"], one["amount"], one["by"]) for one in told["shares"]] == [
        (HEAD, 50, Decimal("500.25"), "hand"),
        (SELLER, 50, Decimal("500.25"), "hand"),
    ]
    assert values(api, "revenue") == {
        ("employee", HEAD): Decimal("500.25"),
        ("employee", SELLER): Decimal("2500.25"),
        ("department", 5): Decimal("3000.5"),
        ("department", 1): Decimal("3000.5"),
        ("company", 0): Decimal("3000.5"),
    }
    assert values(api, "won")["employee", SELLER] == Decimal("1.5")
    for subject, id, value in (("employee", SELLER, Decimal("2500.25")), ("company", 0, Decimal("3000.5"))):
        asked = {"scorecard": "sales", "period": "month", "start": "2026-11-01", "subject": subject, "subject_id": id}
        told = api.get("/explain", indicator="revenue", **asked)
        assert sum(one["number"] for one in told["items"]) == told["value"] == value
        part = next(one for one in told["items"] if one["id"] == 11)
        told_of_it = part["share"], part["amount"], part["amount_original"]
        assert told_of_it == (Decimal("0.5"), Decimal("500.25"), Decimal("1000.5"))
        told = api.get("/explain", indicator="mean", **asked)
        sides = [
            sum(one["number"] for one in told["items"] if one["part"] == side) for side in ("numerator", "denominator")
        ]
        assert round(sides[0] / sides[1], 6) == round(told["value"], 6)


def test_what_was_said_is_said_once_and_kept(api: Api, shared: None) -> None:
    api.ok("PUT", DEAL, HALVES)
    api.ok("PUT", DEAL, HALVES)
    told = api.ok("DELETE", DEAL, reason="a mistake")
    assert told["shares"] == []
    assert [(one["number"], one["reason"], len(one["shares"])) for one in told["history"]] == [
        (2, "a mistake", 0),
        (1, "both", 2),
    ]
    assert values(api, "revenue")["employee", HEAD] == 0
    moved = api.get("/changes", scorecard="sales", indicator="revenue", period="month", start="2026-11-01",
                    subject="employee", subject_id=HEAD)["items"]  # fmt: skip
    assert [(one["before"], one["after"], one["cause"]) for one in moved] == [
        (Decimal("500.25"), 0, "credit"),
        (0, Decimal("500.25"), "credit"),
    ]


WRONG: tuple[tuple[list[tuple[int, Any]], str], ...] = (
    ([(SELLER, 50), (HEAD, 49)], "shares"),
    ([(SELLER, 50), (404, 50)], "shares[1].employee_id"),
    ([(SELLER, 50), (SELLER, 50)], "shares[0].employee_id"),
    ([(SELLER, -1), (HEAD, 101)], "shares[0].percent"),
    ([(SELLER, 0), (HEAD, 100)], "shares[0].percent"),
    ([(SELLER, Decimal("33.33333")), (HEAD, Decimal("66.66667"))], "shares[0].percent"),
    ([], "shares"),
)


def test_what_is_wrong_is_named_and_nothing_changes(api: Api, shared: None) -> None:
    for shares, path in WRONG:
        body = {"shares": [{"employee_id": id, "percent": percent} for id, percent in shares]}
        assert path in paths(api.problem(422, "PUT", DEAL, body))
    assert api.get(DEAL)["history"] == []
    assert values(api, "revenue")["employee", SELLER] == Decimal("3000.5")


def test_deals_that_are_not_there_and_tokens_that_may_not(
    api: Api, api_with: Callable[..., Api], shared: None, stranger: Api
) -> None:
    for method, body in (("GET", None), ("PUT", HALVES), ("DELETE", None)):
        api.problem(404, method, "/credits/deal/404", body)
        stranger.problem(404, method, DEAL, body)
    api_with("read").problem(403, "PUT", DEAL, HALVES)
    api.ok("PUT", DEAL, HALVES)
    assert [one["amount"] for one in api_with("read").get(DEAL)["shares"]] == [None, None]


def test_a_locked_period_keeps_what_it_showed_and_counts_the_change(api: Api, shared: None, now: Any) -> None:
    now.move_to(NOW.replace(month=12))
    lock = {"period": "month", "start": "2026-11-01", "scorecard": "sales"}
    api.ok("POST", "/periods/lock", lock)
    api.ok("PUT", DEAL, HALVES)
    results = api.get("/results", period="month", start="2026-11-01", subject_id=SELLER)["items"]
    assert {
        one["indicator"]: (one["value"], one["changed_after_lock"]) for one in results if one["indicator"] != "mean"
    } == {
        "revenue": (Decimal("3000.5"), 1),
        "won": (2, 1),
    }
    asked = {
        "scorecard": "sales",
        "period": "month",
        "start": "2026-11-01",
        "subject": "employee",
        "subject_id": SELLER,
    }
    kept = api.get("/explain", indicator="revenue", **asked)
    assert (kept["of_lock"], [one["share"] for one in kept["items"]]) == (True, [1, 1])
    api.ok("POST", "/periods/unlock", {**lock, "reason": "x"})
    api.ok("POST", "/periods/lock", lock)
    kept = api.get("/explain", indicator="revenue", **asked)
    assert [one["share"] for one in kept["items"] if one["id"] == 11] == [Decimal("0.5")]


def test_owners_that_share_are_for_whole_deals_only(api: Api, shared: None) -> None:
    days = {"code": "days", "name": "Days", "metric": "average_days_to_close", "owner": "shared", "weight": 100}
    problem = api.problem(422, "PUT", "/scorecards/days", {**SHARED, "code": "days", "indicators": [days]})
    assert paths(problem) == ["indicators[0].owner"]
    sold = {**days, "metric": "deals_won", "where": {"product_id": [1]}}
    problem = api.problem(422, "PUT", "/scorecards/days", {**SHARED, "code": "days", "indicators": [sold]})
    assert paths(problem) == ["indicators[0].owner"]
    offered = {one["code"]: one["owners"] for one in api.get("/metrics")["items"]}
    assert {code for code, owners in offered.items() if "shared" in owners} == {
        "deals_created", "deals_created_amount", "deals_won", "deals_lost", "deals_won_amount", "deal_conversion",
        "average_deal", "new_clients", "repeat_sales", "repeat_sales_amount", "ad_roi",
    }  # fmt: skip
