"""Tenants are kept apart: a stranger gets nothing from any address, and no table is forgotten when one is erased."""

import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask

from b24app.lib.db import Base
from tests.databases import tables
from tests.scores.world import ANN, BOB, OTHER, PORTAL
from tests.security.world import ADMIN, EVENT_SECRET, FILE, JOB, MARK, STRANGER, Site, everything_of

gate = pytest.mark.databases("sqlite")
"""Who has no key is turned away before any database is asked."""

MONTH = {"period": "month", "start": "2026-11-01"}
NUMBER = {"scorecard": "sales", "indicator": "revenue", "subject": "employee", "subject_id": str(ANN), **MONTH}
EVENT = {"event": "ONCRMDEALUPDATE", "data[FIELDS][ID]": "7", "auth[member_id]": "member1",
         "auth[application_token]": "application-token-of-the-second"}  # fmt: skip
TARGET = {
    "scorecard": "sales", "indicator": "revenue", "subject": {"type": "employee", "id": ANN}, "target": 1, **MONTH
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """How the address is asked for what belongs to the first portal."""

    path: str
    method: str = "GET"
    sent: dict[str, Any] = field(default_factory=dict)


def get(path: str, **query: Any) -> Case:
    return Case(path, sent={"query_string": query} if query else {})


def post(path: str, **form: Any) -> Case:
    return Case(path, "POST", {"data": form})


def sends(method: str, path: str, body: Any) -> Case:
    return Case(path, method, {"json": body})


CASES: dict[str, Case] = {
    "static": get("/static/app.css"),
    "install.install": post("/b24/install", AUTH_ID="x" * 2000, member_id="member1"),
    "install.progress": get(f"/ui/install/{JOB}"),
    "install.again": post("/ui/install"),
    "placements.app": post("/b24/app", AUTH_ID="x" * 2000, member_id="member1"),
    "events.event": post("/b24/event", **EVENT),
    "robots.robot": post("/b24/robot", code="kpi_add", event_token="t|1", **EVENT),
    "robot_settings.page": post("/b24/robot-settings", AUTH_ID="x" * 2000, member_id="member1"),
    "session.renew": sends("POST", "/ui/session", {"access_token": "x" * 2000, "member_id": "member1"}),
    "dashboards.home": get("/ui/"),
    "dashboards.my": get("/ui/my", subject="employee", subject_id=ANN, **MONTH),
    "dashboards.team": get("/ui/team", department=2, scorecard="sales", **MONTH),
    "dashboards.company": get("/ui/company", scorecard="sales", **MONTH),
    "dashboards.why": get("/ui/why", **NUMBER),
    "dashboards.deal": get(f"/ui/deal/{700 + ANN}"),
    "dashboards.client": get("/ui/company/900"),
    "dashboards.lead": get("/ui/lead/900"),
    "dashboards.start": get("/ui/start"),
    "dashboards.sync": get("/ui/sync"),
    "periods.late": get("/ui/periods/late", **NUMBER),
    "periods.lock": post("/ui/periods/lock", scorecard="sales", period="month", start="2026-10-01"),
    "periods.unlock": post("/ui/periods/unlock", scorecard="sales", period="month", start="2026-10-01", reason="x"),
    "scorecards.listing": get("/ui/scorecards"),
    "scorecards.scorecard": get("/ui/scorecards/sales"),
    "scorecards.numbers": post("/ui/scorecards/sales/numbers", take="article"),
    "indicators.page": get("/ui/scorecards/sales/indicator"),
    "indicators.save": post("/ui/scorecards/sales/indicator", metric="calls", name="x", weight="1"),
    "data.page": get("/ui/data"),
    "credit_fields.page": get("/ui/settings/credit"),
    "credit_fields.save": post("/ui/settings/credit", person_0="ufCrm_1", percent_0="40"),
    "credits.page": get("/ui/credits/deal/707"),
    "credits.save": post("/ui/credits/deal/707", person_0=ANN, percent_0="100", reason="x"),
    "credits.join": post("/ui/credits/deal/707/join", reason="x"),
    "credits.undo": post("/ui/credits/deal/707/undo", reason="x"),
    "data.entry": get("/ui/data/entries/1"),
    "data.correct": post("/ui/data/entries/1/correct", value="5", reason="x"),
    "data.undo": post("/ui/data/entries/1/undo", reason="x"),
    "data.approve": post("/ui/data/entries/1/approve"),
    "data.refuse": post("/ui/data/entries/1/refuse"),
    "data.enter": get("/ui/data/enter"),
    "data.save": post("/ui/data/enter", code="visit", day="2026-11-10", **{f"employee-{BOB}": "1"}),
    "data.kinds": get("/ui/data/kinds"),
    "data.save_kind": post("/ui/data/kinds", code="visit", name="x", limit="x"),
    "data.save_limit": post("/ui/data/kinds/limits", limit="x"),
    "imports.page": get("/ui/data/import"),
    "imports.take": post("/ui/data/import"),
    "imports.file": get(f"/ui/data/import/{FILE}"),
    "imports.relayout": post(f"/ui/data/import/{FILE}/layout", encoding="utf-8"),
    "imports.check": post(f"/ui/data/import/{FILE}/check", **{"column-0": "day"}),
    "imports.say_who": post(f"/ui/data/import/{FILE}/people", **{"text-1": "x", "whom-1": ANN}),
    "imports.begin": post(f"/ui/data/import/{FILE}/begin"),
    "imports.undo": post(f"/ui/data/import/{FILE}/undo", reason="x"),
    "imports.forget": post(f"/ui/data/import/{FILE}/forget"),
    "templates.listing": get("/ui/templates"),
    "templates.take": post("/ui/templates/support", department=2),
    "sources.page": get("/ui/settings/sources"),
    "sources.mapping": get("/ui/settings/sources/requests/help"),
    "sources.save": post("/ui/settings/sources/requests/help", name="x", hours_from="09:00", hours_to="18:00"),
    "sources.remove": post("/ui/settings/sources/requests/help/remove"),
    "settings.calendar": get("/ui/settings/calendar"),
    "settings.save": post("/ui/settings/calendar", time_zone="UTC"),
    "settings.set_day": post("/ui/settings/calendar/days", day="2026-11-04", working="no", name="x"),
    "settings.forget_day": post("/ui/settings/calendar/days/forget", day="2026-11-03"),
    "settings.set_absence": post("/ui/settings/calendar/absences", employee=ANN, first="2026-11-03", last="2026-11-04"),
    "settings.forget_absence": post("/ui/settings/calendar/absences/forget", employee=900, first="2026-11-03"),
    "settings.check": get("/ui/settings/check"),
    "notifications.page": get("/ui/settings/notifications"),
    "notifications.save": post("/ui/settings/notifications", workflow="x"),
    "notifications.workflows": get("/ui/settings/notifications/workflows"),
    "notifications.set_webhook": post("/ui/settings/notifications/webhook", url="https://169.254.169.254/"),
    "notifications.new_secret": post("/ui/settings/notifications/webhook/secret"),
    "notifications.forget_webhook": post("/ui/settings/notifications/webhook/forget"),
    "notifications.send_test": post("/ui/settings/notifications/webhook/test"),
    "recognition.given": get(f"/ui/badges/{ANN}"),
    "recognition.give": post(f"/ui/badges/{ANN}/give", badge="star", comment="x"),
    "recognition.revoke": post(f"/ui/badges/{ANN}/revoke", badge="star", period="month", start="2026-11-01"),
    "health.health": get("/ui/settings/health"),
    "health.tell_again": post("/ui/settings/health/tell-again", id=1),
    "health.count_again": post("/ui/settings/health/count-again", id=1),
    "health.retry": post("/ui/settings/health/retry", id=1),
    "access.page": get("/ui/settings/access"),
    "access.give_role": post("/ui/settings/access/role", holder=f"employee-{ANN}", reach="all"),
    "access.take_role": post("/ui/settings/access/role/take", holder="employee-900"),
    "access.delegate": post("/ui/settings/access/deputy", absent=1, deputy=ANN, first="2026-11-01", last="2026-11-30"),
    "access.end_delegation": post("/ui/settings/access/deputy/end", absent=900, deputy=900),
    "calls.page": get("/ui/settings/calls"),
    "calls.choose": post("/ui/settings/calls", source="telephony", day=""),
    "keys.page": get("/ui/settings/tokens"),
    "keys.create": post("/ui/settings/tokens", name="", scopes="read"),
    "keys.revoke": post("/ui/settings/tokens/revoke", id=1),
    "audit.page": get("/ui/settings/audit"),
    "api.portal": get("/api/v1/portal"),
    "api.employees": get("/api/v1/employees"),
    "api.departments": get("/api/v1/departments"),
    "api.metrics": get("/api/v1/metrics"),
    "api.entries": get("/api/v1/entries"),
    "api.post_entries": sends(
        "POST", "/api/v1/entries", [{"code": "x", "kind": "add", "value": 1, "key": "k", "employee_id": ANN}]
    ),
    "api.undo_entry": post("/api/v1/entries/1/undo"),
    "api.credit": get("/api/v1/credits/deal/707"),
    "api.put_credit": sends("PUT", "/api/v1/credits/deal/707", {"shares": [{"employee_id": ANN, "percent": 100}]}),
    "api.delete_credit": Case("/api/v1/credits/deal/707", "DELETE"),
    "api.explain": get("/api/v1/explain", **NUMBER),
    "api.not_counted": get("/api/v1/not-counted", **NUMBER),
    "api.results": get("/api/v1/results", **MONTH),
    "api.scores": get("/api/v1/scores", **MONTH),
    "api.openapi": get("/api/v1/openapi.json"),
    "api.docs": get("/api/v1/docs"),
    "api.periods": get("/api/v1/periods"),
    "api.lock_period": sends("POST", "/api/v1/periods/lock", {**MONTH, "scorecard": "sales"}),
    "api.unlock_period": sends("POST", "/api/v1/periods/unlock", {**MONTH, "scorecard": "sales", "reason": "x"}),
    "api.late_changes": get("/api/v1/late-changes", **NUMBER),
    "api.changes": get("/api/v1/changes", **NUMBER),
    "api.scorecards": get("/api/v1/scorecards"),
    "api.scorecard": get("/api/v1/scorecards/sales"),
    "api.put_scorecard": sends("PUT", "/api/v1/scorecards/sales", {}),
    "api.delete_scorecard": Case("/api/v1/scorecards/sales", "DELETE"),
    "api.targets": get("/api/v1/targets"),
    "api.put_targets": sends("PUT", "/api/v1/targets", [TARGET]),
    "api.recompute": sends("POST", "/api/v1/recompute", MONTH),
    "api.job": get(f"/api/v1/jobs/{JOB}"),
    "ops.healthz": get("/healthz"),
    "ops.readyz": get("/readyz"),
    "ops.metrics": get("/metrics"),
    "ops.home": get("/"),
}
"""One for every address of the application; a test fails for one that has none."""

PUBLIC = {"static", "placements.app", "api.openapi", "api.docs", "ops.healthz", "ops.readyz", "ops.metrics", "ops.home"}
"""Answered to anybody, with nothing of any portal."""


def ask(here: Site, name: str, token: str | None) -> Any:
    case = CASES[name]
    headers = {"HX-Request": "true"} if token and case.path.startswith("/ui/") else {}
    return here.ask(case.method, case.path, token, headers=headers, **case.sent)


def test_every_address_has_a_case(here: Site) -> None:
    assert {rule.endpoint for rule in here.app.url_map.iter_rules()} == CASES.keys()


def test_every_case_asks_its_own_address(here: Site) -> None:
    for name, case in CASES.items():
        found = here.app.url_map.bind("kpi.example", url_scheme="https").match(case.path, case.method)
        assert found[0] == name


@pytest.mark.parametrize("name", CASES)
def test_a_stranger_gets_nothing_and_changes_nothing(here: Site, name: str) -> None:
    """She is the administrator of another portal and names what belongs to the first one."""
    before = everything_of(PORTAL)
    token = here.keys["second"] if CASES[name].path.startswith("/api/") else here.session(STRANGER, OTHER)
    answer = ask(here, name, token)
    assert answer.status_code < 500 or name == "ops.readyz"
    assert MARK not in answer.text
    assert everything_of(PORTAL) == before


@gate
@pytest.mark.parametrize("name", CASES)
def test_nobody_gets_nothing(here: Site, name: str) -> None:
    """Without any token: a page without data, or a refusal."""
    before = everything_of(PORTAL), everything_of(OTHER)
    answer = ask(here, name, None)
    assert MARK not in answer.text
    assert answer.status_code < 500 or name == "ops.readyz"
    if name not in PUBLIC and CASES[name].method != "GET":
        assert 400 <= answer.status_code < 500
    assert (everything_of(PORTAL), everything_of(OTHER)) == before


@gate
@pytest.mark.parametrize("name", CASES)
def test_no_answer_sets_a_cookie_and_each_says_what_a_browser_may_do_with_it(here: Site, name: str) -> None:
    answer = ask(here, name, here.session(ANN) if CASES[name].path.startswith("/ui/") else None)
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "X-Frame-Options" not in answer.headers


@pytest.mark.parametrize(
    "name", [name for name in CASES if CASES[name].path.startswith("/ui/settings") or name == "install.again"]
)
def test_settings_are_for_administrators(here: Site, name: str) -> None:
    before = everything_of(PORTAL)
    answer = ask(here, name, here.session(ANN))
    assert answer.status_code == 403
    assert "Only an administrator" in answer.text
    assert everything_of(PORTAL) == before


def test_the_first_portal_sees_its_own(here: Site) -> None:
    """The marks are there to be found: without this the tests above would say nothing."""
    for name, token in (("dashboards.my", here.session(ANN)), ("dashboards.team", here.session(ADMIN)),
                        ("dashboards.company", here.session(ADMIN)), ("dashboards.why", here.session(ANN)),
                        ("dashboards.deal", here.session(ANN)), ("api.employees", here.keys["first"]),
                        ("scorecards.scorecard", here.session(ADMIN)), ("settings.calendar", here.session(ADMIN)),
                        ("access.page", here.session(ADMIN)), ("audit.page", here.session(ADMIN)),
                        ("keys.page", here.session(ADMIN)), ("api.explain", here.keys["first"]),
                        ("data.page", here.session(ADMIN)), ("data.enter", here.session(ADMIN)),
                        ("imports.page", here.session(ADMIN)), ("imports.file", here.session(ADMIN)),
                        ("install.progress", here.session(ADMIN)), ("api.scorecard", here.keys["first"])):  # fmt: skip
        assert MARK in ask(here, name, token).text, name


def test_an_event_with_the_right_secret_is_taken(here: Site) -> None:
    """And is the only thing that tells it from the stranger's in the cases."""
    form = {**EVENT, "event": "ONCRMNOTHING", "auth[application_token]": EVENT_SECRET}
    assert here.ask("POST", "/b24/event", data=form).status_code == 200


def test_every_table_is_a_tenants() -> None:
    """Whatever is stored goes with its portal: lib.db.erase takes every table that has `portal_id`."""
    without = {table.name for table in tables().sorted_tables if "portal_id" not in table.c}
    assert without == {"portal"}


def test_every_index_of_a_tenants_table_begins_with_the_tenant() -> None:
    """But those of keys that are found before anybody knows whose they are."""
    found_first = {"ix_api_token_portal_id", "uq_api_token_fingerprint"}
    for table in Base.metadata.sorted_tables:
        for index in table.indexes:
            if "portal_id" in table.c and index.name not in found_first:
                assert next(iter(index.columns)).name == "portal_id", index.name


def test_what_is_about_all_tenants_is_a_short_list() -> None:
    """Each place that steps over the fence between tenants, by file: whoever adds one has to say why here."""
    from b24app.lib.paths import PACKAGE

    found = {
        str(file.relative_to(PACKAGE)): len(re.findall(r"across_tenants\(", file.read_text("utf-8")))
        for file in PACKAGE.rglob("*.py")
    }
    assert {name: count for name, count in found.items() if count} == ACROSS


ACROSS = {
    "lib/tenancy.py": 1,  # what it is
    "lib/db.py": 2,  # new keys for all secrets: read, write
    "portal/connection.py": 2,  # the REST log: of a portal by its name, and of all portals it is kept three days
    "portal/jobs.py": 2,  # jobs that the queue lost are taken up again, and those that ended long ago forgotten
    "portal/api_tokens.py": 1,  # whose token is it?
    "ingest/queries.py": 4,  # in whose inbox does anything wait? how much is there altogether?
    "outcomes/notifications/queries.py": 1,  # how much is to be told altogether?
    "outcomes/notifications/outbox.py": 1,  # of whom is anything to be told?
    "jobs/robots.py": 1,  # which robots were not answered?
    "jobs/sync.py": 1,  # inbox rows that were worked off long ago go
}


def test_a_session_is_of_one_portal_only(here: Site) -> None:
    """The number of a portal may be given again; its name is not."""
    forged = here.session(ADMIN, PORTAL, member="member2")
    assert here.ask("GET", "/ui/my", forged, headers={"HX-Request": "true"}).status_code == 401


def test_the_app_has_no_route_of_another_frame(here: Site) -> None:
    """Flask's own static folder is the only address that no view of ours answers."""
    assert isinstance(here.app, Flask)
    assert [name for name in here.app.view_functions if "." not in name] == ["static"]
