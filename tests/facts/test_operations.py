"""Facts on a real database: what arrives twice, late, out of order, or is taken back."""

import random
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import event, select

from b24app.facts import operations, queries, records
from b24app.facts.kinds import declared, named
from b24app.facts.kinds.items import ItemDraft
from b24app.facts.rules import DEAL, RECORDS, Cell, RateDraft, TermDraft
from b24app.facts.tables import Deal, StageMove
from b24app.lib.db import db, write
from tests.facts.conftest import World
from tests.facts.samples import ANN, BOB, DAY, HOUR, NOON, T, activity, anonymous, deal, move, won

LATER = NOON + timedelta(hours=1)


def state() -> list[tuple[object, ...]]:
    """Everything stored about deals but when we looked, and what we had to assume because we did not."""
    db.session.rollback()
    columns = [column for column in Deal.__table__.c if column.name not in ("read_at", "closed_by_assumed")]
    return [tuple(row) for row in db.session.execute(select(*columns).order_by(Deal.portal_id, Deal.id))]


# --- deals


def test_the_same_deal_twice_is_one_and_touches_nothing_the_second_time(world: World) -> None:
    assert world.store(won(), moves=(move(1, semantic="S", at=T - DAY),))
    before = state()
    assert world.store(won(), moves=(move(1, semantic="S", at=T - DAY),)) == frozenset()
    assert state() == before


def test_an_older_version_changes_nothing(world: World) -> None:
    world.store(deal(title="New", updated_at=T))
    assert world.store(deal(title="Old", updated_at=T - 1), at=LATER) == frozenset()
    assert world.deal().title == "New"


def test_in_any_order_of_arrival_the_end_is_the_same(world: World) -> None:
    versions = [
        deal(updated_at=T - 5 * DAY),
        deal(responsible_id=BOB, updated_at=T - 4 * DAY),
        won(at=T - 3 * DAY, responsible_id=BOB),
        won(at=T - 3 * DAY, responsible_id=BOB, company_id=6, updated_at=T - 2 * DAY),
    ]
    moves = [move(1, at=T - 9 * DAY, kind=1), move(2, semantic="S", at=T - 3 * DAY)]
    world.store(*versions, moves=tuple(moves))
    expected = state()
    for seed in range(4):
        with write() as session:
            session.query(Deal).delete()
            session.query(StageMove).delete()
        parts: list[object] = [*versions, *moves]
        random.Random(seed).shuffle(parts)
        for part in parts:
            if part in moves:
                world.store(moves=(part,))  # type: ignore[arg-type]
            else:
                world.store(part)  # type: ignore[arg-type]
        assert state() == expected


def test_a_deleted_deal_stops_counting_and_only_a_later_read_brings_it_back(world: World) -> None:
    world.store(won())
    with write():
        cells = operations.forget(1, "deal", [1], LATER)
    assert Cell("deal", "closed", "responsible", ANN, T - DAY) in anonymous(cells)
    assert world.store(won(updated_at=T + DAY), at=LATER) == frozenset()
    assert world.deal().deleted_at is not None
    assert world.store(won(), at=LATER + timedelta(seconds=1))
    assert world.deal().deleted_at is None
    assert world.deal().win_no == 1


def test_a_deletion_older_than_what_we_have_seen_is_no_news(world: World) -> None:
    world.store(deal(), at=LATER)
    with write():
        assert operations.forget(1, "deal", [1], NOON) == frozenset()
    assert world.deal().deleted_at is None


def test_a_deal_deleted_before_we_saw_it_is_not_brought_by_a_slow_read(world: World) -> None:
    with write():
        operations.forget(1, "deal", [1], LATER)
    assert world.store(deal(), at=NOON) == frozenset()
    assert queries.deal(1, 1) is None
    assert queries.counts(1)["deal"] == 0


def test_a_reopened_deal_leaves_the_period_it_was_won_in(world: World) -> None:
    world.store(won(at=T - DAY))
    cells = world.store(deal(updated_at=T), moves=(move(9, at=T),))
    assert Cell("deal", "closed", "closed_by", ANN, T - DAY) in anonymous(cells)
    assert (world.deal().closed_at, world.deal().win_no, world.deal().closed_by_id) == (None, None, None)


def test_a_reassigned_open_deal_touches_both_owners(world: World) -> None:
    world.store(deal())
    cells = world.store(deal(responsible_id=BOB, updated_at=T))
    assert {cell.owner_id for cell in cells if cell.owner == "responsible"} == {ANN, BOB}


def test_a_closed_deal_handed_over_stays_with_its_closer(world: World) -> None:
    world.store(deal())
    world.store(won(at=T))
    world.store(won(at=T, responsible_id=BOB, updated_at=T + HOUR), at=LATER)
    assert (world.deal().responsible_id, world.deal().closed_by_id) == (BOB, ANN)


def test_who_closed_a_deal_is_found_in_our_journal_when_it_was_handed_over_unseen(world: World) -> None:
    world.store(deal())
    world.store(won(at=T, responsible_id=BOB, updated_at=T + HOUR), at=LATER)
    assert (world.deal().closed_by_id, world.deal().closed_by_assumed) == (ANN, False)


def test_who_closed_a_deal_before_we_looked_is_assumed(world: World) -> None:
    world.store(won(at=T - 5 * DAY, responsible_id=BOB, updated_at=T))
    assert (world.deal().closed_by_id, world.deal().closed_by_assumed) == (BOB, True)


def test_history_read_after_the_deal_corrects_when_it_was_closed(world: World) -> None:
    world.store(won(at=T))
    assert world.deal().closed_from == "moved"
    moves = [move(1, at=T - 9 * DAY), move(2, semantic="S", at=T - 3 * DAY), move(3, semantic="S", at=T)]
    with write():
        cells = operations.upsert_moves(1, DEAL, moves, NOON)
    assert {cell.at for cell in cells if cell.date == "closed"} == {T, T - 3 * DAY}
    assert (world.deal().closed_at, world.deal().closed_from) == (T - 3 * DAY, "history")


def test_moves_stay_when_the_portal_returns_them_no_more(world: World) -> None:
    world.store(won(at=T - DAY), moves=(move(1, semantic="S", at=T - DAY),))
    world.store(won(at=T - DAY, category_id=1, moved_at=T, updated_at=T), moves=(move(2, semantic="S", at=T, kind=5),))
    assert world.deal().closed_at == T - DAY


# --- clients


def test_wins_of_a_client_are_numbered_by_closing_and_id_whoever_owns_them(world: World) -> None:
    world.store(
        won(4, at=T - 2 * DAY), won(3, at=T - 2 * DAY, responsible_id=BOB), won(2, at=T), won(1, company_id=6), deal(5)
    )
    assert world.win_numbers() == {3: 1, 4: 2, 2: 3, 1: 1, 5: None}


def test_wins_read_in_history_are_numbered_together_afterwards(world: World) -> None:
    drafts = [won(2, at=T), won(1, at=T - DAY, company_id=6), won(3, at=T - 2 * DAY)]
    with write():
        assert operations.upsert_deals(1, drafts, (), NOON, in_history=True) == frozenset()
    assert world.win_numbers() == {1: None, 2: None, 3: None}
    for clients in list(operations.buyers(1)):
        with write():
            operations.number_wins(1, clients)
    assert world.win_numbers() == {3: 1, 2: 2, 1: 1}


def test_an_earlier_win_renumbers_and_touches_the_later_ones(world: World) -> None:
    world.store(won(1, at=T, responsible_id=BOB))
    cells = world.store(won(2, at=T - DAY))
    assert world.win_numbers() == {2: 1, 1: 2}
    assert Cell("deal", "closed", "closed_by", BOB, T) in anonymous(cells)


def test_another_client_renumbers_the_old_one_and_the_new_one(world: World) -> None:
    world.store(won(1, at=T - 3 * DAY), won(2, at=T - 2 * DAY), won(3, at=T - DAY, company_id=6))
    cells = world.store(won(1, at=T - 3 * DAY, company_id=6, updated_at=T))
    assert world.win_numbers() == {2: 1, 1: 1, 3: 2}
    assert {cell.at for cell in cells if cell.date == "closed"} == {T - 3 * DAY, T - 2 * DAY, T - DAY}


def test_a_deleted_win_renumbers_the_rest(world: World) -> None:
    world.store(won(1, at=T - DAY), won(2, at=T))
    with write():
        operations.forget(1, "deal", [1], LATER)
    assert world.win_numbers() == {1: None, 2: 1}


def test_templates_and_deals_without_a_client_have_no_number(world: World) -> None:
    world.store(won(1, is_recurring=True), won(2, company_id=None))
    assert world.win_numbers() == {1: None, 2: None}


def test_portals_do_not_know_each_other(world: World) -> None:
    world.store(won(1))
    stranger = World(2)
    stranger.store(won(1, at=T))
    assert (world.win_numbers(), stranger.win_numbers()) == ({1: 1}, {1: 1})
    with write():
        operations.forget(2, "deal", [1], LATER)
    assert queries.deal(1, 1) is not None


# --- money


def rates(world: World, day: date, **amounts: str) -> frozenset[Cell]:
    with write():
        drafts = [RateDraft(code, Decimal(amount)) for code, amount in amounts.items()]
        return operations.save_rates(world.portal_id, drafts, day)


def test_a_first_rate_gives_all_deals_their_amounts(world: World) -> None:
    world.store(deal(1, currency="EUR"), won(2, currency="EUR"))
    assert world.deal(1).amount is None
    assert rates(world, date(2026, 11, 24), EUR="1.16")
    assert [world.deal(id).amount for id in (1, 2)] == [1160_00, 1160_00]


def test_a_new_rate_moves_open_deals_and_those_closed_today(world: World) -> None:
    rates(world, date(2026, 11, 23), EUR="1.10")
    world.store(deal(1, currency="EUR"), won(2, at=T - 3 * DAY, currency="EUR"), won(3, at=T, currency="EUR"))
    cells = rates(world, date(2026, 11, 24), EUR="1.20")
    assert [world.deal(id).amount for id in (1, 2, 3)] == [1200_00, 1100_00, 1200_00]
    assert T - 3 * DAY not in {cell.at for cell in cells if cell.date == "closed"}
    assert (world.deal(2).rate, world.deal(3).rate) == ("1.1", "1.2")


def test_the_first_copy_holds_for_all_days_before_it_also_when_it_is_corrected(world: World) -> None:
    rates(world, date(2026, 11, 24), EUR="1.10")
    world.store(won(1, at=T - 90 * DAY, currency="EUR"))
    rates(world, date(2026, 11, 24), EUR="1.20")
    assert (world.deal(1).amount, world.deal(1).rate) == (1200_00, "1.2")


def test_the_same_rate_next_day_touches_nothing(world: World) -> None:
    rates(world, date(2026, 11, 23), EUR="1.10")
    world.store(deal(1, currency="EUR"))
    assert rates(world, date(2026, 11, 24), EUR="1.1000") == frozenset()


def test_rates_for_many_units(world: World) -> None:
    with write():
        operations.save_rates(1, [RateDraft("RUB", Decimal("1.25"), 100)], date(2026, 11, 24))
    world.store(deal(currency="RUB"))
    assert (world.deal().amount, world.deal().rate) == (12_50, "0.0125")


def test_a_new_rate_moves_other_records_too(world: World) -> None:
    name = named("item_147")
    assert name is not None
    nothing = dict.fromkeys(name.draft.__dataclass_fields__)
    known = {"id": 1, "title": "Contract", "stage_id": "", "semantic": "P", "currency": "EUR", "values": ()}
    money = {"amount_original": 1000_000_000, "created_at": T - DAY, "updated_at": T - DAY, "responsible_id": ANN}
    with write():
        operations.watch(1, [RECORDS], NOON, "item_147")
        operations.upsert_records(1, "item_147", [name.draft(**nothing | known | money)], NOON)
    cells = rates(world, date(2026, 11, 24), EUR="1.20")
    assert Cell("item_147", "created", "responsible", ANN, T - DAY) in anonymous(cells)
    assert records.load(1, name, [1])[1].amount == 1200_00


LEADS = declared()["lead"]

# --- stage moves of other records


def lead(**changes: object) -> ItemDraft:
    """A converted lead of Ann's, of which the portal says that it was closed today."""
    known = dict.fromkeys(ItemDraft.__dataclass_fields__)
    known |= {"id": 1, "title": "Lead", "stage_id": "CONVERTED", "semantic": "S", "values": (), "responsible_id": ANN}
    told = {"created_at": T - 9 * DAY, "updated_at": T, "told_closed_at": T, "moved_at": T}
    return ItemDraft(**known | told | changes)


def entered(cells: frozenset[Cell]) -> set[tuple[int | None, int]]:
    return {(cell.owner_id, cell.at) for cell in cells if (cell.entity, cell.date) == ("lead", "entered")}


def test_the_history_says_when_a_lead_was_closed_whenever_it_comes(world: World) -> None:
    moves = [move(1, at=T - 9 * DAY, kind=1), move(2, semantic="S", at=T - 2 * DAY), move(3, semantic="S", at=T)]
    with write():
        told = operations.upsert_records(1, "lead", [lead()], NOON)
        assert records.load(1, LEADS, [1])[1].closed_from == "told"
        found = operations.upsert_moves(1, "lead", moves, NOON)
        again = operations.upsert_moves(1, "lead", moves, LATER)
    one = records.load(1, LEADS, [1])[1]
    assert (one.closed_at, one.closed_from) == (T - 2 * DAY, "history")
    assert {cell.at for cell in told | found if cell.date == "closed"} == {T, T - 2 * DAY}
    assert entered(found) == {(ANN, T - 9 * DAY), (ANN, T - 2 * DAY), (ANN, T)}
    assert again == frozenset()
    assert queries.counts(1)["stage_move:lead"] == 3
    assert "stage_move" not in {cell.entity for cell in found}


def test_a_lead_that_changes_hands_or_is_deleted_takes_its_moves_along(world: World) -> None:
    with write():
        first = operations.upsert_records(1, "lead", [lead()], NOON, (), [move(1, semantic="S", at=T - DAY)])
        handed = operations.upsert_records(1, "lead", [lead(responsible_id=BOB, updated_at=T + 1)], LATER)
        gone = operations.forget(1, "lead", [1], LATER)
        late = operations.upsert_moves(1, "lead", [move(2, semantic="S", at=T)], LATER)
    assert entered(first) == {(ANN, T - DAY)}
    assert entered(handed) == {(ANN, T - DAY), (BOB, T - DAY)}
    assert entered(gone) == {(BOB, T - DAY)}
    assert late == frozenset()


def test_moves_of_a_deal_and_of_a_lead_with_its_id_are_two_things(world: World) -> None:
    world.store(won(1), moves=(move(1, semantic="S", at=T - DAY),))
    with write():
        operations.upsert_records(1, "lead", [lead()], NOON, (), [move(1, semantic="S", at=T - 3 * DAY)])
    assert world.deal(1).closed_at == T - DAY
    assert records.load(1, LEADS, [1])[1].closed_at == T - 3 * DAY


# --- activities


def test_an_activity_completed_as_we_watch_is_dated_by_that_version(world: World) -> None:
    with write():
        operations.upsert_records(1, "activity", [activity()], NOON, in_history=True)
        cells = operations.upsert_records(1, "activity", [activity(completed=True, updated_at=T - 60)], NOON)
        operations.upsert_records(1, "activity", [activity(completed=True, updated_at=T, subject="Noted")], NOON)
    assert Cell("activity", "completed", "responsible", ANN, T - 60) in anonymous(cells)
    assert (world.activity().completed_at, world.activity().subject) == (T - 60, "Noted")


def test_a_deleted_activity_stops_counting(world: World) -> None:
    with write():
        operations.upsert_records(1, "activity", [activity(completed=True)], NOON)
        assert operations.forget(1, "activity", [1, 2], LATER)
        assert operations.upsert_records(1, "activity", [activity(2), activity(1)], NOON) == frozenset()
    assert queries.counts(1)["activity"] == 0


# --- dictionaries and size


def test_words_that_are_gone_stay_inactive(world: World) -> None:
    with write():
        operations.save_terms(1, "stage", [TermDraft("NEW", "New", 10), TermDraft("WON", "Won", 20, {"semantic": "S"})])
        operations.save_terms(1, "stage", [TermDraft("WON", "Deal won", 20, {"semantic": "S"})])
    assert [(row.id, row.name, row.active) for row in queries.terms(1, "stage")] == [
        ("NEW", "New", False),
        ("WON", "Deal won", True),
    ]


def test_the_number_of_statements_does_not_depend_on_the_number_of_deals(world: World) -> None:
    statements: list[str] = []

    @event.listens_for(db.engine, "before_cursor_execute")
    def count(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    world.store(won(1), moves=(move(1, semantic="S"),))
    for_one = len(statements)
    statements.clear()
    many = range(2, 600)
    world.store(*(won(id) for id in many), moves=tuple(move(id, id, "S", T - id) for id in many))
    assert len(statements) <= for_one + 1
