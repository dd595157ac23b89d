"""Reading CRM records through crm.item.list, whatever their type: leads, and every type that something names.

Deals, which have much of their own, are read by sources/deals.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from b24app.bitrix.batches import Command
from b24app.bitrix.client import Client
from b24app.bitrix.errors import RestError
from b24app.facts.entities import COMPANY, CONTACT, QUOTE, has_moves, is_own, type_id_of
from b24app.facts.kinds.items import ItemDraft
from b24app.facts.rules import DEAL, LEAD, OPEN
from b24app.ingest import parsing
from b24app.ingest.sources import stage_history
from b24app.ingest.sources.base import NOTHING, Extras, Listing, Reading, Row, groups, missing, translated
from b24app.ingest.sources.stage_history import History
from b24app.ingest.values import values

FIELDS = ("id", "title", "assignedById", "createdBy", "updatedBy", "createdTime", "updatedTime")
STAGED = ("stageId", "companyId", "contactId", "currencyId", "opportunity", "closedate")
MOVED = ("categoryId", "sourceId", "movedTime")
_MORE = {
    LEAD: ("stageId", "stageSemanticId", "sourceId", "companyId", "contactId", "currencyId", "opportunity", "movedTime",
           "dateClosed"),
    CONTACT: ("name", "secondName", "lastName", "sourceId", "companyId"),
    COMPANY: ("sourceId", "currencyId", "revenue"),
    QUOTE: STAGED,
}  # fmt: skip
"""What types have beside the fields that all have. Those not named here are smart invoices and smart processes."""

AT_ONCE = 400
"""Records that fit into one request together with their moves."""


@dataclass(frozen=True, slots=True)
class ItemListing(Listing):
    """The list with all that is watched."""

    names: frozenset[str] = frozenset()

    def told(self, rows: Sequence[Row]) -> dict[str, Any]:
        return {"asked": self.names}


@dataclass(frozen=True, slots=True)
class ItemType:
    """The source of one type of CRM records, reading what is watched of it. Records read one by one come with their
    stage moves, if they have any; lists do not."""

    entity: str
    key: str
    extras: Extras = NOTHING
    events: tuple[str, ...] = ()

    @property
    def history(self) -> Listing | None:
        return History(self.entity).listing if has_moves(self.entity) else None

    def asking(self, extras: Extras) -> "ItemType":
        return replace(self, extras=extras)

    @property
    def listing(self) -> ItemListing:
        fields = (*FIELDS, *_MORE.get(self.entity, (*STAGED, *MOVED)))
        select = [*fields, *(name for name in self.extras.types if name not in fields)]
        params = {"entityTypeId": type_id_of(self.entity), "select": select}
        names = frozenset(self.extras.types)
        return ItemListing("crm.item.list", params, "id", "items", "updatedTime", names=names)

    def translate(self, row: Row) -> ItemDraft:
        return translate(row, self.extras)

    def fetch(self, client: Client, ids: Sequence[int], read_at: datetime) -> Reading:
        """Records come before their moves: none is newer than what is known of these. Of many records the moves of
        those are asked for that are not where they stood."""
        listing, at_once = self.listing, len(ids) <= AT_ONCE
        pages = {f"items{place}": listing.page({"@id": part}) for place, part in enumerate(groups(ids))}
        asked = stage_history.questions(ids) if self.history and at_once else {}
        answers = client.batch({**pages, **self._moves(asked)}, may_be_refused=asked)
        rows = [row for name in pages for row in listing.rows(answers[name])]
        drafts, rejected = translated(rows, self.translate, "id")
        if self.history and not at_once:
            asked = stage_history.news(self.extras.stands, drafts)
            answers = client.batch(self._moves(asked), may_be_refused=asked)
        told = {name: filter for name, filter in asked.items() if not isinstance(answers[name], RestError)}
        found = self.history.rest(client, told, answers) if self.history else ()
        moves, bad_moves = translated(found, stage_history.translate, "OWNER_ID")
        gone, asked_for = missing(ids, rows, "id"), frozenset(self.extras.types)
        return Reading(self.entity, read_at, drafts, moves, gone, rejected + bad_moves, asked_for)

    def _moves(self, asked: Mapping[str, Mapping[str, Any]]) -> dict[str, Command]:
        return {name: self.history.page(filter) for name, filter in asked.items()} if self.history else {}


@cache
def source_of(entity: str) -> ItemType | None:
    """The source of a type that something names; None for what is no such type."""
    if entity in (DEAL, LEAD) or type_id_of(entity) is None:
        return None
    return ItemType(entity, entity)


def has_funnels(entity: str) -> bool:
    """Whether its stages may be in several funnels, which have names of their own."""
    return is_own(entity)


def translate(row: Row, extras: Extras = NOTHING) -> ItemDraft:
    """Fields that a type does not have are empty. What a stage means is said by the record itself or the dictionary."""
    created_at = parsing.required_instant(row.get("createdTime"), "createdTime")
    stage_id = parsing.text(row.get("stageId"), 64)
    return ItemDraft(
        id=parsing.identity(row.get("id")),
        title=_title(row),
        category_id=parsing.integer(row.get("categoryId")),
        stage_id=stage_id,
        semantic=stage_history.semantic(row.get("stageSemanticId") or extras.semantics.get(stage_id, OPEN)),
        source_id=parsing.text(row.get("sourceId"), 64) or None,
        company_id=parsing.link(row.get("companyId")),
        contact_id=parsing.link(row.get("contactId")),
        responsible_id=parsing.link(row.get("assignedById")),
        created_by_id=parsing.link(row.get("createdBy")),
        updated_by_id=parsing.link(row.get("updatedBy")),
        currency=parsing.text(row.get("currencyId"), 3) or None,
        amount_original=parsing.millionths(row.get("opportunity", row.get("revenue"))),
        created_at=created_at,
        updated_at=parsing.instant(row.get("updatedTime")) or created_at,
        moved_at=parsing.instant(row.get("movedTime")),
        told_closed_at=parsing.instant(row.get("dateClosed")),
        close_day=parsing.day(row.get("closedate")),
        values=tuple(
            value for name, kind in extras.types.items() for value in values(name, kind, row.get(name), extras.settings)
        ),
    )


def _title(row: Row) -> str:
    """People have no title but names."""
    names = (parsing.text(row.get(name), 255) for name in ("lastName", "name", "secondName"))
    return parsing.text(row.get("title"), 512) or " ".join(name for name in names if name)[:512]
