"""Calls, tasks and conversations of the demo portal through the real client: read whole, heard of, and refused."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from redis import Redis
from rq import Queue
from sqlalchemy import select

from b24app.bitrix.client import IN_BACKGROUND
from b24app.demo import absences as demo
from b24app.demo import open_lines, tasks, work
from b24app.facts import call_sources
from b24app.facts.rules import CALLS_FROM_TELEPHONY
from b24app.facts.tables import Call, Session, Task
from b24app.ingest import queries
from b24app.ingest.events import news
from b24app.jobs import absences, inbox, install, sync
from b24app.jobs.news import receive
from b24app.lib import queue
from b24app.lib.db import Base, db, write
from b24app.onboarding import operations as onboarding
from b24app.periods import operations as operations_of_calendars
from b24app.periods import queries as calendars
from b24app.periods.queries import Away
from b24app.periods.rules import ONE_DAY
from b24app.portal import operations, registrar
from tests.ingest.site import Site, site

USER = 10


@pytest.fixture
def portal(app: Flask, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Three calls, one of them missed, two tasks and some conversations; nothing is computed."""
    monkeypatch.setattr(onboarding, "first_run", lambda *_arguments: None)
    with site(redis, 3) as found:
        here = found.state
        for code, seconds in (("200", 60), ("304", 0), ("200", 30)):
            work.ring(here, USER, 2, code, seconds)
        for title in ("One", "Two"):
            work.add_task(here, {"title": title, "responsibleId": USER}, 1)
        first = here.activities.last_id + 1
        here.sessions, rows = open_lines.write(here.staff, here.today, here.zone, 1, first)
        here.activities.load([*here.activities.rows.values(), *rows])
        monkeypatch.setattr(operations, "connect", lambda _portal_id, patience=IN_BACKGROUND: found.connect(patience))
        yield found


def stored(model: type[Base]) -> list[Any]:
    db.session.rollback()
    return list(db.session.scalars(select(model).order_by(*model.__table__.primary_key)))


def hear(code: str, data: dict[str, Any]) -> None:
    found = news(code, data)
    assert found is not None
    receive(1, [found])
    inbox.drain(1)


def test_all_of_it_is_read_and_telephony_is_proposed(portal: Site) -> None:
    sync.backfill(1)
    assert [(one.answered, one.seconds) for one in stored(Call)] == [(True, 60), (False, 0), (True, 30)]
    assert [(one.title, one.responsible_id) for one in stored(Task)] == [("One", USER), ("Two", USER)]
    sessions = stored(Session)
    assert [one.session_id for one in sessions] == [one.id for one in portal.state.sessions]
    for one, session in zip(sessions, portal.state.sessions, strict=True):
        answers = [said.moment.timestamp() for said in session.messages if said.sender == session.operator]
        waited = answers[0] - session.messages[0].moment.timestamp() if answers else None
        assert (one.seconds_to_response, one.line, one.is_read) == (waited, "22", True)
    assert [step.source for step in call_sources.steps(1)] == [CALLS_FROM_TELEPHONY]


def test_events_bring_a_call_and_a_task_at_once_and_a_task_that_is_gone_goes(portal: Site) -> None:
    sync.backfill(1)
    work.ring(portal.state, USER, 1, "200", 7)
    hear("ONVOXIMPLANTCALLEND", {"CALL_ID": "externalCall.1", "CALL_DURATION": "7"})
    assert [one.seconds for one in stored(Call)] == [60, 0, 30, 7]
    work.change_task(portal.state, 1, {"status": tasks.DONE}, USER)
    work.delete_task(portal.state, 2, USER)
    hear("ONTASKUPDATE", {"FIELDS_BEFORE": {"ID": "1"}, "FIELDS_AFTER": {"ID": "1"}})
    hear("ONTASKDELETE", {"FIELDS_BEFORE": {"ID": "2"}, "FIELDS_AFTER": "undefined"})
    first, second = stored(Task)
    assert (first.done, first.closed_at is not None, second.deleted_at is not None) == (True, True, True)


def test_what_no_event_told_is_found_by_the_next_look(portal: Site) -> None:
    sync.backfill(1)
    work.ring(portal.state, USER, 2, "304", 0)
    work.change_task(portal.state, 1, {"status": tasks.DONE}, USER)
    sync.incremental(1)
    assert (len(stored(Call)), stored(Task)[0].done) == (4, True)


def test_without_the_scopes_the_rest_is_read_and_the_reason_kept_until_a_version_brings_them(
    portal: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = portal.state.settings
    portal.state.settings = replace(whole, scopes=("crm", "user_brief", "department", "placement"))
    sync.backfill(1)
    entities = queries.status(1).entities
    assert queries.status(1).complete
    assert (stored(Call), stored(Task), stored(Session)) == ([], [], [])
    for name in ("call", "task", "session"):
        assert (bool(entities[name].error), entities[name].complete) == (True, False)
    assert call_sources.steps(1) == ()
    portal.state.settings = whole
    monkeypatch.setattr(registrar, "register", lambda *_arguments: registrar.Outcome((), ()))
    install.register(1)
    sync.resume(1)
    assert (len(stored(Call)), len(stored(Task)), len(stored(Session))) == (3, 2, len(portal.state.sessions))
    assert not queries.status(1).entities["call"].error
    assert call_sources.steps(1) == ()  # people's numbers do not change by themselves


def test_absences_follow_the_portal_s_calendars_and_leave_alone_what_is_noted_by_hand(portal: Site) -> None:
    sync.backfill(1)
    here, today = portal.state, portal.state.today
    with write():
        by_hand = Away(USER, today, today)
        operations_of_calendars.set_absence(1, by_hand, "user:1", sync.clock.now())
    here.absences = [demo.leave(1, USER, today, today + ONE_DAY, here.zone),
                     demo.leave(2, USER + 1, today, today + 4 * ONE_DAY, here.zone)]  # fmt: skip
    sync.resume(1)
    (asked,) = [job for job in Queue("default", connection=queue.redis()).jobs if "absences" in job.func_name]
    asked.func(*asked.args)
    assert away() == [by_hand, Away(USER + 1, today, today + 4 * ONE_DAY, "portal")]
    here.absences = [demo.leave(2, USER + 1, today + ONE_DAY, today + 2 * ONE_DAY, here.zone)]
    absences.read(1)
    absences.read(1)
    assert away() == [by_hand, Away(USER + 1, today + ONE_DAY, today + 2 * ONE_DAY, "portal")]
    assert queries.status(1).entities["absence"].complete
    here.settings = replace(here.settings, scopes=("crm",))
    absences.read(1)
    assert queries.status(1).entities["absence"].error
    assert len(away()) == 2


def away() -> list[Away]:
    db.session.rollback()
    return list(calendars.absences(1))
