"""Drafts with sensible values for everything a test does not care about."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from b24app.facts.kinds.activities import ActivityDraft
from b24app.facts.rules import Cell, DealDraft, EntryDraft, MoveDraft
from b24app.lib.clock import epoch

ANN, BOB, CEO = 7, 8, 1
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
T = epoch(NOON)
HOUR, DAY = 3600, 86400


def deal(id: int = 1, **changes: Any) -> DealDraft:
    """An open deal of Ann's over 1 000 US dollars, made ten days ago."""
    values: dict[str, Any] = {
        "id": id,
        "title": f"Deal {id}",
        "category_id": 0,
        "stage_id": "NEW",
        "semantic": "P",
        "source_id": "WEB",
        "company_id": 5,
        "contact_id": None,
        "responsible_id": ANN,
        "created_by_id": CEO,
        "currency": "USD",
        "amount_original": 1000_000_000,
        "created_at": T - 10 * DAY,
        "updated_at": T - 10 * DAY,
        "moved_at": None,
        "close_day": None,
        "is_return": False,
        "is_recurring": False,
    }
    return DealDraft(**values | changes)


def won(id: int = 1, at: int = T - DAY, **changes: Any) -> DealDraft:
    """Won at an instant, and not changed since."""
    return deal(id, **{"stage_id": "WON", "semantic": "S", "moved_at": at, "updated_at": at, **changes})


def move(id: int, record_id: int = 1, semantic: str = "P", at: int = T, kind: int = 2) -> MoveDraft:
    stage = {"P": "NEW", "S": "WON", "F": "LOSE"}[semantic]
    return MoveDraft(id, record_id, kind, 0, stage, semantic, at)


def activity(id: int = 1, **changes: Any) -> ActivityDraft:
    """A meeting of Ann's that is planned for an hour."""
    values: dict[str, Any] = {
        "id": id,
        "kind": "meeting",
        "provider": "CRM_MEETING",
        "subject": "Meeting",
        "direction": None,
        "responsible_id": ANN,
        "created_by_id": BOB,
        "owner_type_id": 2,
        "owner_id": 1,
        "created_at": T - DAY,
        "updated_at": T - DAY,
        "start_at": T - 2 * HOUR,
        "end_at": T - HOUR,
        "deadline_at": T - 2 * HOUR,
        "completed": False,
    }
    return ActivityDraft(**values | changes)


def entry(key: str, value: str = "1", **changes: Any) -> EntryDraft:
    return EntryDraft(
        **{"key": key, "code": "calls", "kind": "add", "value": Decimal(value), "occurred_at": T} | changes
    )


def anonymous(cells: Iterable[Cell]) -> frozenset[Cell]:
    """The cells without the records they come from."""
    return frozenset(replace(cell, record_id=0) for cell in cells)
