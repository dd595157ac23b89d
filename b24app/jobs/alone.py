"""One worker at a kind of work for one portal, and how long work shows that it lives.

It saves work; nothing rests on it: every job may run beside itself.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from redis.exceptions import RedisError
from redis.lock import Lock

from b24app.lib.queue import redis

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is, and of how much."""

LOCK_S = 60
"""Longer than a request, between two signs of life: a killed worker keeps the next one waiting for so long."""


@contextmanager
def alone(work: str, portal_id: int, hold_s: float = LOCK_S) -> Iterator[Lock | None]:
    """Not together with another worker at the same work; None when one is at it."""
    lock = redis().lock(f"b24app:{work}:{portal_id}", timeout=hold_s)
    if not lock.acquire(blocking=False):
        yield None
        return
    try:
        yield lock
    finally:
        with suppress(RedisError):
            lock.release()


def unseen(_step: str, _done: int, _total: int) -> None:
    """The progress nobody watches."""


def alive(lock: Lock, progress: Progress | None = None) -> Progress:
    """The same progress, which keeps others from beginning the same work."""

    def report(step: str, done: int, total: int) -> None:
        with suppress(RedisError):
            lock.reacquire()
        if progress:
            progress(step, done, total)

    return report
