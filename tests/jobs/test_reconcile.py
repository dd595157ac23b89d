"""The nightly comparison, and looking at the deals of clients: what changed without a word is found and read again."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from redis import Redis

from b24app.demo import custom_fields as custom
from b24app.demo import deals as crm
from b24app.demo.fields import Row
from b24app.facts import operations as facts
from b24app.facts import queries
from b24app.facts.rules import DealFact
from b24app.ingest import operations
from b24app.ingest import queries as ingest
from b24app.jobs import inbox, scores, sync
from b24app.lib import clock
from b24app.lib.db import write
from b24app.onboarding import operations as onboarding
from b24app.portal import operations as portals
from tests.ingest.site import ADMIN, Site, site

WATCHED = (custom.CONTRACT.name, "productRows")


@pytest.fixture
def portal(app: Flask, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A portal that has been read, with a field and product rows watched."""
    with site(redis, deals=40) as found:
        monkeypatch.setattr(portals, "connect", lambda *_arguments: found.client)
        monkeypatch.setattr(onboarding, "first_run", lambda *_arguments: None)
        monkeypatch.setattr(sync, "enqueue", lambda *_arguments, **_options: True)
        monkeypatch.setattr(scores, "recompute_everything", lambda *_arguments, **_options: None)
        with write():
            facts.watch(1, WATCHED, clock.now())
        sync.backfill(1)
        sync.read_watched(1)
        yield found


@pytest.fixture
def read_again(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The deals that were read again."""
    found: list[int] = []
    monkeypatch.setattr(inbox, "drain", lambda portal_id: found.extend(_drained(portal_id)))
    return found


drain = inbox.drain


def _drained(portal_id: int) -> list[int]:
    batch = inbox.inbox.due(portal_id, clock.now())
    drain(portal_id)
    return [int(key) for key in batch.keys] if batch else []


def deal(id: int) -> DealFact:
    found = queries.deal(1, id)
    assert found is not None
    return found


def rename(state: Any) -> None:
    state.deals.rows[4]["title"] = "Silently"


def give_to_another_company(state: Any) -> None:
    state.deals.change(4, {"companyId": 77})


def fill_in(state: Any) -> None:
    state.deals.rows[4][custom.CONTRACT.name] = "2026-7"


def sell_another_amount(state: Any) -> None:
    row: Row = next(row for row in state.product_rows.rows.values() if row["ownerId"] == 4)
    row["price"] += 1


def take_rows_away(state: Any) -> None:
    for row in [row for row in state.product_rows.rows.values() if row["ownerId"] == 4]:
        state.product_rows.remove(row["id"])


@pytest.mark.parametrize(
    "change", [rename, give_to_another_company, fill_in, sell_another_amount, take_rows_away], ids=lambda f: f.__name__
)
def test_what_changed_without_a_new_modification_time_is_read_again(
    portal: Site, read_again: list[int], change: Callable[[Any], None]
) -> None:
    before = deal(4)
    sync.reconcile(1)
    assert read_again == []
    change(portal.state)
    sync.reconcile(1)
    assert read_again == [4]
    assert deal(4) != before
    sync.reconcile(1)
    assert read_again == [4]


def test_what_is_not_read_for_all_deals_yet_is_not_compared(portal: Site, read_again: list[int]) -> None:
    with write():
        facts.watch(1, [custom.SECTOR.name], clock.now())
    sync.reconcile(1)
    assert read_again == []


def test_stage_moves_that_were_missed_are_read_again(portal: Site) -> None:
    id = portal.create(stageId="WON")
    missed = portal.state.history.remove(max(portal.state.history.rows))
    with write():
        operations.accept(1, "deal", id, clock.now())
    drain(1)
    assert deal(id).closed_from == "moved"
    portal.state.history.add(missed)
    sync.reconcile(1)
    assert deal(id).closed_from == "history"


@pytest.mark.parametrize("heard_of", ["kept", "merged", "both"])
def test_whoever_hears_of_a_company_looks_at_its_deals(portal: Site, heard_of: str) -> None:
    mine, others = portal.create(companyId=7, stageId="WON"), portal.create(companyId=8)
    sync.incremental(1)
    crm.merge_companies(portal.state, 3, 7, ADMIN)
    companies = {"kept": [3], "merged": [7], "both": [3, 7]}[heard_of]
    with write():
        operations.accept_many(1, "company", companies, clock.now())
    drain(1)
    assert (deal(mine).client, deal(others).client) == ("C3", "C8")
    assert ingest.status(1).pending_events == 0


def test_a_company_that_did_not_change_its_deals_has_none_read_again(portal: Site, read_again: list[int]) -> None:
    crm.change(portal.state, 4, 3, {"title": "Renamed"}, ADMIN)
    with write():
        operations.accept(1, "company", 3, clock.now())
    before = portal.requests
    drain(1)
    assert portal.requests - before == 1
    assert ingest.status(1).pending_events == 0


def test_whoever_hears_of_a_contact_looks_at_its_deals(portal: Site) -> None:
    id = portal.create(companyId=0, contactId=5, stageId="WON")
    sync.incremental(1)
    assert deal(id).client == "P5"
    portal.state.deals.change(id, {"contactId": 6})
    with write():
        operations.accept(1, "contact", 5, clock.now())
    drain(1)
    assert deal(id).client == "P6"
