"""The ledger through the API: each item for itself, the same key once, the score moved by the time of the answer."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from b24app.lib import clock
from b24app.lib.db import write
from b24app.portal.operations import change_settings
from tests.web.api.conftest import SELLER, Api, paths


def visit(key: str, **changes: Any) -> dict[str, Any]:
    return {"code": "visit", "value": 1, "key": key, "employee_id": SELLER} | changes


def visits(api: Api, **query: Any) -> Any:
    items = api.get("/results", period="month", start="2026-11-01", subject_id=SELLER, **query)["items"]
    return next(item for item in items if item["indicator"] == "visits")


def test_posted_values_are_in_the_result_at_once(api: Api, scorecard: Any) -> None:
    assert visits(api)["value"] is None
    done = api.ok("POST", "/entries", [visit("a"), visit("b", value=Decimal("0.5"))])["items"]
    assert [(one["index"], one["status"], one["error"]) for one in done] == [(0, "created", None), (1, "created", None)]
    assert (visits(api)["value"], visits(api)["attainment"]) == (Decimal("1.5"), 50)


def test_the_same_key_counts_once_within_a_call_and_across_calls(api: Api, scorecard: Any) -> None:
    first = api.ok("POST", "/entries", [visit("a"), visit("a")])["items"]
    again = api.ok("POST", "/entries", [visit("a", value=5)])["items"]
    assert [one["status"] for one in first + again] == ["created", "duplicate", "duplicate"]
    assert {one["id"] for one in first + again} == {first[0]["id"]}
    assert visits(api)["value"] == 1


def test_one_bad_item_does_not_stop_the_others(api: Api, scorecard: Any) -> None:
    done = api.ok(
        "POST",
        "/entries",
        [visit("a"), visit("b", employee_id=99), visit("c", department_id=99), visit("d", value=Decimal("0.1234567"))],
    )["items"]
    assert [one["status"] for one in done] == ["created", "error", "error", "error"]
    assert all(one["error"] for one in done[1:])
    assert visits(api)["value"] == 1


WRONG_SHAPES: tuple[tuple[Any, str], ...] = (
    (visit("a", value="1"), "[0].value"),
    (visit("a", value=True), "[0].value"),
    (visit("a", value=10**13), "[0].value"),
    (visit(""), "[0].key"),
    (visit("a", kind="multiply"), "[0].kind"),
    (visit("a", occurred_at="2026-11-01"), "[0].occurred_at"),
    (visit("a", occurred_at="2026-11-01T10:00:00"), "[0].occurred_at"),
    (visit("a", occurred_at=1790000000), "[0].occurred_at"),
    (visit("a", employee_id="7"), "[0].employee_id"),
    (visit("a", colour="red"), "[0].colour"),
    ({"code": "visit", "value": 1}, "[0].key"),
    ("visit", "[0]"),
)


def test_a_body_of_another_shape_is_refused_as_a_whole(api: Api) -> None:
    for wrong, path in WRONG_SHAPES:
        assert paths(api.problem(422, "POST", "/entries", [wrong, visit("b")])) == [path]
    assert api.get("/entries")["items"] == []


def test_one_to_ten_thousand_entries_are_taken(api: Api) -> None:
    for body in ({}, [], [visit(str(number)) for number in range(10_001)]):
        api.problem(422, "POST", "/entries", body)


def test_the_ledger_is_listed_with_the_portals_offset(api: Api) -> None:
    done = api.ok(
        "POST", "/entries", [visit("a", occurred_at="2026-11-02T23:30:00Z", comment="Fair"), visit("b", code="x")]
    )
    (entry,) = api.get("/entries", code="visit")["items"]
    assert entry == {
        "id": done["items"][0]["id"],
        "key": "a",
        "code": "visit",
        "kind": "add",
        "value": 1,
        "occurred_at": "2026-11-03T02:30:00+03:00",
        "employee_id": SELLER,
        "department_id": None,
        "source_id": None,
        "comment": "Fair",
        "origin": "api",
        "author": entry["author"],
        "undoes_id": None,
        "undone": False,
        "corrects_id": None,
        "state": "counted",
        "created_at": "2026-11-20T12:00:00+03:00",
    }
    assert entry["author"].startswith("token:")


def test_the_ledger_is_read_page_by_page(api: Api) -> None:
    api.ok("POST", "/entries", [visit(str(number)) for number in range(5)])
    first = api.get("/entries", limit=3)
    second = api.get("/entries", limit=3, cursor=first["next_cursor"])
    assert [entry["key"] for page in (first, second) for entry in page["items"]] == ["0", "1", "2", "3", "4"]
    assert second["next_cursor"] is None


def test_undoing_takes_the_value_back_once(api: Api, scorecard: Any) -> None:
    id = api.ok("POST", "/entries", [visit("a"), visit("b")])["items"][0]["id"]
    api.ok("POST", f"/entries/{id}/undo")
    api("POST", f"/entries/{id}/undo")
    assert visits(api)["value"] == 1
    assert [entry["undone"] for entry in api.get("/entries")["items"] if entry["id"] == id] == [True]


def test_a_strangers_entry_cannot_be_undone(api: Api, scorecard: Any, stranger: Api) -> None:
    id = api.ok("POST", "/entries", [visit("a")])["items"][0]["id"]
    stranger.problem(404, "POST", f"/entries/{id}/undo")
    assert visits(api)["value"] == 1


def decide(portal_id: int, **settings: Any) -> None:
    with write():
        change_settings(portal_id, settings, "user:1", clock.now())


def test_what_a_program_posts_waits_above_the_limit_only_where_an_administrator_says_so(
    api: Api, portal_id: int, scorecard: Any
) -> None:
    decide(portal_id, approval_limit="2")
    api.ok("POST", "/entries", [visit("a", value=3)])
    decide(portal_id, approval_of_api=True)
    done = api.ok("POST", "/entries", [visit("b", value=3), visit("c", value=2)])["items"]
    assert [one["status"] for one in done] == ["created", "created"]
    assert [entry["state"] for entry in api.get("/entries")["items"]] == ["counted", "waiting", "counted"]
    assert visits(api)["value"] == 5
    api.ok("POST", f"/entries/{api.get('/entries', key='a')['items'][0]['id']}/undo")
    assert visits(api)["value"] == 5


def test_amounts_of_money_are_shown_to_tokens_that_see_money(api: Api, api_with: Callable[..., Api]) -> None:
    api.ok("POST", "/entries", [visit("a", code="ad_spend"), visit("b")])
    assert [entry["value"] for entry in api_with("read").get("/entries")["items"]] == [None, 1]
