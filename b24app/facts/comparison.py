"""What is kept of records against what a listing says of them: who differs, and who should have been listed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from b24app.facts import deals, records
from b24app.facts.kinds import kind_of
from b24app.facts.rules import PRODUCT_ROWS, DealDraft, RowDraft, columns
from b24app.facts.tables import Deal
from b24app.lib import storage
from b24app.lib.db import db
from b24app.lib.storage import chunks


@dataclass(frozen=True, slots=True)
class Scope:
    """Records with ids in (after, until], without `until` to the end; of deals only those of some clients."""

    after: int = 0
    until: int | None = None
    clients: frozenset[str | None] | None = None


def living(portal_id: int, entity: str, scope: Scope, began: int) -> set[int]:
    """Ids of records in the scope, not deleted, that were known before a read which began then."""
    kind = kind_of(entity)
    table = (records.table_of(kind) if kind else storage.table_of(Deal)).c
    mine = records.of_kind(portal_id, kind) if kind else [table.portal_id == portal_id]
    query = select(table.id).where(*mine, table.deleted_at.is_(None), table.read_at <= began)
    if scope.clients is not None:
        query = query.where(table.client.in_(scope.clients))
    query = query.where(table.id > scope.after)
    return set(db.session.scalars(query if scope.until is None else query.where(table.id <= scope.until)))


def differing(portal_id: int, entity: str, drafts: Sequence[Any], asked: Collection[str], began: int) -> set[int]:
    """Ids of drafts, read by a read that began then, which are news: not known, or known as something else that is not
    newer. Of what is watched only `asked` is compared."""
    kind = kind_of(entity)
    by_id = {draft.id: draft for draft in drafts}
    found: set[int] = set()
    for ids in chunks(by_id):
        stored: Mapping[int, Any] = records.load(portal_id, kind, ids) if kind else deals.load(portal_id, ids)
        found.update(id for id in ids if _differs(stored.get(id), by_id[id], asked, began))
    return found


def _differs(fact: Any, draft: Any, asked: Collection[str], began: int) -> bool:
    if fact is None:
        return True
    if fact.deleted_at is not None:
        return bool(fact.deleted_at < began)
    if fact.read_at > began or fact.updated_at > draft.updated_at:
        return False
    return told(fact, type(draft), asked) != told(draft, type(draft), asked)


def told(record: Any, draft: type[Any], asked: Collection[str]) -> dict[str, Any]:
    """What the portal told of a record, as far as its drafts hold it."""
    told = columns(record, draft)
    if "values" not in told:
        return told
    told["values"] = sorted(
        (value for value in record.values if value.field in asked), key=lambda value: (value.field, value.place)
    )
    if draft is not DealDraft:
        return told
    rows = sorted(record.rows, key=lambda row: row.id) if PRODUCT_ROWS in asked else ()
    return told | {"rows": [columns(row, RowDraft) for row in rows]}
