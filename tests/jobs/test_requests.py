"""Requests made of the demo portal's deals and tickets: of those of the past, and of each that changes, over the real
protocol."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import select

from b24app.demo import custom_fields as custom
from b24app.demo import deals as crm
from b24app.demo import tickets
from b24app.facts.requests import operations
from b24app.facts.requests.documents import MappingDocument
from b24app.facts.tables import Request
from b24app.ingest import operations as ingest
from b24app.jobs import inbox, requests, scores, sync
from b24app.lib import clock
from b24app.lib.clock import epoch
from b24app.lib.db import db, write
from b24app.metrics.plans import plan
from b24app.metrics.queries import evaluate
from b24app.metrics.rules import value_of
from b24app.onboarding import operations as onboarding
from b24app.periods.rules import Span
from b24app.portal import operations as portals
from b24app.scorecards import documents
from b24app.scorecards import operations as scorecards
from b24app.scores.tables import Result
from tests.ingest.site import ADMIN, Site, site

HELP = MappingDocument(
    code="help", name="Help", entity="deal", responded=custom.FIRST_MEETING.name, rating=custom.DISCOUNT.name,
    resolved_stages=("WON", "LOSE"),
)  # fmt: skip
TICKETS = MappingDocument(
    code="tickets", name="Tickets", entity=f"item_{tickets.TYPE}", responded=tickets.FIRST_RESPONSE.name,
    resolved=tickets.RESOLVED.name, rating=tickets.RATING.name, rated=tickets.CONFIRMED.name,
)  # fmt: skip
BY_STAGES = MappingDocument(
    code="stages", name="By stages", entity=f"item_{tickets.TYPE}",
    responded_stages=(f"DT{tickets.TYPE}_{2 * tickets.NUMBER + 1}:PREPARATION",),
)  # fmt: skip
CARD = {
    "code": "help", "name": "Help", "period": "month", "effective_from": "2020-01-01",
    "subjects": {"employees": [ADMIN]},
    "indicators": [{"code": "hours", "name": "Hours", "metric": "first_response_hours", "direction": "down",
                    "options": {"source": "help"}, "target": 2, "weight": 100}],
}  # fmt: skip


@pytest.fixture
def read(app: Flask, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A portal whose deals have been read before anything said that they are requests."""
    with site(redis, 40) as found:
        monkeypatch.setattr(portals, "connect", lambda *_arguments: found.client)
        monkeypatch.setattr(onboarding, "first_run", lambda *_arguments: None)
        monkeypatch.setattr(sync, "enqueue", lambda *_arguments, **_options: True)
        sync.backfill(1)
        yield found


def made() -> dict[int, Request]:
    db.session.rollback()
    return {one.record_id: one for one in db.session.scalars(select(Request))}


def reasons() -> set[str | None]:
    db.session.rollback()
    return set(db.session.scalars(select(Result.reason)))


def test_a_mapping_turns_the_deals_of_a_portal_into_requests_and_keeps_them_so(read: Site) -> None:
    with write():
        scorecards.save(1, documents.parse(CARD), "user:1", clock.now())
    scores.recompute_everything(1)
    assert reasons() == {"not_mapped"}

    with write():
        operations.save(1, HELP, "user:1", clock.now())
    steps: list[tuple[str, int, int]] = []
    assert requests.make_anew(1, lambda *step: steps.append(step))
    assert ("requests", 40, 40) in steps
    assert reasons() == {"not_synced"}  # the fields have not been read yet

    assert sync.read_watched(1)
    deals = read.state.deals.rows
    found = made()
    assert found.keys() == deals.keys()
    for id, deal in deals.items():
        meeting = deal.get(custom.FIRST_MEETING.name)
        assert found[id].first_response_at == (int(meeting.timestamp()) if meeting else None)
        assert (found[id].resolved_at is not None) == (deal["stageId"] in HELP.resolved_stages)
    assert reasons() <= {None, "no_facts"}

    id = next(id for id, deal in deals.items() if deal["stageId"] == "PREPARATION")
    crm.change(read.state, 2, id, {"stageId": "WON", custom.DISCOUNT.name: 5}, ADMIN)
    with write():
        ingest.accept_many(1, "deal", [id], clock.now())
    inbox.drain(1)
    changed = made()[id]
    assert changed.rating == 5_000_000
    assert changed.resolved_at == changed.rated_at == epoch(deals[id]["movedTime"])


def test_all_published_tickets_are_read_and_give_their_known_truth(read: Site) -> None:
    """2 310 first responses after 26.83 minutes on average, and 1 173 ratings of 3.511; the same answers told by the
    stages that tickets enter."""
    state = read.state
    state.processes[tickets.TYPE] = tickets.process(tickets.tickets(state.today), state.staff, state.zone)
    with write():
        operations.save(1, TICKETS, "user:1", clock.now())
        operations.save(1, BY_STAGES, "user:1", clock.now())
    assert requests.make_anew(1)
    before = read.requests
    assert sync.read_watched(1)
    assert read.requests - before <= 7  # their words, their moves (2 500 a request), how many there are, and they
    now = epoch(clock.now())
    span = Span(now - int(timedelta(days=600).total_seconds()), now)
    hours, moved = (plan("first_response_hours", {"source": one}) for one in ("tickets", "stages"))
    rating = plan("customer_rating")
    found = evaluate(1, [hours, moved, rating], [span], now)
    told = []
    for one in (hours, moved, rating):
        part = found.get(one)
        told.append((part.denominator, float(value_of(one, part.numerator, part.denominator) or 0)))
    (answered, response), by_stages, (rated, mean) = told
    assert by_stages == (answered, response)
    assert (answered, rated) == (2310, 1173)
    assert round(response * 60, 2) == 26.83
    assert round(mean, 3) == 3.511
