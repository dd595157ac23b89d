"""The jobs that run the pipeline as a whole: full recompute with progress, night and midnight."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, update

from b24app import pipeline
from b24app.jobs import scores as jobs
from b24app.jobs.schedule import SCHEDULE
from b24app.lib.db import DatabaseUnavailable, db, write
from b24app.lib.errors import NotFound
from b24app.periods.rules import Kind, Period
from b24app.periods.tables import CalendarDay
from b24app.portal.jobs import job, report, start_job
from b24app.portal.tables import AuditEntry, Portal
from b24app.scores import locks
from b24app.scores.owed import Recompute, owe
from b24app.scores.rules import REPAIR, Cause, CauseKind
from b24app.scores.tables import Result, Score
from tests.scores import world
from tests.scores.test_operations import SALES_CARD
from tests.scores.world import ANN, NOW, OTHER, PORTAL, deal

OCTOBER = Period(Kind.MONTH, date(2026, 10, 1), date(2026, 11, 1))


@pytest.fixture
def portal(app: Flask) -> int:
    with write():
        world.settle()
        world.scorecard(SALES_CARD)
        deal(ANN, "2026-09-13", 300)
    return PORTAL


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


def starts(scorecard: str = "sales") -> list[str]:
    return sorted(set(db.session.scalars(select(Score.start).where(Score.scorecard == scorecard))))


def test_everything_is_recomputed_with_progress(portal):
    seen = []
    jobs.recompute_everything(PORTAL, progress=lambda stage, done, total: seen.append((done, total)))
    assert starts() == ["2026-09-01", "2026-10-01", "2026-11-01"]
    assert seen == [(0, 1), (1, 1)]


def test_a_job_says_how_it_went(portal, redis):
    begun = owed(Recompute(REPAIR, OCTOBER, "sales"))
    jobs.recompute_owed(PORTAL)
    ended = job(PORTAL, begun)
    assert (ended.state, ended.done, ended.total, ended.error) == ("done", 1, 1, None)
    assert starts() == ["2026-10-01"]


def test_a_failed_job_looks_failed(portal, redis):
    begun = owed(Recompute())
    with fails(RuntimeError("disk on fire")), pytest.raises(RuntimeError):
        jobs.recompute_owed(PORTAL)
    assert (job(PORTAL, begun).state, job(PORTAL, begun).error) == ("failed", "The recompute failed.")
    with pytest.raises(NotFound):
        job(OTHER, begun)


def test_what_is_owed_is_found_again_after_its_worker_was_killed(portal, redis):
    """The queue may have lost its name: a sweep looks into the database."""
    first, second = owed(Recompute(REPAIR, OCTOBER)), owed(Recompute(Cause(CauseKind.TARGET), scorecard="sales"))
    with fails(KeyboardInterrupt()), pytest.raises(KeyboardInterrupt):
        jobs.recompute_owed(PORTAL)
    redis.flushall()
    assert any(one.job is jobs.recompute_owed and one.per_portal for one in SCHEDULE)
    jobs.recompute_owed(PORTAL)
    assert [job(PORTAL, id).state for id in (first, second)] == ["done", "done"]
    assert starts() == ["2026-09-01", "2026-10-01", "2026-11-01"]


def test_a_database_that_is_away_leaves_the_job_owed(portal, redis):
    begun = owed(Recompute())
    with fails(DatabaseUnavailable("", {}, Exception("locked"))), pytest.raises(DatabaseUnavailable):
        jobs.recompute_owed(PORTAL)
    assert job(PORTAL, begun).finished_at is None
    jobs.recompute_owed(PORTAL)
    assert job(PORTAL, begun).state == "done"


def test_the_same_asked_twice_is_done_once_unless_it_has_begun(portal, redis):
    begun = owed(Recompute(REPAIR, OCTOBER))
    assert owed(Recompute(REPAIR, OCTOBER)) == begun
    assert owed(Recompute(REPAIR)) != begun
    with write():
        report(PORTAL, begun, 1, 2)
    assert owed(Recompute(REPAIR, OCTOBER)) != begun


def test_what_an_earlier_version_left_owed_stops_nothing(portal, redis):
    with write():
        old = start_job(PORTAL, "recompute", {"period": "month", "start": "2026-10-01"}, NOW)
    new = owed(Recompute(REPAIR, OCTOBER))
    jobs.recompute_owed(PORTAL)
    assert [job(PORTAL, id).state for id in (old.id, new)] == ["done", "done"]


def owed(what: Recompute) -> str:
    with write():
        return owe(PORTAL, what, NOW)


@contextmanager
def fails(error: BaseException) -> Iterator[None]:
    def fail(*_: object) -> None:
        raise error

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "recompute_slice", fail)
        yield


def test_the_night_repairs_and_tells_what_differed(portal):
    jobs.recompute_everything(PORTAL)
    jobs.nightly(PORTAL)
    assert repairs() == []
    with write():
        db.session.execute(
            update(Result).where(Result.start == "2026-11-01", Result.subject_id == ANN).values(numerator=5)
        )
    jobs.nightly(PORTAL)
    assert repairs() == [["sales 2026-11-01 conversion", "sales 2026-11-01 meetings", "sales 2026-11-01 revenue"]]
    jobs.nightly(PORTAL)
    assert len(repairs()) == 1


def repairs() -> list[list[str]]:
    return [row.after for row in db.session.scalars(select(AuditEntry).where(AuditEntry.action == "scores.repair"))]


def test_a_new_period_begins_at_the_portals_midnight(portal):
    jobs.midnight(PORTAL)
    assert starts() == ["2026-10-01", "2026-11-01"]
    with time_machine.travel(datetime(2026, 11, 30, 20, 59, tzinfo=UTC), tick=False):
        jobs.midnight(PORTAL)
    assert "2026-12-01" not in starts()
    with time_machine.travel(datetime(2026, 11, 30, 21, 1, tzinfo=UTC), tick=False):
        jobs.midnight(PORTAL)
    assert "2026-12-01" in starts()


def test_midnight_comes_once_a_day(portal, monkeypatch):
    jobs.midnight(PORTAL)
    monkeypatch.setattr(pipeline, "recompute_open", lambda *_: pytest.fail("it came twice"))
    jobs.midnight(PORTAL)


def test_the_pipeline_is_one_page():
    assert len(Path(pipeline.__file__).read_text().splitlines()) <= 60


HOURLY = SALES_CARD | {"indicators": [one | {"refresh": "hourly"} for one in SALES_CARD["indicators"]]}


def revenue() -> int | None:
    db.session.expire_all()
    return db.session.get_one(Result, (PORTAL, "sales", "2026-11-01", "employee", ANN, "revenue")).numerator


def sell_unnoticed() -> None:
    with write():
        deal(ANN, "2026-11-13", 10)


def test_indicators_that_wait_for_their_hour_get_it_once(portal):
    with write():
        world.scorecard(HOURLY)
    jobs.refresh(PORTAL)
    jobs.recompute_everything(PORTAL)
    sell_unnoticed()
    jobs.refresh(PORTAL)
    assert revenue() == 0
    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        jobs.refresh(PORTAL)
        assert revenue() == 1000
        sell_unnoticed()
        jobs.refresh(PORTAL)
        assert revenue() == 1000


def test_the_night_brings_what_waits_up_to_date_and_calls_it_no_repair(portal):
    with write():
        world.scorecard(HOURLY)
    jobs.recompute_everything(PORTAL)
    sell_unnoticed()
    jobs.nightly(PORTAL)
    assert revenue() == 1000
    assert not db.session.scalars(select(AuditEntry).where(AuditEntry.action == "scores.repair")).all()


def test_a_portal_whose_indicators_are_all_live_is_left_alone(portal, monkeypatch):
    monkeypatch.setattr(pipeline, "refresh", lambda *_: pytest.fail("nothing waits"))
    jobs.refresh(PORTAL)


WEEKLY = SALES_CARD | {"code": "weekly", "period": "week", "effective_from": "2026-10-05"}


def test_weeks_that_begin_elsewhere_are_computed_anew_and_the_old_ones_removed_unless_locked(portal):
    with write():
        world.scorecard(WEEKLY)
    jobs.recompute_everything(PORTAL)
    before = {"2026-11-09", "2026-11-16"}
    assert before < set(weeks())
    with write():
        week = Period(Kind.WEEK, date(2026, 11, 9), date(2026, 11, 16))
        locks.lock(PORTAL, week, "weekly", "user:1", NOW)
        db.session.execute(update(Portal).where(Portal.id == PORTAL).values(week_start=6))
    jobs.recompute_everything(PORTAL)
    assert [start for start in weeks() if date.fromisoformat(start).weekday() != 6] == ["2026-11-09"]
    assert {"2026-11-08", "2026-11-15"} < set(weeks())
    assert starts("sales") == ["2026-09-01", "2026-10-01", "2026-11-01"]


def weeks() -> list[str]:
    assert starts("weekly") == sorted(set(db.session.scalars(select(Result.start).where(Result.scorecard == "weekly"))))
    return starts("weekly")


def test_a_year_that_begins_elsewhere_moves_its_quarters(portal):
    with write():
        world.scorecard(SALES_CARD | {"code": "quarterly", "period": "quarter", "effective_from": "2026-01-01"})
    jobs.recompute_everything(PORTAL)
    assert starts("quarterly") == ["2026-07-01", "2026-10-01"]
    with write():
        db.session.execute(update(Portal).where(Portal.id == PORTAL).values(year_start=2))
    jobs.recompute_everything(PORTAL)
    assert starts("quarterly") == ["2026-08-01", "2026-11-01"]


def test_days_whose_calendar_changed_are_computed_anew_in_every_kind_of_period(portal, redis):
    with write():
        world.scorecard(WEEKLY | {"indicators": [DAILY_TARGET]})
        world.scorecard(SALES_CARD | {"indicators": [DAILY_TARGET]})
    jobs.recompute_everything(PORTAL)
    with write():
        db.session.add(CalendarDay(portal_id=PORTAL, day="2026-10-14", working=False))
    owed(Recompute(Cause(CauseKind.CALENDAR), Period(Kind.CUSTOM, date(2026, 10, 14), date(2026, 10, 15))))
    jobs.recompute_owed(PORTAL)
    assert [target("sales", start) for start in ("2026-09-01", "2026-10-01")] == ["44", "42"]
    assert [target("weekly", start) for start in ("2026-10-05", "2026-10-12")] == ["10", "8"]


DAILY_TARGET = SALES_CARD["indicators"][2] | {"target": 2, "target_per": "working_day", "weight": 100}


def target(scorecard: str, start: str) -> str | None:
    db.session.expire_all()
    return db.session.get_one(Result, (PORTAL, scorecard, start, "employee", ANN, "meetings")).target
