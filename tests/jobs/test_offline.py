"""The offline queue: what it holds reaches the inbox, whatever became of the events themselves."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from redis import Redis

from b24app.demo import deals as crm
from b24app.facts import queries
from b24app.ingest import offline as rest
from b24app.ingest import queries as ingest
from b24app.jobs import inbox, offline, sync
from b24app.jobs import news as jobs
from b24app.portal import operations as portals
from tests.ingest.site import ADMIN, Site, site

CODES = ("ONCRMDEALADD", "ONCRMDEALUPDATE", "ONCRMDEALDELETE", "ONCRMCOMPANYUPDATE", "ONCRMCOMPANYDELETE",
         "ONCRMCURRENCYUPDATE")  # fmt: skip


@pytest.fixture
def portal(app: Flask, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    with site(redis, deals=20) as found:
        monkeypatch.setattr(portals, "connect", lambda portal_id: found.client)
        for code in CODES:
            found.state.events.bind(code, "", ADMIN, offline=True)
        yield found


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    jobs_asked: list[Any] = []
    monkeypatch.setattr(jobs, "enqueue_soon", lambda job, *_arguments, **_options: jobs_asked.append(job))
    return jobs_asked


def waiting(portal: Site) -> list[tuple[str, str]]:
    return [(row.event, row.key) for row in portal.state.events.queue]


def test_what_nobody_told_us_is_found_in_the_queue_and_leaves_it(portal: Site, queued: list[Any]) -> None:
    id = portal.create(opportunity=250)
    portal.change(id, title="Again")
    portal.change(4, stageId="WON")
    portal.delete(5)
    before = portal.requests
    offline.poll(1)
    assert portal.requests - before == 3
    assert waiting(portal) == []
    assert queued == [inbox.drain]
    inbox.drain(1)
    assert [queries.deal(1, one) is not None for one in (id, 4, 5)] == [True, True, False]


def test_an_empty_queue_costs_one_request(portal: Site, queued: list[Any]) -> None:
    before = portal.requests
    offline.poll(1)
    assert portal.requests - before == 1
    assert queued == []


def test_thousands_of_rows_are_a_handful_of_requests(portal: Site, queued: list[Any]) -> None:
    for id in range(1000, 3600):
        portal.state.emit("ONCRMDEALUPDATE", {"FIELDS": {"ID": str(id)}}, 0, str(id))
    before = portal.requests
    offline.poll(1)
    assert portal.requests - before == 5
    assert waiting(portal) == []
    assert ingest.status(1).pending_events == 2600


def test_a_merge_of_companies_reaches_the_deals_it_changed_without_a_word(portal: Site, queued: list[Any]) -> None:
    id = portal.create(companyId=7, stageId="WON")
    inbox_holds_nothing(portal)
    crm.merge_companies(portal.state, 3, 7, ADMIN)
    assert {event for event, _key in waiting(portal)} == {"ONCRMCOMPANYUPDATE", "ONCRMCOMPANYDELETE"}
    inbox_holds_nothing(portal)
    deal = queries.deal(1, id)
    assert deal is not None
    assert deal.client == "C3"


def inbox_holds_nothing(portal: Site) -> None:
    offline.poll(1)
    inbox.drain(1)
    assert ingest.status(1).pending_events == 0


def test_words_and_rates_are_polled(portal: Site, queued: list[Any]) -> None:
    portal.state.emit("ONCRMCURRENCYUPDATE", {"FIELDS": {"ID": "EUR"}}, 0, "EUR")
    offline.poll(1)
    assert queued == [sync.staff]


def test_killed_before_it_is_confirmed_nothing_is_lost(
    portal: Site, queued: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    portal.change(4, title="Before the kill")
    with monkeypatch.context() as killed:
        killed.setattr(rest, "confirm", _die)
        with pytest.raises(SystemExit):
            offline.poll(1)
    assert ingest.status(1).pending_events == 1
    portal.change(4, title="After it")
    offline.poll(1)
    inbox.drain(1)
    deal = queries.deal(1, 4)
    assert deal is not None
    assert deal.title == "After it"


def _die(*_arguments: Any) -> None:
    raise SystemExit


def test_where_nothing_can_be_reserved_rows_leave_the_queue_as_they_are_read(portal: Site, queued: list[Any]) -> None:
    portal.state.faults.plain_offline = True
    portal.change(4, title="Changed")
    before = portal.requests
    offline.poll(1)
    assert portal.requests - before == 2
    assert waiting(portal) == []
    assert ingest.status(1).pending_events == 1


def test_a_row_that_names_no_record_stays_in_the_queue_as_an_error(portal: Site, queued: list[Any]) -> None:
    portal.state.emit("ONCRMDEALUPDATE", {}, 0, "x")
    portal.change(4, title="Changed")
    offline.poll(1)
    assert ingest.status(1).pending_events == 1
    assert [(row.key, row.error) for row in portal.state.events.queue] == [("x", True)]
    before = portal.requests
    offline.poll(1)
    assert portal.requests - before == 1


def test_a_portal_without_an_offline_queue_is_no_failure(portal: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "LIST", "event.offline.nothing")
    offline.poll(1)
