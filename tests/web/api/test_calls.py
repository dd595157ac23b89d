"""What holds for every call: who may, what is refused and how, how often, and that the document tells the truth."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from openapi_spec_validator import validate

from b24app.web.api import exact
from b24app.web.api.calls import CALLS, Call
from tests.web.api.conftest import SCORECARD, Api, paths

GETS = [call for call in CALLS if not call.writes]

QUERIES = {
    "explain": {"scorecard": "sales", "indicator": "won"},
    "not_counted": {"scorecard": "sales", "indicator": "won"},
    "changes": {"scorecard": "sales", "indicator": "won"},
    "late_changes": {"scorecard": "sales"},
}


def address(call: Call) -> str:
    """The call's path about things of our portal."""
    ours = {"code": "sales", "entry_id": "1", "deal_id": "11"}
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: ours.get(found[1], "x"), call.path)


@pytest.mark.parametrize("token", [None, "wrong"])
def test_without_a_token_of_ours_there_is_nothing(app: Flask, portal_id: int, token: str | None) -> None:
    for call in CALLS:
        answer = Api(app, token)(call.method, address(call))
        assert (call.name, answer.status_code, answer.mimetype) == (call.name, 401, "application/problem+json")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_stranger_sees_nothing_of_ours(api: Api, deals: None, stranger: Api) -> None:
    job = api("POST", "/recompute", {"period": "month", "start": "2026-11-01"}).headers["Location"]
    api.ok("POST", "/entries", [{"code": "visit", "value": 1, "key": "a"}])
    for call in GETS:
        path = job.removeprefix("/api/v1") if call.name == "job" else address(call)
        answer = stranger(call.method, path, **QUERIES.get(call.name, {}))
        assert not any(ours in answer.text for ours in ("acme", "Отдел продаж", "Deal 1", "visit")), call.name
        if call.name in ("scorecard", "credit", "explain", "not_counted", "changes", "job"):
            assert answer.status_code == 404, call.name
        elif call.name not in ("employees", "departments", "metrics", "portal"):
            assert exact.loads(answer.data)["items"] == [], call.name


def test_reading_takes_the_scope_read_and_writing_the_scope_write(api_with: Callable[..., Api]) -> None:
    writer, reader = api_with("write", "money"), api_with("read", "money")
    for call in CALLS:
        (reader if call.writes else writer).problem(403, call.method, address(call), [] if call.writes else None)


def test_an_unknown_parameter_is_refused(api: Api) -> None:
    for call in GETS:
        if call.query:
            problem = api.problem(422, call.method, address(call), **QUERIES.get(call.name, {}), colour="red")
            assert paths(problem) == ["colour"], call.name


def test_a_parameter_given_twice_is_refused(api: Api) -> None:
    assert paths(api.problem(422, "GET", "/employees", limit=["1", "2"])) == ["limit"]


def test_a_page_has_1_to_1000_rows(api: Api) -> None:
    for limit, status in (("0", 422), ("1001", 422), ("x", 422), ("1", 200), ("1000", 200)):
        assert api("GET", "/employees", limit=limit).status_code == status


def test_every_fault_is_named_at_once_in_the_language_of_the_caller(api: Api) -> None:
    api.headers["Accept-Language"] = "ru"
    problem = api.problem(422, "POST", "/entries", [{"code": "", "value": "12", "key": "k", "colour": 1}])
    assert sorted(paths(problem)) == ["[0].code", "[0].colour", "[0].value"]


def test_what_is_not_json_is_a_bad_request(api: Api) -> None:
    client, headers = api.app.test_client(), {"Authorization": f"Bearer {api.token}"}
    for text in ("{", "[1,]", "[NaN]", ""):
        answer = client.post("/api/v1/entries", data=text, content_type="application/json", headers=headers)
        assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")


def test_a_body_of_another_type_is_refused(api: Api) -> None:
    answer = api.app.test_client().post(
        "/api/v1/entries", data={"code": "x"}, headers={"Authorization": f"Bearer {api.token}"}
    )
    assert (answer.status_code, answer.mimetype) == (415, "application/problem+json")


def test_a_body_that_is_too_large_is_refused(app: Flask, api: Api) -> None:
    app.config["MAX_CONTENT_LENGTH"] = 1000
    api.problem(413, "POST", "/entries", [{"comment": "x" * 2000}])


def test_unknown_addresses_and_methods_are_problems_too(api: Api) -> None:
    api.problem(404, "GET", "/nothing/here")
    api.problem(405, "DELETE", "/employees")


def test_too_many_requests_are_told_when_to_come_back(app: Flask, api: Api, stranger: Api) -> None:
    app.config["API_RATE_LIMIT"] = "3 per minute"
    answers = [api("GET", "/portal") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].mimetype == "application/problem+json"
    assert "Retry-After" not in answers[0].headers
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 61
    assert stranger("GET", "/portal").status_code == 200


def test_the_document_is_valid_and_has_every_call(app: Flask) -> None:
    document = Api(app, None).get("/openapi.json")
    validate(document)
    assert document["openapi"].startswith("3.1")
    declared = {(method.upper(), path) for path, operations in document["paths"].items() for method in operations}
    served = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/") and rule.endpoint not in ("api.openapi", "api.docs")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert declared == served


def test_numbers_of_the_document_are_numbers(app: Flask) -> None:
    schemas = Api(app, None).get("/openapi.json")["components"]["schemas"]
    value = schemas["EntryItem"]["properties"]["value"]
    assert value["type"] == "number"
    assert schemas["IndicatorDocument"]["properties"]["weight"]["type"] == "number"


def test_the_page_for_people_has_every_call_and_no_script(app: Flask) -> None:
    answer = app.test_client().get("/api/v1/docs")
    assert answer.status_code == 200
    assert "<script" not in answer.text
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    for call in CALLS:
        assert f'id="{call.name}"' in answer.text


def test_a_scorecard_from_the_specification_has_the_documented_shape(app: Flask) -> None:
    properties: dict[str, Any] = Api(app, None).get("/openapi.json")["components"]["schemas"]["ScorecardDocument"][
        "properties"
    ]
    assert SCORECARD.keys() <= properties.keys()
