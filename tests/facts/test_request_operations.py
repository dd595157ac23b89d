"""Requests follow the records and the mappings they are made of."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from b24app.facts import ledger
from b24app.facts import operations as facts
from b24app.facts import queries as known
from b24app.facts.requests import operations, queries, records
from b24app.facts.requests.documents import MappingDocument
from b24app.facts.rules import DEAL, Cell, DealDraft, EntryDraft, TermDraft, ValueDraft
from b24app.facts.tables import FieldValue, Item, Request
from b24app.lib.db import db, write
from b24app.lib.errors import Invalid
from tests.facts.conftest import World
from tests.facts.samples import ANN, BOB, DAY, HOUR, NOON, T, won

HELP: dict[str, Any] = {
    "code": "help",
    "name": "Help",
    "entity": "deal",
    "responded": "ufCrm_1",
    "resolved_stages": ("WON",),
    "rating": "ufCrm_2",
}
ASKED = ("ufCrm_1", "ufCrm_2")


def save(world: World, **changes: Any) -> None:
    with write():
        operations.save(world.portal_id, MappingDocument(**{**HELP, **changes}), "user:1", NOON)


def work_off(world: World) -> None:
    """What the job does."""
    while (one := operations.owed(world.portal_id)) is not None:
        ids = records.following(world.portal_id, one.mapping.entity, one.position or 0, operations.AT_ONCE)
        with write():
            operations.make_some(world.portal_id, one, ids, 0)
            if not ids:
                operations.finish(world.portal_id, one)


def stored(world: World, *drafts: Any) -> frozenset[Cell]:
    with write():
        facts.upsert_deals(world.portal_id, drafts, (), NOON, ASKED)
        return operations.make(world.portal_id, DEAL, [draft.id for draft in drafts])


def requests(world: World) -> list[Request]:
    db.session.rollback()
    return list(db.session.scalars(select(Request).where(Request.portal_id == world.portal_id).order_by(Request.id)))


def test_an_entry_is_rated_and_if_it_says_so_resolved_when_it_occurred(world: World) -> None:
    stars = HELP | {"entity": "entry", "responded": "", "resolved_stages": (), "entry_code": "stars", "rating": "value"}
    with write():
        operations.save(world.portal_id, MappingDocument(**stars | {"resolved": "createdTime"}), "user:1", NOON)
        draft = EntryDraft(key="desk-1", code="stars", kind="add", value=Decimal(4), occurred_at=T, employee_id=ANN)
        cells = operations.with_entries(world.portal_id, ledger.post_entries(world.portal_id, [draft], NOON).cells)
    (made,) = requests(world)
    assert (made.created_at, made.resolved_at, made.rated_at, made.rating) == (T, T, T, 4_000_000)
    assert {cell.date for cell in cells if cell.entity == "request"} == {"created", "rated"}


def answered(id: int = 1, **known: Any) -> DealDraft:
    """Made ten days ago, answered after two hours, rated 4, and won."""
    values = (ValueDraft("ufCrm_1", at=T - 10 * DAY + 2 * HOUR), ValueDraft("ufCrm_2", num=4_000_000, text="4"))
    return won(id, **{"values": values, **known})


def test_a_stored_record_is_a_request_at_once(world: World) -> None:
    save(world)
    cells = stored(world, answered())
    (one,) = requests(world)
    assert (one.record_id, one.responsible_id, one.seconds_to_response, one.rating) == (1, ANN, 2 * HOUR, 4_000_000)
    assert one.resolved_at == one.rated_at == T - DAY
    assert cells == {
        Cell("request", date, "responsible", ANN, at, one.id)
        for date, at in (("created", T - 10 * DAY), ("rated", T - DAY))
    }


def test_told_twice_nothing_changes(world: World) -> None:
    save(world)
    stored(world, answered())
    assert stored(world, answered()) == frozenset()
    assert len(requests(world)) == 1


def test_handing_a_record_over_touches_both(world: World) -> None:
    save(world)
    stored(world, answered())
    cells = stored(world, answered(responsible_id=BOB, updated_at=T))
    assert {cell.owner_id for cell in cells} == {ANN, BOB}


def test_what_leaves_the_funnel_is_no_request_and_what_is_deleted_is_kept_as_deleted(world: World) -> None:
    save(world, category_ids=(0,))
    stored(world, answered(1), answered(2))
    assert stored(world, answered(1, category_id=3, updated_at=T))
    with write():
        facts.forget(world.portal_id, DEAL, [2], NOON)
        assert operations.make(world.portal_id, DEAL, [2])
    (left,) = requests(world)
    assert (left.record_id, left.deleted_at) == (2, T)


def test_a_mapping_makes_requests_of_what_was_there_before_portion_by_portion(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "AT_ONCE", 2)
    stored(world, *(answered(id) for id in range(1, 6)))
    assert requests(world) == []
    save(world)
    work_off(world)
    assert len(requests(world)) == 5
    (mapping,) = queries.mappings(world.portal_id)
    assert (mapping.complete, mapping.position, mapping.done, mapping.total) == (True, None, 5, 5)


def test_a_mapping_saved_anew_makes_them_anew(world: World) -> None:
    save(world)
    stored(world, answered(1), answered(2, category_id=3))
    save(world, category_ids=(3,), responded="")
    assert not queries.mappings(world.portal_id)[0].complete
    work_off(world)
    (left,) = requests(world)
    assert (left.record_id, left.seconds_to_response) == (2, None)


def test_an_older_run_notes_nothing(world: World) -> None:
    save(world)
    one = operations.owed(world.portal_id)
    save(world, responded="")
    assert one is not None
    with write():
        operations.make_some(world.portal_id, one, [], 0)
        operations.finish(world.portal_id, one)
    (mapping,) = queries.mappings(world.portal_id)
    assert (mapping.complete, mapping.position) == (False, 0)


def test_a_line_of_a_list_is_rated_by_what_it_says(world: World) -> None:
    options = {"61": "5", "62": "good"}
    term = TermDraft("ufCrm_2", "Rating", extra={"type": "enumeration", "options": options, "multiple": False})
    times = TermDraft("ufCrm_1", "Answered", extra={"type": "datetime", "options": {}, "multiple": False})
    with write():
        facts.save_terms(world.portal_id, "field", [term, times])
    save(world)
    five, good = ((ValueDraft("ufCrm_2", num=int(id) * 1_000_000, text=id),) for id in options)
    stored(world, answered(1, values=five), answered(2, values=good))
    assert [one.rating for one in requests(world)] == [5_000_000, None]


def test_a_field_that_is_not_there_is_refused(world: World) -> None:
    term = TermDraft("ufCrm_1", "Answered", extra={"type": "datetime", "options": {}, "multiple": False})
    with write():
        facts.save_terms(world.portal_id, "field", [term])
    with pytest.raises(Invalid) as refusal:
        save(world)
    assert [fault.path for fault in refusal.value.errors] == ["rating"]


def test_its_fields_are_read_from_now_on_and_again_when_their_time_of_day_is_not_known(world: World) -> None:
    stored(world, answered(values=(ValueDraft("ufCrm_1", text="2026-11-20", day="2026-11-20"),)))
    save(world)
    assert known.watched(world.portal_id) == {"ufCrm_1": False, "ufCrm_2": False}


def test_a_removed_mapping_takes_its_requests_along(world: World) -> None:
    save(world)
    save(world, code="other")
    stored(world, answered())
    with write():
        operations.remove(world.portal_id, "help", "user:1", NOON)
    assert [one.mapping for one in requests(world)] == ["other"]
    assert [one.mapping.number for one in queries.mappings(world.portal_id)] == [1]


def test_items_of_a_smart_process_are_requests_too(world: World) -> None:
    save(
        world, entity="item_1036", responded="ufCrm12First", rating="ufCrm12Mark", resolved_stages=("DT1036_7:SUCCESS",)
    )
    of = {"portal_id": world.portal_id, "entity": "item_1036", "record_id": 9}
    with write() as session:
        for kind in ("item_1036", "item_147"):
            session.add(
                Item(
                    portal_id=world.portal_id, type=kind, id=9, title="Ticket", category_id=7, semantic="S",
                    stage_id="DT1036_7:SUCCESS", responsible_id=ANN, created_at=T - DAY, updated_at=T, moved_at=T,
                    read_at=T,
                )
            )  # fmt: skip
        session.add(FieldValue(**of, field="ufCrm12First", place=0, day="2026-11-23", at=T - DAY + HOUR))
        session.add(FieldValue(**of, field="ufCrm12Mark", place=0, num=5_000_000, text="5"))
        session.flush()
        operations.make(world.portal_id, "item_147", [9])
        cells = operations.make(world.portal_id, "item_1036", [9])
    (one,) = requests(world)
    assert (one.seconds_to_response, one.rating, one.resolved_at) == (HOUR, 5_000_000, T)
    assert {cell.date for cell in cells} == {"created", "rated"}


def test_a_deal_may_be_resolved_by_its_closing(world: World) -> None:
    save(world, responded="", rating="", resolved="closed_at", resolved_stages=())
    stored(world, answered(1), answered(2, stage_id="NEW", semantic="P", moved_at=None))
    assert [one.resolved_at for one in requests(world)] == [T - DAY, None]
