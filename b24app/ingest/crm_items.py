"""Reading CRM records through crm.item.list, whatever their type: what the sources of leads and the like share.

Deals, which have much of their own, are read by sources/deals.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from b24app.bitrix.client import Client
from b24app.facts.kinds.items import ItemDraft
from b24app.ingest import parsing
from b24app.ingest.sources import stage_history
from b24app.ingest.sources.base import Listing, Reading, Row, groups, missing, translated

FIELDS = (
    *("id", "title", "stageId", "stageSemanticId", "sourceId", "companyId", "contactId", "assignedById", "createdBy"),
    *("updatedBy", "currencyId", "opportunity", "createdTime", "updatedTime", "movedTime"),
)


@dataclass(frozen=True, slots=True)
class ItemType:
    """One type of CRM records. `more` are fields it has beside the ones all have."""

    entity: str
    entity_type_id: int
    more: tuple[str, ...] = ()

    @property
    def listing(self) -> Listing:
        params = {"entityTypeId": self.entity_type_id, "select": [*FIELDS, *self.more]}
        return Listing("crm.item.list", params, "id", "items", "updatedTime")

    def fetch(self, client: Client, ids: Sequence[int], read_at: datetime) -> Reading:
        listing = self.listing
        pages = {f"items{place}": listing.page({"@id": part}) for place, part in enumerate(groups(ids))}
        rows = [row for answer in client.batch(pages).values() for row in listing.rows(answer)]
        drafts, rejected = translated(rows, translate, "id")
        return Reading(self.entity, read_at, drafts, gone=missing(ids, rows, "id"), rejected=rejected)


def translate(row: Row) -> ItemDraft:
    """Fields that a type does not have are empty."""
    created_at = parsing.required_instant(row.get("createdTime"), "createdTime")
    return ItemDraft(
        id=parsing.identity(row.get("id")),
        title=parsing.text(row.get("title"), 512),
        category_id=parsing.integer(row.get("categoryId")),
        stage_id=parsing.text(row.get("stageId"), 64),
        semantic=stage_history.semantic(row.get("stageSemanticId")),
        source_id=parsing.text(row.get("sourceId"), 64) or None,
        company_id=parsing.link(row.get("companyId")),
        contact_id=parsing.link(row.get("contactId")),
        responsible_id=parsing.link(row.get("assignedById")),
        created_by_id=parsing.link(row.get("createdBy")),
        updated_by_id=parsing.link(row.get("updatedBy")),
        currency=parsing.text(row.get("currencyId"), 3) or None,
        amount_original=parsing.millionths(row.get("opportunity")),
        created_at=created_at,
        updated_at=parsing.instant(row.get("updatedTime")) or created_at,
        moved_at=parsing.instant(row.get("movedTime")),
        told_closed_at=parsing.instant(row.get("dateClosed")),
        close_day=parsing.day(row.get("closedate")),
    )
