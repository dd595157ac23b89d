"""The portal's rate limit, kept on our side: one leaky bucket per portal in Redis, shared by all processes.

A cloud portal drains 2 requests a second out of a bucket of 50 (contract 3.4). Ours is a little smaller and slower:
requests that left apart may arrive together. A call takes its place first and then waits until that place is free.

A Redis that was emptied, or that came back with what it knew a minute ago, remembers too little. Then the bucket is
taken for full, unless `was_busy` says that nothing was sent lately.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from redis import Redis
from redis.exceptions import RedisError

from b24app.lib.log import logger

DRAIN_PER_S = 1.9
CAPACITY = 44
KEPT_S = 3600
"""A bucket that was not looked at for so long is forgotten, as in a Redis that was emptied."""

REST_S, LONGEST_REST_S = 15, 300

# Redis' own clock is the only one asked, so that no two processes differ about the time. Answers {wait, pause} in
# seconds: a call that would wait longer than its patience, or whose method is paused, takes no place. Without a bucket
# of this very run of Redis, and without being told how full it is to be taken for, the answer is "unknown".
_TAKE = """
local drain, capacity, patience, assumed = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local pause = 0
for place = 4, #KEYS do
  pause = math.max(pause, redis.call('PTTL', KEYS[place]))
end
local rest = redis.call('PTTL', KEYS[2])
local server = redis.pcall('INFO', 'server')
local run = type(server) == 'string' and string.match(server, 'run_id:(%w+)') or ''
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local stored = redis.call('HMGET', KEYS[1], 'level', 'at', 'run')
local known = stored[1] and stored[3] == run
if not known and assumed == '' then
  return 'unknown'
end
local level = tonumber(assumed) or 0
if known then
  level = math.max(0, tonumber(stored[1]) - (now - tonumber(stored[2])) * drain)
end
local wait = math.max(0, (level + 1 - capacity) / drain)
if pause <= 0 and (rest <= 0 or ARGV[5] == '0') and wait <= patience then
  level = level + 1
end
redis.call('HSET', KEYS[1], 'level', tostring(level), 'at', string.format('%.6f', now), 'run', run)
redis.call('EXPIRE', KEYS[1], ARGV[6])
return {tostring(wait), tostring(pause / 1000), tostring(rest / 1000), tostring(redis.call('EXISTS', KEYS[3]))}
"""

_FILL = """
local server = redis.pcall('INFO', 'server')
local run = type(server) == 'string' and string.match(server, 'run_id:(%w+)') or ''
local time = redis.call('TIME')
local now = string.format('%.6f', time[1] + time[2] / 1000000)
redis.call('HSET', KEYS[1], 'level', ARGV[1], 'at', now, 'run', run)
redis.call('EXPIRE', KEYS[1], ARGV[2])
"""


@dataclass(frozen=True, slots=True)
class Place:
    """How long to wait before sending. With a `pause_s`, a `rest_s` or a wait over the patience nothing was taken."""

    wait_s: float
    pause_s: float = 0.0
    rest_s: float = 0.0


@dataclass(frozen=True, slots=True)
class State:
    """How long a request would wait now, how long the portal is left in peace, and which methods are paused."""

    wait_s: float
    rest_s: float
    pauses: Mapping[str, int]


@dataclass(slots=True)
class _Alone:
    """The bucket of a process that cannot reach Redis: slow enough for several such processes at once, and full at
    first, because what was sent until now is not known."""

    drain_per_s: float = DRAIN_PER_S / 8
    level: float = 1.0
    at: float = field(default_factory=time.monotonic)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, patience_s: float, now: float) -> Place:
        with self.lock:
            level = max(0.0, self.level - (now - self.at) * self.drain_per_s)
            wait = level / self.drain_per_s
            if wait <= patience_s:
                self.level, self.at = level + 1, now
            return Place(wait)


_alone: dict[str, _Alone] = {}


class Limiter:
    """`key` names the portal. Every instance of any process with the same key shares one bucket."""

    def __init__(self, redis: Redis | None, key: str, was_busy: Callable[[], bool] = lambda: False) -> None:
        """`was_busy`: whether requests were sent to this portal in the last minute, by whatever process."""
        self._redis = redis
        self._key = f"b24app:limiter:{key}"
        self._was_busy = was_busy
        self._is_doubted = False

    def take(self, methods: Sequence[str], patience_s: float, *, heeds_rest: bool = False) -> Place:
        """A place in the bucket for one request, a batch included; `methods` are all that it calls."""
        if self._redis is not None:
            try:
                return self._take(self._redis, methods, patience_s, heeds_rest)
            except RedisError as error:
                logger.warning("limiter_alone", error=type(error).__name__)
        return _alone.setdefault(self._key, _Alone()).take(patience_s, time.monotonic())

    def _take(self, redis: Redis, methods: Sequence[str], patience_s: float, heeds_rest: bool) -> Place:
        pauses = [self._pause_key(method) for method in dict.fromkeys(methods)]
        keys = [self._key, self._rest_key, self._failures_key, *pauses]
        limits = (DRAIN_PER_S, CAPACITY, patience_s)
        answer = redis.eval(_TAKE, len(keys), *keys, *limits, "", int(heeds_rest), KEPT_S)
        if isinstance(answer, bytes):
            assumed = CAPACITY if self._was_busy() else 0
            answer = redis.eval(_TAKE, len(keys), *keys, *limits, assumed, int(heeds_rest), KEPT_S)
        wait, pause, rest, failures = (max(0.0, float(value)) for value in answer)
        self._is_doubted = failures > 0
        return Place(wait, pause, rest if heeds_rest else 0.0)

    def pause(self, method: str, seconds: float) -> None:
        """Nobody calls this method on this portal for so long."""
        self._tell(lambda redis: redis.set(self._pause_key(method), 1, px=max(1, int(seconds * 1000))))

    def fill(self) -> None:
        """The portal says its bucket is full: somebody else sends from our address, so everybody here slows down."""
        self._tell(lambda redis: redis.eval(_FILL, 1, self._key, CAPACITY, KEPT_S))

    def rest(self) -> None:
        """The portal does not answer: who can wait leaves it in peace, twice as long each time."""

        def begin(redis: Redis) -> None:
            times = int(redis.incr(self._failures_key))
            redis.expire(self._failures_key, KEPT_S)
            redis.set(self._rest_key, 1, px=1000 * min(LONGEST_REST_S, REST_S * 2 ** min(times - 1, 10)))

        self._tell(begin)

    def answered(self) -> None:
        """The portal answers: if it was left in peace, that is over."""
        if self._is_doubted:
            self._is_doubted = False
            self._tell(lambda redis: redis.delete(self._failures_key, self._rest_key))

    def state(self) -> State | None:
        """How it stands now; None where it cannot be asked."""
        if self._redis is None:
            return None
        try:
            pauses = {}
            for key in self._redis.scan_iter(match=f"{self._pause_key('')}*"):
                pauses[key.decode().rpartition(":")[2]] = int(self._redis.ttl(key))
            place = self._take(self._redis, (), -1, heeds_rest=True)
        except RedisError:
            return None
        return State(place.wait_s, place.rest_s, pauses)

    def _tell(self, what: Callable[[Redis], object]) -> None:
        if self._redis is not None:
            try:
                what(self._redis)
            except RedisError as error:
                logger.warning("limiter_alone", error=type(error).__name__)

    def _pause_key(self, method: str) -> str:
        return f"{self._key}:pause:{method.lower()}"

    @property
    def _rest_key(self) -> str:
        return f"{self._key}:rest"

    @property
    def _failures_key(self) -> str:
        return f"{self._key}:failures"
