"""Coalescing: a thousand events ask for one job, and none is lost because a job had already begun. A job of one tenant
is fenced in."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from flask import Flask
from redis import Redis
from rq import Queue
from sqlalchemy import select

from b24app.lib import queue
from b24app.lib.db import db
from b24app.lib.tenancy import NotScoped
from b24app.portal.tables import Employee

NOWHERE = "redis://127.0.0.1:1/0"
"""Nobody listens there."""


def work(portal_id: int) -> None:
    """A job that does nothing."""


def look_at_another(portal_id: int) -> None:
    look_around(portal_id + 1)


def look_at_own(portal_id: int) -> None:
    look_around(portal_id)


def look_around(tenant: int) -> None:
    """About whichever tenant: a sweep goes from one to the next."""
    db.session.scalars(select(Employee).where(Employee.portal_id == tenant)).all()


def waiting(redis: Redis) -> list[str]:
    return Queue("live", connection=redis).job_ids


def use(redis_url: str) -> None:
    queue.use_redis(redis_url)


def test_a_thousand_requests_for_one_job_wait_as_one(redis: Redis, redis_url: str) -> None:
    use(redis_url)
    for _ in range(1000):
        assert queue.enqueue(work, 1, queue="live", unique="inbox:1")
    assert len(waiting(redis)) == 1


def test_jobs_of_different_names_all_wait(redis: Redis, redis_url: str) -> None:
    use(redis_url)
    for portal_id in (1, 2):
        queue.enqueue(work, portal_id, queue="live", unique=f"inbox:{portal_id}")
    assert len(waiting(redis)) == 2


def test_a_request_that_comes_while_the_job_runs_is_not_lost(redis: Redis, redis_url: str) -> None:
    """Nor one that comes when a worker was killed with the job in hand, begun or not: the queue looks the same."""
    use(redis_url)
    queue.enqueue(work, 1, queue="live", unique="inbox:1")
    redis.lmove("rq:queue:live", "rq:queue:live:intermediate")

    queue.enqueue(work, 1, queue="live", unique="inbox:1")
    queue.enqueue(work, 1, queue="live", unique="inbox:1")

    assert len(waiting(redis)) == 1


def test_an_unreachable_redis_is_said_and_does_no_harm() -> None:
    queue.use_redis("redis://127.0.0.1:1/0")
    assert not queue.enqueue(work, 1, queue="live", unique="inbox:1")


def perform(job: Callable[[int], None], redis: Redis) -> None:
    """As a worker does."""
    queue.WatchedJob.create(job, args=(1,), connection=redis).perform()


@pytest.mark.databases("sqlite")
def test_a_job_of_one_tenant_asks_for_nothing_of_another(app: Flask, redis: Redis) -> None:
    with pytest.raises(NotScoped, match="names portal 2, but the work is for 1"):
        perform(look_at_another, redis)
    perform(look_at_own, redis)
    perform(look_around, redis)
    look_around(2)  # the fence has ended with the job


def test_an_outage_is_said_once_when_it_begins_and_once_when_it_ends(
    redis: Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[tuple[str, dict[str, object]]] = []
    monkeypatch.setattr(queue, "_outage", queue._Outage())
    monkeypatch.setattr(queue, "logger", SimpleNamespace(warning=lambda what, **told: said.append((what, told))))
    for _ in range(2):
        use(NOWHERE)
        assert [queue.enqueue(work, 1, queue="live", unique="inbox:1") for _ in range(3)] == [False] * 3
        use(redis_url)
        assert [queue.enqueue(work, 1, queue="live", unique="inbox:1") for _ in range(2)] == [True] * 2
    assert [what for what, _told in said] == ["enqueue_failed", "enqueue_works_again"] * 2
    assert said[0][1] == {"job": "work", "error": "ConnectionError"}
    assert [told["not_enqueued"] for _what, told in said[1::2]] == [3, 3]
