"""CRM activities: calls, meetings, e-mails, to-dos. One may hang on many records; it is counted once, by its id."""

from collections.abc import Sequence
from datetime import datetime

from b24app.bitrix.client import Client
from b24app.facts.kinds.activities import ActivityDraft
from b24app.facts.rules import ACTIVITY
from b24app.ingest import parsing
from b24app.ingest.sources.base import Listing, Reading, Row, groups, missing, translated

key = "activities"
entity = ACTIVITY
events = ("ONCRMACTIVITYADD", "ONCRMACTIVITYUPDATE", "ONCRMACTIVITYDELETE")

FIELDS = (
    *("ID", "TYPE_ID", "PROVIDER_ID", "SUBJECT", "DIRECTION", "RESPONSIBLE_ID", "AUTHOR_ID", "OWNER_ID"),
    *("OWNER_TYPE_ID", "CREATED", "LAST_UPDATED", "START_TIME", "END_TIME", "DEADLINE", "COMPLETED"),
)
listing = Listing("crm.activity.list", {"select": list(FIELDS)}, "ID", None, "LAST_UPDATED")

TYPES = {1: "meeting", 2: "call", 3: "task", 4: "email"}
PROVIDERS = {
    "CRM_MEETING": "meeting",
    "VOXIMPLANT_CALL": "call",
    "CRM_TASKS_TASK": "task",
    "CRM_EMAIL": "email",
    "CRM_TODO": "todo",
}
"""Newer activities all have the type 6 and say what they are by their provider (contract 7.3)."""

DIRECTIONS = {1: "in", 2: "out"}


def translate(row: Row) -> ActivityDraft:
    provider = parsing.text(row.get("PROVIDER_ID"), 64)
    created_at = parsing.required_instant(row.get("CREATED"), "CREATED")
    return ActivityDraft(
        id=parsing.identity(row.get("ID")),
        kind=TYPES.get(parsing.integer(row.get("TYPE_ID")) or 0) or PROVIDERS.get(provider, "other"),
        provider=provider,
        subject=parsing.text(row.get("SUBJECT"), 512),
        direction=DIRECTIONS.get(parsing.integer(row.get("DIRECTION")) or 0),
        responsible_id=parsing.link(row.get("RESPONSIBLE_ID")),
        created_by_id=parsing.link(row.get("AUTHOR_ID")),
        owner_type_id=parsing.link(row.get("OWNER_TYPE_ID")),
        owner_id=parsing.link(row.get("OWNER_ID")),
        created_at=created_at,
        updated_at=parsing.instant(row.get("LAST_UPDATED")) or created_at,
        start_at=parsing.instant(row.get("START_TIME")),
        end_at=parsing.instant(row.get("END_TIME")),
        deadline_at=parsing.instant(row.get("DEADLINE")),
        completed=parsing.flag(row.get("COMPLETED")),
    )


def fetch(client: Client, ids: Sequence[int], read_at: datetime) -> Reading:
    answers = client.batch(
        {f"activities{place}": listing.page({"@ID": part}) for place, part in enumerate(groups(ids))}
    )
    rows = [row for answer in answers.values() for row in listing.rows(answer)]
    drafts, rejected = translated(rows, translate, "ID")
    return Reading(entity, read_at, drafts, gone=missing(ids, rows, "ID"), rejected=rejected)
