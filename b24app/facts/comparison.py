"""What is kept of records against what a listing says of them: who differs, and who should have been listed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from b24app.facts import deals, operations
from b24app.facts.rules import (
    ACTIVITY,
    DEAL,
    PRODUCT_ROWS,
    ActivityDraft,
    DealDraft,
    RowDraft,
    columns,
)
from b24app.facts.tables import Activity, Deal
from b24app.lib.db import db
from b24app.lib.storage import chunks

_TABLES: Mapping[str, Any] = {DEAL: Deal, ACTIVITY: Activity}


@dataclass(frozen=True, slots=True)
class Scope:
    """Records with ids in (after, until], without `until` to the end; of deals only those of some clients."""

    after: int = 0
    until: int | None = None
    clients: frozenset[str | None] | None = None


def living(portal_id: int, entity: str, scope: Scope, began: int) -> set[int]:
    """Ids of records in the scope, not deleted, that were known before a read which began then."""
    table = _TABLES[entity]
    query = select(table.id).where(table.portal_id == portal_id, table.deleted_at.is_(None), table.read_at <= began)
    if scope.clients is not None:
        query = query.where(table.client.in_(scope.clients))
    query = query.where(table.id > scope.after)
    return set(db.session.scalars(query if scope.until is None else query.where(table.id <= scope.until)))


def differing(portal_id: int, entity: str, drafts: Sequence[Any], asked: Collection[str], began: int) -> set[int]:
    """Ids of drafts, read by a read that began then, which are news: not known, or known as something else that is not
    newer. Of what is watched only `asked` is compared."""
    by_id = {draft.id: draft for draft in drafts}
    found: set[int] = set()
    for ids in chunks(by_id):
        stored = deals.load(portal_id, ids) if entity == DEAL else operations.activities(portal_id, ids)
        found.update(id for id in ids if _differs(stored.get(id), by_id[id], asked, began))
    return found


def _differs(fact: Any, draft: Any, asked: Collection[str], began: int) -> bool:
    if fact is None:
        return True
    if fact.deleted_at is not None:
        return bool(fact.deleted_at < began)
    if fact.read_at > began or fact.updated_at > draft.updated_at:
        return False
    return told(fact, asked) != told(draft, asked)


def told(record: Any, asked: Collection[str]) -> dict[str, Any]:
    """What the portal told of a record."""
    if isinstance(record, ActivityDraft):
        return columns(record, ActivityDraft)
    told = columns(record, DealDraft)
    told["values"] = sorted(
        (value for value in record.values if value.field in asked), key=lambda value: (value.field, value.place)
    )
    rows = sorted(record.rows, key=lambda row: row.id) if PRODUCT_ROWS in asked else ()
    return told | {"rows": [columns(row, RowDraft) for row in rows]}
