"""Tokens of a portal: renewed once however many want it, replaced when their owner goes, lost without harm."""

import threading
from collections.abc import Callable
from functools import partial

import pytest
from flask import Flask
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import select, update

from b24app.bitrix import throttle
from b24app.bitrix.errors import NotInstalled, PortalGone, TokenDead, Unreachable
from b24app.demo.faults import Refusal
from b24app.demo.server import RunningPortal
from b24app.lib import clock
from b24app.lib.db import db, write
from b24app.portal import connection, operations, queries
from b24app.portal.tables import Portal, Token

from .conftest import ADMIN, EMPLOYEE, Visitor


def fresh(table, key):
    """A row as others have left it."""
    db.session.remove()
    return db.session.get_one(table, key)


def token(portal: Portal, user_id: int = ADMIN) -> Token:
    return fresh(Token, (portal.id, user_id))


@pytest.fixture
def stand_in(portal: Portal, visitor: Visitor) -> int:
    """A second administrator who has opened the app."""
    visitor.demo.state.staff.users[EMPLOYEE].is_admin = True
    with write():
        operations.admit(*visitor(EMPLOYEE), visitor.secret, clock.now())
    return EMPLOYEE


def together(app: Flask, count: int, work: Callable[[], object]) -> list[object]:
    """The same work in several threads at once; what each got, or the error it met."""
    results: list[object] = []
    start = threading.Barrier(count)

    def run() -> None:
        with app.app_context():
            start.wait()
            try:
                results.append(work())
            except Exception as error:
                results.append(error)

    threads = [threading.Thread(target=run) for _thread in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_an_expired_token_is_renewed_and_stored(portal: Portal, demo: RunningPortal) -> None:
    before = token(portal).access_token
    demo.state.tokens.expire_all(clock.now())
    assert operations.connect(portal.id).call("profile")["ADMIN"] is True
    assert (token(portal).version, token(portal).access_token != before) == (2, True)


def test_a_token_about_to_expire_is_renewed_before_it_is_used(portal: Portal, demo: RunningPortal) -> None:
    with write() as session:
        session.execute(update(Token).values(expires_at=clock.epoch(clock.now()) + 10))
    operations.connect(portal.id).call("profile")
    assert demo.state.tokens.refreshes == 1
    assert not demo.state.traffic.errors


def test_many_workers_make_one_refresh(database: Flask, portal: Portal, demo: RunningPortal) -> None:
    demo.state.tokens.expire_all(clock.now())
    results = together(database, 6, lambda: operations.connect(portal.id).call("profile")["ID"])
    assert results == ["1"] * 6
    assert (demo.state.tokens.refreshes, demo.state.tokens.reused_refreshes) == (1, 0)


def test_without_redis_workers_still_end_with_one_pair(
    database: Flask, portal: Portal, demo: RunningPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    unreachable = Redis(port=1, retry=Retry(NoBackoff(), 0))
    monkeypatch.setattr(connection, "_connection", replace(connection.settings(), redis=unreachable))
    monkeypatch.setattr(connection, "LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(throttle, "_Alone", partial(throttle._Alone, drain_per_s=1000))
    demo.state.tokens.expire_all(clock.now())
    results = together(database, 3, lambda: operations.connect(portal.id).call("profile")["ID"])
    assert results == ["1"] * 3
    assert demo.state.tokens.refreshes == 1
    assert token(portal).dead is False


def test_the_new_pair_is_stored_before_it_is_used(portal: Portal, demo: RunningPortal) -> None:
    demo.state.tokens.expire_all(clock.now())
    demo.state.faults.refusals.append(Refusal(count=1, status=401, code="expired_token"))
    demo.state.faults.refusals.append(Refusal(count=1, status=403, code="INVALID_CREDENTIALS"))
    with pytest.raises(Exception, match="denies"):
        operations.connect(portal.id).call("profile")
    assert token(portal).version == 2
    assert demo.state.tokens.owner(token(portal).access_token, clock.now()) == ADMIN


def test_a_stand_in_takes_over_when_the_service_user_is_dismissed(
    portal: Portal, stand_in: int, demo: RunningPortal
) -> None:
    demo.state.staff.users[ADMIN].active = False
    assert operations.connect(portal.id).call("profile")["ID"] == str(stand_in)
    assert token(portal).dead is True
    assert queries.get(portal.id).status == "active"


def test_a_stand_in_takes_over_when_the_refresh_token_is_dead(
    portal: Portal, stand_in: int, demo: RunningPortal
) -> None:
    with write() as session:
        session.execute(update(Token).where(Token.user_id == ADMIN).values(refresh_token="dead", expires_at=0))
    assert operations.connect(portal.id).call("profile")["ID"] == str(stand_in)


def test_without_any_token_the_portal_is_suspended_in_its_language(portal: Portal, demo: RunningPortal) -> None:
    demo.state.staff.users[ADMIN].active = False
    with pytest.raises(TokenDead):
        operations.connect(portal.id).call("profile")
    found = fresh(Portal, portal.id)
    assert found.status == "suspended"
    assert found.problem
    with pytest.raises(PortalGone):
        operations.connect(portal.id).call("profile")


def test_a_removed_app_suspends_the_portal(portal: Portal, demo: RunningPortal) -> None:
    demo.state.app.state = "absent"
    with pytest.raises(NotInstalled):
        operations.connect(portal.id).call("profile")
    db.session.remove()
    assert queries.active_ids() == ()


def test_a_confirmed_move_is_followed_and_kept(portal: Portal, demo: RunningPortal) -> None:
    demo.state.faults.moved_to = demo.url.replace("127.0.0.1", "localhost")
    assert operations.connect(portal.id).call("profile")["ADMIN"] is True
    assert fresh(Portal, portal.id).client_endpoint == f"{demo.state.faults.moved_to}/rest/"


def test_an_unconfirmed_move_gets_no_token(portal: Portal, demo: RunningPortal) -> None:
    keeper = connection.TokenKeeper(portal.id, f"{demo.url}/oauth-server", portal.member_id, False)
    for address in ("https://evil.example/rest/profile", f"{demo.url}/login"):
        with pytest.raises(Unreachable):
            keeper.moved(keeper.access(), address)
    assert db.session.scalar(select(Portal.client_endpoint)) == f"{demo.url}/rest/"


def test_a_full_disk_costs_no_refresh_token(
    portal: Portal, demo: RunningPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    from contextlib import contextmanager

    from b24app.lib.db import DatabaseUnavailable

    @contextmanager
    def full():
        raise DatabaseUnavailable("INSERT", {}, Exception("database or disk is full"))
        yield

    demo.state.tokens.expire_all(clock.now())
    monkeypatch.setattr(connection, "own_transaction", full)
    with pytest.raises(DatabaseUnavailable):
        operations.connect(portal.id).call("profile")
    assert demo.state.tokens.refreshes == 0
