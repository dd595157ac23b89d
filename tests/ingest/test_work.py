"""Calls, tasks and conversations as Bitrix24 writes them -> drafts."""

from typing import Any

import pytest

from b24app.bitrix.lister import chain
from b24app.ingest.events import UnreadableEvent, news
from b24app.ingest.sources import calls, open_lines, tasks

CALL: dict[str, Any] = {
    "ID": "7",
    "PORTAL_USER_ID": "1269",
    "PHONE_NUMBER": "19061234568",
    "CALL_DURATION": "95",
    "CALL_START_DATE": "2026-03-10T11:19:38+01:00",
    "CALL_FAILED_CODE": "200",
    "CRM_ACTIVITY_ID": "7943",
    "CALL_TYPE": "2",
}


def test_a_call() -> None:
    draft = calls.translate(CALL)
    assert (draft.id, draft.direction, draft.answered, draft.seconds) == (7, "in", True, 95)
    assert (draft.responsible_id, draft.activity_id) == (1269, 7943)
    assert draft.completed_at - draft.start_at == 95


@pytest.mark.parametrize(
    ("kind", "way"), [("1", "out"), ("2", "in"), ("3", "in"), ("4", "out"), ("5", None), ("", None)]
)
def test_directions_of_calls(kind: str, way: str | None) -> None:
    assert calls.translate({**CALL, "CALL_TYPE": kind}).direction == way


@pytest.mark.parametrize("code", ["304", "603-S", "603", "OTHER", "", None])
def test_only_200_is_answered(code: str | None) -> None:
    assert not calls.translate({**CALL, "CALL_FAILED_CODE": code}).answered


def test_statistics_are_asked_with_two_words_and_tasks_by_the_name_of_their_id() -> None:
    _method, asked = calls.listing.page({"ID": [7]})
    assert asked == {"FILTER": {"ID": [7]}, "SORT": "ID", "ORDER": "ASC", "start": -1}
    listing = tasks.listing
    pages = list(chain(listing.params, "id", "tasks", False, 5, 2, listing.asked_id, listing.ask))
    assert [page["filter"] for page in pages] == [{">ID": 5}, {">ID": "$result[p0][tasks][49][id]"}]
    assert {tuple(page["order"]) for page in pages} == {("ID",)}


TASK = {
    "id": "8017",
    "title": "Task",
    "status": "5",
    "groupId": "0",
    "responsibleId": "547",
    "createdBy": "503",
    "createdDate": "2025-06-04T16:15:55+02:00",
    "changedDate": "2025-06-05T16:15:55+02:00",
    "deadline": "2025-10-24T19:00:00+02:00",
    "closedDate": "2025-06-05T16:15:55+02:00",
}


@pytest.mark.parametrize(("status", "done"), [("2", False), ("3", False), ("4", False), ("5", True), ("6", False)])
def test_a_task(status: str, done: bool) -> None:
    draft = tasks.translate({**TASK, "status": status})
    assert (draft.id, draft.done, draft.responsible_id, draft.group_id) == (8017, done, 547, None)


@pytest.mark.parametrize(
    ("before", "after", "key"),
    [("undefined", {"ID": 123}, "123"), ({"ID": "123"}, {"ID": "123"}, "123"), ({"ID": "123"}, "undefined", "123")],
)
def test_events_of_tasks_name_them_on_either_side(before: Any, after: Any, key: str) -> None:
    found = news("OnTaskUpdate", {"FIELDS_BEFORE": before, "FIELDS_AFTER": after})
    assert found is not None
    assert (found.entity, found.key) == ("task", key)
    with pytest.raises(UnreadableEvent):
        news("ONTASKADD", {"FIELDS_BEFORE": "undefined", "FIELDS_AFTER": "undefined"})


USERS = {
    "103": {"id": "103", "connector": False, "bot": False},
    "587": {"id": "587", "connector": True},
    "9": {"id": "9", "bot": True, "connector": False},
}


def said(*messages: tuple[str, str]) -> dict[str, Any]:
    rows = {str(n): {"senderid": who, "date": f"2026-03-11T{at}+01:00"} for n, (who, at) in enumerate(messages)}
    return {"users": USERS, "message": rows, "chat": {"1763": {"entityId": "livechat|22|1761|587"}}}


@pytest.mark.parametrize(
    ("messages", "waited"),
    [
        ([("103", "13:02:00"), ("587", "13:00:00")], 120),
        ([("587", "13:00:00"), ("9", "13:00:01"), ("0", "13:00:02"), ("103", "13:10:00"), ("103", "14:00:00")], 600),
        ([("587", "13:00:00"), ("9", "13:00:01")], None),
        ([("103", "12:59:00"), ("587", "13:00:00")], -60),
        ([("103", "13:00:00")], None),
        ([], None),
    ],
)
def test_the_first_answer_is_a_person_s(messages: list[tuple[str, str]], waited: int | None) -> None:
    row = {"ID": "5", "ASSOCIATED_ENTITY_ID": "321", "CREATED": "2026-03-11T12:00:00+01:00", "COMPLETED": "Y"}
    draft = open_lines.translate({**row, "history": said(*messages)})
    assert (draft.session_id, draft.line, draft.is_read) == (321, "22", True)
    answered = draft.first_response_at
    assert (None if answered is None else answered - draft.created_at) == waited


def test_a_conversation_closed_to_us_keeps_the_times_of_its_activity() -> None:
    row = {"ID": "5", "ASSOCIATED_ENTITY_ID": "321", "CREATED": "2026-03-11T12:00:00+01:00", "COMPLETED": "N"}
    draft = open_lines.translate({**row, "history": None})
    assert (draft.is_read, draft.first_response_at, draft.line) == (False, None, "")
    assert draft.created_at == draft.updated_at
