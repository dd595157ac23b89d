"""Robot calls from the inbox to the workflow's answer: counted once, answered once, whatever happens in between."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from redis import Redis
from rq import Queue
from sqlalchemy import select

from b24app import pipeline
from b24app.bitrix.errors import AccessDenied, Unreachable
from b24app.facts.rules import DealDraft
from b24app.facts.tables import Entry
from b24app.ingest.sources.base import Reading
from b24app.ingest.tables import Inbox, SyncCursor
from b24app.jobs import inbox as inbox_jobs
from b24app.jobs import outbox, robots
from b24app.lib import clock
from b24app.lib.db import db, write
from b24app.lib.i18n import language
from b24app.outcomes.notifications.tables import Notification
from b24app.outcomes.recognition.tables import Award
from b24app.portal import operations as portals
from b24app.portal.access.queries import GIVEN
from b24app.portal.access.tables import Role
from b24app.portal.tables import Portal
from b24app.scorecards import documents
from b24app.scorecards import operations as scorecards
from tests.facts.samples import deal as make_deal
from tests.web.api.conftest import HEAD, NOW, SCORECARD, SELLER, deal, make_portal

TOKEN = "66aa00000000a1.00000001|A10000_20000_30000_40000|SECRET.0000"


@dataclass
class FakeWorkflows:
    """The portal's side of bizproc.event.send: a token answers once."""

    problem: Exception | None = None
    silent: bool = False
    """Notifications are not taken."""
    told: list[dict[str, Any]] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)

    def call(self, method: str, params: dict[str, Any]) -> bool:
        assert method == "bizproc.event.send"
        assert not db.session().in_transaction(), "no transaction is open while the portal is asked"
        if self.problem:
            raise self.problem
        if any(answer["EVENT_TOKEN"] == params["EVENT_TOKEN"] for answer in self.answers):
            raise AccessDenied("Access denied!", code="ACCESS_DENIED")
        self.answers.append(params)
        self.languages.append(language())
        return True

    def batch_lenient(self, commands: dict[str, Any]) -> dict[str, Any]:
        assert not db.session().in_transaction(), "no transaction is open while the portal is asked"
        if self.silent:
            raise Unreachable("The portal does not answer.")
        self.told += [params for _method, params in commands.values()]
        return {key: 500 + place for place, key in enumerate(commands, len(self.told))}


@pytest.fixture(autouse=True)
def now() -> Iterator[Any]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def portal_id(app: Flask) -> int:
    """The seller has won one deal of four: 25 % of weight 35; revenue is as good as nothing."""
    id = make_portal("acme")
    with write() as session:
        scorecards.save(id, documents.parse(SCORECARD), "system", NOW)
        session.add(deal(id, 12, amount=0))
        session.add(SyncCursor(portal_id=id, source="backfill", complete=True, position={}))
        session.flush()
        pipeline.recompute_open(id, NOW)
    return id


@pytest.fixture
def workflows(monkeypatch: pytest.MonkeyPatch) -> FakeWorkflows:
    fake = FakeWorkflows()
    monkeypatch.setattr(portals, "connect", lambda portal_id: fake)
    return fake


def arrive(
    portal_id: int,
    code: str,
    properties: dict[str, Any],
    document: str = "DEAL_12",
    waits: bool = True,
    token: str = TOKEN,
) -> int:
    """Puts a call into the inbox, as the view that receives it does."""
    payload = {"code": code, "document": ["crm", "CCrmDocument", document], "properties": properties, "waits": waits}
    arrived_at = clock.epoch(clock.now()) * 1_000_000
    with write() as session:
        row = Inbox(portal_id=portal_id, entity="robot", key=token, payload=payload, arrived_at=arrived_at)
        session.add(row)
    return row.id


def inbox(id: int) -> Inbox:
    return db.session.get_one(Inbox, id, populate_existing=True)


def entries() -> list[Entry]:
    found = list(db.session.scalars(select(Entry).execution_options(populate_existing=True)))
    db.session.rollback()
    return found


def test_kpi_add_counts_and_answers_where_the_employee_stands(portal_id: int, workflows: FakeWorkflows) -> None:
    id = arrive(portal_id, "kpi_add", {"code": "visit", "value": "1,5", "employee": "user_7", "comment": "Fair"})
    robots.run(id)

    (entry,) = entries()
    assert (entry.code, entry.kind, entry.value, entry.employee_id) == ("visit", "add", 1_500_000, SELLER)
    assert (entry.occurred_at, entry.origin, entry.comment) == (clock.epoch(NOW), "robot", "Fair")
    assert TOKEN not in entry.key
    assert workflows.answers == [
        {
            "EVENT_TOKEN": TOKEN,
            "RETURN_VALUES": {"value": "1.5", "target": "3", "attainment": "50", "score": "21.25"},
            "LOG_MESSAGE": "",
        }
    ]
    assert (inbox(id).state, inbox(id).answered_at) == ("done", clock.epoch(NOW))


@pytest.mark.parametrize(("code", "value"), [("kpi_add", "7"), ("kpi_set", "0"), ("kpi_add", "0,5")])
def test_a_mark_off_its_scale_is_not_counted_and_the_log_says_why(
    portal_id: int, workflows: FakeWorkflows, code: str, value: str
) -> None:
    with write():
        portals.lock(portal_id).settings = {"entry_codes": {"care": {"name": "Care", "scale": "mark"}}}
    robots.run(arrive(portal_id, code, {"code": "care", "value": value}))
    assert entries() == []
    (told,) = workflows.answers
    expected = f"Care: the value {value.replace(',', '.')} is not counted. Enter a mark from 1 to 5."
    assert (told["LOG_MESSAGE"], set(told["RETURN_VALUES"].values())) == (expected, {""})


def test_kpi_set_says_what_the_value_is_whatever_was_added_before(portal_id: int, workflows: FakeWorkflows) -> None:
    robots.run(arrive(portal_id, "kpi_add", {"code": "visit", "value": "5"}))
    robots.run(arrive(portal_id, "kpi_set", {"code": "visit", "value": "2"}, token="second"))
    assert [answer["RETURN_VALUES"]["value"] for answer in workflows.answers] == ["5", "2"]
    assert [entry.kind for entry in entries()] == ["add", "set"]


@pytest.mark.parametrize(
    ("properties", "passed", "value"),
    [
        ({"indicator": "won", "limit": "25"}, "Y", "25"),
        ({"indicator": "won", "limit": "25", "operator": "gt"}, "N", "25"),
        ({"indicator": "won", "limit": "25", "operator": "eq"}, "Y", "25"),
        ({"indicator": "won", "limit": "1,5", "compare": "value", "operator": "lt"}, "Y", "1"),
        ({"limit": "11.666667"}, "N", "11.666667"),  # the exact score is 11 2/3
        ({"limit": "11.666666"}, "Y", "11.666667"),
        ({"indicator": "visits", "limit": "0"}, "N", ""),  # no data passes nothing
        ({"indicator": "unheard", "limit": "0"}, "", ""),
    ],
)
def test_kpi_check_compares_the_exact_number(
    portal_id: int, workflows: FakeWorkflows, properties: dict[str, Any], passed: str, value: str
) -> None:
    robots.run(arrive(portal_id, "kpi_check", {"scorecard": "sales", **properties}))
    (answer,) = workflows.answers
    assert answer["RETURN_VALUES"] == {"passed": passed, "value": value}
    assert bool(answer["LOG_MESSAGE"]) == (value == "")
    assert entries() == []


def test_the_responsible_of_the_deal_is_meant_when_nobody_is_named(portal_id: int, workflows: FakeWorkflows) -> None:
    robots.run(arrive(portal_id, "kpi_add_activity", {"code": "visit"}))
    assert [(entry.employee_id, entry.value) for entry in entries()] == [(SELLER, 1_000_000)]


def test_a_call_worked_off_twice_counts_and_answers_once(portal_id: int, workflows: FakeWorkflows) -> None:
    id = arrive(portal_id, "kpi_add", {"code": "visit"})
    robots.run(id)
    robots.run(id)
    assert len(entries()) == len(workflows.answers) == 1


def test_after_a_crash_before_the_answer_only_the_answer_is_repeated(
    portal_id: int, workflows: FakeWorkflows, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = arrive(portal_id, "kpi_add", {"code": "visit"})
    workflows.problem = Unreachable("The portal does not answer.")
    with pytest.raises(Unreachable):
        robots.run(id)
    assert (len(entries()), inbox(id).state, inbox(id).answered_at) == (1, "done", None)

    workflows.problem = None
    robots.run(id)
    assert (len(entries()), len(workflows.answers)) == (1, 1)


def test_a_crash_while_counting_leaves_nothing_half_done(
    portal_id: int, workflows: FakeWorkflows, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = arrive(portal_id, "kpi_add", {"code": "visit"})
    with monkeypatch.context() as broken:
        broken.setattr(pipeline, "recompute", lambda *_, **_more: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            robots.run(id)
    assert (entries(), inbox(id).state, workflows.answers) == ([], "due", [])

    robots.run(id)
    assert (len(entries()), len(workflows.answers)) == (1, 1)


def test_a_workflow_that_waited_too_long_is_answered_with_what_is_stored(
    portal_id: int, workflows: FakeWorkflows, monkeypatch: pytest.MonkeyPatch, now: Any
) -> None:
    id = arrive(portal_id, "kpi_add", {"code": "visit"})
    now.shift(robots.OVERDUE)
    with monkeypatch.context() as broken:
        broken.setattr(pipeline, "recompute", lambda *_, **_more: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            robots.run(id)
    (answer,) = workflows.answers
    assert answer["RETURN_VALUES"]["value"] == ""
    assert answer["RETURN_VALUES"]["target"] == "3"
    assert answer["LOG_MESSAGE"]

    robots.run(id)
    assert (len(entries()), len(workflows.answers)) == (1, 1)


def test_a_token_that_was_used_is_not_tried_again(portal_id: int, workflows: FakeWorkflows) -> None:
    id = arrive(portal_id, "kpi_add", {"code": "visit"})
    workflows.problem = AccessDenied("Access denied!", code="ACCESS_DENIED")
    robots.run(id)
    assert (inbox(id).state, inbox(id).answered_at) == ("done", clock.epoch(NOW))


def test_a_call_that_does_not_wait_is_counted_and_not_answered(portal_id: int, workflows: FakeWorkflows) -> None:
    robots.run(arrive(portal_id, "kpi_add", {"code": "visit"}, waits=False))
    assert (len(entries()), workflows.answers) == (1, [])


@pytest.mark.parametrize(
    ("code", "properties", "document"),
    [
        ("kpi_add", {}, "DEAL_12"),
        ("kpi_add", {"code": "visit", "value": "many"}, "DEAL_12"),
        ("kpi_add", {"code": "visit", "employee": "user_99"}, "DEAL_12"),
        ("kpi_add", {"code": "visit"}, "CONTACT_9"),
        ("kpi_get", {}, "CONTACT_9"),
        ("kpi_get", {"period": "next"}, "DEAL_12"),
        ("kpi_set", {"code": "visit"}, "DEAL_12"),
        ("kpi_check", {}, "DEAL_12"),
        ("kpi_check", {"limit": "80", "operator": "about"}, "DEAL_12"),
        ("kpi_dance", {}, "DEAL_12"),
        ("kpi_badge", {}, "DEAL_12"),
        ("kpi_badge", {"badge": "unheard"}, "DEAL_12"),
        ("kpi_badge", {"badge": "star"}, "CONTACT_9"),
        ("kpi_notify", {}, "DEAL_12"),
        ("kpi_notify", {"text": "Well done", "attach_score": "maybe"}, "DEAL_12"),
        ("kpi_notify", {"text": "Well done", "employee": "user_99"}, "DEAL_12"),
        ("kpi_recompute", {"period": "next"}, "DEAL_12"),
        ("kpi_recompute", {}, "CONTACT_9"),
    ],
)
def test_bad_input_is_said_in_the_workflows_log(
    portal_id: int, workflows: FakeWorkflows, code: str, properties: Any, document: str
) -> None:
    robots.run(arrive(portal_id, code, properties, document))
    (answer,) = workflows.answers
    assert answer["LOG_MESSAGE"]
    assert set(answer["RETURN_VALUES"].values()) <= {""}
    assert entries() == []


@dataclass
class FakeDeals:
    """The portal's answer about deals; none of those not given exists."""

    known: tuple[DealDraft, ...] = ()

    def fetch(self, client: Any, ids: Sequence[int], read_at: datetime) -> Reading:
        drafts = tuple(draft for draft in self.known if draft.id in ids)
        return Reading("deal", read_at, drafts, gone=tuple(set(ids) - {draft.id for draft in drafts}))


def test_a_robot_on_a_deal_whose_event_has_not_come_yet_reads_the_deal_first(
    portal_id: int, workflows: FakeWorkflows, monkeypatch: pytest.MonkeyPatch
) -> None:
    deals = FakeDeals((make_deal(99, responsible_id=SELLER),))
    monkeypatch.setattr(inbox_jobs, "record_source", lambda entity: deals)
    robots.run(arrive(portal_id, "kpi_add", {"code": "visit"}, "DEAL_99"))
    assert workflows.answers[0]["RETURN_VALUES"]["value"] == "1"
    assert [entry.employee_id for entry in entries()] == [SELLER]


def test_a_robot_on_a_deal_that_does_not_exist_says_so(
    portal_id: int, workflows: FakeWorkflows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_jobs, "record_source", lambda entity: FakeDeals())
    robots.run(arrive(portal_id, "kpi_add", {"code": "visit"}, "DEAL_99"))
    assert "the responsible of this record is not known" in workflows.answers[0]["LOG_MESSAGE"]
    assert entries() == []


def test_without_a_scorecard_the_value_counts_and_the_answer_is_empty(portal_id: int, workflows: FakeWorkflows) -> None:
    robots.run(arrive(portal_id, "kpi_add", {"code": "visit", "date": "2026-09-15", "employee": "7"}))
    (answer,) = workflows.answers
    assert set(answer["RETURN_VALUES"].values()) == {""}
    assert answer["LOG_MESSAGE"]
    assert len(entries()) == 1


def test_a_code_no_indicator_counts_gives_the_score_alone(portal_id: int, workflows: FakeWorkflows) -> None:
    robots.run(arrive(portal_id, "kpi_add", {"code": "unheard"}))
    (answer,) = workflows.answers
    assert answer["RETURN_VALUES"] == {"value": "", "target": "", "attainment": "", "score": "11.666667"}
    assert answer["LOG_MESSAGE"]


def test_kpi_get_gives_the_named_indicator_and_the_place(portal_id: int, workflows: FakeWorkflows) -> None:
    robots.run(arrive(portal_id, "kpi_get", {"scorecard": "sales", "indicator": "won"}))
    (answer,) = workflows.answers
    values = answer["RETURN_VALUES"]
    assert (values["value"], values["target"], values["attainment"]) == ("1", "4", "25")
    assert values["rank"] == "1"
    assert values["forecast"]
    assert entries() == []


def test_kpi_get_gives_the_first_indicator_and_the_previous_period(portal_id: int, workflows: FakeWorkflows) -> None:
    robots.run(arrive(portal_id, "kpi_get", {"period": "previous", "employee": f"user_{HEAD}"}))
    values = workflows.answers[0]["RETURN_VALUES"]
    assert (values["value"], values["target"], values["score"]) == ("0", "500000.5", "0")


def test_messages_speak_the_language_of_the_portal(portal_id: int, workflows: FakeWorkflows) -> None:
    with write() as session:
        session.get_one(Portal, portal_id).language = "ru"
    robots.run(arrive(portal_id, "kpi_add", {}))
    assert workflows.languages == ["ru"]


def test_the_sweep_takes_up_what_was_left(portal_id: int, workflows: FakeWorkflows, redis: Redis, now: Any) -> None:
    lost = arrive(portal_id, "kpi_add", {"code": "visit"})
    robots.sweep()
    assert Queue("robots", connection=redis).count == 0

    now.shift(robots.OVERDUE)
    robots.sweep()
    robots.sweep()
    (job,) = Queue("robots", connection=redis).jobs
    assert (job.func, job.args) == (robots.run, (lost,))

    robots.run(lost)
    job.delete()
    now.shift(robots.OVERDUE)
    robots.sweep()
    assert Queue("robots", connection=redis).count == 0


@pytest.mark.databases("sqlite")  # three days of it
def test_a_call_that_cannot_be_counted_is_tried_for_days_with_growing_pauses(
    portal_id: int, workflows: FakeWorkflows, monkeypatch: pytest.MonkeyPatch, redis: Redis, now: Any
) -> None:
    """The portal is away for a weekend: the workflow is not waiting any more, but the value counts."""
    id = arrive(portal_id, "kpi_add", {"code": "visit"}, "DEAL_99")
    monkeypatch.setattr(inbox_jobs, "record_source", lambda entity: Nobody())
    pauses, last = [], NOW
    while inbox(id).state == "due":
        db.session.rollback()
        now.shift(timedelta(seconds=max(30, pauses[-1] / 8 if pauses else 0)))
        robots.sweep()
        for job in Queue("robots", connection=redis).jobs:
            job.delete()
            with pytest.raises(Unreachable):
                robots.run(id)
            pauses.append((clock.now() - last).total_seconds())
            last = clock.now()
    assert pauses == [pytest.approx(pause, abs=31, rel=0.15) for pause in sorted(pauses)]
    assert pauses[0] < 120
    assert timedelta(days=2) < clock.now() - NOW < timedelta(days=4)
    assert len(pauses) < 100
    assert inbox(id).reason
    db.session.rollback()


class Nobody:
    def fetch(self, *_asked: Any) -> Reading:
        raise Unreachable("The portal does not answer.")


# --- badges, notifications, recomputes


def awards() -> list[tuple[str, int, str, str]]:
    rows = db.session.scalars(select(Award).order_by(Award.at, Award.badge))
    found = [(row.badge, row.employee_id, row.period, row.start) for row in rows]
    db.session.rollback()
    return found


@pytest.mark.parametrize("name", ["star", "Star of the month", "ЗВЕЗДА МЕСЯЦА"])
def test_kpi_badge_gives_a_badge_by_code_or_name(portal_id: int, workflows: FakeWorkflows, name: str) -> None:
    robots.run(arrive(portal_id, "kpi_badge", {"badge": name, "comment": "Fair"}))
    assert awards() == [("star", SELLER, "month", "2026-11-01")]
    assert workflows.answers[0]["RETURN_VALUES"] == {"awarded": "Y"}
    assert workflows.answers[0]["LOG_MESSAGE"] == ""


def test_a_badge_is_given_once_per_period(portal_id: int, workflows: FakeWorkflows, now: Any) -> None:
    robots.run(arrive(portal_id, "kpi_badge", {"badge": "star"}))
    robots.run(arrive(portal_id, "kpi_badge", {"badge": "star"}, token="second"))
    assert [answer["RETURN_VALUES"]["awarded"] for answer in workflows.answers] == ["Y", "N"]
    assert workflows.answers[1]["LOG_MESSAGE"]
    now.shift(timedelta(days=20))
    robots.run(arrive(portal_id, "kpi_badge", {"badge": "star"}, token="third"))
    assert [start for _badge, _whom, _kind, start in awards()] == ["2026-11-01", "2026-12-01"]


def test_an_award_that_was_given_is_answered_so_after_a_crash(portal_id: int, workflows: FakeWorkflows) -> None:
    id = arrive(portal_id, "kpi_badge", {"badge": "star"})
    workflows.problem = Unreachable("The portal does not answer.")
    with pytest.raises(Unreachable):
        robots.run(id)
    workflows.problem = None
    robots.run(id)
    assert workflows.answers[0]["RETURN_VALUES"] == {"awarded": "Y"}
    assert len(awards()) == 1


def test_nothing_is_awarded_while_the_portal_is_read_for_the_first_time(
    portal_id: int, workflows: FakeWorkflows
) -> None:
    with write() as session:
        session.get_one(SyncCursor, (portal_id, "backfill")).complete = False
    robots.run(arrive(portal_id, "kpi_badge", {"badge": "star"}))
    assert awards() == []
    assert workflows.answers[0]["RETURN_VALUES"] == {"awarded": ""}
    assert "for the first time" in workflows.answers[0]["LOG_MESSAGE"]


def test_kpi_notify_writes_to_the_employee_and_answers_with_the_number(
    portal_id: int, workflows: FakeWorkflows
) -> None:
    robots.run(arrive(portal_id, "kpi_notify", {"text": "Well done", "attach_score": "Y"}))
    (told,) = workflows.told
    assert told["USER_ID"] == SELLER
    assert told["MESSAGE"] == "Well done\nSales, November 2026: score 11.67%"
    assert "2026-11-01" in told["TAG"]
    assert workflows.answers[0]["RETURN_VALUES"] == {"notification_id": "501"}


def test_two_workflows_that_write_to_one_employee_replace_nothing(portal_id: int, workflows: FakeWorkflows) -> None:
    for token in ("one", "two"):
        robots.run(arrive(portal_id, "kpi_notify", {"text": "Well done"}, token=token))
    assert len({told["TAG"] for told in workflows.told}) == 2


def test_one_call_writes_once_and_is_answered_even_when_nobody_takes_the_message(
    portal_id: int, workflows: FakeWorkflows, now: Any
) -> None:
    id = arrive(portal_id, "kpi_notify", {"text": "Well done"})
    workflows.silent = True
    robots.run(id)
    (answer,) = workflows.answers
    assert answer["RETURN_VALUES"] == {"notification_id": ""}
    assert "not been delivered yet" in answer["LOG_MESSAGE"]
    workflows.silent = False
    now.shift(timedelta(minutes=2))
    robots.run(id)
    outbox.drain(portal_id)
    outbox.drain(portal_id)
    assert (len(workflows.told), len(workflows.answers)) == (1, 1)


@pytest.mark.parametrize(
    ("code", "asked", "answer"),
    [
        ("kpi_get", {}, {"value": "", "target": "", "forecast": "", "attainment": "0"}),
        ("kpi_check", {"compare": "value", "operator": "le", "limit": "5"}, {"passed": "Y", "value": ""}),
        ("kpi_check", {"operator": "le", "limit": "5"}, {"passed": "Y", "value": "0"}),
        ("kpi_add", {"code": "visit"}, {"value": "", "target": "", "attainment": "0"}),
    ],
)
def test_a_workflow_is_told_no_amount_that_its_employee_may_not_see(
    portal_id: int, workflows: FakeWorkflows, code: str, asked: dict[str, str], answer: dict[str, str]
) -> None:
    with write() as session:
        session.add(Role(portal_id=portal_id, holder_type="employee", holder_id=SELLER, sees_money=False))
        portals.lock(portal_id).settings = {GIVEN: True}
    robots.run(arrive(portal_id, code, {"indicator": "revenue", **asked}))
    (told,) = workflows.answers
    assert {name: told["RETURN_VALUES"][name] for name in answer} == answer
    assert ("hidden from this employee" in told["LOG_MESSAGE"]) is (answer["value"] == "")


def test_kpi_recompute_computes_the_period_from_the_records(portal_id: int, workflows: FakeWorkflows) -> None:
    with write() as session:
        session.add_all([deal(portal_id, id, amount=0) for id in (13, 14, 15)])
    robots.run(arrive(portal_id, "kpi_recompute", {}))
    assert workflows.answers[0]["RETURN_VALUES"] == {"score": "46.666667"}  # 100 % of weight 35, of 75 counted


def test_an_entry_that_reaches_a_target_tells_of_it(portal_id: int, workflows: FakeWorkflows, redis: Redis) -> None:
    robots.run(arrive(portal_id, "kpi_set", {"code": "visit", "value": "1"}))
    robots.run(arrive(portal_id, "kpi_set", {"code": "visit", "value": "3"}, token="second"))
    assert outbox.drain in [job.func for job in Queue("robots", connection=redis).jobs]
    with write() as session:
        kinds = {(row.channel, row.kind) for row in session.scalars(select(Notification))}
    assert kinds == {("chat", "kpi_reached"), ("trigger", "kpi_reached")}
