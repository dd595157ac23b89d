"""Deals, read through crm.item.list; a deal named by an event is read together with its stage history.

What is watched is read with them: fields in the same list, product rows of each page behind it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from b24app.bitrix.client import Client
from b24app.facts.rules import DEAL, PRODUCT_ROWS, DealDraft
from b24app.ingest import parsing
from b24app.ingest.sources import product_rows, stage_history
from b24app.ingest.sources.base import NOTHING, Extras, Listing, Reading, Row, groups, missing, translated
from b24app.ingest.values import values

key = "deals"
entity = DEAL
events = ("ONCRMDEALADD", "ONCRMDEALUPDATE", "ONCRMDEALDELETE", "ONCRMDEALMOVETOCATEGORY")

AT_ONCE = 400
"""Deals that fit into one request together with their moves."""

FIELDS = (
    *("id", "title", "categoryId", "stageId", "stageSemanticId", "sourceId", "companyId", "contactId"),
    *("assignedById", "createdBy", "currencyId", "opportunity", "createdTime", "updatedTime", "movedTime"),
    *("closedate", "isReturnCustomer", "isRecurring", "updatedBy"),
)


@dataclass(frozen=True, slots=True)
class DealListing(Listing):
    """The list with all that is watched."""

    extras: Extras

    def complete(self, client: Client, rows: list[dict[str, Any]]) -> None:
        if self.extras.rows:
            product_rows.read(client, rows)

    def told(self, rows: Sequence[Row]) -> dict[str, Any]:
        refusal = product_rows.refusal(rows) if self.extras.rows else None
        names = self.extras.names
        return {"asked": names - {PRODUCT_ROWS} if refusal else names, "refused": refusal}


def translate(row: Row, extras: Extras = NOTHING) -> DealDraft:
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
        updated_by_id=parsing.link(row.get("updatedBy")),
        values=tuple(
            value for name, kind in extras.types.items() for value in values(name, kind, row.get(name), extras.settings)
        ),
        rows=product_rows.of(row),
    )


@dataclass(frozen=True, slots=True)
class Asking:
    """This source, reading what is watched."""

    key: ClassVar[str] = key
    entity: ClassVar[str] = entity
    events: ClassVar[tuple[str, ...]] = events

    extras: Extras

    @property
    def listing(self) -> DealListing:
        select = [*FIELDS, *(name for name in self.extras.types if name not in FIELDS)]
        params = {"entityTypeId": 2, "select": select}
        return DealListing("crm.item.list", params, "id", "items", "updatedTime", self.extras)

    def translate(self, row: Row) -> DealDraft:
        return translate(row, self.extras)

    def fetch(self, client: Client, ids: Sequence[int], read_at: datetime) -> Reading:
        """These deals, their moves and their product rows. Deals come first in the batch: no deal is newer than what is
        known of its moves."""
        return self._at_once(client, ids, read_at) if len(ids) <= AT_ONCE else self._in_turn(client, ids, read_at)

    def _in_turn(self, client: Client, ids: Sequence[int], read_at: datetime) -> Reading:
        """Many deals: first the deals, then the moves of those that are not where they stood."""
        listing = self.listing
        pages = {f"deals{place}": listing.page({"@id": part}) for place, part in enumerate(groups(ids))}
        rows = [row for answer in client.batch(pages).values() for row in listing.rows(answer)]
        if self.extras.rows:
            product_rows.read(client, rows)
        drafts, rejected = translated(rows, self.translate, "id")
        asked = stage_history.news(self.extras.stands, drafts)
        answers = client.batch({name: stage_history.listing.page(filter) for name, filter in asked.items()})
        found = stage_history.listing.rest(client, asked, answers)
        history, bad_moves = translated(found, stage_history.translate, "OWNER_ID")
        gone = missing(ids, rows, "id")
        return Reading(entity, read_at, drafts, history, gone, rejected + bad_moves, **listing.told(rows))

    def _at_once(self, client: Client, ids: Sequence[int], read_at: datetime) -> Reading:
        """A few deals: all there is to know of them in one request, whatever is known already."""
        listing = self.listing
        pages = {f"deals{place}": listing.page({"@id": part}) for place, part in enumerate(groups(ids))}
        moves = stage_history.questions(ids)
        of_moves = {name: stage_history.listing.page(filter) for name, filter in moves.items()}
        asked = product_rows.questions(ids) if self.extras.rows else {}
        of_rows = {name: product_rows.listing.page(filter) for name, filter in asked.items()}
        answers = client.batch({**pages, **of_moves, **of_rows}, may_be_refused=asked)
        rows = [row for name in pages for row in listing.rows(answers[name])]
        if self.extras.rows:
            product_rows.attach(client, rows, asked, answers)
        drafts, rejected = translated(rows, self.translate, "id")
        found = stage_history.listing.rest(client, moves, answers)
        history, bad_moves = translated(found, stage_history.translate, "OWNER_ID")
        gone = missing(ids, rows, "id")
        return Reading(entity, read_at, drafts, history, gone, rejected + bad_moves, **listing.told(rows))


asking = Asking
listing = asking(NOTHING).listing
fetch = asking(NOTHING).fetch
