"""Field values and product rows of deals, stage moves and user-field owners, on a real database."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event, select

from b24app.facts import operations, queries, watching
from b24app.facts.rules import DEAL, Cell, ProductDraft, RateDraft, RowDraft, ValueDraft, sections_of
from b24app.facts.tables import FieldValue, ProductRow, ProductSection, Watch
from b24app.lib import storage
from b24app.lib.db import db, write
from tests.facts.conftest import World
from tests.facts.samples import ANN, BOB, CEO, DAY, HOUR, NOON, T, anonymous, deal, move, won

LATER = NOON + timedelta(hours=1)
FIELD, OTHER, OWNER = "ufCrm_1", "ufCrm_2", "ufCrm_3"
ALL = frozenset({FIELD, OTHER, OWNER, "productRows"})


def value(text: str, field: str = FIELD, place: int = 0) -> ValueDraft:
    return ValueDraft(field, place, text=text)


def owner(*ids: int) -> tuple[ValueDraft, ...]:
    return tuple(ValueDraft(OWNER, place, text=str(id), ref=id) for place, id in enumerate(ids))


def row(id: int = 1, amount: int = 10_000_000, product_id: int | None = 5) -> RowDraft:
    return RowDraft(id, product_id, "Chair", amount)


@pytest.fixture
def watched(world: World) -> World:
    with write():
        operations.watch(1, ALL, NOON)
    return world


def store(*drafts: Any, asked: frozenset[str] = ALL, at: Any = NOON, moves: Any = ()) -> frozenset[Cell]:
    with write():
        return operations.upsert_deals(1, drafts, moves, at, asked)


def stored(id: int = 1) -> Any:
    db.session.rollback()
    return queries.deal(1, id)


def entered(cells: frozenset[Cell]) -> set[tuple[int | None, int]]:
    return {(cell.owner_id, cell.at) for cell in cells if cell.entity == "stage_move"}


# --- values and rows


def test_values_and_rows_are_kept_with_their_deal_and_replaced_with_it(watched: World) -> None:
    store(deal(values=(value("a"), value("b", place=1)), rows=(row(1), row(2))))
    assert [one.text for one in stored().values] == ["a", "b"]
    cells = store(deal(values=(value("c"),), rows=(row(2, 5_000_000),), updated_at=T))
    assert [one.text for one in stored().values] == ["c"]
    assert [(one.id, one.amount) for one in stored().rows] == [(2, 5_00)]
    assert Cell("deal", "created", "responsible", ANN, T - 10 * DAY) in anonymous(cells)


def test_the_same_values_and_rows_touch_nothing_twice(watched: World) -> None:
    draft = won(values=(value("a"), *owner(BOB)), rows=(row(),))
    assert store(draft)
    assert store(draft, at=LATER) == frozenset()


def test_an_older_version_brings_no_older_values(watched: World) -> None:
    store(deal(values=(value("new"),), rows=(row(),), updated_at=T))
    store(deal(values=(value("old"),), updated_at=T - 1), at=LATER)
    assert ([one.text for one in stored().values], len(stored().rows)) == (["new"], 1)


def test_a_read_that_began_before_a_field_was_watched_deletes_nothing(watched: World) -> None:
    store(deal(values=(value("a"), value("b", OTHER)), rows=(row(),)))
    store(deal(values=(value("c", OTHER),), updated_at=T), asked=frozenset({OTHER}))
    assert {(one.field, one.text) for one in stored().values} == {(FIELD, "a"), (OTHER, "c")}
    assert len(stored().rows) == 1


def test_an_emptied_field_has_no_value_any_more(watched: World) -> None:
    store(deal(values=(value("a"),), rows=(row(),)))
    assert store(deal(updated_at=T))
    assert (stored().values, stored().rows) == ((), ())


def test_moves_that_come_alone_keep_values_and_rows(watched: World) -> None:
    store(deal(values=(value("a"),), rows=(row(),)))
    with write():
        operations.upsert_moves(1, DEAL, [move(1)], LATER)
    assert (len(stored().values), len(stored().rows)) == (1, 1)


def test_a_deleted_deal_comes_back_with_what_the_later_read_found(watched: World) -> None:
    store(deal(values=(value("a"), *owner(BOB)), rows=(row(),)))
    with write():
        cells = operations.forget(1, "deal", [1], LATER)
    assert Cell("deal", "created", OWNER, BOB, T - 10 * DAY) in anonymous(cells)
    store(deal(values=(value("b"),)), at=LATER + timedelta(seconds=1))
    assert ([one.text for one in stored().values], stored().rows) == (["b"], ())


def test_a_new_rate_converts_the_rows_too(watched: World) -> None:
    store(deal(currency="EUR", rows=(row(1, 1_000_000), row(2, 333_333))))
    assert [one.amount for one in stored().rows] == [None, None]
    with write():
        operations.save_rates(1, [RateDraft("EUR", Decimal("1.5"))], date(2026, 11, 24))
    assert [one.amount for one in stored().rows] == [1_50, 50]


def test_portals_do_not_share_values(watched: World) -> None:
    store(deal(values=(value("a"),), rows=(row(),)))
    with write():
        operations.watch(2, ALL, NOON)
        operations.upsert_deals(2, [deal(values=(value("b"),))], (), NOON, ALL)
        operations.upsert_deals(2, [deal(updated_at=T)], (), NOON, ALL)
    assert ([one.text for one in stored().values], len(stored().rows)) == (["a"], 1)


@contextmanager
def counting() -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def test_a_chunk_is_a_handful_of_statements_whatever_it_holds(watched: World) -> None:
    def drafts(ids: range, text: str) -> list[Any]:
        rows = {id: tuple(row(10 * id + place) for place in range(3)) for id in ids}
        return [won(id, values=(value(text), *owner(BOB)), rows=rows[id], updated_at=T) for id in ids]

    store(*drafts(range(1, 3), "a"), moves=[move(1, semantic="S")])
    with counting() as few:
        store(*drafts(range(1, 3), "b"), moves=[move(2, semantic="S")], at=LATER)
    store(*drafts(range(3, 500), "a"))
    with counting() as many:
        store(*drafts(range(1, 500), "b"), moves=[move(id, id) for id in range(3, 500)], at=LATER)
    assert len(many) <= len(few) + 5


def test_nothing_is_asked_of_the_database_for_what_is_not_watched(world: World) -> None:
    with counting() as statements:
        store(won(1), won(2, at=T), asked=frozenset())
        with write():
            operations.forget(1, "deal", [1], LATER)
    assert not [one for one in statements if "field_value" in one or "product_row" in one]


# --- cells


def test_a_new_move_touches_the_responsible_of_its_deal(watched: World) -> None:
    store(deal())
    with write():
        cells = operations.upsert_moves(1, DEAL, [move(1, at=T - DAY), move(2, 99, at=T)], NOON)
        assert operations.upsert_moves(1, DEAL, [move(1, at=T - DAY)], LATER) == frozenset()
    assert cells == {Cell("stage_move", "entered", "responsible", ANN, T - DAY, 1)}


def test_a_move_that_turns_out_to_be_at_another_time_touches_both(watched: World) -> None:
    store(deal(), moves=[move(1, at=T - DAY)])
    with write():
        cells = operations.upsert_moves(1, DEAL, [move(1, at=T - 2 * DAY)], NOON)
    assert entered(cells) == {(ANN, T - DAY), (ANN, T - 2 * DAY)}


@pytest.mark.parametrize(
    "changes", [{"category_id": 3}, {"values": (value("b"),)}, {"rows": (row(),)}, {"amount_original": 1}]
)
def test_a_change_that_conditions_may_ask_for_touches_all_moves(watched: World, changes: dict[str, Any]) -> None:
    store(deal(values=(value("a"),)), moves=[move(1, at=T - DAY), move(2, at=T - HOUR)])
    assert entered(store(deal(**{"values": (value("a"),), "updated_at": T, **changes}))) == {
        (ANN, T - DAY),
        (ANN, T - HOUR),
    }


def test_a_reassigned_deal_takes_its_moves_along(watched: World) -> None:
    store(deal(), moves=[move(1, at=T - DAY)])
    assert entered(store(deal(responsible_id=BOB, updated_at=T))) == {(ANN, T - DAY), (BOB, T - DAY)}


def test_a_deleted_deal_touches_its_moves(watched: World) -> None:
    store(deal(), moves=[move(1, at=T - DAY)])
    with write():
        assert entered(operations.forget(1, "deal", [1], LATER)) == {(ANN, T - DAY)}


def test_a_template_has_no_moves_that_count(watched: World) -> None:
    assert entered(store(deal(is_recurring=True), moves=[move(1)])) == set()


def test_a_change_that_counts_nowhere_touches_the_last_change_of_an_open_deal_only(watched: World) -> None:
    store(deal(), won(2, at=T - DAY), moves=[move(1, at=T - DAY)])
    cells = store(deal(title="New", updated_at=T), won(2, at=T - DAY, title="New", updated_at=T))
    assert {(cell.entity, cell.date, cell.record_id, cell.at) for cell in cells} == {
        ("deal", "updated", 1, T - 10 * DAY),
        ("deal", "updated", 1, T),
    }


def test_another_employee_in_a_user_field_touches_both(watched: World) -> None:
    store(won(values=owner(BOB, CEO)))
    cells = store(won(values=owner(CEO), updated_at=T))
    assert {(cell.owner_id, cell.date) for cell in cells if cell.owner == OWNER} == {
        (BOB, "created"),
        (BOB, "closed"),
        (CEO, "created"),
        (CEO, "closed"),
    }


def test_a_renumbered_win_touches_its_user_field_owner_and_its_moves(watched: World) -> None:
    store(won(1, at=T, responsible_id=BOB, values=owner(CEO)), moves=[move(1, 1, "S", T)])
    cells = store(won(2, at=T - DAY))
    assert Cell("deal", "closed", OWNER, CEO, T, 1) in cells
    assert Cell("stage_move", "entered", "responsible", BOB, T, 1) in cells


# --- clients, as people do it


def test_a_merge_of_clients_renumbers_their_wins_and_touches_them_all(watched: World) -> None:
    store(won(1, at=T - 3 * DAY), won(2, at=T - 2 * DAY, company_id=6, responsible_id=BOB), won(3, at=T - DAY))
    cells = store(won(2, at=T - 2 * DAY, responsible_id=BOB, company_id=5), at=LATER)  # the version stays as it was
    assert watched.win_numbers() == {1: 1, 2: 2, 3: 3}
    assert {cell.at for cell in cells if cell.date == "closed"} == {T - 2 * DAY, T - DAY}


def test_a_back_dated_close_renumbers(watched: World) -> None:
    store(won(1, at=T - 3 * DAY), won(2, at=T))
    store(moves=[move(1, 2, "S", T - 5 * DAY), move(2, 2, "S", T)])
    assert watched.win_numbers() == {1: 2, 2: 1}


def test_a_deal_moved_between_funnels_keeps_its_moves(watched: World) -> None:
    store(deal(), moves=[move(1, at=T - DAY, kind=1)])
    cells = store(deal(category_id=3, updated_at=T), moves=[move(2, at=T, kind=5)])
    assert entered(cells) == {(ANN, T - DAY), (ANN, T)}
    assert queries.counts(1)["stage_move"] == 2


# --- what is watched


def test_a_name_is_watched_once(world: World) -> None:
    with write():
        assert operations.watch(1, [FIELD, "x" * 65], NOON) == {FIELD}
        assert operations.watch(1, [FIELD, OTHER], LATER) == {OTHER}
    assert queries.watched(1) == {FIELD: False, OTHER: False}
    assert queries.watched(2) == {}


def test_reading_the_past_is_complete_only_for_those_it_asked_for(watched: World) -> None:
    with write():
        names = watching.watches(1).values()
        watching.advance(1, names, 0, 1000)
        watching.restart(1, [FIELD], T)
        operations.watch(1, ["ufCrm_9"], NOON)
        watching.advance(1, names, 1000, 2000)
        watching.complete(1, names, 2000)
    assert queries.watched(1) == {FIELD: False, OTHER: True, OWNER: True, "productRows": True, "ufCrm_9": False}
    assert {one.position for one in watching.watches(1).values() if not one.complete} == {0}


def test_a_whole_reading_completes_what_was_watched_before_it_began(watched: World) -> None:
    with write():
        operations.watch(1, ["ufCrm_9", "productSections"], LATER)
        watching.complete_since(1, T + 1)
    assert {name for name, complete in queries.watched(1).items() if complete} == ALL


def test_deals_read_without_what_is_watched_by_now_are_to_be_read_again(watched: World) -> None:
    with write():
        assert watching.overtaken(1, ALL, [1, 2]) == []
        assert watching.overtaken(1, {FIELD}, [1, 2]) == []  # reading the past will come to them
        watching.advance(1, watching.watches(1).values(), 0, 1)
        assert watching.overtaken(1, {FIELD}, [1, 2]) == [1]
        watching.complete(1, watching.watches(1).values(), 0)
        assert watching.overtaken(1, {FIELD}, [1, 2]) == [1, 2]


# --- the catalogue


@pytest.mark.parametrize(
    ("section", "parents", "expected"),
    [
        (None, {}, set()),
        (3, {3: 2, 2: 1, 1: None}, {1, 2, 3}),
        (3, {3: 2, 2: 3}, {2, 3}),  # a ring
        (3, {3: 3}, {3}),
        (9, {}, {9}),
    ],
)
def test_a_product_is_in_every_section_above_its_own(section: Any, parents: Any, expected: set[int]) -> None:
    assert sections_of(section, parents) == expected


def test_a_product_in_another_section_touches_the_deals_that_sold_it(watched: World) -> None:
    store(deal(1, rows=(row(1),)), deal(2, rows=(row(2, product_id=6),), responsible_id=BOB), moves=[move(1, at=T)])
    products = [ProductDraft(5, "Chair", frozenset({1, 2})), ProductDraft(6, "Table", frozenset({1}))]
    with write():
        assert operations.save_products(1, products)
        assert operations.save_products(1, products) == frozenset()
        cells = operations.save_products(1, [ProductDraft(5, "Chair", frozenset({3}))])
        assert operations.save_products(1, [ProductDraft(5, "Armchair", frozenset({3}))]) == frozenset()
    assert cells
    assert {cell.record_id for cell in cells} == {1}
    assert {"created", "updated", "entered"} == {cell.date for cell in cells}
    pairs = select(ProductSection.product_id, ProductSection.section_id).order_by(ProductSection.product_id)
    assert [tuple(pair) for pair in db.session.execute(pairs)] == [(5, 3), (6, 1)]
    assert {term.name for term in queries.terms(1, "product")} == {"Armchair", "Table"}


def test_more_deals_than_a_chunk_are_computed_anew_all_together(watched: World, monkeypatch: Any) -> None:
    store(*(deal(id, rows=(row(id),)) for id in range(1, 5)))
    monkeypatch.setattr("b24app.facts.deals.CHUNK", 3)
    with write():
        assert operations.save_products(1, [ProductDraft(5, "Chair", frozenset({1}))]) is None


def test_words_that_have_not_changed_are_not_written_again(watched: World) -> None:
    products = [ProductDraft(id, f"Product {id}", frozenset({1})) for id in range(1, 50)]
    with write():
        operations.save_products(1, products)
    with counting() as statements, write():
        operations.save_products(1, products)
    assert not [one for one in statements if one.startswith(("INSERT", "UPDATE", "DELETE"))]


def test_ids_are_named_in_chunks_in_a_fixed_order(monkeypatch: Any) -> None:
    monkeypatch.setattr(storage, "CHUNK", 2)
    assert list(storage.chunks({5, 1, 3})) == [[1, 3], [5]]


def test_everything_watched_belongs_to_its_portal(watched: World) -> None:
    store(deal(values=(value("a"),), rows=(row(),)))
    for table in (FieldValue, ProductRow, Watch):
        assert {one.portal_id for one in db.session.scalars(select(table))} == {1}
