"""Where calls are counted from: proposed once, changed by people, with a day."""

from datetime import date

import pytest
from sqlalchemy import select

from b24app.facts import call_sources, operations
from b24app.facts.call_sources import Step
from b24app.facts.kinds.calls import CallDraft
from b24app.lib.db import db, write
from b24app.lib.errors import Invalid
from b24app.periods.queries import settings
from b24app.periods.rules import midnight
from b24app.portal.tables import AuditEntry
from tests.facts.conftest import World
from tests.facts.samples import ANN, DAY, NOON, T, activity


def ring(id: int) -> CallDraft:
    return CallDraft(
        id=id, phone="+1", direction="in", code="200", answered=True, seconds=5, responsible_id=ANN, created_by_id=ANN,
        activity_id=None, start_at=T - DAY, completed_at=T, created_at=T - DAY, updated_at=T,
    )  # fmt: skip


def choose(source: str, day: date | None) -> bool:
    with write():
        return call_sources.choose(1, source, day, "user:1", NOON)


def journal() -> list[tuple[int, str]]:
    db.session.rollback()
    return [(step.since, step.source) for step in call_sources.steps(1)]


@pytest.mark.parametrize(
    ("dialled", "logged", "source"),
    [(0, 0, "activities"), (2, 1, "telephony"), (1, 1, "telephony"), (1, 2, "activities")],
)
def test_the_last_thirty_days_propose(world: World, dialled: int, logged: int, source: str) -> None:
    calls = [activity(id, kind="call", start_at=T - DAY, completed=True) for id in range(1, logged + 1)]
    old = activity(99, kind="call", start_at=T - 40 * DAY, completed=True)
    with write():
        operations.upsert_records(1, "call", [ring(id) for id in range(1, dialled + 1)], NOON)
        operations.upsert_records(1, "activity", [*calls, old], NOON)
        call_sources.adopt(1, NOON)
    found = call_sources.proposal(1, NOON)
    assert (found.telephony, found.activities, found.source) == (dialled, logged, source)
    assert journal() == ([(0, "telephony")] if source == "telephony" else [])


def test_a_choice_holds_from_its_day_and_calls_before_it_stay_as_they_were(world: World) -> None:
    december = midnight(date(2026, 12, 1), settings(1))
    assert choose("telephony", date(2026, 12, 1))
    assert journal() == [(december, "telephony")]
    assert not choose("telephony", date(2026, 12, 1))
    assert not choose("telephony", date(2027, 1, 1))
    assert choose("activities", date(2026, 11, 1))  # an earlier day: what was to hold later no longer does
    assert journal() == []
    assert choose("telephony", None)
    assert journal() == [(0, "telephony")]
    steps = tuple(Step(*one) for one in [(0, "telephony"), (december, "activities")])
    assert [call_sources.source_at(steps, moment) for moment in (0, december - 1, december)] == [
        *["telephony"] * 2,
        "activities",
    ]


def test_who_chose_is_told_and_nonsense_is_refused(world: World) -> None:
    choose("telephony", date(2026, 12, 1))
    audit = db.session.scalars(select(AuditEntry).where(AuditEntry.portal_id == 1)).one()
    assert (audit.actor, audit.action, audit.before) == ("user:1", "calls.source", {})
    assert audit.after == {"2026-12-01": "telephony"}
    with pytest.raises(Invalid):
        choose("both", date(2026, 12, 1))
    with pytest.raises(Invalid):
        choose("telephony", date(1, 1, 1))


def test_activities_are_taken_stock_of_by_provider(world: World) -> None:
    drafts = [activity(1, provider="CRM_TODO", kind="todo"), activity(2, provider="CRM_TODO", kind="todo"),
              activity(3, provider="IMOPENLINES_SESSION", kind="other")]  # fmt: skip
    with write():
        operations.upsert_records(1, "activity", drafts, NOON)
        operations.forget(1, "activity", [9], NOON)
    found = [(one.provider, one.kind, one.count) for one in call_sources.providers(1)]
    assert found == [("CRM_TODO", "todo", 2), ("IMOPENLINES_SESSION", "other", 1)]
