"""Random inputs at every address: whatever comes, no failure of ours. The same ones every time: nothing flickers."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import responses
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from b24app.lib.db import db
from tests.scores.world import ADMIN, ANN, HEAD
from tests.security.hostile import PEOPLE, outside
from tests.security.test_tenants import CASES
from tests.security.world import EVENT_SECRET, Site

pytestmark = pytest.mark.databases("sqlite")

ODD = (
    "",
    "0",
    "-1",
    "9" * 30,
    "x",
    "٣",
    "²",
    "a\0b",
    "'",
    "<b>",
    "%s",
    "{0}",
    "../x",
    "null",
    "undefined",
    "true",
    "🦘",
)
DAYS = ("2026-11-01", "2026-02-31", "1969-12-31", "2100-12-31", "2101-01-01", "0001-01-01", "9999-12-31", "20261101")
TEXTS = st.sampled_from((*ODD, *DAYS)) | st.text(max_size=12)

KNOWN: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("start", "end", "until", "since", "first", "last", "day"), DAYS),
    **dict.fromkeys(("edits_plan", "sees_money", "enters_values", "working"), ("yes", "no")),
    **dict.fromkeys(("subject_id", "department", "absent", "deputy", "employee"), ("0", "1", "2", "3", "99")),
    **dict.fromkeys(("id", "before"), ("1", "2")),
    "period": ("day", "week", "month", "quarter", "half_year", "year", "custom"),
    "subject": ("employee", "department", "company"), "scorecard": ("sales", "gone"),
    "indicator": ("revenue", "won", "gone"), "cursor": ("703", "deal:703"), "why": ("revenue",),
    "tab": ("counted", "not-counted", "changes"), "whose": ("employee-3", "company-0"),
    "sort": ("risk", "score", "name", "revenue"), "find": ("a",), "rows": ("30", "100000"), "stamp": ("x",),
    "version": ("x",), "actor": ("user:1",), "action": ("access",), "holder": ("employee-3", "department-2"),
    "reach": ("own", "all"), "name": ("n",), "scopes": ("read", "write"), "reason": ("r",), "take": ("article",),
    "country": ("RU",), "time_zone": ("UTC", "Europe/Moscow"), "week_start": ("0", "6"), "year_start": ("1", "13"),
    "lock_after_days": ("5",),
}  # fmt: skip
"""What our pages ask and send, by name."""


@st.composite
def fields(draw: Any) -> dict[str, str]:
    """Some of them, most with values that make sense."""
    names = draw(st.lists(st.sampled_from(sorted(KNOWN)), unique=True, max_size=7))
    return {name: draw(st.sampled_from(KNOWN[name]) | TEXTS) for name in names}


def often(examples: int) -> Any:
    quiet = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(derandomize=True, database=None, max_examples=examples, deadline=None, suppress_health_check=quiet)


def addresses(method: str) -> list[str]:
    return sorted({case.path for case in CASES.values() if case.method == method and case.path.startswith("/ui/")})


def told(answer: Any) -> str:
    return f"{answer.status_code} {answer.text[:300]}"


@often(120)
@given(path=st.sampled_from(addresses("GET")), query=fields(), who=st.sampled_from((ADMIN, HEAD, ANN)))
def test_no_page_fails_whatever_is_asked(here: Site, path: str, query: dict[str, str], who: int) -> None:
    answer = here.ask("GET", path, here.session(who), headers={"HX-Request": "true"}, query_string=query)
    assert answer.status_code < 500, told(answer)


@often(120)
@given(path=st.sampled_from(addresses("POST")), form=fields(), who=st.sampled_from((ADMIN, ADMIN, ANN)))
def test_no_form_fails_whatever_is_sent(here: Site, path: str, form: dict[str, str], who: int) -> None:
    if path == "/ui/session":
        answer = here.ask("POST", path, json=form)
    else:
        answer = here.ask("POST", path, here.session(who), headers={"HX-Request": "true"}, data=form)
    assert answer.status_code < 500, told(answer)


SHAPES = (
    "event", "ts", "code", "event_token", "auth", "auth[member_id]", "auth[application_token]", "auth[access_token]",
    "auth[server_endpoint]", "auth[expires_in]", "data", "data[FIELDS][ID]", "data[FIELDS]", "data[ID]", "data[CLEAN]",
    "document_id[0]", "document_id[2]", "document_id", "properties[value]", "properties[code][0]", "properties",
    "use_subscription", "AUTH_ID", "member_id", "REFRESH_ID", "AUTH_EXPIRES", "SERVER_ENDPOINT", "APPLICATION_TOKEN",
    "PLACEMENT", "PLACEMENT_OPTIONS", "[", "]", "a[", "a[b", "a[b]c", "a[][]", "[][x]",
)  # fmt: skip
VALUES = (
    "member1", EVENT_SECRET, *PEOPLE, "ONCRMDEALUPDATE", "ONAPPINSTALL", "ONAPPUPDATE", "ONAPPPAYMENT", "kpi_add",
    "https://oauth.example/rest/", "CRM_DEAL_DETAIL_TAB", '{"ID":"7"}', "[]", '{"ID":{"a":[1]}}', "DEAL_7", "Y", "N",
)  # fmt: skip
POSTS = st.lists(st.tuples(st.sampled_from(SHAPES) | st.text(max_size=8), st.sampled_from(VALUES) | TEXTS), max_size=10)


@pytest.fixture
def network() -> Iterator[responses.RequestsMock]:
    with outside() as found:
        yield found


@often(150)
@given(
    path=st.sampled_from(("/b24/app", "/b24/install", "/b24/event", "/b24/robot")),
    form=POSTS,
    query=st.lists(st.tuples(st.sampled_from(("DOMAIN", "LANG", "APP_SID", "x")), TEXTS), max_size=3),
    is_signed=st.booleans(),
)
def test_no_handler_of_bitrix24_fails_whatever_is_posted(
    here: Site, network: responses.RequestsMock, path: str, form: list[tuple[str, str]], query: Any, is_signed: bool
) -> None:
    signed = {"auth[member_id]": "member1", "auth[application_token]": EVENT_SECRET} if is_signed else {}
    answer = here.ask("POST", path, data={**dict(form), **signed}, query_string=dict(query))
    assert answer.status_code < 500, told(answer)
    db.session.rollback()


@often(60)
@given(body=st.recursive(st.none() | st.booleans() | st.integers() | TEXTS, lambda one: st.lists(one, max_size=3)
       | st.dictionaries(st.sampled_from(SHAPES) | TEXTS, one, max_size=3), max_leaves=8))  # fmt: skip
def test_no_handler_fails_on_any_json(here: Site, body: Any) -> None:
    for path in ("/b24/robot", "/ui/session"):
        answer = here.ask("POST", path, data=json.dumps(body), content_type="application/json")
        assert answer.status_code < 500, told(answer)


CALLS = [(case.method, name.removeprefix("api.")) for name, case in CASES.items() if name.startswith("api.")]
UNDOCUMENTED = {"openapi", "docs"}


@pytest.mark.parametrize("call", sorted({name for _method, name in CALLS} - UNDOCUMENTED))
def test_the_api_never_fails_and_answers_as_its_document_says(here: Site, call: str) -> None:
    """schemathesis makes requests of the OpenAPI document, right and wrong ones, and compares the answers with it."""
    document = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", here.app)
    operation = document.find_operation_by_id(call)
    headers = {"Authorization": f"Bearer {here.keys['first']}"}

    @often(8)
    @given(case=operation.as_strategy())
    def ask(case: schemathesis.Case) -> None:
        case.call_and_validate(
            headers=headers, checks=[not_a_server_error, response_schema_conformance, status_code_conformance]
        )
        db.session.rollback()

    ask()
