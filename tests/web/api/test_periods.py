"""Locks of periods, what changes after them, and the journal of what moved a number."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from b24app import pipeline
from b24app.facts.cells import deal_cells
from b24app.facts.tables import Deal
from b24app.ingest.tables import SyncCursor
from b24app.lib.db import db, write
from tests.web.api.conftest import HEAD, NOW, SELLER, Api, deal, paths

OCTOBER = {"period": "month", "start": "2026-10-01"}
NOVEMBER = {"period": "month", "start": "2026-11-01"}
OF_SELLER = {"scorecard": "sales", "indicator": "revenue", "subject_id": SELLER}
LOCKED_AT = "2026-11-20T12:00:00+03:00"
LONG_AGO_H = 800


@pytest.fixture
def october(portal_id: int, deals: None) -> None:
    """The portal is read, and somebody sold in October, too."""
    with write() as session:
        session.add(SyncCursor(portal_id=portal_id, source="backfill", complete=True, synced_at=1))
        session.add(deal(portal_id, LONG_AGO_H, amount=70_000, win_no=1, updated_by_id=HEAD))
        session.flush()
        pipeline.recompute_open(portal_id, NOW)


@pytest.fixture
def locked(api: Api, october: None) -> dict[str, Any]:
    return api.ok("POST", "/periods/lock", {**OCTOBER, "scorecard": None})


def change(portal_id: int, id: int, amount: int) -> None:
    with write() as session:
        one = session.get_one(Deal, (portal_id, id))
        one.amount = amount
        session.flush()
        pipeline.recompute(portal_id, deal_cells(one), NOW)


def october_of(api: Api, indicator: str) -> dict[str, Any]:
    items = api.get("/results", **OCTOBER, subject_id=SELLER)["items"]
    return next(one for one in items if one["indicator"] == indicator)


def test_a_period_is_locked_and_unlocked_with_a_reason(api: Api, portal_id: int, locked: dict[str, Any]) -> None:
    assert locked == {
        **OCTOBER, "locked": True, "locked_at": LOCKED_AT, "locked_by": locked["locked_by"],
    }  # fmt: skip
    assert locked["locked_by"].startswith("token:")
    assert api.ok("POST", "/periods/lock", OCTOBER) == locked, "twice is once"
    change(portal_id, LONG_AGO_H, 1)
    row = october_of(api, "revenue")
    assert (row["value"], row["locked"], row["changed_after_lock"]) == (700, True, 1)
    unlocked = api.ok("POST", "/periods/unlock", {**OCTOBER, "scorecard": "sales", "reason": "a refund"})
    assert unlocked == {**OCTOBER, "locked": False, "locked_at": None, "locked_by": None}
    row = october_of(api, "revenue")
    assert (row["value"], row["locked"], row["changed_after_lock"]) == (Decimal("0.01"), False, 0)


def test_closed_periods_are_listed(api: Api, portal_id: int, locked: dict[str, Any]) -> None:
    change(portal_id, LONG_AGO_H, 1)
    assert api.get("/periods") == {
        "items": [
            {
                "scorecard": "sales", "period": "month", "start": "2026-10-01", "end": "2026-11-01", "locked": True,
                "locked_at": LOCKED_AT, "locked_by": locked["locked_by"], "can_be_locked": False,
                "changed_after_lock": 1,
            }
        ],
        "next_cursor": None,
    }  # fmt: skip
    api.ok("POST", "/periods/unlock", {**OCTOBER, "reason": "why not"})
    (one,) = api.get("/periods", period="month", scorecard="sales")["items"]
    assert (one["locked"], one["can_be_locked"], one["locked_by"]) == (False, True, None)
    assert api.get("/periods", period="week")["items"] == []


@pytest.mark.parametrize(
    ("call", "body", "status", "wrong"),
    [
        ("lock", NOVEMBER, 409, []),
        ("lock", {"period": "month", "start": "2026-10-02"}, 422, ["start"]),
        ("lock", {"period": "custom", "start": "2026-10-01"}, 422, ["period"]),
        ("lock", {"period": "week", "start": "2026-10-05"}, 422, ["period"]),
        ("lock", {**OCTOBER, "scorecard": "other"}, 422, ["scorecard"]),
        ("lock", {**OCTOBER, "reason": "x"}, 422, ["reason"]),
        ("lock", {}, 422, ["period", "start"]),
        ("unlock", OCTOBER, 422, ["reason"]),
        ("unlock", {**OCTOBER, "reason": " "}, 422, ["reason"]),
        ("unlock", {**OCTOBER, "reason": "why"}, 409, []),
    ],
)
def test_what_cannot_be_is_refused(
    api: Api, october: None, call: str, body: dict[str, Any], status: int, wrong: list[str]
) -> None:
    assert paths(api.problem(status, "POST", f"/periods/{call}", body)) == wrong


def test_nothing_is_locked_before_the_portal_is_read(api: Api, deals: None) -> None:
    problem = api.problem(409, "POST", "/periods/lock", OCTOBER)
    assert "still being read" in problem["detail"]


def test_scorecards_and_targets_leave_a_locked_period_alone(
    api: Api, scorecard: dict[str, Any], locked: dict[str, Any]
) -> None:
    assert paths(api.problem(422, "PUT", "/scorecards/sales", scorecard)) == ["effective_from"]
    item = {
        "scorecard": "sales", "indicator": "won", "subject": {"type": "employee", "id": SELLER}, **OCTOBER, "target": 9,
    }  # fmt: skip
    assert paths(api.problem(422, "PUT", "/targets", [item])) == ["[0].start"]
    later = {**scorecard, "effective_from": "2026-11-01"}
    api.ok("PUT", "/scorecards/sales", later)
    api.ok("PUT", "/targets", [{**item, "start": None}])
    row = october_of(api, "won")
    assert (row["target"], row["scorecard_version"]) == (4, 1)


def test_late_changes_are_listed(api: Api, portal_id: int, locked: dict[str, Any]) -> None:
    change(portal_id, LONG_AGO_H, 1)
    asked = {**OCTOBER, "scorecard": "sales", "subject_id": SELLER}
    assert api.get("/late-changes", **asked) == {
        "items": [
            {
                "entity": "deal", "id": LONG_AGO_H, "title": f"Deal {LONG_AGO_H}", "employee_id": SELLER,
                "url": f"https://acme.bitrix24.ru/crm/deal/details/{LONG_AGO_H}/", "indicators": ["revenue", "won"],
                "changed_at": LOCKED_AT,
            }
        ],
        "next_cursor": None,
    }  # fmt: skip
    assert api.get("/late-changes", **asked, indicator="visits")["items"] == []
    assert api.get("/late-changes", **{**asked, "subject_id": HEAD})["items"] == []


def test_late_changes_are_paged(api: Api, portal_id: int, locked: dict[str, Any]) -> None:
    with write() as session:
        more = [deal(portal_id, LONG_AGO_H + number, amount=1) for number in (1, 2)]
        session.add_all(more)
        session.flush()
        pipeline.recompute(portal_id, {cell for one in more for cell in deal_cells(one)}, NOW)
    asked = {**OCTOBER, "scorecard": "sales", "subject": "company", "limit": 1}
    page = api.get("/late-changes", **asked)
    assert [one["id"] for one in page["items"]] == [LONG_AGO_H + 1]
    page = api.get("/late-changes", **asked, cursor=page["next_cursor"])
    assert ([one["id"] for one in page["items"]], page["next_cursor"]) == ([LONG_AGO_H + 2], None)
    assert paths(api.problem(422, "GET", "/late-changes", **asked, cursor="nonsense")) == ["cursor"]


def test_a_change_names_its_cause(api: Api, portal_id: int, october: None) -> None:
    change(portal_id, 11, 500_000)
    asked = {**NOVEMBER, **OF_SELLER}
    (one,) = api.get("/changes", **asked)["items"]
    assert one.pop("id")
    assert one == {
        "at": LOCKED_AT, "before": Decimal("3000.5"), "after": 7000, "target_before": Decimal("500000.5"),
        "target_after": Decimal("500000.5"), "cause": "fact", "actor": "system", "count": 1,
        "records": [
            {"entity": "deal", "id": 11, "title": "Deal 11", "employee_id": SELLER,
             "url": "https://acme.bitrix24.ru/crm/deal/details/11/"}
        ],
    }  # fmt: skip
    item = {"scorecard": "sales", "indicator": "revenue", "subject": {"type": "employee", "id": SELLER}, **NOVEMBER}
    api.ok("PUT", "/targets", [{**item, "target": 1}])
    page = api.get("/changes", **asked, limit=1)
    (latest,) = page["items"]
    assert (latest["cause"], latest["target_after"], latest["records"]) == ("target", 1, [])
    assert latest["actor"].startswith("token:")
    assert [one["cause"] for one in api.get("/changes", **asked, cursor=page["next_cursor"])["items"]] == ["fact"]


def test_an_entry_is_a_cause_and_its_poster_the_actor(api: Api, october: None) -> None:
    entry = {"code": "visit", "value": 1, "key": "1", "employee_id": SELLER}
    api.ok("POST", "/entries", [entry])
    (one,) = api.get("/changes", **NOVEMBER, **{**OF_SELLER, "indicator": "visits"})["items"]
    assert (one["before"], one["after"], one["cause"], one["records"][0]["title"]) == (None, 1, "entry", "visit")
    assert one["actor"].startswith("token:")


def test_the_journal_of_what_is_not_there(api: Api, october: None) -> None:
    api.problem(404, "GET", "/changes", **NOVEMBER, **{**OF_SELLER, "indicator": "nothing"})
    api.problem(404, "GET", "/changes", **NOVEMBER, **{**OF_SELLER, "scorecard": "nothing"})
    quarter = {"period": "quarter", "start": "2026-10-01"}
    assert paths(api.problem(422, "GET", "/changes", **quarter, **OF_SELLER)) == ["period"]


def test_without_money_the_journal_tells_no_sums(api_with: Callable[..., Api], portal_id: int, october: None) -> None:
    change(portal_id, 11, 500_000)
    (one,) = api_with("read").get("/changes", **NOVEMBER, **OF_SELLER)["items"]
    assert [one[name] for name in ("before", "after", "target_before", "target_after")] == [None] * 4
    assert one["cause"] == "fact"


def test_only_who_may_write_locks(api_with: Callable[..., Api], october: None) -> None:
    reader = api_with("read", "money")
    reader.problem(403, "POST", "/periods/lock", OCTOBER)
    reader.problem(403, "POST", "/periods/unlock", {**OCTOBER, "reason": "x"})
    assert [one["locked"] for one in reader.get("/periods")["items"]] == [False]


def test_a_stranger_neither_sees_nor_moves_locks(stranger: Api, portal_id: int, locked: dict[str, Any]) -> None:
    change(portal_id, LONG_AGO_H, 1)
    assert stranger.get("/periods")["items"] == []
    assert stranger.get("/late-changes", **OCTOBER, scorecard="sales", subject="company")["items"] == []
    stranger.problem(404, "GET", "/changes", **NOVEMBER, **OF_SELLER)
    stranger.problem(422, "POST", "/periods/unlock", {**OCTOBER, "reason": "mine"})
    db.session.expire_all()
    assert [lock for lock in stranger.get("/periods")["items"] if lock["locked"]] == []
