"""What a portal's people do, and what becomes of it: events, robots, meetings, through real processes."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.walks.conftest import Demo, eventually

pytestmark = pytest.mark.walk

SELLER = 8
AMOUNT = 1000


@pytest.fixture
def month(demo: Demo) -> dict[str, str]:
    return {"period": "month", "start": demo.api("/portal")["today"][:8] + "01", "scorecard": "sales"}


@pytest.fixture
def reached(demo: Demo, month: dict[str, str]) -> Callable[..., Any]:
    """What somebody has reached this month in an indicator of the sales scorecard."""

    def value(indicator: str, employee_id: int) -> Any:
        question = {**month, "subject": "employee", "subject_id": str(employee_id)}
        items = demo.api("/results", params=question)["items"]
        return next(item["value"] for item in items if item["indicator"] == indicator) or 0

    return value


@pytest.fixture
def seller(demo: Demo) -> int:
    """Somebody who owns a deal."""
    return int(demo.control("deals?semantic=S&limit=1")["items"][0]["assignedById"])


def new_deal(demo: Demo, owner: int) -> dict[str, Any]:
    fields = {"title": "A deal of this test", "opportunity": AMOUNT, "assignedById": owner, "companyId": 1}
    return dict(demo.control("deals", fields))


def test_history_was_read_within_the_promised_number_of_requests(demo: Demo) -> None:
    state = demo.control("state")
    lists = ("deals", "stage_history", "activities", "leads", "calls", "tasks", "sessions", "items")
    pages = sum(-(-state[name] // 2500) for name in lists) + -(-state["sessions"] // 50)  # each one's messages
    words_and_count = 2  # of tickets, which are read because a mapping names them
    assert demo.requests_for_history <= pages + 10 + words_and_count
    assert demo.control("stats")["limiter_violations"] == 0


def test_a_won_deal_moves_the_score_and_a_reopened_one_moves_it_back(
    demo: Demo, seller: int, reached: Callable[..., Any]
) -> None:
    before = reached("revenue", seller)
    deal = new_deal(demo, seller)
    demo.control(f"deals/{deal['id']}/win", {})
    eventually(lambda: reached("revenue", seller) == before + AMOUNT)
    demo.control(f"deals/{deal['id']}/reopen", {})
    eventually(lambda: reached("revenue", seller) == before)


def test_a_deleted_deal_stops_counting(demo: Demo, seller: int, reached: Callable[..., Any]) -> None:
    before = reached("revenue", seller)
    deal = new_deal(demo, seller)
    demo.control(f"deals/{deal['id']}/win", {})
    eventually(lambda: reached("revenue", seller) == before + AMOUNT)
    demo.delete(f"deals/{deal['id']}")
    eventually(lambda: reached("revenue", seller) == before)


def test_a_deal_moved_to_a_won_stage_of_another_funnel_counts(
    demo: Demo, seller: int, reached: Callable[..., Any]
) -> None:
    before = reached("revenue", seller)
    deal = new_deal(demo, seller)
    demo.control(f"deals/{deal['id']}/move", {"stage": "C1:WON"})
    eventually(lambda: reached("revenue", seller) == before + AMOUNT)


def test_a_held_meeting_counts(demo: Demo, seller: int, reached: Callable[..., Any]) -> None:
    before = reached("meetings", seller)
    demo.control("activities", {"kind": "meeting", "owner": seller, "done": True})
    eventually(lambda: reached("meetings", seller) == before + 1)


def test_events_that_come_twice_count_once(demo: Demo, seller: int, reached: Callable[..., Any]) -> None:
    before = reached("revenue", seller)
    demo.control("faults", {"double_events": True})
    try:
        deal = new_deal(demo, seller)
        demo.control(f"deals/{deal['id']}/win", {})
        eventually(lambda: reached("revenue", seller) == before + AMOUNT)
    finally:
        demo.delete("faults")
    assert reached("revenue", seller) == before + AMOUNT


def test_a_portal_that_answers_errors_for_a_while_loses_nothing(
    demo: Demo, seller: int, reached: Callable[..., Any]
) -> None:
    before = reached("revenue", seller)
    demo.control("faults", {"reject": {"count": 2, "status": 503, "html": "<h1>Overloaded</h1>"}})
    deal = new_deal(demo, seller)
    demo.control(f"deals/{deal['id']}/win", {})
    eventually(lambda: reached("revenue", seller) == before + AMOUNT)


def test_an_expired_token_is_renewed_once(demo: Demo, seller: int, reached: Callable[..., Any]) -> None:
    before = reached("revenue", seller)
    refreshes = demo.control("stats")["token_refreshes"]
    demo.control("faults", {"expire_tokens": True})
    deal = new_deal(demo, seller)
    demo.control(f"deals/{deal['id']}/win", {})
    eventually(lambda: reached("revenue", seller) == before + AMOUNT)
    stats = demo.control("stats")
    assert (stats["token_refreshes"] - refreshes, stats["reused_refresh_tokens"]) == (1, 0)


def test_a_workflow_adds_to_a_kpi_and_gets_the_numbers_back(demo: Demo, seller: int) -> None:
    today = demo.api("/portal")["today"]
    demo.api(
        "/scorecards/visits",
        "PUT",
        json={
            "code": "visits",
            "name": "Visits",
            "period": "month",
            "effective_from": today[:8] + "01",
            "subjects": {"employees": [seller]},
            "indicators": [
                {
                    "code": "visits",
                    "name": "Visits",
                    "metric": "entries",
                    "options": {"code": "visit"},
                    "target": 4,
                    "weight": 100,
                }
            ],
        },
    )
    deal = new_deal(demo, seller)
    run = demo.control(
        "robots/run",
        {
            "code": "kpi_add",
            "document": f"DEAL_{deal['id']}",
            "properties": {"code": "visit", "value": "3"},
            "wait": 60,
        },
    )
    assert run["state"] == "answered"
    assert (run["results"]["value"], run["results"]["target"], run["results"]["attainment"]) == ("3", "4", "75")
    asked = demo.control(
        "robots/run",
        {"code": "kpi_get", "document": f"DEAL_{deal['id']}", "properties": {"scorecard": "visits"}, "wait": 60},
    )
    assert asked["results"]["score"] == "75"


def test_a_target_that_is_reached_is_told_and_pulls_the_trigger_on_its_deal(
    demo: Demo, seller: int, month: dict[str, str]
) -> None:
    start = month["start"]
    question = {"period": "month", "start": start, "scorecard": "reaching", "subject": "employee"}

    def expect(target: int) -> None:
        won = {
            "code": "won",
            "name": "Won",
            "metric": "deals_won",
            "owner": "closed_by",
            "target": target,
            "weight": 100,
        }
        card = {"code": "reaching", "name": "Reaching", "period": "month", "effective_from": start}
        demo.api("/scorecards/reaching", "PUT", json=card | {"subjects": {"employees": [seller]}, "indicators": [won]})
        eventually(lambda: shown()[1] == target)

    def shown() -> tuple[int | None, int | None]:
        items = demo.api("/results", params=question)["items"]
        return next(((one["value"], one["target"]) for one in items), (None, None))

    expect(1000)
    expect((shown()[0] or 0) + 1)
    deal = new_deal(demo, seller)
    demo.control(f"deals/{deal['id']}/win", {})
    pulled = {"code": "kpi_reached", "document": f"DEAL_{deal['id']}"}
    eventually(lambda: pulled in demo.control("automation")["executed"])
    told = [one["tag"] for one in demo.control(f"notifications?user_id={seller}")["items"]]
    assert told.count(f"kpi_reached|reaching|won|employee|{seller}|{start}") == 1


def test_a_workflow_writes_to_an_employee_and_gives_a_badge_once(demo: Demo, seller: int) -> None:
    def run(robot: str, **properties: str) -> Any:
        asked = {"code": robot, "document": "CONTACT_1", "properties": {"employee": f"user_{seller}", **properties}}
        return demo.control("robots/run", asked | {"wait": 60})["results"]

    number = run("kpi_notify", text="Well done", attach_score="Y")["notification_id"]
    items = demo.control(f"notifications?user_id={seller}")["items"]
    assert [one["text"].startswith("Well done") for one in items if str(one["id"]) == number] == [True]
    assert [run("kpi_badge_activity", badge="star")["awarded"] for _time in range(2)] == ["Y", "N"]
    assert run("kpi_recompute", period="previous")["score"] != ""
