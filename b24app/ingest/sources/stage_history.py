"""Stage history of deals: when each of them was created, moved, closed. It has no events of its own: see deals.py."""

from collections.abc import Mapping, Sequence
from typing import Any

from b24app.facts.rules import FINAL, MOVE, OPEN, MoveDraft
from b24app.ingest import parsing
from b24app.ingest.sources.base import Listing, Row, groups

key = "stage_history"
entity = MOVE
events: tuple[str, ...] = ()

FIELDS = ("ID", "TYPE_ID", "OWNER_ID", "CREATED_TIME", "CATEGORY_ID", "STAGE_SEMANTIC_ID", "STAGE_ID")
OWNERS_A_PAGE = 10
"""Deals asked for together: with up to five moves each, one page holds them all."""

KNOWN_OWNERS_A_PAGE = 25
"""The same of deals whose moves we know but for the latest."""

listing = Listing("crm.stagehistory.list", {"entityTypeId": 2, "select": list(FIELDS)}, "ID", "items", "CREATED_TIME")


def translate(row: Row) -> MoveDraft:
    return MoveDraft(
        id=parsing.identity(row.get("ID")),
        record_id=parsing.identity(row.get("OWNER_ID")),
        kind=parsing.integer(row.get("TYPE_ID")) or 0,
        category_id=parsing.integer(row.get("CATEGORY_ID")),
        stage_id=parsing.text(row.get("STAGE_ID"), 64),
        semantic=semantic(row.get("STAGE_SEMANTIC_ID")),
        at=parsing.required_instant(row.get("CREATED_TIME"), "CREATED_TIME"),
    )


def semantic(value: Any) -> str:
    """P, S or F; an open stage may also be written as nothing."""
    written = parsing.text(value, 1).upper()
    return written if written in FINAL else OPEN


def later(last_moves: Mapping[int, int]) -> dict[str, Mapping[str, Any]]:
    """The same for moves behind the last one known of each deal: few, so one page holds those of more deals."""
    ids = sorted(last_moves, key=lambda id: last_moves[id])
    return {
        f"later{place}": {"@OWNER_ID": part, ">ID": min(last_moves[id] for id in part)}
        for place, part in enumerate(groups(ids, KNOWN_OWNERS_A_PAGE))
    }


def questions(ids: Sequence[int]) -> dict[str, Mapping[str, Any]]:
    """The filters whose pages together hold the moves of some deals, by the key of the batch's command."""
    return {f"moves{place}": {"@OWNER_ID": part} for place, part in enumerate(groups(ids, OWNERS_A_PAGE))}
