"""The portal's rate limit, kept on our side: one leaky bucket per portal in Redis, shared by all processes.

A cloud portal drains 2 requests a second out of a bucket of 50 (contract 3.4). Ours is a little smaller and slower:
requests that left apart may arrive together. A call takes its place first and then waits until that place is free.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from redis import Redis
from redis.exceptions import RedisError

from b24app.lib.log import logger

DRAIN_PER_S = 1.9
CAPACITY = 44

# Redis' own clock is the only one asked, so that no two processes differ about the time. Answers {wait, pause} in
# seconds: a call that would wait longer than its patience, or whose method is paused, takes no place.
_TAKE = """
local drain, capacity, patience = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local pause = 0
for place = 2, #KEYS do
  pause = math.max(pause, redis.call('PTTL', KEYS[place]))
end
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local stored = redis.call('HMGET', KEYS[1], 'level', 'at')
local level = math.max(0, (tonumber(stored[1]) or 0) - (now - (tonumber(stored[2]) or now)) * drain)
local wait = math.max(0, (level + 1 - capacity) / drain)
if pause <= 0 and wait <= patience then
  redis.call('HSET', KEYS[1], 'level', tostring(level + 1), 'at', string.format('%.6f', now))
  redis.call('PEXPIRE', KEYS[1], math.ceil((level + 1) / drain * 1000) + 1000)
end
return {tostring(wait), tostring(pause / 1000)}
"""

_FILL = """
local time = redis.call('TIME')
redis.call('HSET', KEYS[1], 'level', ARGV[1], 'at', string.format('%.6f', time[1] + time[2] / 1000000))
redis.call('PEXPIRE', KEYS[1], 60000)
"""


@dataclass(frozen=True, slots=True)
class Place:
    """How long to wait before sending. With a `pause_s`, or a wait over the caller's patience, nothing was taken."""

    wait_s: float
    pause_s: float = 0.0


@dataclass(slots=True)
class _Alone:
    """The bucket of a process that cannot reach Redis: slow enough for several such processes at once."""

    drain_per_s: float = DRAIN_PER_S / 8
    capacity: float = CAPACITY / 8
    level: float = 0.0
    at: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, patience_s: float, now: float) -> Place:
        with self.lock:
            level = max(0.0, self.level - (now - self.at) * self.drain_per_s)
            wait = max(0.0, (level + 1 - self.capacity) / self.drain_per_s)
            if wait <= patience_s:
                self.level, self.at = level + 1, now
            return Place(wait)


_alone: dict[str, _Alone] = {}


class Limiter:
    """`key` names the portal. Every instance of any process with the same key shares one bucket."""

    def __init__(self, redis: Redis | None, key: str) -> None:
        self._redis = redis
        self._key = f"b24app:limiter:{key}"

    def take(self, methods: Sequence[str], patience_s: float) -> Place:
        """A place in the bucket for one request, a batch included; `methods` are all that it calls."""
        if self._redis is not None:
            keys = [self._key, *(self._pause_key(method) for method in dict.fromkeys(methods))]
            try:
                wait, pause = self._redis.eval(_TAKE, len(keys), *keys, DRAIN_PER_S, CAPACITY, patience_s)
                return Place(float(wait), max(0.0, float(pause)))
            except RedisError as error:
                logger.warning("limiter_alone", error=type(error).__name__)
        return _alone.setdefault(self._key, _Alone()).take(patience_s, time.monotonic())

    def pause(self, method: str, seconds: float) -> None:
        """Nobody calls this method on this portal for so long."""
        if self._redis is not None:
            try:
                self._redis.set(self._pause_key(method), 1, px=max(1, int(seconds * 1000)))
            except RedisError as error:
                logger.warning("limiter_alone", error=type(error).__name__)

    def fill(self) -> None:
        """The portal says its bucket is full: somebody else sends from our address, so everybody here slows down."""
        if self._redis is not None:
            try:
                self._redis.eval(_FILL, 1, self._key, CAPACITY)
            except RedisError as error:
                logger.warning("limiter_alone", error=type(error).__name__)

    def _pause_key(self, method: str) -> str:
        return f"{self._key}:pause:{method.lower()}"
