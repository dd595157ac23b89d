"""What is kept of records beside the columns of their table: values of watched fields; product rows, credit of deals.

All are part of the fact: read, compared and replaced together with it (semantics 3.6). Nothing is asked of the
database for what is not watched.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from sqlalchemy import delete, select

from b24app.facts import watching
from b24app.facts.credit.rules import Credit as CreditFact
from b24app.facts.rules import DEAL, NOT_FIELDS, PRODUCT_ROWS, DealFact, RowFact, ValueDraft
from b24app.facts.tables import Credit, FieldValue, ProductRow
from b24app.lib import storage
from b24app.lib.db import db
from b24app.lib.storage import chunks

_VALUE_NAMES = tuple(field.name for field in fields(ValueDraft))
_VALUE_COLUMNS = tuple(getattr(FieldValue, name) for name in _VALUE_NAMES)
_ROW_NAMES = tuple(field.name for field in fields(RowFact))
_ROW_COLUMNS = tuple(getattr(ProductRow, name) for name in _ROW_NAMES)
_CREDIT_NAMES = tuple(field.name for field in fields(CreditFact))
_CREDIT_COLUMNS = tuple(getattr(Credit, name) for name in _CREDIT_NAMES)


@dataclass(frozen=True, slots=True)
class Details:
    """Values and product rows by the id of their record, each record's in order."""

    values: Mapping[int, tuple[ValueDraft, ...]] = field(default_factory=dict)
    rows: Mapping[int, tuple[RowFact, ...]] = field(default_factory=dict)

    def of(self, id: int) -> dict[str, Any]:
        """As fields of a DealFact."""
        return {"values": self.values.get(id, ()), "rows": self.rows.get(id, ())}


def load(portal_id: int, ids: Collection[int], entity: str = DEAL) -> Details:
    """Of at most a chunk of records."""
    watched = watching.watches(portal_id, entity).keys()
    values, rows = defaultdict(list), defaultdict(list)
    if watched - NOT_FIELDS:
        order = FieldValue.field, FieldValue.place
        for record_id, *columns in _of(portal_id, entity, FieldValue, _VALUE_COLUMNS, ids, *order):
            values[record_id].append(ValueDraft(*columns))
    if PRODUCT_ROWS in watched:
        for record_id, *columns in _of(portal_id, entity, ProductRow, _ROW_COLUMNS, ids, ProductRow.id):
            rows[record_id].append(RowFact(*columns))
    return Details(
        {id: tuple(found) for id, found in values.items()},
        {id: tuple(found) for id, found in rows.items()},
    )


def _of(portal_id: int, entity: str, table: Any, columns: Iterable[Any], ids: Collection[int], *order: Any) -> Any:
    mine = (table.portal_id == portal_id, table.entity == entity, table.record_id.in_(ids))
    return db.session.execute(select(table.record_id, *columns).where(*mine).order_by(table.record_id, *order))


def load_credits(portal_id: int, ids: Collection[int]) -> Mapping[int, tuple[CreditFact, ...]]:
    """Whom these deals are divided between. Of any number of deals, of which most are not."""
    found: dict[int, list[CreditFact]] = defaultdict(list)
    for part in chunks(ids):
        query = select(Credit.deal_id, *_CREDIT_COLUMNS).where(Credit.portal_id == portal_id, Credit.deal_id.in_(part))
        for deal_id, *columns in db.session.execute(query.order_by(Credit.deal_id, Credit.employee_id)):
            found[deal_id].append(CreditFact(*columns))
    return {id: tuple(those) for id, those in found.items()}


def save_credits(portal_id: int, stored: Mapping[int, DealFact], changed: Mapping[int, DealFact]) -> None:
    """Replace the credit of those deals that are divided otherwise now."""
    news = {id: fact.credits for id, fact in changed.items() if fact.credits != _credits(stored.get(id))}
    for ids in chunks(id for id in news if _credits(stored.get(id))):
        db.session.execute(delete(Credit).where(Credit.portal_id == portal_id, Credit.deal_id.in_(ids)))
    same = {"portal_id": portal_id}
    storage.upsert(
        Credit,
        [
            {**same, "deal_id": id, **{name: getattr(one, name) for name in _CREDIT_NAMES}}
            for id, those in sorted(news.items())
            for one in those
        ],
    )


def _credits(fact: DealFact | None) -> tuple[CreditFact, ...]:
    return fact.credits if fact else ()


def save(portal_id: int, stored: Mapping[int, DealFact], changed: Mapping[int, DealFact]) -> None:
    """Replace the values, the rows and the credit of those deals that have others now."""
    save_values(portal_id, DEAL, stored, changed)
    save_credits(portal_id, stored, changed)
    _save(portal_id, DEAL, ProductRow, "rows", _ROW_NAMES, stored, changed)


def save_values(portal_id: int, entity: str, stored: Mapping[int, Any], changed: Mapping[int, Any]) -> None:
    """Replace the values of those records that have others now."""
    _save(portal_id, entity, FieldValue, "values", _VALUE_NAMES, stored, changed)


def _save(
    portal_id: int,
    entity: str,
    table: Any,
    name: str,
    names: Sequence[str],
    stored: Mapping[int, Any],
    changed: Mapping[int, Any],
) -> None:
    nothing: tuple[Any, ...] = ()
    was = {id: getattr(stored[id], name) if id in stored else nothing for id in changed}
    news = {id: getattr(fact, name) for id, fact in changed.items() if getattr(fact, name) != was[id]}
    for ids in chunks(id for id in news if was[id]):
        mine = (table.portal_id == portal_id, table.entity == entity, table.record_id.in_(ids))
        db.session.execute(delete(table).where(*mine))
    storage.upsert(
        table,
        [
            {"portal_id": portal_id, "entity": entity, "record_id": id, **{one: getattr(row, one) for one in names}}
            for id, rows in sorted(news.items())
            for row in rows
        ],
    )


def places(portal_id: int, ids: Collection[int]) -> Mapping[int, tuple[ValueDraft, ...]]:
    """The values that say where a deal counts, of any number of deals: those that name employees, and instants."""
    found: dict[int, list[ValueDraft]] = defaultdict(list)
    if watching.watches(portal_id).keys() - NOT_FIELDS:
        for part in chunks(ids):
            for record_id, *columns in _of(portal_id, DEAL, FieldValue, _VALUE_COLUMNS, part, FieldValue.place):
                value = ValueDraft(*columns)
                if value.ref is not None or value.at is not None:
                    found[record_id].append(value)
    return {id: tuple(values) for id, values in found.items()}
