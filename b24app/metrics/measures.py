"""What is counted: which records, by which date, of whom, under which conditions, and how they are aggregated. Pure.

`compile/` turns measures into SQL.
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from b24app.facts.entities import moves_of
from b24app.facts.rules import DEAL, MOVE, SHARED


class Op(StrEnum):
    IN = "in"
    NOT_IN = "not_in"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    BETWEEN = "between"
    """Both ends in."""
    EMPTY = "empty"
    NOT_EMPTY = "not_empty"
    OLDER = "older"
    """An instant that was so many seconds ago or earlier: it depends on the present."""
    COUNTED_FROM = "counted_from"
    """An instant of which the portal counts its calls from this source: activities or telephony."""
    WITHIN = "within"
    """An instant at most so many seconds after the record's creation."""


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison of a stored column. An empty column passes EMPTY only. Of a stage move also `entered_` columns."""

    field: str
    op: Op
    values: tuple[str | int | bool, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldTest:
    """One comparison of a watched field, passed when any of its values passes; NOT_IN is passed by an empty one too.

    `values` are pairs: what is compared (`num` in millionths, `text`, `day`), and with what.
    """

    field: str
    op: Op
    values: tuple[tuple[str, int | str], ...] = ()


@dataclass(frozen=True, slots=True)
class ProductTest:
    """A product row of one of the products and in one of the sections; no products or sections named means any."""

    products: tuple[int, ...] = ()
    sections: tuple[int, ...] = ()


AnyTest = Test | FieldTest | ProductTest


@dataclass(frozen=True, slots=True)
class Where:
    """All of `tests`, one of `any` unless that is empty, and none of `none` (semantics 4.5).

    With product tests it is a row that meets them: a record passes when it has one, or passes without any row.
    """

    tests: tuple[AnyTest, ...] = ()
    any: tuple["Where", ...] = ()
    none: tuple["Where", ...] = ()

    def __and__(self, other: "Where") -> "Where":
        both = self.any and other.any
        return Where(
            self.tests + other.tests,
            tuple(one & Where(any=other.any) for one in self.any) if both else self.any or other.any,
            self.none + other.none,
        )

    @property
    def leaves(self) -> Iterator[AnyTest]:
        """Every test, however deep."""
        yield from self.tests
        for one in (*self.any, *self.none):
            yield from one.leaves

    @property
    def by_rows(self) -> bool:
        """Whether product rows may decide, so that the amount of a record is that of the rows that pass."""
        return any(isinstance(test, ProductTest) for test in self.tests) or any(one.by_rows for one in self.any)

    @property
    def needs_row(self) -> bool:
        """Whether nothing passes without a product row."""
        if any(isinstance(test, ProductTest) for test in self.tests):
            return True
        return bool(self.any) and all(one.needs_row for one in self.any)

    @property
    def apart(self) -> tuple["Where", "Where"]:
        """What is asked of the record alone, and what is asked of its product rows with it."""
        alone = Where(tuple(test for test in self.tests if not isinstance(test, ProductTest)), none=self.none)
        return alone, Where(tuple(test for test in self.tests if isinstance(test, ProductTest)), any=self.any)


EVERYTHING = Where()


class Aggregate(StrEnum):
    COUNT = "count"
    DISTINCT = "distinct"
    """How many records made the moves; a record has one owner, so that the counts of people add up."""
    SUM = "sum"
    BALANCE = "balance"
    """The sum of ledger entries with their `set` rows honoured (semantics 4.7)."""
    MIN = "min"
    MAX = "max"
    LAST = "last"
    VALUES = "values"
    """How many different numbers the facts have: those of people do not add up."""
    MEDIAN = "median"
    """Told as twice the median, which is whole: the sum of the two numbers in the middle."""


STORED_OWNERS = frozenset({"responsible", "created_by", "closed_by", "employee", SHARED})
STORED_DATES = frozenset({"created", "closed", "updated", "start", "completed", "due", "rated", "entered", "occurred"})
"""All others are names of fields."""
ENTERED = "entered"
"""The date of each of a record's stage moves."""

SHARE = "share"
"""What part of a deal counts for somebody, in millionths: by `shared` they are added up where others are counted."""

BY_NUMBERS = frozenset({Aggregate.MEDIAN, Aggregate.VALUES})
"""What is worked out from each different number, and how many facts have it."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What one grouped statement reads, named as in `facts.rules.Cell`: an entity by a date and an owner.

    By `entered` records are read by their stage moves; of deals the entity is `stage_move` then. An owner that is no
    column is a field of users (semantics 3.4). By `shared` a deal is one row per person it is divided between, with
    their share and their part of its amount. `delay`: a record counts so many seconds after its date.
    """

    entity: str
    date: str
    owner: str
    delay: int = 0

    @property
    def is_by_field(self) -> bool:
        return self.owner not in STORED_OWNERS

    @property
    def is_shared(self) -> bool:
        return self.owner == SHARED

    @property
    def place_width(self) -> int:
        """How many numbers say where a row stands in a list: when, which record and, of divided deals, whose part."""
        return 3 if self.is_shared else 2

    @property
    def is_dated_by_field(self) -> bool:
        return self.date not in STORED_DATES

    @property
    def is_of_moves(self) -> bool:
        return self.date == ENTERED

    @property
    def record(self) -> str:
        """The entity of the records that count, by their moves or by themselves."""
        return DEAL if self.entity == MOVE else self.entity

    @property
    def reads(self) -> tuple[str, ...]:
        """What has to have been read of a portal."""
        return (self.entity, moves_of(self.record)) if self.is_of_moves else (self.entity,)


@dataclass(frozen=True, slots=True)
class Measure:
    """The smallest computable thing. `scale` = stored units per unit of the answer, e.g. 100 for money (decision 2)."""

    scan: Scan
    aggregate: Aggregate
    field: str | None = None
    where: Where = EVERYTHING
    scale: int = 1
    _hash: int = dataclasses.field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Measures are looked up once per subject, indicator and period; hashing the whole tree each time would show.
        object.__setattr__(self, "_hash", hash((self.scan, self.aggregate, self.field, self.where, self.scale)))

    def __hash__(self) -> int:
        return self._hash

    @property
    def over_nothing(self) -> int | None:
        """A count is 0 and so is a sum of facts; anything else, a sum of entries too, is no data (semantics 4.1)."""
        if self.aggregate in (Aggregate.COUNT, Aggregate.DISTINCT, Aggregate.VALUES):
            return 0
        return 0 if self.aggregate is Aggregate.SUM and self.scan.entity != "entry" else None
