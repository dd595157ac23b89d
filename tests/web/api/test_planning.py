"""Scorecards and targets: a document goes in and comes out the same, and what is wrong with it is all said at once."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from redis import Redis
from rq import Queue

from b24app.jobs import sync
from b24app.scorecards import operations
from tests.web.api.conftest import COMPANY, SALES, SCORECARD, SELLER, Api, paths


def changed(**changes: Any) -> dict[str, Any]:
    return {**deepcopy(SCORECARD), **changes}


def test_a_scorecard_comes_back_as_it_was_put(api: Api) -> None:
    saved = api.ok("PUT", "/scorecards/sales", SCORECARD)
    assert {key: saved[key] for key in SCORECARD if key not in ("indicators", "subjects")} == {
        key: SCORECARD[key] for key in SCORECARD if key not in ("indicators", "subjects")
    }
    assert api.get("/scorecards/sales") == saved


def test_what_a_scorecard_needs_of_past_deals_is_asked_for(
    api: Api, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "needs", lambda _plan: frozenset({("deal", "productRows")}))
    api.ok("PUT", "/scorecards/sales", SCORECARD)
    assert sync.read_watched in {job.func for job in Queue("sync", connection=redis).jobs}


def test_what_was_read_can_be_put_back_and_changes_nothing(api: Api, scorecard: dict[str, Any]) -> None:
    assert api.ok("PUT", "/scorecards/sales", scorecard) == scorecard
    assert len(api.get("/scorecards/sales", versions=1)["items"]) == 1


def test_another_start_makes_another_version(api: Api, scorecard: dict[str, Any]) -> None:
    api.ok("PUT", "/scorecards/sales", changed(name="Newer", effective_from="2026-11-01"))
    assert [one["effective_from"] for one in api.get("/scorecards/sales", versions=1)["items"]] == [
        "2026-10-01",
        "2026-11-01",
    ]
    assert api.get("/scorecards/sales")["name"] == "Newer"
    assert api.get("/scorecards/sales", as_of="2026-10-15")["name"] == SCORECARD["name"]
    assert len(api.get("/scorecards", versions=1)["items"]) == 2
    assert [one["name"] for one in api.get("/scorecards", as_of="2026-10-15")["items"]] == [SCORECARD["name"]]
    api.problem(404, "GET", "/scorecards/sales", as_of="2026-09-30")


def test_an_archived_scorecard_is_not_listed_and_stays_readable(api: Api, scorecard: dict[str, Any]) -> None:
    assert api("DELETE", "/scorecards/sales").status_code == 204
    assert api.get("/scorecards")["items"] == []
    assert api.get("/scorecards/sales")["status"] == "archived"
    api.problem(404, "DELETE", "/scorecards/unknown")


WRONG_DOCUMENTS = (
    (changed(code="other"), "code"),
    (changed(colour="red"), "colour"),
    (changed(effective_from="2026-10-02"), "effective_from"),
    (changed(subjects={"departments": [99]}), "subjects.departments[0]"),
    (changed(indicators=SCORECARD["indicators"][:2]), "indicators"),
    (changed(indicators=[{**SCORECARD["indicators"][0], "weight": "40"}]), "indicators[0].weight"),
    (changed(indicators=[{**SCORECARD["indicators"][0], "metric": "luck"}]), "indicators[0].metric"),
)


def test_a_wrong_document_is_refused_with_the_place_and_nothing_is_saved(api: Api) -> None:
    for body, path in WRONG_DOCUMENTS:
        assert path in paths(api.problem(422, "PUT", "/scorecards/sales", body))
    assert api.get("/scorecards")["items"] == []


def test_somebody_elses_scorecard_is_not_there(api: Api, scorecard: dict[str, Any], stranger: Api) -> None:
    stranger.problem(404, "GET", "/scorecards/sales")
    stranger.problem(404, "DELETE", "/scorecards/sales")
    assert api.get("/scorecards/sales")["status"] == "active"


def test_without_money_sums_are_hidden_and_not_written_over(
    api: Api, scorecard: dict[str, Any], api_with: Callable[..., Api]
) -> None:
    poor = api_with("read", "write")
    revenue, won, _visits = poor.get("/scorecards/sales")["indicators"]
    assert (revenue["target"], won["target"]) == (None, 4)
    assert paths(poor.problem(403, "PUT", "/scorecards/sales", SCORECARD)) == ["indicators[0]"]
    assert poor.problem(403, "PUT", "/targets", [target()])
    assert api.get("/scorecards/sales") == scorecard


def target(**changes: Any) -> dict[str, Any]:
    return {
        "scorecard": "sales",
        "indicator": "revenue",
        "subject": {"type": "employee", "id": SELLER},
        "period": "month",
        "start": "2026-11-01",
        "target": 600_000,
    } | changes


def test_targets_are_set_changed_and_removed(api: Api, scorecard: dict[str, Any]) -> None:
    repeating = target(indicator="won", start=None, target=2)
    done = api.ok("PUT", "/targets", [target(), repeating])["items"]
    assert [(one["index"], one["status"], one["error"]) for one in done] == [(0, "created", None), (1, "created", None)]
    assert api.get("/targets")["items"] == [target(), repeating]
    assert api.get("/targets", indicator="won", subject_id=SELLER)["items"] == [repeating]

    done = api.ok("PUT", "/targets", [target(target=700_000), repeating])["items"]
    assert [one["status"] for one in done] == ["updated", "duplicate"]
    api.ok("PUT", "/targets", [target(target=None)])
    assert api.get("/targets")["items"] == [repeating]


def test_a_new_target_is_in_the_results_at_once(api: Api, scorecard: dict[str, Any]) -> None:
    api.ok("PUT", "/targets", [target(target=1000)])
    items = api.get("/results", period="month", start="2026-11-01", subject_id=SELLER)["items"]
    assert next(item["target"] for item in items if item["indicator"] == "revenue") == 1000


WRONG_TARGETS = (
    (target(scorecard="none"), "[1].scorecard"),
    (target(indicator="none"), "[1].indicator"),
    (target(subject={"type": "employee", "id": 99}), "[1].subject.id"),
    (target(start="2026-11-02"), "[1].start"),
    (target(period="week", start=None), "[1].period"),
    (target(target="600000"), "[1].target"),
    (target(colour="red"), "[1].colour"),
)


def test_one_wrong_target_refuses_all(api: Api, scorecard: dict[str, Any]) -> None:
    for wrong, path in WRONG_TARGETS:
        assert paths(api.problem(422, "PUT", "/targets", [target(), wrong])) == [path]
    assert api.get("/targets")["items"] == []


def test_targets_of_departments_and_the_company(api: Api, scorecard: dict[str, Any]) -> None:
    group = [target(subject={"type": "department", "id": SALES}), target(subject={"type": "company", "id": 0})]
    api.ok("PUT", "/targets", group)
    assert api.get("/targets", subject="company")["items"] == group[1:]
    api.problem(422, "PUT", "/targets", [target(subject={"type": "company", "id": COMPANY})])
