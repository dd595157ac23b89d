"""What a kind of simple record declares. Pure: tables are named here and found by who reads or writes them.

A kind is a table (or a `type` inside the table of items), a draft as its source reads it, and a fact: the draft with
what follows from it. The fields of a fact are columns of the table. With that it is guarded, stored, forgotten,
compared with the portal, counted and listed like every other (facts/records.py, metrics/compile).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from operator import attrgetter
from typing import Any

from b24app.facts.money import Rates
from b24app.facts.rules import MoveDraft
from b24app.periods.rules import Settings

READ = frozenset({"updated_at", "updated_by_id", "read_at"})
"""What only says which version it is that we know; no number rests on it."""


VALUES = "values"


@dataclass(frozen=True, slots=True)
class Making:
    """What a fact is worked out with beside its draft and the fact known before.

    `in_history`: found by a backfill, long after whatever happened to it.
    """

    read_at: int
    in_history: bool = False
    settings: Settings = field(default=Settings("UTC"))
    rates: Rates = field(default=Rates(""))
    moves: Mapping[int, Sequence[MoveDraft]] = field(default_factory=dict)
    """The stage moves of records that have any, oldest first."""


@dataclass(frozen=True, slots=True)
class Kind:
    """`dates` and `owners` are columns without `_at` and `_id`, as cells name them; the first date is when a record
    began to count for anything."""

    entity: str
    table: str
    draft: type[Any]
    fact: type[Any]
    """With `id`, `created_at`, `updated_at`, `read_at`, `deleted_at`, and `counts`."""
    make: Callable[[Any, Any, Making], Any]
    """(draft, fact known before or None, making) -> fact"""
    dates: tuple[str, ...]
    owners: tuple[str, ...] = ("responsible", "created_by")
    uncounted: frozenset[str] = frozenset()
    """Further fields that no number and no condition may rest on."""
    conditions: tuple[str, ...] = ()
    """What conditions may ask of it, as documents name it: columns of its fact."""
    title: str = "title"
    is_typed: bool = False
    """Whether it shares its table with other kinds, told apart by the column `type`."""
    is_priced: bool = False
    """Whether it has an amount of money, so that its facts need rates."""
    has_moves: bool = False
    """Whether its stage moves are kept, so that they tell when a record was closed."""
    has_values: bool = False
    """Whether values of watched fields are kept of it: `values` of its drafts and facts."""
    before_date: str | None = None
    """The column between the portal and the date in the indexes of its table, if conditions say it."""
    page: str | None = None
    """Where the portal shows a record, with `{id}`."""


@cache
def fields_of(kind: Kind) -> tuple[str, ...]:
    """The fields of its facts that are columns, in a fixed order."""
    return tuple(name for name in kind.fact.__dataclass_fields__ if name != VALUES)


@cache
def counted(kind: Kind) -> "attrgetter[Any]":
    """All that a number or a condition may rest on, of a fact."""
    also = {VALUES} if kind.has_values else set()
    return attrgetter(*sorted(set(fields_of(kind)) - READ - kind.uncounted | also))
