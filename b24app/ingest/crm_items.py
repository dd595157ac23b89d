"""Reading CRM records through crm.item.list, whatever their type: leads, and every type that something names.

Deals, which have much of their own, are read by sources/deals.py.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from b24app.bitrix.client import Client
from b24app.bitrix.errors import RestError, is_of_one_method
from b24app.facts.entities import COMPANY, CONTACT, QUOTE, is_own, type_id_of
from b24app.facts.kinds.items import ItemDraft, has_moves
from b24app.facts.rules import DEAL, LEAD, OPEN, MoveDraft
from b24app.ingest import parsing
from b24app.ingest.sources import stage_history
from b24app.ingest.sources.base import NOTHING, Extras, Listing, Reading, Row, groups, missing, translated
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


@dataclass(frozen=True, slots=True)
class ItemListing(Listing):
    """The list with all that is watched."""

    names: frozenset[str] = frozenset()
    history: Listing | None = None
    """Where the stage moves of the listed records are asked for, too."""

    def pages(
        self, client: Client, filter: Mapping[str, Any], after: int = 0, descending: bool = False
    ) -> Iterator[list[dict[str, Any]]]:
        for rows in Listing.pages(self, client, filter, after, descending):
            if self.history and rows:
                _attach(rows, moves_between(client, self.history, *sorted((rows[0]["id"], rows[-1]["id"]))))
            yield rows

    def told(self, rows: Sequence[Row]) -> dict[str, Any]:
        moves = tuple(move for row in rows for move in row.get(MOVES, ()))
        return {"asked": self.names, "moves": moves}


MOVES = "stageMoves"
"""What is attached to a row: its moves, read apart."""


def _attach(rows: Sequence[dict[str, Any]], moves: Iterable[MoveDraft]) -> None:
    by_id = {int(row["id"]): row for row in rows}
    for move in moves:
        if move.record_id in by_id:
            by_id[move.record_id].setdefault(MOVES, []).append(move)


def moves_between(client: Client, history: Listing, first: int, last: int) -> Iterator[MoveDraft]:
    """The moves of records with ids from `first` to `last`; none where the portal keeps no history of the type."""
    try:
        for rows in history.pages(client, {">=OWNER_ID": first, "<=OWNER_ID": last}):
            yield from translated(rows, stage_history.translate, "OWNER_ID")[0]
    except RestError as refusal:
        if not is_of_one_method(refusal):
            raise


@dataclass(frozen=True, slots=True)
class ItemType:
    """The source of one type of CRM records, reading what is watched of it."""

    entity: str
    key: str
    extras: Extras = NOTHING
    events: tuple[str, ...] = ()
    with_history: bool = False
    """Whether lists bring the stage moves of their records. Records read one by one always come with them."""

    @property
    def in_full(self) -> "ItemType":
        """The same source for reading the past."""
        return replace(self, with_history=has_moves(self.entity))

    @property
    def history(self) -> Listing:
        return replace(stage_history.listing, params={**stage_history.listing.params, **self._type})

    @property
    def _type(self) -> dict[str, Any]:
        return {"entityTypeId": type_id_of(self.entity)}

    def asking(self, extras: Extras) -> "ItemType":
        return replace(self, extras=extras)

    @property
    def listing(self) -> ItemListing:
        fields = (*FIELDS, *_MORE.get(self.entity, (*STAGED, *MOVED)))
        select = [*fields, *(name for name in self.extras.types if name not in fields)]
        params = {**self._type, "select": select}
        names, history = frozenset(self.extras.types), self.history if self.with_history else None
        return ItemListing("crm.item.list", params, "id", "items", "updatedTime", names=names, history=history)

    def translate(self, row: Row) -> ItemDraft:
        return translate(row, self.extras)

    def fetch(self, client: Client, ids: Sequence[int], read_at: datetime) -> Reading:
        listing = self.listing
        pages = {f"items{place}": listing.page({"@id": part}) for place, part in enumerate(groups(ids))}
        asked = stage_history.questions(ids) if has_moves(self.entity) else {}
        of_moves = {name: self.history.page(filter) for name, filter in asked.items()}
        answers = client.batch({**pages, **of_moves}, may_be_refused=asked)
        rows = [row for name in pages for row in listing.rows(answers[name])]
        drafts, rejected = translated(rows, self.translate, "id")
        told = {name: filter for name, filter in asked.items() if not isinstance(answers[name], RestError)}
        found = self.history.rest(client, told, answers)
        moves, _bad = translated(found, stage_history.translate, "OWNER_ID")
        gone = missing(ids, rows, "id")
        return Reading(
            self.entity, read_at, drafts, moves, gone=gone, rejected=rejected, asked=frozenset(self.extras.types)
        )


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
