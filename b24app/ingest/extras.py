"""What is to be read of records beside their columns, how far that has come, and what the portal does not tell."""

from collections import defaultdict
from collections.abc import Collection, Sequence

from b24app.facts import moves, watching
from b24app.facts import queries as facts
from b24app.facts.entities import dictionary, has_moves
from b24app.facts.rules import DEAL, LEAD, NOT_FIELDS, PRODUCT_ROWS, PRODUCT_SECTIONS, RECORDS
from b24app.facts.watching import Watched
from b24app.ingest.sources import catalogue, dictionaries, product_rows
from b24app.ingest.sources.base import NOTHING, Extras
from b24app.ingest.sources.stage_history import History
from b24app.ingest.tables import SyncCursor
from b24app.ingest.values import STRING
from b24app.lib.db import db
from b24app.periods import queries as periods

WATCHED = "watched"
"""The cursor of reading the past anew for what is watched; `running` also says that its numbers are to be computed."""


_CURSORS = {PRODUCT_ROWS: product_rows.key, PRODUCT_SECTIONS: catalogue.key}
"""Whose error says that the portal refuses them."""


def extras(portal_id: int, entity: str = DEAL, ids: Sequence[int] = ()) -> Extras:
    """What a reading that begins now asks for; of records named one by one with where they stood."""
    names = watching.watches(portal_id, entity).keys()
    stands = moves.stands(portal_id, ids, entity) if ids and _knows_history(portal_id, entity) else {}
    semantics = stage_semantics(portal_id, entity) if RECORDS in names else {}
    types = field_types(portal_id, entity) if names - NOT_FIELDS else {}
    fields = {name: types.get(name, STRING) for name in names if name not in NOT_FIELDS}
    settings = periods.settings(portal_id) if names else NOTHING.settings
    return Extras(fields, PRODUCT_ROWS in names, settings, stands, semantics)


def stage_semantics(portal_id: int, entity: str) -> dict[str, str]:
    """What the stages of an entity mean, also of those that are no longer in use."""
    terms = facts.terms(portal_id, dictionary(dictionaries.STAGE, entity))
    return {term.id: str(term.extra.get("semantic") or "") for term in terms}


def _knows_history(portal_id: int, entity: str) -> bool:
    """Whether all stage moves of the past have been read."""
    row = db.session.get(SyncCursor, (portal_id, History(entity).key), populate_existing=True)
    return bool(row and row.complete)


def unread_histories(portal_id: int) -> tuple[str, ...]:
    """Of which types that something names the stage moves of the past are to be read: of those not read to their end,
    unless the portal refuses them or the records themselves."""
    owed = []
    for entity in filter(has_moves, watching.entities(portal_id)):
        row = db.session.get(SyncCursor, (portal_id, History(entity).key), populate_existing=True)
        if (
            (row is None or not row.complete or row.position)
            and not (row and row.error)
            and not _error(portal_id, entity)
        ):
            owed.append(entity)
    return tuple(owed)


def field_types(portal_id: int, entity: str = DEAL) -> dict[str, str]:
    """The types of the fields of records; nothing while the portal's dictionary of them is not known."""
    terms = facts.terms(portal_id, dictionary(dictionaries.FIELD, entity))
    return {term.id: term.extra["type"] for term in terms if term.active}


def types_of(portal_id: int, fields: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The types of some fields, named with their entities, also of such as the portal has no more."""
    words = {(dictionary(dictionaries.FIELD, entity), name): (entity, name) for entity, name in fields}
    return {words[word]: str(extra.get("type") or "") for word, extra in facts.extras(portal_id, words.keys()).items()}


def unread(portal_id: int) -> tuple[Watched, ...]:
    """What has to be read for the records of the past. What the portal refuses waits until it no longer does."""
    names = [one for one in watching.everything(portal_id) if not one.complete]
    return tuple(one for one in names if not _is_refused(portal_id, one))


def _is_refused(portal_id: int, one: Watched) -> bool:
    """What is not of deals is refused together with the records that it is of."""
    key = one.entity if one.entity not in (DEAL, LEAD) else _CURSORS.get(one.field)
    return key is not None and _error(portal_id, key) is not None


def rows_refused(portal_id: int) -> str | None:
    """Why the portal does not tell product rows."""
    return _error(portal_id, product_rows.key)


def unavailable(portal_id: int) -> frozenset[tuple[str, str]]:
    """Of what may be watched, and of the catalogue, what the portal does not tell us: entities with names."""
    found = {(DEAL, name) for name, key in _CURSORS.items() if _error(portal_id, key) is not None}
    fields: dict[str, set[str]] = defaultdict(set)
    for one in watching.everything(portal_id):
        if one.field not in NOT_FIELDS:
            fields[one.entity].add(one.field)
    for entity, names in fields.items():
        if types := field_types(portal_id, entity):
            found |= {(entity, name) for name in names - types.keys()}
    return frozenset(found)


def is_owed(portal_id: int) -> bool:
    """Whether reading the past anew was broken off, or waits to be begun or to be computed."""
    row = db.session.get(SyncCursor, (portal_id, WATCHED), populate_existing=True)
    return bool((row and row.state == "running") or unread(portal_id) or unread_histories(portal_id))


def _error(portal_id: int, key: str) -> str | None:
    row = db.session.get(SyncCursor, (portal_id, key), populate_existing=True)
    return row.error if row else None
