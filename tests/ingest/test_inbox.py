"""The inbox's rows: coalescing, compare and set, failures."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import Select, select, text

from b24app.ingest import inbox, operations, queries
from b24app.ingest.inbox import MOST_ATTEMPTS
from b24app.ingest.sources.base import Rejected
from b24app.ingest.tables import Inbox
from b24app.lib.db import db, write
from tests.facts.conftest import World
from tests.facts.samples import NOON

SOON = NOON + timedelta(seconds=1)


@pytest.fixture
def room(world: World, app: Flask) -> World:
    return world


def accept(*ids: int, entity: str = "deal", at: object = NOON) -> None:
    with write():
        for id in ids:
            operations.accept(1, entity, id, at)  # type: ignore[arg-type]


def pending() -> list[int]:
    batch = inbox.due(1, NOON + timedelta(days=1))
    return [int(row.key) for row in batch.rows] if batch else []


def test_a_thousand_edits_of_a_deal_are_one_row(room: World) -> None:
    accept(*[7] * 5, 8)
    assert sorted(pending()) == [7, 8]
    assert queries.status(1).pending_events == 2


def test_an_edit_while_the_deal_is_read_makes_it_due_again(room: World) -> None:
    accept(7, 8)
    batch = inbox.due(1, NOON + timedelta(days=1))
    assert batch
    accept(7)  # within the same microsecond, as far as the clocks tell
    with write():
        inbox.done(batch)
    assert pending() == [7]


def test_entities_are_worked_off_apart_the_oldest_first(room: World) -> None:
    accept(1, entity="activity")
    accept(2, at=SOON)
    batch = inbox.due(1, NOON + timedelta(days=1))
    assert batch
    assert (batch.entity, len(batch.rows)) == ("activity", 1)


def test_a_robot_call_comes_once_and_is_not_drained(room: World) -> None:
    with write():
        first = operations.accept_robot(1, "token|1", {"code": "kpi_add"}, NOON)
        again = operations.accept_robot(1, "token|1", {"code": "kpi_add"}, SOON)
        other_portal = operations.accept_robot(2, "token|1", {"code": "kpi_add"}, SOON)
    assert first
    assert again is None
    assert other_portal not in (None, first)
    assert pending() == []
    assert queries.portals_with_due(SOON) == ()


def test_rows_that_fail_are_tried_among_fewer_and_put_aside_in_the_end(room: World) -> None:
    accept(*range(1, 61))
    sizes = []
    for _attempt in range(MOST_ATTEMPTS):
        batch = inbox.due(1, NOON + timedelta(days=1))
        assert batch
        sizes.append(len(batch.rows))
        with write():
            inbox.failed(batch, "A bad record.", NOON)
    assert sizes[:3] == [60, 50, 10]
    while batch := inbox.due(1, NOON + timedelta(days=1)):
        with write():
            inbox.failed(batch, "A bad record.", NOON)
    aside = queries.put_aside(1)
    assert (len(aside), aside[0].reason) == (60, "A bad record.")
    accept(7, at=SOON)
    assert pending() == [7]


def test_trouble_of_the_portal_is_not_held_against_the_rows(room: World) -> None:
    accept(7)
    for _attempt in range(MOST_ATTEMPTS + 1):
        batch = inbox.due(1, NOON + timedelta(days=1))
        assert batch
        with write():
            inbox.postponed(batch, "Bitrix24 cannot be reached.", NOON)
    assert pending() == [7]


def test_a_record_put_aside_stays_due_if_it_changed_meanwhile(room: World) -> None:
    accept(7, at=SOON)
    with write():
        inbox.put_aside(1, "deal", [Rejected("7", "Bad."), Rejected("8", "Bad.")], NOON)
    assert pending() == [7]
    assert [one.key for one in queries.put_aside(1)] == ["8"]


@pytest.mark.databases("postgresql")
def test_rows_are_taken_in_one_order_whoever_takes_them_so_that_nobody_waits_in_a_circle(
    room: World, app: Flask
) -> None:
    accept(8)
    accept(7, at=SOON)
    batch = inbox.due(1, NOON + timedelta(days=1))
    assert batch

    def finish() -> None:
        with app.app_context(), write():
            inbox.done(batch)

    def row(id: int) -> Select[tuple[int]]:
        return select(Inbox.id).where(Inbox.key == str(id))

    db.session.rollback()
    with db.engine.begin() as receiver, ThreadPoolExecutor(1) as worker:
        receiver.execute(row(7).with_for_update())
        done = worker.submit(finish)
        with db.engine.connect() as watcher:
            while not watcher.execute(text("SELECT 1 FROM pg_locks WHERE NOT granted")).first() and not done.done():
                watcher.rollback()
        receiver.execute(row(8).with_for_update(nowait=True))
        receiver.commit()
        done.result(timeout=60)
    assert pending() == []
