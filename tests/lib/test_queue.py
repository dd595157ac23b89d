"""Coalescing: a thousand events ask for one job, and none is lost because a job had already begun."""

from redis import Redis
from rq import Queue
from rq.job import Job, JobStatus

from b24app.lib import queue


def work(portal_id: int) -> None:
    """A job that does nothing."""


def waiting(redis: Redis) -> list[str]:
    return Queue("live", connection=redis).job_ids


def use(redis_url: str) -> None:
    queue.use_redis(redis_url)


def test_a_thousand_requests_for_one_job_wait_as_one(redis: Redis, redis_url: str) -> None:
    use(redis_url)
    for _ in range(1000):
        assert queue.enqueue(work, 1, queue="live", unique="inbox:1")
    assert waiting(redis) == ["inbox-1"]


def test_a_request_that_comes_while_the_job_runs_is_not_lost(redis: Redis, redis_url: str) -> None:
    use(redis_url)
    queue.enqueue(work, 1, queue="live", unique="inbox:1")
    running = Queue("live", connection=redis).fetch_job("inbox-1")
    assert running is not None
    redis.lrem("rq:queue:live", 0, "inbox-1")
    running.set_status(JobStatus.STARTED)

    queue.enqueue(work, 1, queue="live", unique="inbox:1")
    queue.enqueue(work, 1, queue="live", unique="inbox:1")

    assert waiting(redis) == ["inbox-1-next"]


def test_a_job_that_failed_does_not_block_the_next_one(redis: Redis, redis_url: str) -> None:
    use(redis_url)
    queue.enqueue(work, 1, queue="live", unique="inbox:1")
    redis.lrem("rq:queue:live", 0, "inbox-1")
    Job.fetch("inbox-1", connection=redis).set_status(JobStatus.FAILED)

    queue.enqueue(work, 1, queue="live", unique="inbox:1")

    assert waiting(redis) == ["inbox-1"]


def test_an_unreachable_redis_is_said_and_does_no_harm() -> None:
    queue.use_redis("redis://127.0.0.1:1/0")
    assert not queue.enqueue(work, 1, queue="live", unique="inbox:1")
