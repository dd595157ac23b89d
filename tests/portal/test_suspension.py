"""Portals that let nobody in: said in plain words, asked again less and less often, and caught up with then."""

from contextlib import suppress
from datetime import timedelta

import pytest
from redis import Redis
from rq import Queue
from sqlalchemy import select, update

from b24app.bitrix.errors import PortalGone, RestError, TokenDead
from b24app.demo.faults import Refusal
from b24app.demo.server import RunningPortal
from b24app.jobs import install as jobs
from b24app.lib import clock, queue, telemetry
from b24app.lib.db import db, write
from b24app.portal import connection, operations, queries, suspension
from b24app.portal.suspension import FIRST_KNOCK_S, LONGEST_WAIT_S, is_due
from b24app.portal.tables import Portal, Token

from .conftest import ADMIN

HOUR = 3600


def fresh(portal: Portal) -> Portal:
    db.session.remove()
    return queries.get(portal.id)


@pytest.fixture
def unpaid(portal: Portal, demo: RunningPortal, redis: Redis, redis_url: str) -> Portal:
    """A portal whose subscription has ended."""
    queue.use_redis(redis_url)
    demo.state.faults.refusals.append(Refusal(count=2, status=401, code="PAYMENT_REQUIRED"))
    with pytest.raises(PortalGone):
        operations.connect(portal.id).call("profile")
    return portal


def test_why_is_said_in_the_portals_language(unpaid: Portal) -> None:
    found = fresh(unpaid)
    assert (found.status, found.problem_code) == ("suspended", "PAYMENT_REQUIRED")
    assert found.problem == "Подписка на приложение в этом Битрикс24 закончилась. Продлите её в Маркете."
    assert found.suspended_at is not None


def test_it_is_asked_again_and_the_work_goes_on_by_itself(unpaid: Portal, demo: RunningPortal, redis: Redis) -> None:
    jobs.knock(unpaid.id)
    assert fresh(unpaid).status == "suspended"
    jobs.knock(unpaid.id)
    found = fresh(unpaid)
    assert (found.status, found.problem, found.problem_code, found.suspended_at) == ("active", None, None, None)
    asked = {job.func_name.rpartition(".")[2] for name in queue.QUEUES for job in Queue(name, connection=redis).jobs}
    assert asked == {"register", "reconcile"}


def test_only_what_is_due_is_asked(unpaid: Portal) -> None:
    now = clock.now()
    assert suspension.due(now) == ()
    assert suspension.due(now + timedelta(seconds=FIRST_KNOCK_S + 5)) == (unpaid.id,)


@pytest.mark.parametrize(
    ("lasts", "wait"), [(0, FIRST_KNOCK_S), (300, FIRST_KNOCK_S), (HOUR, HOUR), (30 * HOUR, LONGEST_WAIT_S)]
)
def test_the_longer_it_lasts_the_longer_nobody_knocks(lasts: int, wait: int) -> None:
    assert not is_due(0, lasts, lasts + wait - 1)
    assert is_due(0, lasts, lasts + wait)


def test_an_administrator_who_is_back_needs_not_open_the_app(
    portal: Portal, demo: RunningPortal, redis_url: str
) -> None:
    queue.use_redis(redis_url)
    demo.state.staff.users[ADMIN].active = False
    with pytest.raises(TokenDead):
        operations.connect(portal.id).call("profile")
    jobs.knock(portal.id)
    assert fresh(portal).status == "suspended"
    demo.state.staff.users[ADMIN].active = True
    jobs.knock(portal.id)
    assert fresh(portal).status == "active"


def test_tokens_that_nobody_uses_are_renewed_before_they_end(portal: Portal, demo: RunningPortal) -> None:
    assert connection.dormant(portal.id, clock.now()) == ()
    with write() as session:
        session.execute(update(Token).values(expires_at=clock.epoch(clock.now()) - 31 * 86_400))
    jobs.keep_tokens(portal.id)
    assert demo.state.tokens.refreshes == 1
    db.session.remove()
    assert db.session.scalar(select(Token.dead)) is False
    assert connection.dormant(portal.id, clock.now()) == ()


def test_only_codes_that_are_known_are_counted_by_name(portal: Portal, demo: RunningPortal, redis: Redis) -> None:
    telemetry.use(redis)
    demo.state.faults.refusals.append(Refusal(count=1, status=400, code="SOMETHING_NEW"))
    demo.state.faults.refusals.append(Refusal(count=1, status=403, code="INVALID_CREDENTIALS"))
    for _time in range(3):
        with suppress(RestError):
            operations.connect(portal.id).call("crm.category.list", {"entityTypeId": 2})
    counted = {label: times for (name, kind, label), times in telemetry.read().items() if kind == "count"}
    assert counted == {"ok": 1, "Refused": 1, "AccessDenied INVALID_CREDENTIALS": 1}
