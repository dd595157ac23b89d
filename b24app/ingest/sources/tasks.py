"""Tasks, asked for in UPPER_CASE and answered in camelCase (contract 7.9). Optional: needs the scope `task`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from b24app.bitrix.client import Client
from b24app.bitrix.payloads import NUMBER
from b24app.bitrix.wire import mapping
from b24app.facts.kinds.tasks import TaskDraft
from b24app.facts.rules import TASK
from b24app.ingest import parsing
from b24app.ingest.sources.base import Listing, Reading, Row, groups, missing, translated

key = "tasks"
entity = TASK
events = ("ONTASKADD", "ONTASKUPDATE", "ONTASKDELETE")
scope = "task"

FIELDS = (
    *("ID", "TITLE", "STATUS", "GROUP_ID", "RESPONSIBLE_ID", "CREATED_BY", "CREATED_DATE", "CHANGED_DATE"),
    *("DEADLINE", "CLOSED_DATE"),
)
listing = Listing("tasks.task.list", {"select": list(FIELDS)}, "id", "tasks", "CHANGED_DATE", asked_id="ID")

DONE = 5


def key_of(fields: Mapping[str, Any]) -> str | None:
    """A side that an event has nothing to say of is the text `undefined`."""
    sides = (mapping(fields.get(name)).get("ID") for name in ("FIELDS_AFTER", "FIELDS_BEFORE"))
    found = next((text for side in sides if NUMBER.fullmatch(text := str(side or "").strip())), None)
    return str(int(found)) if found else None


def translate(row: Row) -> TaskDraft:
    created_at = parsing.required_instant(row.get("createdDate"), "createdDate")
    return TaskDraft(
        id=parsing.identity(row.get("id")),
        title=parsing.text(row.get("title"), 512),
        done=parsing.integer(row.get("status")) == DONE,
        group_id=parsing.link(row.get("groupId")),
        responsible_id=parsing.link(row.get("responsibleId")),
        created_by_id=parsing.link(row.get("createdBy")),
        created_at=created_at,
        updated_at=parsing.instant(row.get("changedDate")) or created_at,
        deadline_at=parsing.instant(row.get("deadline")),
        told_closed_at=parsing.instant(row.get("closedDate")),
    )


def fetch(client: Client, ids: Sequence[int], read_at: datetime) -> Reading:
    answers = client.batch({f"tasks{place}": listing.page({"ID": part}) for place, part in enumerate(groups(ids))})
    rows = [row for answer in answers.values() for row in listing.rows(answer)]
    drafts, rejected = translated(rows, translate, "id")
    return Reading(entity, read_at, drafts, gone=missing(ids, rows, "id"), rejected=rejected)
