"""Events through the inbox to the facts, with the portal answering through the real client."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from itertools import islice
from typing import Any

import pytest
import time_machine
from flask import Flask
from redis import Redis

from b24app import pipeline
from b24app.bitrix.errors import AccessDenied, Unreachable
from b24app.demo import deals as crm
from b24app.facts import queries
from b24app.facts.rules import Cell
from b24app.ingest import inbox as rows
from b24app.ingest import operations
from b24app.ingest import queries as ingest
from b24app.ingest.inbox import MOST_ATTEMPTS
from b24app.ingest.sources import deals
from b24app.ingest.tables import SyncCursor
from b24app.jobs import inbox
from b24app.lib import clock
from b24app.lib.db import write
from b24app.portal import operations as portals
from tests.ingest.site import Site, site


@pytest.fixture
def portal(app: Flask, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    with site(redis, deals=20) as found:
        monkeypatch.setattr(portals, "connect", lambda portal_id: found.client)
        monkeypatch.setattr(inbox, "sleep", lambda _seconds: None)
        yield found


@pytest.fixture
def touched(monkeypatch: pytest.MonkeyPatch) -> list[Cell]:
    """The cells handed to the pipeline."""
    cells: list[Cell] = []
    recompute = pipeline.recompute

    def note(portal_id: int, changed: Any, now: Any) -> Any:
        cells.extend(changed)
        return recompute(portal_id, changed, now)

    monkeypatch.setattr(pipeline, "recompute", note)
    return cells


def happened(*ids: int, entity: str = "deal") -> None:
    with write():
        for id in ids:
            operations.accept(1, entity, id, clock.now())


def test_one_event_is_one_request(portal: Site, touched: list[Cell]) -> None:
    id = portal.create(opportunity=250)
    portal.change(id, stageId="WON")
    happened(id)
    before = portal.requests
    inbox.drain(1)
    assert portal.requests - before == 1
    deal = queries.deal(1, id)
    assert deal is not None
    assert (deal.semantic, deal.closed_from, deal.amount, deal.win_no) == ("S", "history", 250_00, 1)
    assert {cell.date for cell in touched} == {"created", "closed", "entered"}
    assert ingest.status(1).pending_events == 0


def test_many_events_are_few_requests(portal: Site) -> None:
    happened(*range(1, 21))
    before = portal.requests
    inbox.drain(1)
    assert portal.requests - before == 1
    assert queries.counts(1)["deal"] == 20


def test_a_deal_with_more_moves_than_a_page_holds(portal: Site) -> None:
    id = portal.create()
    for round in range(60):
        portal.change(id, stageId=("PREPARATION", "EXECUTING")[round % 2])
    portal.change(id, stageId="WON")
    happened(id)
    before = portal.requests
    inbox.drain(1)
    assert portal.requests - before == 2
    assert queries.counts(1)["stage_move"] == 62
    deal = queries.deal(1, id)
    assert deal is not None
    assert deal.closed_from == "history"


def test_of_many_deals_only_those_that_moved_have_their_moves_read(
    portal: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deals, "AT_ONCE", 5)
    ids = [portal.create() for _deal in range(30)]
    with write() as session:
        session.add(SyncCursor(portal_id=1, source="stage_history", complete=True))
    happened(*ids)
    inbox.drain(1)
    for id in ids[:26]:
        portal.change(id, stageId="WON")
    portal.change(ids[28], title="Renamed only")
    happened(*ids, 99999)
    before = portal.state.traffic.commands["crm.stagehistory.list"]
    inbox.drain(1)
    assert portal.state.traffic.commands["crm.stagehistory.list"] - before == 2
    found = [queries.deal(1, id) for id in ids]
    assert [deal and deal.closed_from for deal in found] == ["history"] * 26 + [None] * 4
    renamed = queries.deal(1, ids[28])
    assert renamed is not None
    assert renamed.title == "Renamed only"
    happened(*ids)
    before = portal.requests
    inbox.drain(1)
    assert portal.requests - before == 1


def test_many_records_are_stored_in_short_transactions(portal: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "STORED_AT_ONCE", 6)
    portal.state.deals.rows[3]["opportunity"] = 10**20
    portal.delete(5)
    happened(*range(1, 21))
    finish, finished = rows.done, []

    def done_or_die(batch: rows.Batch) -> None:
        finish(batch)
        finished.append(len(batch.rows))
        if len(finished) == 3:
            raise SystemExit

    before = portal.requests
    with monkeypatch.context() as killed:
        killed.setattr(rows, "done", done_or_die)
        with pytest.raises(SystemExit):
            inbox.drain(1)
    assert finished == [6, 6, 6]
    assert ingest.status(1).pending_events == 8
    inbox.drain(1)
    assert portal.requests - before == 2
    assert queries.counts(1)["deal"] == 18
    assert [one.key for one in ingest.put_aside(1)] == ["3"]


def test_a_burst_is_read_in_few_portions_however_its_events_trickle_in(
    portal: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = iter(range(2, 21))
    pauses: list[float] = []

    def hear_more(seconds: float) -> None:
        pauses.append(seconds)
        happened(*islice(left, int(seconds * 2)))

    fetch = portal.client.batch

    def fetch_and_hear(commands: Any, **options: Any) -> Any:
        happened(*islice(left, 1))
        return fetch(commands, **options)

    monkeypatch.setattr(portal.client, "batch", fetch_and_hear)
    monkeypatch.setattr(inbox, "sleep", hear_more)
    happened(1)
    before = portal.requests
    inbox.drain(1)
    assert queries.counts(1)["deal"] == 20
    assert pauses == [0.5, 1, 2, 4]
    assert portal.requests - before == 5


def test_a_deleted_deal_stops_counting(portal: Site, touched: list[Cell]) -> None:
    happened(3)
    inbox.drain(1)
    touched.clear()
    portal.delete(3)
    happened(3)
    inbox.drain(1)
    assert queries.deal(1, 3) is None
    assert touched


def test_an_event_that_comes_twice_touches_nothing_twice(portal: Site, touched: list[Cell]) -> None:
    happened(3)
    inbox.drain(1)
    touched.clear()
    happened(3)
    inbox.drain(1)
    assert touched == []


def test_an_unreachable_portal_loses_no_event(portal: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    happened(3)
    with monkeypatch.context() as broken:
        broken.setattr(portal.client, "batch", _unreachable)
        with pytest.raises(Unreachable):
            inbox.drain(1)
    assert ingest.status(1).pending_events == 1
    inbox.drain(1)
    assert queries.deal(1, 3) is None
    with later(30):
        inbox.drain(1)
    assert queries.deal(1, 3) is not None


def test_a_portal_that_answers_again_is_asked_for_everything_that_waited(
    portal: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened(3, 4)
    with monkeypatch.context() as broken:
        broken.setattr(portal.client, "batch", _unreachable)
        for delay_s in (0, 30, 90):
            with later(delay_s), pytest.raises(Unreachable):
                inbox.drain(1)
    happened(5)
    inbox.drain(1)
    assert queries.counts(1)["deal"] == 3


def test_what_nobody_can_read_is_put_aside_and_read_when_somebody_asks_again(
    portal: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    translate = deals.translate

    def fail_at_seven(row: Any, *more: Any) -> Any:
        if row["id"] == 7:
            raise ZeroDivisionError
        return translate(row, *more)

    happened(*range(1, 21))
    with monkeypatch.context() as broken:
        broken.setattr(deals, "translate", fail_at_seven)
        for attempt in range(MOST_ATTEMPTS - 2):
            with later(600 * attempt), pytest.raises(ZeroDivisionError):
                inbox.drain(1)
    assert queries.counts(1)["deal"] == 19
    [aside] = ingest.put_aside(1)
    assert (aside.entity, aside.key) == ("deal", "7")
    with write():
        assert operations.retry(2, [aside.id]) == 0
        assert operations.retry(1, [aside.id]) == 1
    inbox.drain(1)
    assert queries.counts(1)["deal"] == 20
    assert ingest.put_aside(1) == ()


def test_a_record_that_the_portal_itself_cannot_answer_for_keeps_no_others_waiting(
    portal: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = portal.client.batch

    def choke_on_seven(commands: Any, **options: Any) -> Any:
        if any(7 in part["filter"].get("@id", ()) for _method, part in commands.values()):
            raise Unreachable("Bitrix24 cannot be reached.")
        return ask(commands, **options)

    happened(7, 8)
    monkeypatch.setattr(portal.client, "batch", choke_on_seven)
    for delay_s in (0, 30, 90, 210):
        with later(delay_s), suppress(Unreachable):
            inbox.drain(1)
    for round in range(1, MOST_ATTEMPTS + 1):
        with later(600 * round), suppress(Unreachable):
            inbox.drain(1)
    assert queries.counts(1)["deal"] == 1
    assert [one.key for one in ingest.put_aside(1)] == ["7"]


def test_a_refusal_of_the_portal_is_not_held_against_the_events(portal: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    happened(3, 4)
    with monkeypatch.context() as broken:
        broken.setattr(portal.client, "batch", _deny)
        for _attempt in range(MOST_ATTEMPTS + 1):
            happened(3, 4)
            with pytest.raises(AccessDenied):
                inbox.drain(1)
    with later(30):
        inbox.drain(1)
    assert ingest.put_aside(1) == ()
    assert queries.counts(1)["deal"] == 2


def _deny(*_arguments: Any, **_options: Any) -> Any:
    raise AccessDenied("Bitrix24 denies access.")


def test_who_finds_another_worker_at_it_leaves_the_events_to_it(portal: Site) -> None:
    happened(3)
    with inbox.alone("inbox", 1, 60):
        inbox.drain(1)
        assert ingest.status(1).pending_events == 1
    inbox.drain(1)
    assert ingest.status(1).pending_events == 0


def test_an_event_during_the_read_is_worked_off_by_the_same_run(portal: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    happened(3)
    fetch, came = portal.client.batch, []

    def fetch_and_hear(commands: Any, **options: Any) -> Any:
        answers = fetch(commands, **options)
        if not came:
            came.append(True)
            portal.change(3, title="Renamed meanwhile")
            happened(3)
        return answers

    monkeypatch.setattr(portal.client, "batch", fetch_and_hear)
    inbox.drain(1)
    deal = queries.deal(1, 3)
    assert deal is not None
    assert (deal.title, ingest.status(1).pending_events) == ("Renamed meanwhile", 0)


@contextmanager
def later(seconds: int) -> Iterator[None]:
    with time_machine.travel(clock.now() + timedelta(seconds=seconds + 1)):
        yield


def _unreachable(*_arguments: Any, **_options: Any) -> Any:
    raise Unreachable("Bitrix24 cannot be reached.")


def test_killed_before_the_commit_the_work_is_repeated(portal: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    happened(3)
    with monkeypatch.context() as broken:
        broken.setattr(rows, "done", _die)
        with pytest.raises(SystemExit):
            inbox.drain(1)
    assert queries.deal(1, 3) is None
    inbox.drain(1)
    assert queries.deal(1, 3) is not None


def _die(*_arguments: Any) -> None:
    raise SystemExit


def _break(*_arguments: Any) -> None:
    raise RuntimeError


def test_one_bad_record_is_put_aside_and_the_others_go_on(portal: Site) -> None:
    portal.state.deals.rows[3]["opportunity"] = 10**20
    happened(2, 3, 4)
    inbox.drain(1)
    assert [queries.deal(1, id) is not None for id in (2, 3, 4)] == [True, False, True]
    assert [(one.entity, one.key) for one in ingest.put_aside(1)] == [("deal", "3")]
    portal.state.deals.rows[3]["opportunity"] = 10
    happened(3)
    inbox.drain(1)
    assert ingest.put_aside(1) == ()


def test_an_activity_is_read_by_its_event(portal: Site) -> None:
    row = crm.log_activity(portal.state, "meeting", 12)
    happened(row["ID"], entity="activity")
    inbox.drain(1)
    assert queries.counts(1)["activity"] == 1


def test_the_sweep_takes_what_the_queue_has_lost(portal: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr(inbox, "enqueue", lambda job, *arguments, **_options: asked.append((job, *arguments)))
    inbox.sweep()
    assert asked == []
    happened(3)
    inbox.sweep()
    assert asked == [(inbox.drain, 1)]


def test_how_far_behind_the_portal_we_are(portal: Site) -> None:
    with write():
        operations.accept(1, "deal", 3, clock.now() - timedelta(seconds=90))
    status = ingest.status(1)
    assert (status.pending_events, 89 <= status.lag_seconds <= 95) == (1, True)


def test_the_write_is_one_transaction_with_the_pipeline(portal: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the numbers cannot be computed, the fact is not stored either."""
    monkeypatch.setattr(pipeline, "recompute", _break)
    happened(3)
    with pytest.raises(RuntimeError):
        inbox.drain(1)
    assert queries.deal(1, 3) is None
