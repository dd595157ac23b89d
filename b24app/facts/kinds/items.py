"""CRM records that are no deals, all in one table (semantics 3): leads, which are always read, and types that something
names - contacts, companies, quotes, smart invoices, smart processes."""

from dataclasses import dataclass, field
from datetime import date
from functools import cache

from b24app.facts.entities import COMPANY, CONTACT, INVOICE, QUOTE, has_moves, is_own, type_id_of
from b24app.facts.kinds.base import Kind, Making
from b24app.facts.money import convert, plain
from b24app.facts.rules import FINAL, LEAD, ValueDraft, columns, streak
from b24app.periods.rules import local_day, midnight


@dataclass(frozen=True, slots=True)
class ItemDraft:
    """A record as the portal told it. `amount_original` in millionths of its own currency; no currency means the base.

    `told_closed_at` is the time of closing where the portal itself tells one.
    """

    id: int
    title: str
    category_id: int | None
    stage_id: str
    semantic: str
    source_id: str | None
    company_id: int | None
    contact_id: int | None
    responsible_id: int | None
    created_by_id: int | None
    updated_by_id: int | None
    currency: str | None
    amount_original: int | None
    created_at: int
    updated_at: int
    moved_at: int | None
    told_closed_at: int | None
    close_day: str | None
    values: tuple[ValueDraft, ...] = field(default=(), kw_only=True)


@dataclass(frozen=True, slots=True)
class ItemFact(ItemDraft):
    """A record as it counts; the fields are the columns of the table, but for `values`."""

    amount: int | None
    rate: str | None
    closed_at: int | None
    closed_from: str | None
    read_at: int
    deleted_at: int | None = None

    @property
    def counts(self) -> bool:
        return self.deleted_at is None


def make(draft: ItemDraft, before: ItemFact | None, making: Making) -> ItemFact:
    closed_at, closed_from = closing(draft, making)
    closed_on = None if closed_at is None else local_day(closed_at, making.settings)
    rate = making.rates.on(draft.currency, closed_on)
    amount = convert(draft.amount_original, rate)
    return ItemFact(
        **columns(draft, ItemDraft),
        amount=amount,
        rate=None if amount is None or rate is None else plain(rate),
        closed_at=closed_at,
        closed_from=closed_from,
        read_at=making.read_at,
    )


def closing(draft: ItemDraft, making: Making) -> tuple[int, str] | tuple[None, None]:
    """closed_at and what told it: history | told | moved | planned (semantics 3.2). Open records have none."""
    if draft.semantic not in FINAL:
        return None, None
    began = streak(draft.semantic, making.moves.get(draft.id, ()))
    if began is not None:
        return began, "history"
    if draft.told_closed_at is not None:
        return draft.told_closed_at, "told"
    if draft.moved_at is not None:
        return draft.moved_at, "moved"
    if draft.close_day:
        return midnight(date.fromisoformat(draft.close_day), making.settings), "planned"
    return None, None


CONDITIONS = ("category_id", "stage_id", "source_id", "fields")
_WITHOUT_STAGES = ("source_id", "fields")
_STANDARD = {CONTACT: _WITHOUT_STAGES, COMPANY: _WITHOUT_STAGES, QUOTE: ("stage_id", "fields"), INVOICE: CONDITIONS}


@cache
def named(entity: str) -> Kind | None:
    """A type that is read once something names it; None for what is none."""
    if entity in (CONTACT, COMPANY):
        return kind(entity, f"/crm/{entity}/details/{{id}}/", _STANDARD[entity])
    if entity in _STANDARD or is_own(entity):
        return kind(entity, f"/crm/type/{type_id_of(entity)}/details/{{id}}/", _STANDARD.get(entity, CONDITIONS))
    return None


def kind(entity: str, page: str, conditions: tuple[str, ...]) -> Kind:
    return Kind(
        entity=entity,
        table="item",
        draft=ItemDraft,
        fact=ItemFact,
        make=make,
        dates=("created", "closed"),
        uncounted=frozenset({"title", "moved_at", "told_closed_at", "close_day"}),
        conditions=conditions,
        is_typed=True,
        is_priced=True,
        has_moves=has_moves(entity),
        has_values=True,
        page=page,
    )


KINDS = (kind(LEAD, "/crm/lead/details/{id}/", ("stage_id", "source_id", "fields")),)
