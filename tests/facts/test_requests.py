"""A mapping and a record make a request (semantics 4, 4.4): tables of cases, without a database."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from b24app.facts.requests.rules import Record, RequestFact, RequestMapping, WorkingTime, request_of
from b24app.periods.rules import Calendar, Hours, Settings

ANN, BOB = 7, 8
TIME = WorkingTime(Calendar(), Settings("UTC"))
BY_FIELDS = RequestMapping(
    code="help",
    number=3,
    entity="deal",
    responded="ufCrm_1",
    resolved="ufCrm_2",
    rating="ufCrm_3",
    rated="ufCrm_4",
)
BY_STAGES = RequestMapping(
    code="help", number=0, entity="deal", responded_stages=("WORK", "DONE"), resolved_stages=("DONE", "CLOSED")
)


def at(moment: str) -> int:
    return int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp())


CREATED = at("2024-05-17T12:00")  # a Friday
HOUR = 3600


def record(**known: Any) -> Record:
    columns: dict[str, Any] = {
        "entity": "deal",
        "id": 5,
        "title": "It does not print",
        "category_id": 2,
        "stage_id": "NEW",
        "responsible_id": ANN,
        "created_by_id": BOB,
        "created_at": CREATED,
        "updated_at": CREATED + 9 * HOUR,
        "moved_at": CREATED + 8 * HOUR,
        "read_at": CREATED + 9 * HOUR,
    }
    return Record(**columns | known)


def made(record: Record, mapping: RequestMapping = BY_FIELDS) -> RequestFact:
    found = request_of(record, mapping, TIME)
    assert found is not None
    return found


def test_fields_say_when_and_how_well() -> None:
    instants = {"ufCrm_1": CREATED + HOUR, "ufCrm_2": CREATED + 5 * HOUR, "ufCrm_4": CREATED + 6 * HOUR}
    found = made(record(instants=instants, numbers={"ufCrm_3": 4_000_000}))
    assert (found.id, found.record_id, found.responsible_id) == (503, 5, ANN)
    assert (found.seconds_to_response, found.resolved_at, found.rating, found.rated_at) == (
        HOUR, CREATED + 5 * HOUR, 4_000_000, CREATED + 6 * HOUR,
    )  # fmt: skip


def test_without_a_date_of_its_own_a_rating_is_of_the_resolution() -> None:
    assert made(record(instants={"ufCrm_2": 99}, numbers={"ufCrm_3": 1})).rated_at == 99
    assert made(record(instants={"ufCrm_2": 99, "ufCrm_4": 98})).rated_at is None
    assert made(record(numbers={"ufCrm_3": 1})).rated_at is None


@pytest.mark.parametrize(
    ("answered", "seconds"),
    [(None, None), (CREATED - 1, None), (CREATED, 0), (CREATED + 90, 90)],
)
def test_an_answer_before_the_creation_has_no_time(answered: int | None, seconds: int | None) -> None:
    found = made(record(instants={} if answered is None else {"ufCrm_1": answered}))
    assert found.first_response_at == answered
    assert found.seconds_to_response == seconds
    assert (found.seconds_working is None) == (seconds is None)


def test_the_first_answer_is_the_first_entry_into_a_stage_and_resolved_is_the_present_stay() -> None:
    moves = [("NEW", 1), ("WORK", CREATED + 10), ("DONE", CREATED + 20), ("WORK", CREATED + 30),
             ("DONE", CREATED + 40), ("CLOSED", CREATED + 50)]  # fmt: skip
    found = made(record(stage_id="CLOSED", moves=moves), BY_STAGES)
    assert (found.first_response_at, found.resolved_at) == (CREATED + 10, CREATED + 40)


def test_a_reopened_request_is_not_resolved() -> None:
    moves = [("DONE", CREATED + 20), ("WORK", CREATED + 30)]
    assert made(record(stage_id="WORK", moves=moves), BY_STAGES).resolved_at is None


@pytest.mark.parametrize(("moved_at", "expected"), [(CREATED + 8, CREATED + 8), (None, CREATED + 9 * HOUR)])
def test_without_history_a_request_was_resolved_when_it_last_moved(moved_at: int | None, expected: int) -> None:
    assert made(record(stage_id="DONE", moved_at=moved_at), BY_STAGES).resolved_at == expected


@pytest.mark.parametrize(("owner", "whose"), [("responsible", ANN), ("created_by", BOB), ("ufCrm_9", 9)])
def test_it_counts_for_whom_the_mapping_says(owner: str, whose: int) -> None:
    assert made(record(refs={"ufCrm_9": 9}), replace(BY_FIELDS, owner=owner)).responsible_id == whose


def test_other_funnels_and_records_without_the_date_of_creation_are_no_requests() -> None:
    assert request_of(record(), replace(BY_FIELDS, category_ids=(1,)), TIME) is None
    assert request_of(record(), replace(BY_FIELDS, created="ufCrm_5"), TIME) is None
    assert made(record(instants={"ufCrm_5": 77}), replace(BY_FIELDS, created="ufCrm_5")).created_at == 77


def test_a_mapping_names_what_has_to_be_read() -> None:
    mapping = replace(BY_FIELDS, created="ufCrm_5", owner="ufCrm_9")
    assert mapping.fields == {f"ufCrm_{number}" for number in (1, 2, 3, 4, 5, 9)}
    assert BY_STAGES.fields == frozenset()


@pytest.mark.parametrize(
    ("answered", "hours"),
    [
        ("2024-05-17T13:30", 1.5),
        ("2024-05-17T23:00", 6),  # Friday until 18:00
        ("2024-05-19T12:00", 6),  # Sunday
        ("2024-05-20T10:00", 7),  # Monday, a day off below
    ],
)
def test_the_working_clock_stands_still_at_night_and_on_days_off(answered: str, hours: float) -> None:
    found = made(record(instants={"ufCrm_1": at(answered)}))
    assert found.seconds_working == hours * HOUR
    holiday = WorkingTime(Calendar(days_off=frozenset({date(2024, 5, 20)})), Settings("UTC"))
    off = request_of(record(instants={"ufCrm_1": at(answered)}), replace(BY_FIELDS, hours=Hours(0, 1440)), holiday)
    assert off is not None
    assert (off.seconds_working or 0) <= 12 * HOUR
