"""Calls, tasks, conversations and absences of the demo portal, as the real one tells of them (contract 7.7-7.10)."""

from dataclasses import replace
from typing import Any

import pytest

from b24app.demo import installation, work
from b24app.demo.server import create_portal
from b24app.demo.settings import DemoSettings
from b24app.demo.state import Portal
from b24app.lib import clock
from tests.demo.conftest import TODAY, Caller

METHODS = {
    "voximplant.statistic.get": "telephony",
    "tasks.task.list": "task",
    "imopenlines.session.history.get": "imopenlines",
    "calendar.accessibility.get": "calendar",
}


@pytest.fixture(scope="module")
def lived() -> Portal:
    """A portal with a diary."""
    return Portal(DemoSettings(deals=300, today=TODAY, event_workers=0, language="en"))


def test_some_hundred_of_each_lie_in_the_last_months(lived: Portal) -> None:
    calls, tasks = lived.calls.rows.values(), lived.tasks.rows.values()
    assert 500 < len(calls) < 2500
    assert 300 < len(tasks) < 1000
    assert 50 < len(lived.sessions) < 500
    todos = [row for row in lived.activities.rows.values() if row["PROVIDER_ID"] == "CRM_TODO"]
    assert 300 < len(todos) < 1000
    assert all((TODAY - row["CALL_START_DATE"].date()).days <= 90 for row in calls)
    codes = [row["CALL_FAILED_CODE"] for row in calls]
    assert codes.count("200") > codes.count("304") > 20
    late = [
        row for row in tasks if row.get("closedDate") and row.get("deadline") and row["closedDate"] > row["deadline"]
    ]
    assert 0 < len(late) < len(tasks) / 2


def test_a_call_of_the_statistics_hangs_on_its_activity(lived: Portal) -> None:
    linked = [row for row in lived.calls.rows.values() if row.get("CRM_ACTIVITY_ID")]
    activities = [lived.activities.rows[row["CRM_ACTIVITY_ID"]] for row in linked]
    assert all(one["TYPE_ID"] == 2 for one in activities)
    assert [one["START_TIME"] for one in activities] == [row["CALL_START_DATE"] for row in linked]


def test_a_conversation_is_found_by_its_activity(lived: Portal) -> None:
    rows = [row for row in lived.activities.rows.values() if row["PROVIDER_ID"] == "IMOPENLINES_SESSION"]
    assert [row["ASSOCIATED_ENTITY_ID"] for row in rows] == [one.id for one in lived.sessions]


@pytest.fixture
def rings(portal: Portal) -> Portal:
    """Sixty calls, every third of them missed."""
    for number in range(60):
        missed = number % 3 == 0
        work.ring(portal, 10, 2, "304" if missed else "200", 0 if missed else 60 + number)
    return portal


def test_calls_are_paged_by_fifty_and_read_by_keyset(rings: Portal, admin: Caller) -> None:
    first = admin("voximplant.statistic.get", FILTER={}, SORT="ID", ORDER="ASC")
    assert (len(first["result"]), first["total"], first["next"]) == (50, 60, 50)
    rest = admin("voximplant.statistic.get", FILTER={">ID": 50}, SORT="ID", ORDER="ASC", start=-1)
    assert [row["ID"] for row in rest["result"]] == [str(id) for id in range(51, 61)]
    assert "next" not in rest


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"CALL_FAILED_CODE": "304"}, 20),
        ({"!CALL_FAILED_CODE": "200"}, 20),
        ({"ID": [1, 7]}, 2),
        ({"><CALL_DURATION": [61, 62]}, 2),
        ({">=CALL_START_DATE": "2020-01-01T00:00:00+03:00"}, 60),
        ({"CALL_TYPE": 1}, 0),
    ],
)
def test_filters_of_calls(rings: Portal, admin: Caller, asked: dict[str, Any], found: int) -> None:
    assert admin("voximplant.statistic.get", FILTER=asked)["total"] == found


def test_a_row_of_the_statistics_is_text(rings: Portal, admin: Caller) -> None:
    row = admin.result("voximplant.statistic.get", FILTER={"ID": 2})[0]
    assert (row["PORTAL_USER_ID"], row["CALL_DURATION"], row["CALL_TYPE"], row["COST"]) == ("10", "61", "2", "0.0000")
    assert row["CALL_FAILED_CODE"] == "200"
    assert row["CRM_ACTIVITY_ID"]


def test_tasks_are_asked_in_upper_case_and_answered_in_camel_case(portal: Portal, admin: Caller) -> None:
    fields = {"TITLE": "Write", "RESPONSIBLE_ID": 10, "DEADLINE": "2026-11-24T19:00:00+03:00", "UF_CRM_TASK": ["D_1"]}
    task = admin.result("tasks.task.add", fields=fields)["task"]
    select = ["ID", "STATUS", "RESPONSIBLE_ID", "DEADLINE", "CLOSED_DATE", "UF_CRM_TASK"]
    listed = admin("tasks.task.list", filter={"RESPONSIBLE_ID": 10}, order={"ID": "ASC"}, select=select)
    assert listed["result"]["tasks"] == [
        {"id": task["id"], "status": "2", "responsibleId": "10", "deadline": "2026-11-24T19:00:00+03:00",
         "closedDate": None, "ufCrmTask": ["D_1"]}
    ]  # fmt: skip
    admin("tasks.task.complete", taskId=task["id"])
    got = admin.result("tasks.task.get", taskId=task["id"], select=["ID", "STATUS", "CLOSED_DATE"])["task"]
    assert got["status"] == "5"
    assert got["closedDate"]
    assert admin("tasks.task.list", filter={"REAL_STATUS": [2, 3]})["total"] == 0


def test_a_task_list_knows_what_it_cannot_be_sorted_by(admin: Caller) -> None:
    answer = admin.raw("tasks.task.list", order={"NOBODY": "ASC"})
    assert (answer.status_code, answer.get_json()["error"]) == (400, "0")


def test_events_of_tasks_name_nothing_as_undefined(portal: Portal, admin: Caller, listener: Any) -> None:
    for event in ("ONTASKADD", "ONTASKDELETE"):
        admin("event.bind", event=event, handler=listener.url)
    id = admin.result("tasks.task.add", fields={"TITLE": "Write"})["task"]["id"]
    admin("tasks.task.delete", taskId=id)
    posts = {post["event"]: post["data"] for post in listener.wait(2)}
    assert (posts["ONTASKADD"]["FIELDS_BEFORE"], posts["ONTASKADD"]["FIELDS_AFTER"]) == ("undefined", {"ID": id})
    assert (posts["ONTASKDELETE"]["FIELDS_BEFORE"], posts["ONTASKDELETE"]["FIELDS_AFTER"]) == ({"ID": id}, "undefined")


def test_the_end_of_a_call_is_told_without_fields(portal: Portal, admin: Caller, listener: Any) -> None:
    admin("event.bind", event="ONVOXIMPLANTCALLEND", handler=listener.url)
    row = work.ring(portal, 10, 1, "200", 95)
    data = listener.wait(1)[0]["data"]
    assert (data["CALL_ID"], data["CALL_DURATION"], data["PORTAL_USER_ID"]) == (row["CALL_ID"], "95", "10")


def test_a_conversation_comes_as_a_map_of_messages(lived: Portal, client: Any, admin: Caller, portal: Portal) -> None:
    portal.sessions = lived.sessions
    session = lived.sessions[0]
    told = admin.result("imopenlines.session.history.get", SESSION_ID=session.id)
    assert list(told["message"]) == [str(one.id) for one in reversed(session.messages)]
    assert told["users"][str(session.client)]["connector"]
    assert told["chat"][str(session.chat_id)]["entityData1"].split("|")[5] == str(session.id)
    for asked, code in ({}, "MISSING_REQUIRED_PARAM"), ({"SESSION_ID": 1}, "ACCESS_DENIED"):
        answer = admin.raw("imopenlines.session.history.get", **asked)
        assert (answer.status_code, answer.get_json()["error"]) == (400, code)


def test_whole_days_away_and_hours_that_are_busy(lived: Portal, admin: Caller, portal: Portal) -> None:
    portal.absences = lived.absences
    leave = next(one for one in lived.absences if one.skip_time)
    asked = {"users": [leave.user, 1], "from": leave.begin.date().isoformat(), "to": "2027-12-31"}
    told = admin.result("calendar.accessibility.get", **asked)
    first = told[str(leave.user)][0]
    assert (first["ACCESSIBILITY"], first["DT_SKIP_TIME"]) == ("absent", "Y")
    assert first["DATE_FROM_TS_UTC"] == str(int(leave.begin.timestamp()))
    assert told["1"] == []
    assert admin.raw("calendar.accessibility.get", users=[1]).status_code == 400


@pytest.mark.parametrize("name", METHODS)
def test_without_the_scope_the_method_says_so(name: str) -> None:
    settings = DemoSettings(deals=1, activities=False, today=TODAY, language="en", strict_limits=False)
    left = tuple(scope for scope in settings.scopes if scope != METHODS[name])
    client = create_portal(replace(settings, scopes=left)).test_client()
    state: Portal = client.application.extensions["demo_portal"]
    installation.install(state)
    answer = Caller(client, state.tokens.issue(1, clock.now()).access).raw(name)
    assert (answer.status_code, answer.get_json()["error"]) == (403, "insufficient_scope")
