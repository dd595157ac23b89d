"""Redis Queue: enqueue after commit, coalesced by name. Redis says "now"; the database says what is to be done.

Losing Redis loses no work: whatever is enqueued here has a row in the database that a periodic sweep finds.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, cast
from uuid import uuid4

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue, Worker
from rq.job import Job
from structlog.contextvars import bound_contextvars

from b24app.lib import telemetry
from b24app.lib.log import logger

QUEUES = ("live", "robots", "default", "sync")
"""In the order in which a worker empties them: what a person waits for goes before what runs for hours."""

TIMEOUT_S = 3600
FAILED_KEPT_S = 7 * 86400
NOT_IN_IDS = re.compile(r"[^A-Za-z0-9_-]")

_redis: Redis | None = None


def use_redis(url: str) -> None:
    """Handed down once, at start."""
    global _redis
    once = Retry(NoBackoff(), 1)  # the default keeps trying for seconds, and Bitrix24 waits for our answer to its event
    _redis = Redis.from_url(url, socket_timeout=10, socket_connect_timeout=5, health_check_interval=30, retry=once)


def redis() -> Redis:
    if _redis is None:
        raise RuntimeError("use_redis was not called")
    return _redis


class WatchedJob(Job):
    """What a worker runs: every line it logs names the job, and how long it took is counted."""

    def perform(self) -> Any:
        work = (self.func_name or "").removeprefix("b24app.jobs.")
        with bound_contextvars(job=self.id, work=work), telemetry.timed("job", work):
            try:
                return super().perform()
            except Exception as error:
                telemetry.count("job_failures", work)
                logger.error("job_failed", error=type(error).__name__)
                raise


def worker(queues: Sequence[str]) -> Worker:
    """A worker that empties these queues, the first one first."""
    return Worker(list(queues), connection=redis(), job_class=WatchedJob, log_job_description=False)


def depths() -> dict[str, int]:
    """How many jobs wait in each queue."""
    return {name: Queue(name, connection=redis()).count for name in QUEUES}


def workers() -> int:
    """How many workers have shown a sign of life lately."""
    return int(Worker.count(connection=redis()))


def enqueue(job: Callable[..., Any], *args: Any, queue: str = "default", unique: str | None = None) -> bool:
    """Ask a worker to run `job(*args)`. With `unique`, a job of that name that still waits in the queue is enough.

    Call it after the commit. False when Redis cannot be reached: the sweep takes the work from the database later.
    """
    waiting_room = Queue(queue, connection=redis())
    options: dict[str, Any] = {"result_ttl": 0, "failure_ttl": FAILED_KEPT_S, "job_timeout": TIMEOUT_S}
    try:
        if unique is None:
            waiting_room.enqueue(job, *args, **options)
        else:
            _enqueue_once(waiting_room, unique, job, args, options)
    except RedisError as error:
        logger.warning("enqueue_failed", job=job.__name__, error=type(error).__name__)
        return False
    return True


def _enqueue_once(
    queue: Queue, name: str, job: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]
) -> None:
    """A job that was taken out of the queue does not count, whatever became of it: one that has begun may already have
    read what it was asked to do, and one that went down with its worker will never begin.
    """
    asked = f"b24app:asked:{name}"
    last = cast(bytes | None, redis().get(asked))
    if last is not None and redis().lpos(queue.key, last.decode()) is not None:
        return
    job_id = f"{NOT_IN_IDS.sub('-', name)}-{uuid4().hex[:12]}"
    redis().set(asked, job_id, ex=TIMEOUT_S)
    queue.enqueue(job, *args, job_id=job_id, **options)
