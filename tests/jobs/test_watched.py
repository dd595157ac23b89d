"""What indicators ask for beside the columns of deals, read through the real client from the demo portal."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import select

from b24app.bitrix.errors import AccessDenied
from b24app.demo import custom_fields as custom
from b24app.demo import deals as crm
from b24app.demo.faults import Refusal
from b24app.facts import operations as facts
from b24app.facts import queries, watching
from b24app.facts.rules import Cell
from b24app.facts.tables import Deal, FieldValue, ProductRow, ProductSection, Term
from b24app.ingest import extras
from b24app.ingest import operations as ingest
from b24app.ingest import queries as status
from b24app.ingest import watching as reading
from b24app.jobs import inbox, scores, sync
from b24app.lib import clock
from b24app.lib.db import db, write
from b24app.onboarding import operations as onboarding
from b24app.portal import operations as portals
from b24app.scorecards import documents
from b24app.scorecards import operations as scorecards
from b24app.scores.rules import Changes
from b24app.scores.tables import Result
from tests.ingest.site import ADMIN, Site, site

DEALS = 130
SECTOR, ENGINEER, EXTRAS = custom.SECTOR.name, custom.PRESALES.name, custom.EXTRAS.name
EVERYTHING = {*(field.name for field in custom.DEAL), "productRows"}
ROWS = "crm.item.productrow.list"


@pytest.fixture
def portal(app: Flask, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    with site(redis, DEALS) as found:
        monkeypatch.setattr(portals, "connect", lambda *_arguments: found.client)
        monkeypatch.setattr(onboarding, "first_run", lambda *_arguments: None)
        monkeypatch.setattr(sync, "enqueue", lambda *_arguments, **_options: True)
        yield found


@pytest.fixture
def read(portal: Site) -> Site:
    """A portal whose history has been read before anything was watched."""
    sync.backfill(1)
    return portal


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The portals whose numbers were all computed anew."""
    found: list[int] = []
    monkeypatch.setattr(scores, "recompute_everything", lambda portal_id, **_options: found.append(portal_id))
    return found


def watch(*names: str) -> None:
    with write():
        facts.watch(1, names, clock.now())


def texts(field: str) -> dict[int, list[str]]:
    """The values of a field by deal, in order."""
    db.session.rollback()
    query = select(FieldValue.record_id, FieldValue.text).where(FieldValue.field == field)
    found: dict[int, list[str]] = defaultdict(list)
    for id, text in db.session.execute(query.order_by(FieldValue.record_id, FieldValue.place)):
        found[id].append(text)
    return found


def told(site: Site, field: str) -> dict[int, list[str]]:
    """The same as the portal holds them."""
    found = {}
    for id, row in site.state.deals.rows.items():
        held = row.get(field)
        values = [str(one) for one in (held if isinstance(held, list | tuple) else [held]) if one]
        if values:
            found[id] = values
    return found


def amounts() -> dict[int, int]:
    """What the product rows of each deal are worth together."""
    db.session.rollback()
    found: dict[int, int] = defaultdict(int)
    for row in db.session.scalars(select(ProductRow)):
        found[row.record_id] += row.amount_original
    return found


def sold(site: Site) -> dict[int, int]:
    found: dict[int, int] = defaultdict(int)
    for row in site.state.product_rows.rows.values():
        amount = Decimal(str(row.get("price", 0))) * Decimal(str(row.get("quantity", 1)))
        found[row["ownerId"]] += int(amount * 1_000_000)
    return found


def happened(*ids: int) -> None:
    with write():
        ingest.accept_many(1, "deal", ids, clock.now())


# --- reading the past


def test_what_is_watched_is_read_for_all_deals_of_the_past(read: Site, computed: list[int]) -> None:
    assert texts(SECTOR) == {}
    watch(*EVERYTHING)
    assert set(queries.watched(1).values()) == {False}
    seen: list[tuple[str, int, int]] = []
    assert sync.read_watched(1, lambda *step: seen.append(step))
    for field in (SECTOR, ENGINEER, EXTRAS, custom.CONTRACT.name):
        assert texts(field) == told(read, field)
        assert texts(field)
    assert amounts() == sold(read)
    assert set(queries.watched(1).values()) == {True}
    assert computed == [1]
    assert seen[-1] == (extras.WATCHED, DEALS, DEALS)
    watched = status.status(1).watched
    assert watched is not None
    assert (watched.complete, watched.done, watched.total) == (True, DEALS, DEALS)


def test_a_new_portal_reads_what_is_watched_at_once(portal: Site, computed: list[int]) -> None:
    watch(*EVERYTHING)
    with write():
        for one in watching.watches(1).values():
            db.session.execute(watching._where(1, one).values(since=one.since - 10))
    sync.backfill(1)
    assert set(queries.watched(1).values()) == {True}
    assert (texts(SECTOR), amounts()) == (told(portal, SECTOR), sold(portal))
    before = portal.requests
    assert not extras.is_owed(1)
    sync.read_watched(1)
    assert portal.requests == before


class Killed(BaseException):
    """Nothing after this runs."""


def test_killed_at_any_chunk_it_goes_on_and_comes_to_the_same(
    read: Site, computed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "STORED_AT_ONCE", 30)
    watch(*EVERYTHING)
    store, kills = reading.store, 0

    def store_and_die(*arguments: Any) -> Any:
        store(*arguments)
        raise Killed

    def store_once_and_die(*arguments: Any) -> Any:
        monkeypatch.setattr(reading, "store", store_and_die)
        return store(*arguments)

    while extras.is_owed(1):
        monkeypatch.setattr(reading, "store", store_once_and_die)
        try:
            sync.resume(1)
        except Killed:
            kills += 1
    assert kills > 2
    assert (texts(SECTOR), texts(EXTRAS), amounts()) == (told(read, SECTOR), told(read, EXTRAS), sold(read))
    assert computed == [1]


def test_killed_before_its_numbers_are_computed_they_are_computed_later(
    read: Site, computed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    watch(SECTOR)
    with monkeypatch.context() as broken:
        broken.setattr(scores, "recompute_everything", _die)
        with pytest.raises(Killed):
            sync.read_watched(1)
    assert queries.watched(1) == {SECTOR: True}
    before = read.requests
    sync.resume(1)
    assert (computed, read.requests) == ([1], before)


def _die(*_arguments: Any, **_options: Any) -> None:
    raise Killed


def test_trouble_is_shown_and_mended_when_the_portal_answers_again(read: Site, computed: list[int]) -> None:
    watch(SECTOR)
    read.state.faults.refusals.append(Refusal(count=200, status=403, code="ACCESS_DENIED", method="crm.item.list"))
    with pytest.raises(Exception, match="."):
        sync.read_watched(1)
    assert status.status(1).state == "failed"
    read.state.faults.refusals.clear()
    sync.resume(1)
    assert (status.status(1).state, texts(SECTOR)) == ("idle", told(read, SECTOR))


def test_a_name_that_is_watched_meanwhile_is_read_afterwards(
    read: Site, computed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "STORED_AT_ONCE", 30)
    watch(SECTOR)
    store = reading.store

    def store_and_watch(*arguments: Any) -> Any:
        outcome = store(*arguments)
        facts.watch(1, [EXTRAS], clock.now())
        return outcome

    monkeypatch.setattr(reading, "store", store_and_watch)
    sync.read_watched(1)
    assert (texts(SECTOR), texts(EXTRAS)) == (told(read, SECTOR), told(read, EXTRAS))
    assert queries.watched(1) == {SECTOR: True, EXTRAS: True}
    assert status.status(1).pending_events == 0


def test_a_field_that_turns_out_to_be_of_another_type_is_read_again(read: Site, computed: list[int]) -> None:
    with write():
        db.session.query(Term).delete()  # as if the dictionary had been refused so far
    watch(ENGINEER)
    sync.read_watched(1)
    assert {row.ref for row in db.session.scalars(select(FieldValue))} == {None}
    sync.staff(1)
    assert queries.watched(1) == {ENGINEER: False}
    sync.resume(1)
    db.session.rollback()
    assert {row.ref for row in db.session.scalars(select(FieldValue))} == {
        row[ENGINEER] for row in read.state.deals.rows.values() if row.get(ENGINEER)
    }


# --- new reads


@pytest.fixture
def full(read: Site, computed: list[int]) -> Site:
    """Everything is watched, and has been read."""
    watch(*EVERYTHING)
    sync.read_watched(1)
    sync.staff(1)
    return read


@pytest.fixture
def touched(monkeypatch: pytest.MonkeyPatch) -> list[Cell]:
    """The cells handed to the pipeline."""
    cells: list[Cell] = []

    def recompute(_portal_id: int, changed: Iterable[Cell], *_rest: Any) -> Changes:
        cells.extend(changed)
        return Changes()

    monkeypatch.setattr("b24app.pipeline.recompute", recompute)
    return cells


def test_an_event_brings_values_and_rows_in_the_same_request(full: Site, touched: list[Cell]) -> None:
    full.change(5, **{SECTOR: 104, EXTRAS: [122]})
    crm.set_products(full.state, 5, [{"productId": 2, "price": 10.5, "quantity": 3}], ADMIN)
    happened(5)
    before = full.requests
    inbox.drain(1)
    assert full.requests - before == 1
    assert (texts(SECTOR)[5], texts(EXTRAS)[5], amounts()[5]) == (["104"], ["122"], 31_500_000)
    assert {cell.record_id for cell in touched} == {5}


def test_incremental_sync_brings_them_too(full: Site) -> None:
    full.change(5, **{SECTOR: 104})
    crm.set_products(full.state, 6, [], ADMIN)
    sync.incremental(1)
    assert texts(SECTOR)[5] == ["104"]
    assert 6 not in amounts()
    assert (texts(SECTOR), amounts()) == (told(full, SECTOR), sold(full))


def test_reconcile_brings_what_no_event_told(full: Site) -> None:
    new = full.create(**{SECTOR: 101})
    sync.reconcile(1)
    assert texts(SECTOR)[new] == ["101"]


def test_more_rows_than_a_page_holds(full: Site) -> None:
    rows = [{"productId": 2, "price": place, "quantity": 1} for place in range(120)]
    crm.set_products(full.state, 5, rows, ADMIN)
    happened(5, 6)
    inbox.drain(1)
    assert amounts()[5] == sum(range(120)) * 1_000_000
    assert amounts()[6] == sold(full)[6]


def test_a_portal_that_takes_one_owner_a_question(full: Site) -> None:
    full.state.faults.single_owner_rows = True
    crm.set_products(full.state, 5, [{"productId": 2, "price": 7, "quantity": 1}], ADMIN)
    happened(5, 6, 7)
    inbox.drain(1)
    assert (amounts()[5], amounts()[6]) == (7_000_000, sold(full)[6])
    assert extras.rows_refused(1) is None


def test_a_read_that_began_before_a_field_was_watched_is_repeated(
    read: Site, computed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    batch, asked = read.client.batch, []

    def answer_late(commands: Any, **options: Any) -> Any:
        answers = batch(commands, **options)
        if not asked:
            asked.append(True)
            watch(SECTOR)
            sync.read_watched(1)
            read.change(5, **{SECTOR: 104})
        return answers

    happened(5)
    monkeypatch.setattr(read.client, "batch", answer_late)
    inbox.drain(1)
    inbox.drain(1)
    assert texts(SECTOR)[5] == ["104"]


# --- what the portal refuses


def test_refused_product_rows_stop_nothing_and_are_read_once_they_are_told(
    read: Site, computed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    watch(SECTOR, "productRows")
    with monkeypatch.context() as denied:
        _deny(denied, read, ROWS)
        sync.read_watched(1)
        assert queries.watched(1) == {SECTOR: True, "productRows": False}
        assert ("deal", "productRows") in extras.unavailable(1)
        assert not extras.is_owed(1)
        read.change(5, title="Renamed")
        happened(5)
        inbox.drain(1)
        deal = queries.deal(1, 5)
        assert deal is not None
        assert deal.title == "Renamed"
        sync.staff(1)
        assert extras.rows_refused(1)
    sync.staff(1)
    assert extras.unavailable(1) == frozenset()
    sync.resume(1)
    assert (queries.watched(1)["productRows"], amounts()) == (True, sold(read))


def test_rows_refused_later_are_not_known_any_more(full: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as denied:
        _deny(denied, full, ROWS)
        happened(5)
        inbox.drain(1)
    assert queries.watched(1)["productRows"] is False
    assert amounts()[5] == sold(full)[5]
    happened(6)
    inbox.drain(1)
    sync.resume(1)
    assert queries.watched(1)["productRows"] is True


def _deny(monkeypatch: pytest.MonkeyPatch, site: Site, *methods: str) -> None:
    """These methods are refused inside of batches, as a right that the token does not have."""
    batch = site.client._batch

    def answer(commands: Any, repeat: bool, read: Any, *begun: Any) -> Any:
        def refuse(answers: dict[str, Any]) -> Any:
            for key, (method, _params) in commands.items():
                if method in methods:
                    answers[key] = AccessDenied("Bitrix24 denies access.")
            return read(answers)

        return batch(commands, repeat, refuse, *begun)

    monkeypatch.setattr(site.client, "_batch", answer)


# --- the catalogue


def test_sections_of_products_are_polled_while_they_are_asked_for(
    read: Site, computed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = read.requests
    sync.staff(1)
    assert read.requests - before == 1
    watch("productRows", "productSections")
    sync.read_watched(1)
    assert set(queries.watched(1).values()) == {True}
    products = read.state.products.rows
    assert {term.name for term in queries.terms(1, "product")} == {row["NAME"] for row in products.values()}
    assert {term.name for term in queries.terms(1, "section")} == {
        row["NAME"] for row in read.state.sections.rows.values()
    }
    own = {(id, row["SECTION_ID"]) for id, row in products.items() if row.get("SECTION_ID")}
    pairs = {(row.product_id, row.section_id) for row in db.session.scalars(select(ProductSection))}
    assert own <= pairs


def test_a_product_moved_to_another_section_touches_its_deals(
    full: Site, touched: list[Cell], monkeypatch: pytest.MonkeyPatch
) -> None:
    sync.staff(1)
    touched.clear()
    sync.staff(1)
    assert touched == []
    product = next(row["productId"] for row in full.state.product_rows.rows.values() if row.get("productId"))
    other = next(id for id in full.state.sections.rows if id != full.state.products.rows[product]["SECTION_ID"])
    full.state.products.change(product, {"SECTION_ID": other})
    sync.staff(1)
    sellers = {row["ownerId"] for row in full.state.product_rows.rows.values() if row.get("productId") == product}
    assert {cell.record_id for cell in touched} == sellers


def test_a_refused_catalogue_leaves_products_without_sections(
    read: Site, computed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    watch("productRows", "productSections")
    with monkeypatch.context() as denied:
        _deny(denied, read, "crm.productsection.list")
        sync.read_watched(1)
        assert queries.watched(1) == {"productRows": True, "productSections": False}
        assert extras.unavailable(1) == {("deal", "productSections")}
        assert not extras.is_owed(1)
    sync.staff(1)
    assert extras.unavailable(1) == frozenset()
    assert queries.watched(1)["productSections"] is True
    assert extras.is_owed(1)  # numbers that rest on sections


def test_a_field_that_is_gone_is_not_available(full: Site) -> None:
    watch("ufCrm_gone")
    assert extras.unavailable(1) == {("deal", "ufCrm_gone")}


# --- as people do it


def test_a_merge_of_companies_is_found_over_night_and_renumbers(read: Site) -> None:
    db.session.rollback()
    query = select(Deal).where(Deal.win_no == 1, Deal.company_id.is_not(None)).order_by(Deal.id).limit(2)
    kept, merged = ((row.company_id, row.id) for row in db.session.scalars(query))
    crm.merge_companies(read.state, kept[0], merged[0], ADMIN)
    sync.incremental(1)
    sync.reconcile(1)
    db.session.rollback()
    mine = select(Deal).where(Deal.client == f"C{kept[0]}", Deal.semantic == "S").order_by(Deal.closed_at, Deal.id)
    wins = list(db.session.scalars(mine))
    assert merged[1] in {deal.id for deal in wins}
    assert [deal.win_no for deal in wins] == list(range(1, len(wins) + 1))
    assert not list(db.session.scalars(select(Deal).where(Deal.client == f"C{merged[0]}")))


def test_a_life_of_a_deal_through_its_events(full: Site, touched: list[Cell]) -> None:
    id = full.create(assignedById=12, **{ENGINEER: 14})

    def cells_after(**changes: Any) -> set[tuple[str, str, int | None]]:
        full.change(id, **changes)
        touched.clear()
        happened(id)
        inbox.drain(1)
        return {(cell.date, cell.owner, cell.owner_id) for cell in touched}

    happened(id)
    inbox.drain(1)
    moved = cells_after(assignedById=13)
    assert {("entered", "responsible", owner) for owner in (12, 13)} <= moved
    assert {("created", "responsible", owner) for owner in (12, 13)} <= moved
    assert ("created", ENGINEER, 14) in moved
    won = cells_after(stageId="WON")
    assert {("closed", "closed_by", 13), ("closed", ENGINEER, 14)} <= won
    handed = cells_after(**{ENGINEER: 15})
    assert {("closed", ENGINEER, owner) for owner in (14, 15)} <= handed
    reopened = cells_after(stageId="NEW")
    assert ("closed", "closed_by", 13) in reopened
    deal = queries.deal(1, id)
    assert deal is not None
    assert (deal.closed_at, deal.win_no) == (None, None)
    assert {date for date, _owner, _id in cells_after(title="Renamed")} <= {"updated"}
    assert cells_after(isRecurring="Y")
    assert cells_after(title="A template") == set()


def test_an_indicator_with_such_conditions_waits_for_what_it_needs_and_then_counts(read: Site) -> None:
    """From the saved scorecard to its results, checked against what the portal itself holds."""
    retail = {"fields": [{"field": SECTOR, "op": "eq", "value": "103"}]}
    section = next(iter(read.state.sections.rows))
    indicators = [
        {"code": "retail", "name": "Retail", "metric": "deals_won", "weight": 40, "where": retail},
        {"code": "sections", "name": "Sections", "metric": "deals_won", "weight": 30,
         "where": {"product_section_id": [section]}},
        {"code": "engineers", "name": "Engineers", "metric": "deals_won", "weight": 30, "owner": ENGINEER},
    ]  # fmt: skip
    with write():
        subjects = {"departments": [1]}
        raw = {"code": "more", "name": "More", "period": "year", "effective_from": "2016-01-01", "subjects": subjects}
        scorecards.save(1, documents.parse({**raw, "indicators": indicators}), "user:1", clock.now())
    scores.recompute_everything(1)
    assert {reason for _value, reason in _company().values()} == {"not_synced"}

    sync.resume(1)

    won = [row for row in read.state.deals.rows.values() if row.get("stageSemanticId") == "S"]
    within = {id for id, row in read.state.products.rows.items() if _above(read, row.get("SECTION_ID"), section)}
    sellers = {row["ownerId"] for row in read.state.product_rows.rows.values() if row.get("productId") in within}
    assert _company() == {
        "retail": (len([row for row in won if row.get(SECTOR) == 103]), None),
        "sections": (len([row for row in won if row["id"] in sellers]), None),
        "engineers": (len(won), None),
    }
    by_engineer = Counter(row[ENGINEER] for row in won if row.get(ENGINEER))
    rows = db.session.scalars(
        select(Result).where(Result.indicator == "engineers", Result.subject_type == "employee", Result.numerator > 0)
    )
    found: Counter[int] = Counter()
    for row in rows:
        found[row.subject_id] += row.numerator or 0
    assert by_engineer
    assert found == by_engineer


def _company() -> dict[str, tuple[int, str | None]]:
    """What the company reached in all years together, by indicator, and why not."""
    db.session.rollback()
    found: dict[str, tuple[int, str | None]] = {}
    for row in db.session.scalars(select(Result).where(Result.scorecard == "more", Result.subject_type == "company")):
        before = found.get(row.indicator, (0, None))[0]
        found[row.indicator] = before + (row.numerator or 0), row.reason
    return found


def _above(site: Site, id: int | None, wanted: int) -> bool:
    while id:
        if id == wanted:
            return True
        id = site.state.sections.rows[id].get("SECTION_ID")
    return False
