"""What is to be read of deals beside their columns, how far that has come, and what the portal does not tell."""

from collections.abc import Sequence

from b24app.facts import moves, watching
from b24app.facts import queries as facts
from b24app.facts.rules import NOT_FIELDS, PRODUCT_ROWS, PRODUCT_SECTIONS
from b24app.facts.watching import Watched
from b24app.ingest.sources import catalogue, dictionaries, product_rows, stage_history
from b24app.ingest.sources.base import Extras
from b24app.ingest.tables import SyncCursor
from b24app.ingest.values import STRING
from b24app.lib.db import db
from b24app.periods import queries as periods

WATCHED = "watched"
"""The cursor of reading the past anew for what is watched; `running` also says that its numbers are to be computed."""


_CURSORS = {PRODUCT_ROWS: product_rows.key, PRODUCT_SECTIONS: catalogue.key}
"""Whose error says that the portal refuses them."""


def extras(portal_id: int, deals: Sequence[int] = ()) -> Extras:
    """What a reading that begins now asks for; of deals named one by one with where they stood."""
    names = watching.watches(portal_id).keys()
    stands = moves.stands(portal_id, deals) if deals and _knows_history(portal_id) else {}
    if not names:
        return Extras(stands=stands)
    types = field_types(portal_id) if names - NOT_FIELDS else {}
    fields = {name: types.get(name, STRING) for name in names if name not in NOT_FIELDS}
    return Extras(fields, PRODUCT_ROWS in names, periods.settings(portal_id), stands)


def _knows_history(portal_id: int) -> bool:
    """Whether all stage moves of the past have been read."""
    row = db.session.get(SyncCursor, (portal_id, stage_history.key), populate_existing=True)
    return bool(row and row.complete)


def field_types(portal_id: int) -> dict[str, str]:
    """The types of the portal's fields of deals; nothing while its dictionary is not known."""
    return {term.id: term.extra["type"] for term in facts.terms(portal_id, dictionaries.FIELD) if term.active}


def unread(portal_id: int) -> tuple[Watched, ...]:
    """What has to be read for the deals of the past. What the portal refuses waits until it no longer does."""
    names = [one for one in watching.watches(portal_id).values() if not one.complete]
    return tuple(one for one in names if one.field not in _CURSORS or _error(portal_id, _CURSORS[one.field]) is None)


def rows_refused(portal_id: int) -> str | None:
    """Why the portal does not tell product rows."""
    return _error(portal_id, product_rows.key)


def unavailable(portal_id: int) -> frozenset[str]:
    """Of what may be watched, and of the catalogue, what the portal does not tell us."""
    found = {name for name, key in _CURSORS.items() if _error(portal_id, key) is not None}
    fields = watching.watches(portal_id).keys() - NOT_FIELDS
    if fields and (types := field_types(portal_id)):
        found |= fields - types.keys()
    return frozenset(found)


def is_owed(portal_id: int) -> bool:
    """Whether reading the past anew was broken off, or waits to be begun or to be computed."""
    row = db.session.get(SyncCursor, (portal_id, WATCHED), populate_existing=True)
    return bool(row and row.state == "running") or bool(unread(portal_id))


def _error(portal_id: int, key: str) -> str | None:
    row = db.session.get(SyncCursor, (portal_id, key), populate_existing=True)
    return row.error if row else None
