"""How often somebody may do something: counted in Redis, for all processes together.

While Redis cannot be reached each process counts for itself. Who has had all they may is remembered by every process
that found out, so that turning them away asks nobody.
"""

import math
import time

from limits import parse
from limits.storage import MemoryStorage, RedisStorage
from redis import Redis
from redis.exceptions import RedisError

from b24app.lib.log import logger

ALONE_S = 10
"""How long a process counts for itself before it tries Redis again: nobody should wait for every try."""
MOST_REMEMBERED = 10_000

Storage = RedisStorage | MemoryStorage

_shared: RedisStorage | None = None


def use(redis: Redis | None) -> None:
    """Handed down once, at start."""
    global _shared
    _shared = None if redis is None else RedisStorage("redis://", connection_pool=redis.connection_pool)


class Allowance:
    """What everybody may do so often, one as the other. `rate` is written `120 per minute`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._spent: dict[str, float] = {}
        self._alone_until = 0.0
        self._own = MemoryStorage()

    def wait_s(self, who: str) -> int:
        """Whole seconds until they may again, as far as this process knows; 0: now."""
        until = self._spent.get(who)
        left = 0.0 if until is None else until - time.time()
        if left <= 0:
            self._spent.pop(who, None)
            return 0
        return math.ceil(left)

    def spend(self, who: str, rate: str) -> bool:
        """One time more; whether they might."""
        if _shared is not None and time.monotonic() >= self._alone_until:
            try:
                return self._count(_shared, who, rate)
            except RedisError as error:
                logger.warning("rates_counted_alone", rate=self._name, error=type(error).__name__)
                self._alone_until = time.monotonic() + ALONE_S
        return self._count(self._own, who, rate)

    def forget(self) -> None:
        """Nobody has spent anything, as far as this process knows."""
        self._spent.clear()
        self._own.reset()
        self._alone_until = 0.0

    def _count(self, storage: Storage, who: str, rate: str) -> bool:
        window = parse(rate)
        key = window.key_for(self._name, who)
        times = storage.incr(key, window.get_expiry())
        if times >= window.amount:
            if len(self._spent) >= MOST_REMEMBERED:
                self._spent.clear()  # they are found out again
            self._spent[who] = storage.get_expiry(key)
        return times <= window.amount
