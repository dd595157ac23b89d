"""From a number that reaches its target or falls behind to what is told: once, to the right one, whatever happens."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from flask import Flask
from redis import Redis
from rq import Queue
from sqlalchemy import select

from b24app import pipeline
from b24app.bitrix.errors import AccessDenied, LimitExceeded, RestError, Unreachable
from b24app.facts import ledger
from b24app.facts.cells import deal_cells
from b24app.facts.rules import EntryDraft
from b24app.ingest.tables import SyncCursor
from b24app.jobs import outbox as jobs
from b24app.lib import clock
from b24app.lib.db import db, write
from b24app.outcomes.notifications import operations, outbox, queries
from b24app.outcomes.notifications.channels import webhook as webhooks
from b24app.outcomes.notifications.tables import Notification
from b24app.portal import operations as portals
from b24app.portal.tables import Portal
from b24app.scores import operations as scores
from b24app.scores.rules import Cause, CauseKind
from tests.scores import world
from tests.scores.world import ADMIN, ANN, BOB, HEAD, NOW, PORTAL, SALES

CARD: dict[str, Any] = {
    "code": "sales", "name": {"en": "Sales", "ru": "Продажи"}, "period": "month", "effective_from": "2026-10-01",
    "subjects": {"departments": [SALES]},
    "indicators": [
        {"code": "visits", "name": {"en": "Visits", "ru": "Визиты"}, "metric": "entries", "options": {"code": "visit"},
         "target": 3, "weight": 60},
        {"code": "won", "name": "Won", "metric": "deals_won", "target": 2, "owner": "closed_by", "weight": 40},
    ],
}  # fmt: skip
HOOK = "https://hooks.example.com/kpi"


@dataclass
class FakePortal:
    """Bitrix24's side: what it was asked, and what it refuses."""

    problem: RestError | None = None
    refuses: dict[str, RestError] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def call(self, method: str, params: dict[str, Any], *, repeat: bool = True) -> Any:
        assert not repeat, "what must not happen twice is not repeated"
        answer = self._answer(method, params)
        if isinstance(answer, RestError):
            raise answer
        return answer

    def batch_lenient(self, commands: dict[str, Any], *, repeat: bool = True) -> dict[str, Any]:
        assert len(commands) <= 50
        return {key: self._answer(method, params) for key, (method, params) in commands.items()}

    def _answer(self, method: str, params: dict[str, Any]) -> Any:
        assert not db.session().in_transaction(), "no transaction is open while the portal is asked"
        if self.problem:
            raise self.problem
        if method in self.refuses:
            return self.refuses[method]
        self.calls.append((method, params))
        return 1000 + len(self.calls)

    def told(self, method: str = "im.notify.system.add") -> list[dict[str, Any]]:
        return [params for name, params in self.calls if name == method]


@pytest.fixture(autouse=True)
def now() -> Iterator[Any]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def b24(app: Flask, monkeypatch: pytest.MonkeyPatch) -> FakePortal:
    """Ann has 2 of 3 visits and 1 of 2 won deals; nobody else has anything."""
    fake = FakePortal()
    monkeypatch.setattr(portals, "connect", lambda portal_id, *_patience: fake)
    with write():
        world.settle()
        world.scorecard(CARD)
        world.entry("visit", 2, "2026-11-09", ANN)
        world.deal(ANN, "2026-11-09", 100, id=70)
        pipeline.recompute_open(PORTAL, NOW)
    return fake


def visit(employee: int = ANN, value: int = 1, key: str = "one", record: str = "", day: str = "2026-11-16") -> None:
    """Somebody makes a visit, now."""
    draft = EntryDraft(key, "visit", "add", Decimal(value), world.at(day), employee, None, None, "", "api", "system")
    with write():
        posted = ledger.post_entries(PORTAL, [draft], clock.now())
        pipeline.recompute(PORTAL, posted.cells, clock.now(), record=record)


def rows() -> list[Notification]:
    found = db.session.scalars(select(Notification).order_by(Notification.id).execution_options(populate_existing=True))
    return list(found)


def planned() -> set[tuple[str, str, str, int]]:
    found = {(one.channel, one.kind, one.subject_type, one.subject_id) for one in rows()}
    db.session.rollback()
    return found


def choose(**settings: Any) -> None:
    with write():
        portals.change_settings(PORTAL, settings, "user:1", clock.now())


def test_an_employee_is_congratulated_once_when_the_target_is_reached(b24: FakePortal, now: Any) -> None:
    visit()
    assert planned() == {("chat", "kpi_reached", "employee", ANN)}
    jobs.drain(PORTAL)
    (told,) = b24.told()
    assert told["USER_ID"] == ANN
    assert told["MESSAGE"] == "The target is reached! [B]Visits[/B], November 2026: 3 of 3 (100%)"
    assert "2026-11-01" in told["TAG"]

    visit(value=-1, key="back")
    visit(value=1, key="again")
    jobs.drain(PORTAL)
    assert len(b24.told()) == 1
    assert [(one.state, one.answer) for one in rows()] == [("sent", "1001")]


def test_a_department_that_reaches_its_target_is_told_to_its_head(b24: FakePortal) -> None:
    """Its target is the sum of three people's, and so is that of the department above."""
    visit(BOB, 7)
    jobs.drain(PORTAL)
    assert {one["USER_ID"]: one["MESSAGE"].partition("!")[0] for one in b24.told()} == {
        BOB: "The target is reached",
        HEAD: "Sales: The target is reached",
        ADMIN: "Roga & Co: The target is reached",
    }


@pytest.mark.parametrize("settings", [{"notify_reached": False}])
def test_what_the_administrator_does_not_want_is_not_told(b24: FakePortal, settings: Any) -> None:
    choose(**settings)
    visit()
    assert planned() == set()


def test_an_indicator_may_be_one_that_nobody_is_told_about(b24: FakePortal) -> None:
    indicators = [CARD["indicators"][0] | {"notify": False}, CARD["indicators"][1]]
    with write():
        world.scorecard(CARD | {"indicators": indicators})
        pipeline.recompute_open(PORTAL, NOW)
    visit()
    assert planned() == set()


def test_the_language_is_the_portals(b24: FakePortal) -> None:
    with write() as session:
        session.get_one(Portal, PORTAL).language = "ru"
    visit()
    jobs.drain(PORTAL)
    assert b24.told()[0]["MESSAGE"] == "План выполнен! [B]Визиты[/B], ноябрь 2026: 3 из 3 (100\N{NO-BREAK SPACE}%)"


# --- what does not count as reaching


def test_a_full_recompute_congratulates_nobody(b24: FakePortal) -> None:
    with write():
        world.entry("visit", 5, "2026-11-10", BOB)
        pipeline.recompute_open(PORTAL, NOW)
    assert planned() == set()


@pytest.mark.parametrize("kind", [CauseKind.TIME, CauseKind.RATE, CauseKind.TARGET])
def test_only_facts_reach_a_target(b24: FakePortal, kind: CauseKind) -> None:
    draft = EntryDraft("one", "visit", "add", Decimal(1), world.at("2026-11-16"), ANN, None, None, "", "api", "system")
    with write():
        posted = ledger.post_entries(PORTAL, [draft], NOW)
        changes = scores.recompute(PORTAL, posted.cells, NOW, Cause(kind))
    assert changes.results
    assert changes.reached == ()


def test_a_distant_past_congratulates_nobody_and_the_month_before_does(b24: FakePortal) -> None:
    with write():
        world.scorecard(CARD | {"effective_from": "2026-08-01"})
        for slice_ in pipeline.slices(PORTAL, NOW):
            pipeline.recompute_slice(PORTAL, slice_, NOW)
    visit(value=3, key="august", day="2026-08-10")
    assert planned() == set()
    visit(value=3, key="october", day="2026-10-12")
    assert {row.start for row in rows()} == {"2026-10-01"}


def test_a_lower_target_congratulates_nobody_when_the_next_fact_comes(b24: FakePortal) -> None:
    with write():
        world.scorecard(CARD | {"indicators": [CARD["indicators"][0] | {"target": 2}, CARD["indicators"][1]]})
    visit()
    assert planned() == set()


def test_a_trial_scorecard_tells_nobody(b24: FakePortal) -> None:
    with write():
        world.scorecard(CARD | {"status": "shadow"})
        pipeline.recompute_open(PORTAL, NOW)
    visit()
    assert planned() == set()


def test_while_the_portal_is_read_for_the_first_time_nothing_is_told(b24: FakePortal) -> None:
    visit()
    with write() as session:
        session.get_one(SyncCursor, (PORTAL, "backfill")).complete = False
    visit(BOB, 3, "while reading")
    assert planned() == {("chat", "kpi_reached", "employee", ANN)}
    jobs.drain(PORTAL)
    assert b24.calls == []
    with write() as session:
        session.get_one(SyncCursor, (PORTAL, "backfill")).complete = True
    jobs.drain(PORTAL)
    assert len(b24.told()) == 1


# --- the trigger


def win(id: int) -> None:
    with write():
        row = world.deal(ANN, "2026-11-16", 100, id=id)
        pipeline.recompute(PORTAL, frozenset(deal_cells(row)), clock.now())


def test_the_trigger_is_executed_once_on_the_deal_that_did_it(b24: FakePortal) -> None:
    win(71)
    jobs.drain(PORTAL)
    executed = b24.told("crm.automation.trigger.execute")
    assert executed == [{"CODE": "kpi_reached", "OWNER_TYPE_ID": 2, "OWNER_ID": 71}]
    win(72)
    jobs.drain(PORTAL)
    assert len(b24.told("crm.automation.trigger.execute")) == 1


def test_a_deal_that_carries_the_whole_company_over_pulls_one_trigger(b24: FakePortal) -> None:
    """Each of them has had its turn: none is pulled again when it falls and rises."""
    visit(BOB, 7, record="DEAL_70")
    jobs.drain(PORTAL)
    assert len(b24.told("crm.automation.trigger.execute")) == 1
    visit(BOB, -1, "back", record="DEAL_70")
    visit(BOB, 1, "again", record="DEAL_70")
    jobs.drain(PORTAL)
    assert len(b24.told("crm.automation.trigger.execute")) == 1


def test_of_a_robots_entry_the_workflows_own_record_is_meant(b24: FakePortal) -> None:
    visit(record="DEAL_70")
    jobs.drain(PORTAL)
    assert [one["OWNER_ID"] for one in b24.told("crm.automation.trigger.execute")] == [70]


def test_a_trigger_whose_answer_was_lost_is_put_aside_not_repeated(b24: FakePortal, now: Any) -> None:
    choose(notify_reached=False)
    visit(record="DEAL_70")
    lost = Unreachable("No answer.")
    lost.__cause__ = TimeoutError()
    b24.refuses["crm.automation.trigger.execute"] = lost
    jobs.drain(PORTAL)
    (aside,) = queries.undelivered(PORTAL)
    assert aside.channel == "trigger"
    assert "nobody knows" in aside.reason
    b24.refuses.clear()
    now.shift(timedelta(hours=5))
    jobs.drain(PORTAL)
    assert b24.calls == []

    with write():
        assert operations.retry(PORTAL, [aside.id], "user:1", clock.now()) == 1
    jobs.drain(PORTAL)
    assert len(b24.told("crm.automation.trigger.execute")) == 1
    assert queries.undelivered(PORTAL) == ()


def test_a_trigger_that_was_surely_not_executed_is_repeated(b24: FakePortal, now: Any) -> None:
    choose(notify_reached=False)
    visit(record="DEAL_70")
    b24.refuses["crm.automation.trigger.execute"] = LimitExceeded("Too many.", status=503)
    jobs.drain(PORTAL)
    b24.refuses.clear()
    now.shift(timedelta(minutes=1))
    jobs.drain(PORTAL)
    assert len(b24.told("crm.automation.trigger.execute")) == 1


# --- trying again


def test_what_cannot_be_told_is_tried_with_growing_pauses_and_then_put_aside(b24: FakePortal, now: Any) -> None:
    visit()
    b24.problem = Unreachable("The portal does not answer.")
    tries: list[datetime] = []
    while not queries.undelivered(PORTAL):
        db.session.rollback()
        jobs.drain(PORTAL)
        tries.append(clock.now())
        (row,) = rows()
        assert row.attempts == len(tries)
        now.move_to(clock.moment(row.due_at))
        db.session.rollback()
    pauses = [later - earlier for earlier, later in zip(tries, tries[1:], strict=False)]
    assert pauses[:4] == [timedelta(minutes=minutes) for minutes in (1, 2, 4, 8)]
    assert pauses == sorted(pauses)
    assert timedelta(hours=64) < tries[-1] - tries[0] <= timedelta(hours=72)
    assert queries.undelivered(PORTAL)[0].reason == "The portal does not answer."


def test_before_its_time_nothing_is_tried(b24: FakePortal, now: Any) -> None:
    visit()
    b24.problem = Unreachable("The portal does not answer.")
    jobs.drain(PORTAL)
    b24.problem = None
    jobs.drain(PORTAL)
    assert b24.calls == []
    now.shift(timedelta(minutes=1))
    jobs.drain(PORTAL)
    assert len(b24.told()) == 1


def test_somebody_refused_for_good_is_put_aside_and_does_not_keep_the_others(b24: FakePortal) -> None:
    visit(BOB, 7)
    b24._answer = lambda method, params: params["USER_ID"] != BOB and 55  # type: ignore[method-assign]
    jobs.drain(PORTAL)
    assert {one.recipient: one.state for one in rows()} == {BOB: "failed", HEAD: "sent", ADMIN: "sent"}
    assert queries.undelivered(PORTAL)[0].recipient == BOB


def test_a_worker_killed_with_a_message_in_hand_leaves_it_to_the_next(b24: FakePortal, now: Any) -> None:
    """A notification's tag makes the second one replace the first, should it have been sent."""
    visit()
    with write():
        assert len(outbox.claim(PORTAL, "chat", clock.now())) == 1
    jobs.drain(PORTAL)
    assert b24.calls == []
    now.shift(timedelta(seconds=outbox.CLAIM_S))
    jobs.drain(PORTAL)
    assert len(b24.told()) == 1


def test_a_worker_killed_with_a_trigger_in_hand_leaves_it_to_a_person(b24: FakePortal, now: Any) -> None:
    choose(notify_reached=False)
    visit(record="DEAL_70")
    with write():
        assert len(outbox.claim(PORTAL, "trigger", clock.now())) == 1
    now.shift(timedelta(seconds=outbox.CLAIM_S))
    jobs.drain(PORTAL)
    assert b24.calls == []
    assert "interrupted" in queries.undelivered(PORTAL)[0].reason


def test_what_two_workers_see_is_claimed_by_one(b24: FakePortal) -> None:
    visit()
    with write():
        first = outbox.claim(PORTAL, "chat", clock.now())
    with write():
        second = outbox.claim(PORTAL, "chat", clock.now())
    assert (len(first), second) == (1, ())


def test_the_sweep_asks_for_portals_in_whose_outbox_something_is_due(b24: FakePortal, redis: Redis) -> None:
    jobs.sweep()
    assert Queue("robots", connection=redis).count == 0
    visit()
    jobs.sweep()
    jobs.sweep()
    (job,) = Queue("robots", connection=redis).jobs
    assert (job.func, job.args) == (jobs.drain, (PORTAL,))


# --- who is behind plan


@pytest.fixture
def looked(b24: FakePortal, now: Any) -> FakePortal:
    """The day after the app came: a Tuesday morning, eleven working days into a month with little done."""
    jobs.look(PORTAL)
    now.move_to(NOW + timedelta(days=1))
    return b24


def test_who_is_behind_is_told_once_a_period_each_indicator(looked: FakePortal, now: Any) -> None:
    jobs.look(PORTAL)
    people = {(one[1], one[2], one[3]) for one in planned()}
    assert ("behind_plan", "employee", BOB) in people
    assert ("behind_plan", "department", SALES) in people
    jobs.drain(PORTAL)
    mine = [one["MESSAGE"] for one in looked.told() if one["USER_ID"] == BOB]
    assert mine == ["Behind plan: [B]Won[/B], November 2026: 0 of 2 (0%). At this pace the period ends with 0."]
    assert ANN not in [one["USER_ID"] for one in looked.told()], "1 of 2 half-way is as planned"
    now.move_to(NOW + timedelta(days=2))
    jobs.look(PORTAL)
    jobs.drain(PORTAL)
    told = [(one["USER_ID"], one["TAG"]) for one in looked.told()]
    assert len(told) == len(set(told))


def test_on_the_first_day_nobody_is_told(b24: FakePortal, now: Any) -> None:
    jobs.look(PORTAL)
    jobs.look(PORTAL)
    assert planned() == set()


def test_before_the_morning_and_on_days_off_it_is_not_looked(looked: FakePortal, now: Any) -> None:
    now.move_to(datetime.fromisoformat("2026-11-17T05:30:00+00:00"))
    jobs.look(PORTAL)
    now.move_to(datetime.fromisoformat("2026-11-21T09:00:00+00:00"))
    jobs.look(PORTAL)
    assert planned() == set()


def test_the_chosen_workflow_starts_instead_on_the_newest_open_deal(looked: FakePortal) -> None:
    choose(behind_workflow=3)
    with write():
        world.deal(BOB, None, 100, id=81)
        world.deal(BOB, None, 100, id=82)
    jobs.look(PORTAL)
    jobs.drain(PORTAL)
    of_bob = [one for one in looked.told("bizproc.workflow.start") if one["PARAMETERS"]["employee"] == f"user_{BOB}"]
    (won,) = [one for one in of_bob if one["PARAMETERS"]["indicator"] == "won"]
    assert (won["TEMPLATE_ID"], won["DOCUMENT_ID"]) == (3, ["crm", "CCrmDocumentDeal", "DEAL_82"])
    assert won["PARAMETERS"] | {"employee": ""} == {
        "employee": "", "scorecard": "sales", "indicator": "won", "period": "2026-11-01",
        "value": "0", "target": "2", "attainment": "0", "forecast": "0",
    }  # fmt: skip
    assert BOB not in [one["USER_ID"] for one in looked.told()]


def test_where_the_plan_has_no_workflows_the_employee_is_notified(looked: FakePortal) -> None:
    choose(behind_workflow=3, behind_document="DEAL_70")
    looked.refuses["bizproc.workflow.start"] = AccessDenied("The plan does not allow it.", code="ACCESS_DENIED")
    jobs.look(PORTAL)
    jobs.drain(PORTAL)
    assert looked.told("bizproc.workflow.start") == []
    assert [one["USER_ID"] for one in looked.told()].count(BOB) == 1


def test_heads_are_reminded_once_of_values_that_nobody_has_entered(looked: FakePortal, now: Any) -> None:
    choose(notify_behind=False)
    with write():
        world.scorecard(CARD | {"code": "care", "indicators": [
            {"code": "nps", "name": "NPS", "metric": "entries", "options": {"code": "nps"}, "target": 9, "weight": 100},
        ]})  # fmt: skip
        world.entry("nps", 9, "2026-11-20", ANN, origin="manual")
    for day in ("2026-11-25", "2026-11-26", "2026-11-27"):
        now.move_to(datetime.fromisoformat(f"{day}T09:00:00+00:00"))
        jobs.look(PORTAL)
        assert bool(rows()) is (day != "2026-11-25")
    jobs.drain(PORTAL)
    told = {one["USER_ID"]: one["MESSAGE"] for one in looked.told()}
    assert len(looked.told()) == 2, "visits come from a program, and are nobody's to enter"
    assert "for Bob." in told[HEAD]
    assert "for Hugo." in told[ADMIN], "who heads the company enters the head's"


# --- the webhook


@dataclass
class Hook:
    status: int = 200
    posts: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)

    def __call__(self, url: str, body: bytes, headers: dict[str, str], allow_loopback: bool) -> int:
        assert not db.session().in_transaction(), "no transaction is open while somebody is called"
        self.posts.append((url, body, headers))
        return self.status


@pytest.fixture
def hook(b24: FakePortal, monkeypatch: pytest.MonkeyPatch) -> Hook:
    found = Hook()
    monkeypatch.setattr(webhooks, "post", found)
    return found


def set_hook() -> str:
    with write():
        secret = operations.set_webhook(PORTAL, HOOK, "user:1", clock.now())
    assert secret
    return secret


def test_the_webhook_is_posted_signed_with_exact_numbers(hook: Hook) -> None:
    secret = set_hook()
    visit(record="DEAL_70")
    jobs.drain(PORTAL)
    ((url, body, headers),) = hook.posts
    assert url == HOOK
    assert headers["X-Signature"] == "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    told = json.loads(body)
    assert told.pop("id") == int(headers["X-Delivery"])
    assert told == {
        "event": "kpi_reached", "portal": "member1", "occurred_at": "2026-11-16T09:00:00+00:00",
        "scorecard": "sales", "scorecard_name": "Sales", "indicator": "visits", "indicator_name": "Visits",
        "subject": {"type": "employee", "id": ANN, "name": "Ann"},
        "period": {"kind": "month", "start": "2026-11-01", "end": "2026-12-01"},
        "value": 3, "target": 3, "attainment": 100, "forecast": None, "unit": "number", "currency": None,
        "records": [{"entity": "deal", "id": 70}],
    }  # fmt: skip


def test_a_webhook_that_fails_is_retried_for_a_day_with_the_same_body(hook: Hook, now: Any) -> None:
    set_hook()
    choose(notify_reached=False)
    visit()
    hook.status = 503
    began = clock.now()
    while not queries.undelivered(PORTAL):
        db.session.rollback()
        jobs.drain(PORTAL)
        (row,) = rows()
        now.move_to(clock.moment(row.due_at))
        db.session.rollback()
    assert len({body for _url, body, _headers in hook.posts}) == 1
    assert len(hook.posts) > 8
    assert timedelta(hours=19) < clock.now() - began
    (last,) = queries.last_posts(PORTAL)
    assert (last.state, last.answer) == ("failed", "503")


def test_an_address_that_is_gone_is_not_tried_again(hook: Hook) -> None:
    set_hook()
    visit()
    hook.status = 410
    jobs.drain(PORTAL)
    jobs.drain(PORTAL)
    assert len(hook.posts) == 1
    assert queries.last_posts(PORTAL)[0].state == "failed"


def test_a_removed_webhook_is_posted_nothing_any_more(hook: Hook) -> None:
    set_hook()
    visit()
    with write():
        operations.forget_webhook(PORTAL, "user:1", clock.now())
    jobs.drain(PORTAL)
    assert hook.posts == []


def test_a_test_is_posted_while_the_portal_is_still_being_read(hook: Hook) -> None:
    set_hook()
    with write() as session:
        session.get_one(SyncCursor, (PORTAL, "backfill")).complete = False
    with write():
        operations.send_test(PORTAL, "user:1", clock.now())
    jobs.drain(PORTAL)
    ((_url, body, _headers),) = hook.posts
    assert json.loads(body)["event"] == "test"


def test_the_log_is_a_strangers_own(hook: Hook) -> None:
    set_hook()
    visit()
    hook.status = 410
    jobs.drain(PORTAL)
    (aside,) = queries.undelivered(PORTAL)
    assert queries.undelivered(world.OTHER) == queries.last_posts(world.OTHER) == ()
    with write():
        assert operations.retry(world.OTHER, [aside.id], "user:99", clock.now()) == 0
