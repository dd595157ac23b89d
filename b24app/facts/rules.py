"""What a record means once it is a fact: its outcome, when and by whom it was closed, its client, its worth. Pure.

A *draft* is what a source read; a *fact* is the draft with what follows from it, as stored. Which cells a change of a
fact touches: cells.py.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from b24app.facts.credit.rules import Credit, FieldRule, credited
from b24app.facts.money import Rates, convert, plain
from b24app.periods.rules import Settings, local_day, midnight

DEAL, ACTIVITY, ENTRY, MOVE, LEAD = "deal", "activity", "entry", "stage_move", "lead"
CALL, TASK, SESSION = "call", "task", "session"
CALLS_FROM_ACTIVITIES, CALLS_FROM_TELEPHONY = "activities", "telephony"
"""Where a portal counts its calls from, never both at once; activities until somebody says otherwise (semantics 4)."""
COUNTED, WAITING, REFUSED = "counted", "waiting", "refused"
"""States of an entry; it counts in the first one only (semantics 14)."""

SHARED = "shared"
"""The owner of whoever a deal is divided between (facts/credit)."""

OPEN, WON, LOST = "P", "S", "F"
FINAL = frozenset({WON, LOST})

PRODUCT_ROWS, PRODUCT_SECTIONS = "productRows", "productSections"
RECORDS = "records"
NOT_FIELDS = frozenset({PRODUCT_ROWS, PRODUCT_SECTIONS, RECORDS})
"""What is watched when product rows, the sections of their products, or records of a type at all are; all else watched
is a field's name."""

CLOSER_KNOWN_AFTER_S = 5
"""Automation that hands a deal over as it closes does so at once: whoever has it then closed it (semantics 3.4)."""


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """A place whose numbers a change may touch: an entity by one of its dates and one of its owners, at an instant.

    `date` and `owner` are the columns without `_at` and `_id`; an owner may also be a user field that names employees,
    or `shared`.
    A stage move is `entered` by its deal's responsible. An entry without an employee also names its department.
    `record_id` is the record or entry that moves the number, for those who ask why it moved; 0 where nobody knows.
    """

    entity: str
    date: str
    owner: str
    owner_id: int | None
    at: int
    record_id: int = 0


@dataclass(frozen=True, slots=True)
class MoveDraft:
    """One row of the stage history: 1 created, 2 moved, 3 final, 5 funnel changed."""

    id: int
    record_id: int
    kind: int
    category_id: int | None
    stage_id: str
    semantic: str
    at: int


@dataclass(frozen=True, slots=True)
class ValueDraft:
    """One value of a watched field, in the columns that its kind fills; `place` counts those of a multi-valued one."""

    field: str
    place: int = 0
    num: int | None = None
    text: str | None = None
    day: str | None = None
    ref: int | None = None
    at: int | None = None


@dataclass(frozen=True, slots=True)
class RowDraft:
    """A product row. `amount_original` is price x quantity, in millionths of its record's currency."""

    id: int
    product_id: int | None
    name: str
    amount_original: int


@dataclass(frozen=True, slots=True)
class RowFact(RowDraft):
    """A product row as it counts; `amount` at its record's rate, in hundredths of the base currency."""

    amount: int | None


@dataclass(frozen=True, slots=True)
class DealDraft:
    """A deal as the portal told it. `amount_original` in millionths of its own currency; no currency means the base.

    `values` and `rows` are what was asked for beside the columns; who stores the draft is told what that was.
    """

    id: int
    title: str
    category_id: int
    stage_id: str
    semantic: str
    source_id: str | None
    company_id: int | None
    contact_id: int | None
    responsible_id: int | None
    created_by_id: int | None
    currency: str | None
    amount_original: int | None
    created_at: int
    updated_at: int
    moved_at: int | None
    close_day: str | None
    is_return: bool
    is_recurring: bool
    updated_by_id: int | None = field(default=None, kw_only=True)
    values: tuple[ValueDraft, ...] = field(default=(), kw_only=True)
    rows: Sequence[RowDraft] = field(default=(), kw_only=True)


@dataclass(frozen=True, slots=True)
class DealFact(DealDraft):
    """A deal as it counts; the fields are the columns of the table, but for `values`, `rows` and `credits`: all of them
    in order. Without `credits` it is not split."""

    client: str | None
    closed_by_id: int | None
    closed_by_assumed: bool
    amount: int | None
    rate: str | None
    closed_at: int | None
    closed_from: str | None
    seconds_to_close: int | None
    win_no: int | None
    read_at: int
    deleted_at: int | None = None
    rows: tuple[RowFact, ...] = field(default=(), kw_only=True)
    credits: tuple[Credit, ...] = field(default=(), kw_only=True)

    @property
    def counts(self) -> bool:
        """Recurring templates are ignored (semantics 3.1)."""
        return self.deleted_at is None and not self.is_recurring

    @property
    def is_split(self) -> bool:
        return bool(self.credits)

    @property
    def win(self) -> tuple[str, int] | None:
        """What the numbering of the client's wins rests on; None when the deal takes no number (semantics 3.3)."""
        if not self.counts or self.semantic != WON or self.client is None or self.closed_at is None:
            return None
        return self.client, self.closed_at


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """A value to be posted to the ledger. The same `key` counts once."""

    key: str
    code: str
    kind: str
    value: Decimal
    occurred_at: int
    employee_id: int | None = None
    department_id: int | None = None
    source_id: str | None = None
    comment: str = ""
    origin: str = "api"
    author: str = "system"
    state: str = COUNTED
    corrects_id: int | None = None
    import_id: int | None = None
    local_at: str | None = None
    """Only of what was given as a day, without a time: what the portal's clock shows at `occurred_at`."""


@dataclass(frozen=True, slots=True)
class RateDraft:
    """The portal's rate of today: `amount` of the base currency for `count` units."""

    currency: str
    amount: Decimal
    count: int = 1


@dataclass(frozen=True, slots=True)
class TermDraft:
    """One word of a dictionary: a funnel, stage, source, currency, field, product or section."""

    id: str
    name: str
    sort: int = 500
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProductDraft:
    """A product of the catalogue, and all sections it is in."""

    id: int
    name: str
    sections: frozenset[int] = frozenset()


def sections_of(section_id: int | None, parents: Mapping[int, int | None]) -> frozenset[int]:
    """A section and every one above it; a ring of sections ends where it began."""
    found: set[int] = set()
    while section_id is not None and section_id not in found:
        found.add(section_id)
        section_id = parents.get(section_id)
    return frozenset(found)


class Versioned(Protocol):
    """What the guard against old news looks at in a stored record."""

    @property
    def updated_at(self) -> int: ...

    @property
    def read_at(self) -> int: ...

    @property
    def deleted_at(self) -> int | None: ...


def may_replace(stored: Versioned | None, updated_at: int, read_at: int) -> bool:
    """Whether a version read at `read_at` is the newer knowledge; an equal one replaces, too (semantics 3.6)."""
    if stored is None:
        return True
    if stored.deleted_at is not None:
        return read_at > stored.deleted_at
    return (updated_at, read_at) >= (stored.updated_at, stored.read_at)


def with_values(draft: Any, before: Any, asked: Collection[str]) -> Any:
    """The draft with the values its read did not ask for as they were: that it came without is no news."""
    if not draft.values and (before is None or not before.values):
        return draft
    kept = () if before is None else tuple(value for value in before.values if value.field not in asked)
    return replace(draft, values=(*(value for value in draft.values if value.field in asked), *kept))


def with_unasked(draft: DealDraft, before: DealFact | None, asked: Collection[str]) -> DealDraft:
    """The same of values and product rows."""
    found: DealDraft = with_values(draft, before, asked)
    rows = draft.rows if PRODUCT_ROWS in asked else before.rows if before else ()
    return found if rows == found.rows else replace(found, rows=rows)


def client_key(company_id: int | None, contact_id: int | None) -> str | None:
    """`C5` for a company, `P7` for a person, None without a client (semantics 3.3)."""
    if company_id:
        return f"C{company_id}"
    return f"P{contact_id}" if contact_id else None


def closing(deal: DealDraft, moves: Sequence[MoveDraft], settings: Settings) -> tuple[int, str] | tuple[None, None]:
    """closed_at and what told it: history | moved | planned (semantics 3.2). `moves` are the deal's, oldest first.

    A history that does not end in the deal's semantic has not been read to its end: it tells nothing yet.
    """
    if deal.semantic not in FINAL:
        return None, None
    began = streak(deal.semantic, moves)
    if began is not None:
        return began, "history"
    if deal.moved_at is not None:
        return deal.moved_at, "moved"
    if deal.close_day:
        return midnight(date.fromisoformat(deal.close_day), settings), "planned"
    return None, None


def streak(semantic: str, moves: Sequence[MoveDraft]) -> int | None:
    """When the moves, oldest first, came to this outcome for the last time; None when they do not end in it."""
    began = None
    for move in reversed(moves):
        if move.semantic != semantic:
            break
        began = move.at
    return began


Owned = tuple[int, int | None]
"""One row of the ownership journal: since when, who."""


def closer(
    deal: DealDraft, closed_at: int | None, owners: Sequence[Owned], before: DealFact | None
) -> tuple[int | None, bool]:
    """Who closed the deal, and whether that is assumed (semantics 3.4). `owners` is the journal, oldest first.

    A streak that turns out to have begun earlier is the same one, and whoever was seen closing it did.
    """
    if deal.semantic not in FINAL:
        return None, False
    if before is not None and before.semantic == deal.semantic and _same_streak(before, closed_at):
        return before.closed_by_id, before.closed_by_assumed
    known = [owner for since, owner in owners if closed_at is not None and since <= closed_at + CLOSER_KNOWN_AFTER_S]
    return (known[-1], False) if known else (deal.responsible_id, True)


def _same_streak(before: DealFact, closed_at: int | None) -> bool:
    if before.closed_at == closed_at:
        return True
    is_earlier = before.closed_at is not None and closed_at is not None and closed_at < before.closed_at
    return is_earlier and not before.closed_by_assumed


def columns(draft: Any, kind: type[Any]) -> dict[str, Any]:
    """The fields of this kind of draft, also out of a fact made of one."""
    return {name: getattr(draft, name) for name in kind.__slots__}


def deal_fact(
    draft: DealDraft,
    moves: Sequence[MoveDraft],
    owners: Sequence[Owned],
    rates: Rates,
    settings: Settings,
    before: DealFact | None,
    read_at: int,
    credit_rules: Sequence[FieldRule] = (),
) -> DealFact:
    """The draft with all that follows from it but a new win number: that needs the client's other deals."""
    closed_at, closed_from = closing(draft, moves, settings)
    closed_by_id, closed_by_assumed = closer(draft, closed_at, owners, before)
    client = client_key(draft.company_id, draft.contact_id)
    rate = rates.on(draft.currency, None if closed_at is None else local_day(closed_at, settings))
    amount = convert(draft.amount_original, rate)
    keeps_number = draft.semantic == WON and before is not None and before.client == client
    rows = sorted(draft.rows, key=lambda row: row.id)
    return DealFact(
        **columns(draft, DealDraft)
        | {
            "values": tuple(sorted(draft.values, key=lambda value: (value.field, value.place))),
            "rows": tuple(_row_fact(row, rate) for row in rows),
        },
        client=client,
        closed_by_id=closed_by_id,
        closed_by_assumed=closed_by_assumed,
        amount=amount,
        rate=None if amount is None or rate is None else plain(rate),
        closed_at=closed_at,
        closed_from=closed_from,
        seconds_to_close=_seconds_to_close(draft, closed_at, closed_from),
        win_no=before.win_no if keeps_number and before else None,
        read_at=read_at,
        credits=credited(
            before.credits if before else (),
            credit_rules,
            draft.values,
            draft.responsible_id if closed_by_id is None else closed_by_id,
            amount,
        ),
    )


def _row_fact(row: RowDraft, rate: Decimal | None) -> RowFact:
    """At the deal's rate, each row rounded by itself (semantics 3.5)."""
    return RowFact(**columns(row, RowDraft), amount=convert(row.amount_original, rate))


def _seconds_to_close(draft: DealDraft, closed_at: int | None, closed_from: str | None) -> int | None:
    """None for what days to close leave out: not won, closed on a planned day only, or before created (3.2, 4.4)."""
    if draft.semantic != WON or closed_at is None or closed_from == "planned" or closed_at < draft.created_at:
        return None
    return closed_at - draft.created_at
