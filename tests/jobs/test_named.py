"""Types of CRM records that are read once something names them: smart processes above all."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import delete, select

from b24app.demo import deals as crm
from b24app.demo import processes
from b24app.demo.registry import METHODS
from b24app.facts import operations as facts
from b24app.facts import queries, records
from b24app.facts.kinds import named
from b24app.facts.rules import RECORDS
from b24app.facts.tables import Item, StageMove
from b24app.ingest import backfill as history
from b24app.ingest import queries as status
from b24app.ingest import watching as moves_of
from b24app.ingest.events import News, news
from b24app.ingest.extras import is_owed
from b24app.ingest.tables import Inbox, SyncCursor
from b24app.jobs import inbox, scores, sync, watched
from b24app.jobs import news as jobs
from b24app.lib import clock
from b24app.lib.db import db, write
from b24app.onboarding import operations as onboarding
from b24app.portal import operations as portals
from tests.ingest.site import ADMIN, Site, site

TYPE, ENTITY = 1040, "item_1040"
MOVES, HISTORY = f"stage_move:{ENTITY}", f"stage_history:{ENTITY}"
NEW, DONE, OTHER = "DT1040_11:NEW", "DT1040_11:SUCCESS", "DT1040_11:SIGNED"
STAGES = (*processes.usual_stages(), ("SIGNED", "Signed", "S"))


@pytest.fixture
def portal(app: Flask, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A portal whose deals have been read, and where people have made a type of their own."""
    with site(redis, 3) as found:
        for room in (sync, watched):
            monkeypatch.setattr(room, "enqueue", lambda *_arguments, **_options: True)
        monkeypatch.setattr(jobs, "enqueue_soon", lambda *_arguments, **_options: True)
        monkeypatch.setattr(portals, "connect", lambda *_arguments: found.client)
        monkeypatch.setattr(onboarding, "first_run", lambda *_arguments: None)
        monkeypatch.setattr(scores, "recompute_everything", lambda *_arguments, **_options: None)
        found.state.processes[TYPE] = processes.process(5, TYPE, "Contracts", STAGES)
        sync.backfill(1)
        yield found


def add(site: Site, **values: object) -> int:
    return int(crm.create(site.state, TYPE, {"title": "Contract", "assignedById": 3, **values}, ADMIN)["id"])


def name() -> None:
    with write():
        facts.watch(1, [RECORDS], clock.now(), ENTITY)
    assert watched.read_watched(1)


def items() -> dict[int, tuple[str, str, bool]]:
    """By id the stage, what it means, and whether it is closed; of those that are not deleted."""
    db.session.rollback()
    rows = db.session.scalars(select(Item).where(Item.portal_id == 1, Item.type == ENTITY, Item.deleted_at.is_(None)))
    return {row.id: (row.stage_id, row.semantic, row.closed_at is not None) for row in rows}


def closed() -> dict[int, str | None]:
    """By id of closed records what told when they were."""
    rows = db.session.scalars(select(Item).where(Item.portal_id == 1, Item.type == ENTITY, Item.closed_at.is_not(None)))
    return {row.id: row.closed_from for row in rows}


def told(site: Site, what: str, id: int) -> None:
    found = news(f"ONCRMDYNAMICITEM{what}", {"ID": str(id), "ENTITY_TYPE_ID": str(TYPE)})
    assert found == News(ENTITY, str(id))
    jobs.receive(1, [found])
    inbox.drain(1)


def test_a_type_is_read_once_it_is_named_and_then_followed(portal: Site) -> None:
    first, second = add(portal), add(portal, stageId=DONE)
    crm.change(portal.state, TYPE, second, {"stageId": OTHER}, ADMIN)
    portal.state.processes[TYPE].table.rows[second]["movedTime"] += timedelta(days=1)
    assert items() == {}
    name()
    assert items() == {first: (NEW, "P", False), second: (OTHER, "S", True)}
    assert closed() == {second: "history"}
    state = status.status(1).entities[ENTITY]
    assert (state.rows, state.done, state.total, state.complete, state.title) == (2, 2, 2, True, "Contracts")
    assert "Contracts" in {term.name for term in queries.terms(1, "type")}
    assert queries.terms(1, "stage:1040")[0].extra["category_id"] == 11

    crm.change(portal.state, TYPE, first, {"stageId": DONE}, ADMIN)
    told(portal, "UPDATE", first)
    third = add(portal)
    sync.incremental(1)
    kind = named(ENTITY)
    assert kind is not None
    assert [by for _at, by in records.changed_by(1, kind, [first]).values()] == [ADMIN]
    crm.delete(portal.state, TYPE, second, ADMIN)
    told(portal, "DELETE", second)
    assert items() == {first: (DONE, "S", True), third: (NEW, "P", False)}


def test_news_of_a_type_that_nothing_names_are_nothing_to_keep(portal: Site) -> None:
    told(portal, "ADD", add(portal))
    db.session.rollback()
    assert db.session.scalars(select(Inbox).where(Inbox.portal_id == 1, Inbox.entity == ENTITY)).all() == []


def test_a_new_contact_matters_only_where_contacts_are_read(portal: Site) -> None:
    def arrived() -> set[str]:
        db.session.rollback()
        return set(db.session.scalars(select(Inbox.key).where(Inbox.portal_id == 1, Inbox.entity == "contact")))

    for what, id, expected in (("ADD", "1", set()), ("UPDATE", "2", {"2"})):
        found = news(f"ONCRMCONTACT{what}", {"ID": id})
        assert found is not None
        jobs.receive(1, [found])
        assert arrived() == expected
    with write():
        facts.watch(1, [RECORDS], clock.now(), "contact")
    jobs.receive(1, [News("contact", "3", is_new=True)])
    assert arrived() == {"2", "3"}


def test_all_types_are_known_by_name_however_many_there_are(portal: Site) -> None:
    for number in range(100, 160):
        portal.state.processes[1000 + 2 * number] = processes.process(number, 1000 + 2 * number, f"Type {number}", ())
    sync.staff(1)
    names = {term.name for term in queries.terms(1, "type") if term.active}
    assert names >= {f"Type {number}" for number in range(100, 160)}


def test_a_stage_that_turns_out_to_mean_success_closes_what_stands_in_it(portal: Site) -> None:
    name()
    process = portal.state.processes.pop(TYPE)
    made = (*STAGES, ("FILED", "Filed", "S"))
    portal.state.processes[TYPE] = processes.process(5, TYPE, "Contracts", made, process.table)
    id = add(portal, stageId="DT1040_11:FILED")
    told(portal, "ADD", id)
    assert items() == {id: ("DT1040_11:FILED", "P", False)}
    sync.staff(1)
    inbox.drain(1)
    assert items() == {id: ("DT1040_11:FILED", "S", True)}


def test_a_type_that_is_refused_waits_and_stops_nothing(portal: Site) -> None:
    add(portal)
    del portal.state.processes[TYPE]
    name()
    refused = status.unread(1)[ENTITY]
    assert refused
    assert status.status(1).state == "idle"
    portal.state.processes[TYPE] = processes.process(5, TYPE, "Contracts", processes.usual_stages())
    id = add(portal)
    assert sync.reconcile(1)
    assert watched.read_watched(1)
    assert items() == {id: (NEW, "P", False)}


def test_where_the_portal_keeps_no_history_the_last_move_tells(portal: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    first = add(portal, stageId=DONE)
    with monkeypatch.context() as without_right:
        refused = replace(METHODS["crm.stagehistory.list"], scopes=("not granted",))
        without_right.setitem(METHODS, "crm.stagehistory.list", refused)
        name()
        second = add(portal, stageId=DONE)
        told(portal, "ADD", second)
    assert closed() == {first: "moved", second: "moved"}
    assert status.unread(1)[MOVES]
    assert not is_owed(1)
    with write():
        history.ask_again(1)  # as every night
    assert watched.read_watched(1)
    assert closed() == {first: "history", second: "history"}
    assert status.unread(1) == {}


def test_moves_that_no_event_told_are_found_by_looking_for_changes(portal: Site) -> None:
    id = add(portal)
    name()
    crm.change(portal.state, TYPE, id, {"stageId": DONE}, ADMIN)
    crm.change(portal.state, TYPE, id, {"stageId": OTHER}, ADMIN)
    sync.incremental(1)
    assert closed() == {id: "history"}
    assert status.status(1).entities[MOVES].rows == 3


def test_records_read_by_a_version_that_kept_no_moves_get_theirs(portal: Site) -> None:
    id = add(portal, stageId=DONE)
    name()
    with write() as session:
        session.execute(delete(StageMove).where(StageMove.portal_id == 1, StageMove.entity == ENTITY))
        session.execute(delete(SyncCursor).where(SyncCursor.portal_id == 1, SyncCursor.source == HISTORY))
    assert is_owed(1)
    assert status.unread(1) == {MOVES: None}
    assert watched.read_watched(1)
    assert (closed(), is_owed(1), status.unread(1)) == ({id: "history"}, False, {})


def test_reading_many_moves_goes_on_where_it_was_broken_off(portal: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [add(portal) for _ in range(3)]
    stored = moves_of.store_moves

    def killed(*arguments: Any) -> int:
        stored(*arguments)
        raise RuntimeError("killed")

    with monkeypatch.context() as broken:
        broken.setattr(moves_of, "STORED_AT_ONCE", 2)
        broken.setattr(moves_of, "store_moves", killed)
        with pytest.raises(RuntimeError):
            name()
    assert is_owed(1)
    assert watched.read_watched(1)
    assert status.status(1).entities[MOVES].rows == len(ids)
