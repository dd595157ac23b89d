"""Counters and timers that all processes share: they lie in Redis, because jobs run in processes that end with them.

Nobody waits for a counter, and nothing rests on one: a Redis that cannot be reached counts nothing. No personal data
and no names of portals in any label.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import cast

from redis import Redis
from redis.exceptions import RedisError

KEY = "b24app:telemetry"

_redis: Redis | None = None


def use(redis: Redis | None) -> None:
    """Handed down once, at start."""
    global _redis
    _redis = redis


def count(name: str, label: str = "") -> None:
    """One more of these. `label` tells kinds of them apart."""
    _add({_field(name, "total", label): 1})


def observe(name: str, seconds: float, label: str = "") -> None:
    """One more of these, which took so long."""
    _add({_field(name, "count", label): 1, _field(name, "sum", label): seconds})


@contextmanager
def timed(name: str, label: str = "") -> Iterator[None]:
    started = time.monotonic()
    try:
        yield
    finally:
        observe(name, time.monotonic() - started, label)


def read() -> dict[tuple[str, str, str], float]:
    """(name, total | count | sum, label) -> value, as all processes have counted together."""
    if _redis is None:
        return {}
    stored = cast(dict[bytes, bytes], _redis.hgetall(KEY))
    found = {}
    for field, value in stored.items():
        name, kind, label = field.decode().split("|", 2)
        found[name, kind, label] = float(value)
    return found


def _field(name: str, kind: str, label: str) -> str:
    return f"{name}|{kind}|{label}"


def _add(amounts: dict[str, float]) -> None:
    if _redis is None:
        return
    with suppress(RedisError):
        pipeline = _redis.pipeline(transaction=False)
        for field, amount in amounts.items():
            pipeline.hincrbyfloat(KEY, field, amount)
        pipeline.execute()
