"""Numbers of calls: no data with its reason where telephony is needed and not there; moved by calls of both kinds."""

from datetime import timedelta

import pytest

from b24app import pipeline
from b24app.facts import call_sources
from b24app.facts import operations as facts
from b24app.facts.kinds.calls import CallDraft
from b24app.ingest.tables import SyncCursor
from b24app.lib.db import db
from b24app.scores.tables import Result
from tests.facts.samples import activity
from tests.scorecards.documents import document, indicator
from tests.scores import world
from tests.scores.test_operations import everything
from tests.scores.world import ANN, NOW, PORTAL, SALES

CARD = document(
    indicator("calls", metric="calls", weight=60, target=10),
    indicator("missed", metric="missed_calls", weight=40, direction="down", target=10),
    subjects={"departments": [SALES]},
)
AT = int(NOW.timestamp()) - 3600


def told(code: str) -> tuple[int | None, str | None]:
    row = db.session.get_one(Result, (PORTAL, "sales", "2026-11-01", "employee", ANN, code), populate_existing=True)
    return row.numerator, row.reason


def ring(id: int, *, answered: bool = True) -> CallDraft:
    return CallDraft(
        id=id, phone="+1", direction="in", code="200" if answered else "304", answered=answered, seconds=60,
        responsible_id=ANN, created_by_id=ANN, activity_id=None, start_at=AT, completed_at=AT, created_at=AT,
        updated_at=AT,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("source", "cursor", "calls", "missed"),
    [
        ("activities", None, (1, None), (None, "calls_from_activities")),
        ("activities", {"error": "No scope."}, (1, None), (None, "calls_from_activities")),
        ("telephony", None, (None, "not_synced"), (None, "not_synced")),
        ("telephony", {"error": "No scope."}, (None, "refused"), (None, "refused")),
        ("telephony", {"complete": True, "synced_at": 1}, (2, None), (1, None)),
    ],
)
def test_what_needs_telephony_says_what_is_missing_and_the_rest_goes_on(portal, source, cursor, calls, missed):
    world.scorecard(CARD)
    if cursor:
        db.session.add(SyncCursor(portal_id=PORTAL, source="calls", **cursor))
    call_sources.choose(PORTAL, source, None, "user:1", NOW)
    one = activity(1, kind="call", responsible_id=ANN, start_at=AT, completed=True)
    facts.upsert_records(PORTAL, "activity", [one], NOW)
    facts.upsert_records(PORTAL, "call", [ring(1), ring(2, answered=False)], NOW)
    everything()
    assert (told("calls"), told("missed")) == (calls, missed)


def test_a_call_that_comes_in_moves_the_number_at_once(portal):
    world.scorecard(CARD)
    db.session.add(SyncCursor(portal_id=PORTAL, source="calls", complete=True, synced_at=1))
    call_sources.choose(PORTAL, "telephony", NOW.date() - timedelta(days=1), "user:1", NOW)
    everything()
    for draft in (ring(1), ring(2)):
        cells = facts.upsert_records(PORTAL, "call", [draft], NOW)
        pipeline.recompute(PORTAL, cells, NOW)
    earlier = activity(1, kind="call", responsible_id=ANN, start_at=AT - 3 * 86_400, completed=True)
    pipeline.recompute(PORTAL, facts.upsert_records(PORTAL, "activity", [earlier], NOW), NOW)
    assert told("calls") == (3, None)
