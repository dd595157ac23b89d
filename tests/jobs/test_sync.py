"""Reading a portal through the real client: backfill, resuming, budget, incremental, staff, reconcile."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from math import ceil
from typing import Any

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import delete, select

from b24app.bitrix.client import IN_BACKGROUND
from b24app.bitrix.errors import BadAnswer, MethodPaused, RestError
from b24app.demo import deals as crm
from b24app.demo import dictionaries
from b24app.demo.faults import Refusal
from b24app.demo.registry import METHODS
from b24app.demo.state import LEAD
from b24app.facts import ledger
from b24app.facts import queries as facts
from b24app.facts.rules import EntryDraft
from b24app.facts.tables import Activity, Deal, Item, StageMove, Term
from b24app.ingest import backfill as history
from b24app.ingest import operations as ingest
from b24app.ingest import queries
from b24app.ingest.tables import Inbox, SyncCursor
from b24app.jobs import absences, inbox, sync
from b24app.lib.db import Base, db, write
from b24app.lib.errors import Conflict, Permanent
from b24app.onboarding import operations as onboarding
from b24app.periods.rules import Settings, on_wall
from b24app.portal import operations, tables
from b24app.portal import queries as tenants
from b24app.portal.jobs import owed
from b24app.scores.tables import Score
from tests.ingest.site import Site, site

DEALS = 150


@pytest.fixture
def portal(app: Flask, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    with site(redis, DEALS) as found:
        for owner in range(10, 40):
            crm.log_activity(found.state, "meeting", owner)
        monkeypatch.setattr(operations, "connect", lambda _portal_id, patience=IN_BACKGROUND: found.connect(patience))
        yield found


@pytest.fixture
def no_scorecard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing to compute: these tests are about what is read."""
    monkeypatch.setattr(onboarding, "first_run", lambda *_arguments: None)


reads_only = pytest.mark.usefixtures("no_scorecard")


def stored(*models: type[Base]) -> list[Any]:
    """All rows of some tables, without what depends on when they were read."""
    db.session.rollback()
    rows = []
    for model in models:
        columns = [column for column in model.__table__.c if column.name != "read_at"]
        rows += [tuple(row) for row in db.session.execute(select(*columns).order_by(*model.__table__.primary_key))]
    return rows


def test_the_whole_history_is_read_and_numbers_are_there(portal: Site) -> None:
    seen: list[tuple[str, int, int]] = []
    sync.backfill(1, progress=lambda *step: seen.append(step))
    status = queries.status(1)
    assert (status.state, status.complete, status.pending_events) == ("idle", True, 0)
    read = {name: one.rows for name, one in status.entities.items()}
    assert read["deal"] == len(portal.state.deals.rows)
    assert read["stage_move"] == len(portal.state.history.rows)
    assert read["activity"] == len(portal.state.activities.rows)
    assert read["lead"] == len(portal.state.leads.rows)
    polled_later = {"absence"}
    entities = [one for name, one in status.entities.items() if name not in polled_later]
    assert all(one.complete and one.synced_at and one.done == one.total for one in entities)
    assert ("deals", DEALS, DEALS) in seen
    assert len(tenants.structure(1).people) == len(portal.state.staff.users)
    assert stored(Term)
    assert stored(Score)


@reads_only
def test_every_deal_is_closed_by_its_history(portal: Site) -> None:
    sync.backfill(1)
    closed = db.session.scalars(select(Deal).where(Deal.semantic != "P")).all()
    assert closed
    assert {deal.closed_from for deal in closed} == {"history"}
    assert {deal.closed_by_assumed for deal in closed} == {False}
    assert {deal.seconds_to_close is None for deal in closed if deal.semantic == "S"} == {False}


@reads_only
def test_the_portal_tells_its_zone_currency_and_country(portal: Site) -> None:
    sync.backfill(1)
    found = tenants.get(1)
    assert (found.time_zone, found.base_currency, found.country, found.language) == ("Europe/Moscow", "USD", None, "en")


@reads_only
def test_what_a_person_has_set_stays(portal: Site) -> None:
    with write():
        operations.change_settings(1, {"time_zone": "Asia/Omsk"}, "user:1", sync.clock.now())
    sync.backfill(1)
    assert (tenants.get(1).time_zone, tenants.get(1).base_currency) == ("Asia/Omsk", "USD")


@reads_only
def test_entries_of_a_day_are_in_it_by_the_new_clock_before_the_portal_is_asked(
    portal: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = "2026-11-01T00:00:00"
    draft = EntryDraft("day", "visit", "add", Decimal(1), 0, local_at=shown)
    with write():
        ledger.post_entries(1, [draft], sync.clock.now())
        operations.change_settings(1, {"time_zone": "Asia/Omsk"}, "user:1", sync.clock.now())
        ingest.owe_history(1)
    monkeypatch.setattr(portal, "connect", _away)
    with pytest.raises(Permanent):
        sync.resume(1)
    db.session.rollback()
    (row,) = facts.entries(1)
    assert on_wall(row.occurred_at, Settings("Asia/Omsk")) == shown
    assert len(owed(1, "recompute")) == 1


def _away(_patience: object) -> object:
    raise Permanent("away")


@reads_only
def test_requests_stay_within_the_budget(portal: Site) -> None:
    before = portal.requests
    sync.backfill(1)
    tables = (portal.state.deals, portal.state.history, portal.state.activities)
    assert portal.requests - before <= sum(ceil(len(table.rows) / 2500) for table in tables) + 10


def test_the_current_quarter_comes_first(portal: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first numbers are there before the rest is read."""
    read_then: list[tuple[int, bool]] = []

    def first_run(portal_id: int, *_others: object) -> None:
        read_then.append((facts.counts(portal_id)["deal"], queries.status(portal_id).complete))

    monkeypatch.setattr(onboarding, "first_run", first_run)
    sync.backfill(1)
    (some, was_complete), (all_of_them, is_complete) = read_then
    assert some < all_of_them == DEALS
    assert (was_complete, is_complete) == (False, True)


class Killed(BaseException):
    """Nothing after this runs."""


@reads_only
def test_killed_at_any_chunk_it_goes_on_and_comes_to_the_same(portal: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "STORED_AT_ONCE", 30)
    sync.backfill(1)
    models = (Deal, StageMove, Activity)
    expected = stored(*models)
    assert expected
    _forget_all()

    kills = 0
    store = history.store

    def store_and_die(*arguments: Any) -> Any:
        outcome = store(*arguments)
        if arguments[1].rows:
            db.session.rollback()  # the power fails before the commit
            raise Killed
        return outcome

    def store_once_and_die(*arguments: Any) -> Any:
        monkeypatch.setattr(history, "store", store_and_die)
        return store(*arguments)

    while True:
        monkeypatch.setattr(history, "store", store_once_and_die)
        try:
            sync.resume(1)
        except Killed:
            kills += 1
        else:
            break
    assert kills > 8
    assert stored(*models) == expected
    status = queries.status(1)
    assert (status.state, status.complete) == ("idle", True)
    assert all(one.done == one.total for one in status.entities.values())


def _forget_all() -> None:
    with write() as session:
        for model in (Deal, StageMove, Activity, SyncCursor):
            session.query(model).delete()
        for name in ("ownership", "inbox"):
            session.execute(Base.metadata.tables[name].delete())


@reads_only
def test_a_failure_is_shown_and_mended_by_the_next_run(portal: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(history, "read", _refuse)
        with pytest.raises(Permanent):
            sync.backfill(1)
    status = queries.status(1)
    assert (status.state, status.complete, status.error) == ("failed", False, "Bitrix24 denies access.")
    sync.incremental(1)  # the history was not read to its end
    assert (queries.status(1).state, queries.status(1).complete) == ("idle", True)


def _refuse(*_arguments: Any) -> Any:
    raise Permanent("Bitrix24 denies access.")


def test_a_second_run_at_the_same_time_leaves_at_once(portal: Site) -> None:
    with inbox.alone("backfill", 1, 60):
        sync.backfill(1)
    assert queries.status(1).entities["deal"].rows == 0


@reads_only
def test_a_run_that_was_overtaken_stores_nothing(portal: Site) -> None:
    position = sync._begin(1, portal.client)
    chunk = next(history.read(portal.client, position))
    with write():
        history.store(1, chunk, sync.clock.now())
    before = stored(Deal, SyncCursor)
    with pytest.raises(Conflict), write():
        history.store(1, chunk, sync.clock.now())
    assert stored(Deal, SyncCursor) == before


@reads_only
def test_deals_that_no_time_finds_are_found_by_comparison(portal: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(sync, "enqueue", lambda job, *arguments, **_options: asked.append(job))
    oldest = min(portal.state.deals.rows)
    portal.state.deals.rows[oldest]["movedTime"] = None
    sync.backfill(1)
    assert facts.deal(1, oldest) is None
    assert asked == [sync.reconcile, absences.read]
    sync.reconcile(1)
    assert facts.deal(1, oldest) is not None


@pytest.fixture
def read(portal: Site, no_scorecard: None) -> Site:
    """A portal that has been read."""
    sync.backfill(1)
    return portal


def test_incremental_finds_what_no_event_told(read: Site) -> None:
    new = read.create()
    read.change(5, stageId="WON", opportunity=777)
    before = read.requests
    sync.incremental(1)
    assert read.requests - before == 1
    assert facts.deal(1, new) is not None
    won = facts.deal(1, 5)
    assert won is not None
    assert (won.semantic, won.closed_from, won.amount) == ("S", "history", 777_00)


def test_a_lead_is_kept_up_with(read: Site) -> None:
    def lead() -> tuple[str, str | None, bool]:
        db.session.rollback()
        found = db.session.get_one(Item, (1, "lead", id), populate_existing=True)
        return found.semantic, found.closed_from, found.deleted_at is not None

    def told() -> None:
        with write():
            ingest.accept(1, "lead", id, sync.clock.now())
        inbox.drain(1)

    id = crm.create(read.state, LEAD, {"title": "Call me", "sourceId": "WEB"}, 1)["id"]
    sync.incremental(1)
    assert lead() == ("P", None, False)
    crm.change(read.state, LEAD, id, {"stageId": "CONVERTED"}, 1)
    told()
    assert lead() == ("S", "history", False)
    crm.change(read.state, LEAD, id, {"stageId": "JUNK"}, 1)
    sync.incremental(1)  # no event told
    assert lead() == ("F", "history", False)
    assert queries.status(1).entities["stage_move:lead"].rows == len(read.state.lead_history.rows)
    crm.change(read.state, LEAD, id, {"stageId": "IN_PROCESS"}, 1)
    told()
    assert lead() == ("P", None, False)
    crm.delete(read.state, LEAD, id, 1)
    told()
    assert lead()[2]


def test_of_many_leads_only_those_that_moved_are_asked_for_their_moves(read: Site) -> None:
    moved = next(id for id, row in read.state.leads.rows.items() if row["stageId"] != "JUNK")
    crm.change(read.state, LEAD, moved, {"stageId": "JUNK"}, 1)
    with write():
        ingest.accept_many(1, "lead", range(1, 402), sync.clock.now())
    before = read.requests
    asked = read.state.traffic.commands["crm.stagehistory.list"]
    inbox.drain(1)
    assert read.requests - before == 2
    assert read.state.traffic.commands["crm.stagehistory.list"] - asked == 1
    db.session.rollback()
    lead = db.session.get_one(Item, (1, "lead", moved), populate_existing=True)
    assert (lead.semantic, lead.closed_from) == ("F", "history")
    assert queries.status(1).entities["lead"].rows == len(read.state.leads.rows)


@reads_only
def test_records_the_portal_does_not_tell_keep_nobody_from_the_others(
    portal: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without_right:
        refused = replace(METHODS["crm.activity.list"], scopes=("not granted",))
        without_right.setitem(METHODS, "crm.activity.list", refused)
        sync.backfill(1)
    status = queries.status(1)
    assert (status.state, status.complete, status.entities["activity"].complete) == ("idle", True, False)
    assert status.entities["lead"].rows == len(portal.state.leads.rows)
    unread = queries.unread(1)  # conversations are found by their activities
    assert unread == dict.fromkeys(("activity", "session"), status.entities["activity"].error)
    before = portal.requests
    sync.resume(1)
    assert portal.requests == before
    with write():
        history.ask_again(1)
    sync.resume(1)
    assert queries.status(1).entities["activity"].rows == len(portal.state.activities.rows)


@reads_only
def test_a_kind_of_records_that_is_new_is_read_by_itself(portal: Site) -> None:
    sync.backfill(1)
    with write() as session:
        session.execute(delete(Item).where(Item.portal_id == 1))
        session.execute(delete(SyncCursor).where(SyncCursor.portal_id == 1, SyncCursor.source == "leads"))
    assert queries.unread(1) == {"lead": None}
    sync.resume(1)
    status = queries.status(1)
    assert (status.complete, status.entities["lead"].rows) == (True, len(portal.state.leads.rows))
    assert not queries.unread(1)


def test_incremental_with_nothing_new_changes_nothing(read: Site) -> None:
    before = stored(Deal, StageMove)
    sync.incremental(1)
    assert stored(Deal, StageMove) == before


@reads_only
def test_a_window_with_more_than_a_page_is_read_on(read: Site) -> None:
    for id in range(1, 11):
        read.change(id, title="Changed")
    new = [read.create() for _ in range(45)]
    before = read.requests
    sync.incremental(1)
    assert read.requests - before == 2  # the first pages of all sources, and what is left of the deals
    found = [facts.deal(1, id) for id in (*range(1, 11), *new)]
    assert [deal and deal.title for deal in found] == ["Changed"] * 10 + ["New"] * 45


@reads_only
def test_a_source_that_is_refused_stops_no_other(read: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    new = read.create()
    with monkeypatch.context() as without_right:
        refused = replace(METHODS["crm.activity.list"], scopes=("not granted",))
        without_right.setitem(METHODS, "crm.activity.list", refused)
        before = read.requests
        with pytest.raises(RestError):
            sync.incremental(1)
        assert read.requests - before == 1
    assert facts.deal(1, new) is not None
    assert {"activities", "deals"} & queries.stopped(1) == {"activities"}
    sync.incremental(1)
    assert queries.stopped(1) == frozenset()


@reads_only
def test_while_one_method_is_paused_the_others_are_read_one_by_one(read: Site) -> None:
    new = read.create()
    read.state.faults.operation_limit = frozenset({"crm.activity.list"})
    for _again in range(2):  # the second time we know beforehand
        with pytest.raises(MethodPaused):
            sync.incremental(1)
        assert facts.deal(1, new) is not None
        new = read.create()
    read.state.faults.operation_limit = frozenset()


def test_what_trouble_has_stopped_goes_on_as_soon_as_the_portal_answers(read: Site) -> None:
    read.state.faults.refusals.append(Refusal(count=100, html="<h1>Maintenance</h1>"))
    read.create()
    with pytest.raises(BadAnswer):
        sync.incremental(1)
    assert queries.status(1).state == "failed"
    assert str(queries.status(1).error).startswith(("Bitrix24 cannot be reached. The work goes", "Bitrix24's answer"))
    sync.resume(1)
    assert queries.status(1).state == "failed"
    read.state.faults.refusals.clear()
    sync.resume(1)
    assert (queries.status(1).state, queries.status(1).error) == ("idle", None)
    assert queries.status(1).entities["deal"].rows == len(read.state.deals.rows)


def test_a_window_that_failed_is_looked_at_again(read: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    read.change(5, stageId="WON")
    with monkeypatch.context() as broken:
        broken.setattr(sync.changes, "read", _refuse)
        with pytest.raises(Permanent):
            sync.incremental(1)
    assert queries.status(1).state == "failed"
    sync.incremental(1)
    assert queries.status(1).state == "idle"
    won = facts.deal(1, 5)
    assert won is not None
    assert won.semantic == "S"


def test_reconcile_repairs_what_was_lost(read: Site) -> None:
    lost, deleted = read.create(), 7
    read.delete(deleted)
    with write() as session:
        session.get_one(Deal, (1, 9)).updated_at -= 1000
        session.get_one(Deal, (1, 9)).title = "Stale"
        session.get_one(Deal, (1, 11)).deleted_at = 1  # we believe it deleted, and it is not
    sync.reconcile(1)
    assert facts.deal(1, lost) is not None
    assert facts.deal(1, deleted) is None
    assert facts.deal(1, 11) is not None
    restored = facts.deal(1, 9)
    assert restored is not None
    assert restored.title != "Stale"
    assert queries.status(1).pending_events == 0


def test_reconcile_finds_nothing_to_do_after_a_backfill(read: Site) -> None:
    sync.reconcile(1)
    assert [row for row in stored(Inbox) if "deal" in row] == []


def test_people_who_moved_are_noticed(read: Site) -> None:
    sync.staff(1)
    assert owed(1, "recompute") == ()
    read.state.staff.users[20].active = False
    before = read.requests
    sync.staff(1)
    assert read.requests - before == 1
    assert tenants.structure(1).people[20].active is False
    assert [one.arguments["cause"] for one in owed(1, "recompute")] == ["membership"]


def test_another_base_currency_has_everything_read_again(read: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(sync, "enqueue", lambda job, *arguments, **_options: asked.append(job))
    read.state.settings = replace(read.state.settings, currency="EUR")
    read.state.dictionaries = dictionaries.build("EUR")
    sync.staff(1)
    assert asked == [sync.backfill]
    assert tenants.get(1).base_currency == "EUR"
    assert queries.must_go_on(1)  # although the queue may lose what it was told
    sync.backfill(1)
    deal = facts.deal(1, 1)
    assert deal is not None
    assert deal.rate not in (None, "1")


def test_old_inbox_rows_are_dropped(app: Flask) -> None:
    with write() as session:
        session.add(tables.Portal(id=1, member_id="m", domain="d", client_endpoint="e", oauth_server="o", created_at=0))
        session.flush()
        session.add(Inbox(portal_id=1, entity="deal", key="1", arrived_at=1, state="done"))
        session.add(Inbox(portal_id=1, entity="deal", key="2", arrived_at=1, state="due"))
    sync.purge()
    assert [row.key for row in db.session.scalars(select(Inbox))] == ["2"]
