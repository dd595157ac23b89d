"""Stage history of deals and of other CRM records: when each of them was created, moved, closed.

It has no events of its own: a record that an event names is read together with its moves.

The module is the source of deals' moves; `History` is that of any other type that has them (contract 7.4).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from b24app.facts.entities import moves_of, type_id_of
from b24app.facts.moves import Stand
from b24app.facts.rules import DEAL, FINAL, LEAD, OPEN, MoveDraft
from b24app.ingest import parsing
from b24app.ingest.sources.base import Listing, Row, groups

SOURCE = "stage_history"
COMMON = ("ID", "TYPE_ID", "OWNER_ID", "CREATED_TIME")
STAGED = ("CATEGORY_ID", "STAGE_SEMANTIC_ID", "STAGE_ID")
OF_LEADS = ("STATUS_SEMANTIC_ID", "STATUS_ID")
"""What leads have instead: they have no funnels, and their stages are called statuses."""

OWNERS_A_PAGE = 10
"""Records asked for together: with up to five moves each, one page holds them all."""

KNOWN_OWNERS_A_PAGE = 25
"""The same of records whose moves we know but for the latest."""


def translate(row: Row) -> MoveDraft:
    return MoveDraft(
        id=parsing.identity(row.get("ID")),
        record_id=parsing.identity(row.get("OWNER_ID")),
        kind=parsing.integer(row.get("TYPE_ID")) or 0,
        category_id=parsing.integer(row.get("CATEGORY_ID")),
        stage_id=parsing.text(row.get("STAGE_ID", row.get("STATUS_ID")), 64),
        semantic=semantic(row.get("STAGE_SEMANTIC_ID", row.get("STATUS_SEMANTIC_ID"))),
        at=parsing.required_instant(row.get("CREATED_TIME"), "CREATED_TIME"),
    )


def semantic(value: Any) -> str:
    """P, S or F; an open stage may also be written as nothing."""
    written = parsing.text(value, 1).upper()
    return written if written in FINAL else OPEN


@dataclass(frozen=True, slots=True)
class History:
    """The source of the moves of one type of records."""

    record: str
    events: ClassVar[tuple[str, ...]] = ()
    is_compared: ClassVar[bool] = False
    """Nobody changes moves once they are there."""

    @property
    def key(self) -> str:
        return SOURCE if self.record == DEAL else f"{SOURCE}:{self.record}"

    @property
    def entity(self) -> str:
        return moves_of(self.record)

    @property
    def listing(self) -> Listing:
        fields = (*COMMON, *(OF_LEADS if self.record == LEAD else STAGED))
        params = {"entityTypeId": type_id_of(self.record), "select": list(fields)}
        return Listing("crm.stagehistory.list", params, "ID", "items", "CREATED_TIME")

    def translate(self, row: Row) -> MoveDraft:
        return translate(row)


_OF_DEALS = History(DEAL)
key, entity, events, listing, is_compared = (
    _OF_DEALS.key, _OF_DEALS.entity, _OF_DEALS.events, _OF_DEALS.listing, _OF_DEALS.is_compared
)  # fmt: skip


def questions(ids: Sequence[int]) -> dict[str, Mapping[str, Any]]:
    """The filters whose pages together hold the moves of some records, by the key of the batch's command."""
    return {f"moves{place}": {"@OWNER_ID": part} for place, part in enumerate(groups(ids, OWNERS_A_PAGE))}


def later(last_moves: Mapping[int, int]) -> dict[str, Mapping[str, Any]]:
    """The same for moves behind the last one known of each record: few, so one page holds those of more records."""
    ids = sorted(last_moves, key=lambda id: last_moves[id])
    return {
        f"later{place}": {"@OWNER_ID": part, ">ID": min(last_moves[id] for id in part)}
        for place, part in enumerate(groups(ids, KNOWN_OWNERS_A_PAGE))
    }


def news(stands: Mapping[int, Stand], drafts: Collection[Any]) -> dict[str, Mapping[str, Any]]:
    """What to ask for when the records have been read already: the moves of those that are not where they stood."""
    moved = [draft for draft in drafts if not _stands(stands.get(draft.id), draft)]
    known = {draft.id: stands[draft.id].last_move for draft in moved if draft.id in stands}
    return {**questions([draft.id for draft in moved if draft.id not in known]), **later(known)}


def _stands(stand: Stand | None, record: Any) -> bool:
    """Whether it has not moved since."""
    now = record.stage_id, record.category_id, record.semantic, record.moved_at
    return stand is not None and (stand.stage_id, stand.category_id, stand.semantic, stand.moved_at) == now
