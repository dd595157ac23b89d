"""Redis Queue: enqueue after commit, coalesced by name. Redis says "now"; the database says what is to be done.

Losing Redis loses no work: whatever is enqueued here has a row in the database that a periodic sweep finds.
"""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Condition, Lock, Thread
from typing import Any
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
from b24app.lib.tenancy import work_of

QUEUES = ("live", "robots", "default", "sync")
"""In the order in which a worker empties them: what a person waits for goes before what runs for hours."""

TIMEOUT_S = 3600
SOON_S = 10
BREATH_S = 0.02
"""Between two rounds of `enqueue_soon`: a burst is so many questions to Redis a second, a lone event waits for none."""

FAILED_KEPT_S = 7 * 86400
NOT_IN_IDS = re.compile(r"[^A-Za-z0-9_-]")

STILL_WAITS = """
local last = redis.call('GET', KEYS[1])
return (last and redis.call('LPOS', KEYS[2], last)) and 1 or 0
"""
"""Whether the job asked for last is still in the queue: one question, asked for every event of a burst."""

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
    """What a worker runs: every line it logs names the job, how long it took is counted, and a job of one tenant may
    ask for nothing of another."""

    def perform(self) -> Any:
        work = (self.func_name or "").removeprefix("b24app.jobs.")
        with (
            bound_contextvars(job=self.id, work=work),
            telemetry.timed("job", work),
            work_of(self.func, self.args),
        ):
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
        _outage.failed(job.__name__, type(error).__name__)
        return False
    _outage.worked()
    return True


@dataclass(slots=True)
class _Outage:
    """Redis is away: a process says so when it notices and when that is over, not of everything meanwhile."""

    since: float | None = None
    lost: int = 0
    lock: Lock = field(default_factory=Lock)

    def failed(self, job: str, error: str) -> None:
        with self.lock:
            self.lost += 1
            if self.since is None:
                self.since = time.monotonic()
                logger.warning("enqueue_failed", job=job, error=error)

    def worked(self) -> None:
        if self.since is None:
            return
        with self.lock:
            if self.since is not None:
                seconds = round(time.monotonic() - self.since)
                logger.warning("enqueue_works_again", not_enqueued=self.lost, seconds=seconds)
                self.since, self.lost = None, 0


_outage = _Outage()


@dataclass(slots=True)
class _Soon:
    """What is to be enqueued by a thread of this process, by name; a name asked for twice is carried out once."""

    asked: dict[str, tuple[str, Callable[..., Any], tuple[Any, ...]]] = field(default_factory=dict)
    under_way: int = 0
    changed: Condition = field(default_factory=Condition)
    thread: Thread | None = None

    def ask(self, name: str, queue: str, job: Callable[..., Any], args: tuple[Any, ...]) -> None:
        with self.changed:
            self.asked[name] = queue, job, args
            if self.thread is None or not self.thread.is_alive():  # a fork has none
                self.thread = Thread(target=self._work, name="enqueue-soon", daemon=True)
                self.thread.start()
            self.changed.notify_all()

    def _work(self) -> None:
        while True:
            with self.changed:
                self.under_way = 0
                self.changed.notify_all()
                self.changed.wait_for(lambda: self.asked)
                wanted, self.asked = self.asked, {}
                self.under_way = len(wanted)
            for name, (queue, job, args) in wanted.items():
                enqueue(job, *args, queue=queue, unique=name)
            time.sleep(BREATH_S)

    def settle(self) -> None:
        with self.changed:
            self.changed.wait_for(lambda: not self.asked and not self.under_way, timeout=SOON_S)


_soon = _Soon()


def enqueue_soon(job: Callable[..., Any], *args: Any, queue: str = "default", unique: str) -> None:
    """The same in a moment, by a thread: whoever calls does not wait for Redis, and in a burst is one of many who asked
    for the same. What is lost with the process, the sweep finds."""
    _soon.ask(unique, queue, job, args)


def settle() -> None:
    """Wait until everything asked for soon has been enqueued; for tests."""
    _soon.settle()


def _enqueue_once(
    queue: Queue, name: str, job: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]
) -> None:
    """A job that was taken out of the queue does not count, whatever became of it: one that has begun may already have
    read what it was asked to do, and one that went down with its worker will never begin.
    """
    asked = f"b24app:asked:{name}"
    if redis().eval(STILL_WAITS, 2, asked, queue.key):
        return
    job_id = f"{NOT_IN_IDS.sub('-', name)}-{uuid4().hex[:12]}"
    redis().set(asked, job_id, ex=TIMEOUT_S)
    queue.enqueue(job, *args, job_id=job_id, **options)
