"""The limiter against the portal's own accounting: whoever sends at the moments it gives is never refused."""

import threading
import time

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from b24app.bitrix.throttle import CAPACITY, Limiter
from b24app.demo.limits import Limiter as PortalLimiter

FOR_EVER = 10_000.0


def test_a_burst_of_many_workers_stays_within_the_portals_limits(redis: Redis) -> None:
    moments: list[float] = []

    def work() -> None:
        limiter = Limiter(redis, "shared")
        for _request in range(40):
            place = limiter.take(["m"], FOR_EVER)
            moments.append(time.monotonic() + place.wait_s)

    workers = [threading.Thread(target=work) for _worker in range(5)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    portal = PortalLimiter()
    assert all(portal.admit("us", moment) for moment in sorted(moments))
    assert portal.peak <= 50
    last_minute = [moment for moment in moments if moment > max(moments) - 60]
    assert len(last_minute) <= 2 * 60


def test_a_quiet_portal_is_asked_at_once(redis: Redis) -> None:
    limiter = Limiter(redis, "quiet")
    assert [limiter.take(["m"], 1).wait_s for _request in range(CAPACITY)] == [0.0] * CAPACITY
    assert limiter.take(["m"], 1).wait_s > 0


def test_somebody_without_patience_takes_no_place(redis: Redis) -> None:
    limiter = Limiter(redis, "full")
    for _request in range(CAPACITY + 2):
        limiter.take(["m"], FOR_EVER)
    waits = [limiter.take(["m"], 0.1).wait_s for _request in range(3)]
    assert max(waits) - min(waits) < 0.1
    assert min(waits) > 1


def test_portals_do_not_wait_for_each_other(redis: Redis) -> None:
    for _request in range(CAPACITY + 5):
        Limiter(redis, "busy").take(["m"], FOR_EVER)
    assert Limiter(redis, "other").take(["m"], 1).wait_s == 0


def test_a_full_bucket_at_the_portal_slows_everybody_down(redis: Redis) -> None:
    Limiter(redis, "told").fill()
    assert Limiter(redis, "told").take(["m"], 60).wait_s > 0


def test_a_pause_ends_by_itself_and_is_about_one_method(redis: Redis) -> None:
    limiter = Limiter(redis, "paused")
    limiter.pause("crm.item.list", 0.05)
    assert limiter.take(["profile", "crm.item.list"], 1).pause_s > 0
    assert limiter.take(["profile"], 1).pause_s == 0
    redis.delete("b24app:limiter:paused:pause:crm.item.list")
    assert limiter.take(["crm.item.list"], 1).pause_s == 0


def test_without_redis_a_process_is_slow_but_works() -> None:
    limiter = Limiter(Redis(port=1, retry=Retry(NoBackoff(), 0)), "alone")
    waits = [limiter.take(["m"], FOR_EVER).wait_s for _request in range(20)]
    assert 0 < waits[0] < 5
    assert waits[-1] > 60


def test_an_emptied_redis_is_taken_for_a_full_bucket_where_requests_were_sent(redis: Redis) -> None:
    busy, quiet = Limiter(redis, "busy", lambda: True), Limiter(redis, "quiet", lambda: False)
    for limiter in (busy, quiet):
        limiter.take(["m"], 1)
    redis.flushall()
    assert busy.take(["m"], 60).wait_s > 0
    assert quiet.take(["m"], 60).wait_s == 0


def test_a_bucket_of_another_run_of_redis_is_not_believed(redis: Redis) -> None:
    limiter = Limiter(redis, "restored", lambda: True)
    redis.hset("b24app:limiter:restored", mapping={"level": 3, "at": time.time() - 50, "run": "the one before"})
    assert limiter.take(["m"], 60).wait_s > 0


def test_a_portal_that_does_not_answer_is_left_in_peace_longer_each_time(redis: Redis) -> None:
    limiter = Limiter(redis, "away")
    rests = []
    for _time in range(7):
        limiter.rest()
        rests.append(limiter.take(["m"], 1, heeds_rest=True).rest_s)
    assert [round(seconds) for seconds in rests] == [15, 30, 60, 120, 240, 300, 300]
    assert limiter.take(["m"], 1).rest_s == 0  # whoever is waited for asks nevertheless
    limiter.answered()
    assert limiter.take(["m"], 1, heeds_rest=True).rest_s == 0
    limiter.rest()
    assert limiter.take(["m"], 1, heeds_rest=True).rest_s <= 15
