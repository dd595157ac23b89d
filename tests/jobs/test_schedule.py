"""Periodic jobs: each once per interval, by one scheduler, whatever restarts."""

import pytest
from flask import Flask
from redis import Redis
from rq import Queue
from sqlalchemy.orm import Session

from b24app.jobs import schedule
from b24app.jobs.schedule import SCHEDULE, tick
from b24app.lib.db import db
from b24app.lib.queue import QUEUES
from b24app.portal.tables import Portal

HOUR = 3600
NOON = 1_795_000_000 // HOUR * HOUR


def waiting(redis: Redis) -> set[str]:
    ids = (job_id for name in QUEUES for job_id in Queue(name, connection=redis).job_ids)
    return {id.rpartition("-")[0] for id in ids}


def test_the_first_tick_only_starts_the_clocks(app: Flask, redis: Redis) -> None:
    assert tick(NOON) == 0
    assert waiting(redis) == set()


def test_a_sweep_comes_once_per_interval(app: Flask, redis: Redis) -> None:
    tick(NOON)
    assert tick(NOON + 20) == 2
    assert waiting(redis) == {"robots-sweep", "outbox-sweep"}
    assert tick(NOON + 21) == 0


def test_what_is_done_per_portal_asks_for_nothing_without_portals(app: Flask, redis: Redis) -> None:
    tick(NOON)
    tick(NOON + 24 * HOUR)
    assert waiting(redis) == {f"{name}" for name in map(_id, (one for one in SCHEDULE if not one.per_portal))}


def test_a_portal_that_comes_later_is_worked_for(app: Flask, redis: Redis) -> None:
    tick(NOON)
    tick(NOON + 600)
    with Session(db.engine) as elsewhere:
        came = {"member_id": "m", "domain": "d", "client_endpoint": "e", "oauth_server": "o", "created_at": 0}
        elsewhere.add(Portal(id=1, status="active", **came))
        elsewhere.commit()
    tick(NOON + 1200)
    assert "sync-resume-1" in waiting(redis)


def test_a_second_scheduler_waits_for_the_first(app: Flask, redis: Redis) -> None:
    assert schedule._holds_lock("first")
    assert not schedule._holds_lock("second")
    assert schedule._holds_lock("first")


@pytest.mark.parametrize("periodic", SCHEDULE, ids=schedule._name)
def test_every_job_goes_to_a_queue_that_workers_empty(periodic: schedule.Periodic) -> None:
    assert periodic.queue in QUEUES


def _id(periodic: schedule.Periodic) -> str:
    return schedule._name(periodic).replace(".", "-")
