"""Deals, read through crm.item.list; a deal named by an event is read together with its stage history."""

from collections.abc import Sequence
from datetime import datetime

from b24app.bitrix.client import Client
from b24app.facts.rules import DEAL, DealDraft
from b24app.ingest import parsing
from b24app.ingest.sources import stage_history
from b24app.ingest.sources.base import Listing, Reading, Row, groups, missing, translated

key = "deals"
entity = DEAL
events = ("ONCRMDEALADD", "ONCRMDEALUPDATE", "ONCRMDEALDELETE", "ONCRMDEALMOVETOCATEGORY")

FIELDS = (
    *("id", "title", "categoryId", "stageId", "stageSemanticId", "sourceId", "companyId", "contactId"),
    *("assignedById", "createdBy", "currencyId", "opportunity", "createdTime", "updatedTime", "movedTime"),
    *("closedate", "isReturnCustomer", "isRecurring"),
)
listing = Listing("crm.item.list", {"entityTypeId": 2, "select": list(FIELDS)}, "id", "items", "updatedTime")


def translate(row: Row) -> DealDraft:
    created_at = parsing.required_instant(row.get("createdTime"), "createdTime")
    return DealDraft(
        id=parsing.identity(row.get("id")),
        title=parsing.text(row.get("title"), 512),
        category_id=parsing.integer(row.get("categoryId")) or 0,
        stage_id=parsing.text(row.get("stageId"), 64),
        semantic=stage_history.semantic(row.get("stageSemanticId")),
        source_id=parsing.text(row.get("sourceId"), 64) or None,
        company_id=parsing.link(row.get("companyId")),
        contact_id=parsing.link(row.get("contactId")),
        responsible_id=parsing.link(row.get("assignedById")),
        created_by_id=parsing.link(row.get("createdBy")),
        currency=parsing.text(row.get("currencyId"), 3) or None,
        amount_original=parsing.millionths(row.get("opportunity")),
        created_at=created_at,
        updated_at=parsing.instant(row.get("updatedTime")) or created_at,
        moved_at=parsing.instant(row.get("movedTime")),
        close_day=parsing.day(row.get("closedate")),
        is_return=parsing.flag(row.get("isReturnCustomer")),
        is_recurring=parsing.flag(row.get("isRecurring")),
    )


def fetch(client: Client, ids: Sequence[int], read_at: datetime) -> Reading:
    """These deals and their moves. Deals come first in the batch: no deal is newer than what is known of its moves."""
    pages = {f"deals{place}": listing.page({"@id": part}) for place, part in enumerate(groups(ids))}
    asked = stage_history.questions(ids)
    answers = client.batch({**pages, **{name: stage_history.listing.page(filter) for name, filter in asked.items()}})
    rows = [row for name in pages for row in listing.rows(answers[name])]
    drafts, rejected = translated(rows, translate, "id")
    moves, bad_moves = translated(stage_history.rest(client, asked, answers), stage_history.translate, "OWNER_ID")
    return Reading(entity, read_at, drafts, moves, missing(ids, rows, "id"), rejected + bad_moves)
