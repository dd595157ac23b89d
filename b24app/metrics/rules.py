"""A metric as data: what is counted (Measure), how two measures make a value (Plan), what came out (Part). Pure.

`compile.py` turns measures into SQL, `plans.py` makes plans of what people write, `queries.py` evaluates them.
"""

import dataclasses
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any, NamedTuple


class Op(StrEnum):
    IN = "in"
    GT = "gt"
    EMPTY = "empty"
    NOT_EMPTY = "not_empty"


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison of a stored column. An empty column passes EMPTY only."""

    field: str
    op: Op
    values: tuple[str | int | bool, ...] = ()


@dataclass(frozen=True, slots=True)
class Where:
    """All of `tests`, one of `any` unless that is empty, and none of `none` (semantics 4.5)."""

    tests: tuple[Test, ...] = ()
    any: tuple["Where", ...] = ()
    none: tuple["Where", ...] = ()

    def __and__(self, other: "Where") -> "Where":
        both = self.any and other.any
        return Where(
            self.tests + other.tests,
            tuple(one & Where(any=other.any) for one in self.any) if both else self.any or other.any,
            self.none + other.none,
        )


EVERYTHING = Where()


class Aggregate(StrEnum):
    COUNT = "count"
    SUM = "sum"
    BALANCE = "balance"
    """The sum of ledger entries with their `set` rows honoured (semantics 4.7)."""
    MIN = "min"
    MAX = "max"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class Scan:
    """What one grouped statement reads, named as in `facts.rules.Cell`: an entity by a date and an owner."""

    entity: str
    date: str
    owner: str


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
        if self.aggregate is Aggregate.COUNT:
            return 0
        return 0 if self.aggregate is Aggregate.SUM and self.scan.entity != "entry" else None


class Unit(StrEnum):
    MONEY = "money"
    COUNT = "count"
    PERCENT = "percent"
    DAYS = "days"
    HOURS = "hours"
    NUMBER = "number"


class Among(StrEnum):
    """Which rows a near miss is looked for among."""

    LIVING = "living"
    DELETED = "deleted"
    """Deleted records, undone entries."""
    REPLACED = "replaced"
    """Entries before the last `set` of their holder."""


@dataclass(frozen=True, slots=True)
class Near:
    """Facts that nearly counted, and the code of the reason why they did not (semantics 13)."""

    reason: str
    measure: Measure
    among: Among = Among.LIVING


@dataclass(frozen=True, slots=True)
class Plan:
    """A measure, or the ratio of two: value = factor x numerator / denominator.

    `shown_as` is the aggregate that gives the value again from the listed facts. A numerator that shares the scan of
    its denominator is about a part of the facts of the denominator.
    """

    numerator: Measure
    unit: Unit
    shown_as: str
    denominator: Measure | None = None
    factor: Fraction = Fraction(1)
    additive: bool = False
    near: tuple[Near, ...] = ()

    @property
    def measures(self) -> tuple[Measure, ...]:
        return (self.numerator,) if self.denominator is None else (self.numerator, self.denominator)

    @property
    def scans(self) -> frozenset[Scan]:
        """Where a change of facts may touch the value."""
        return frozenset(measure.scan for measure in self.measures)


@dataclass(frozen=True, slots=True)
class Side:
    """A list of facts: those of `measure`, each with the number in its `field`, or 1 without a field."""

    part: str
    measure: Measure
    field: str | None
    scale: int


def sides(plan: Plan) -> tuple[Side, ...]:
    """The lists of facts a value is made of (semantics 13).

    A ratio has one list per operand, so that a won deal is in both lists of a conversion. A mean has one list: the
    facts that were averaged, each with its number; one without an amount is there with 0, as it counts in the mean.
    """
    top, bottom = plan.numerator, plan.denominator
    if bottom is None:
        return (Side("value", top, top.field, top.scale),)
    if plan.shown_as == "mean":
        return (Side("value", bottom, top.field, top.scale),)
    return (
        Side("numerator", top, top.field, top.scale),
        Side("denominator", bottom, bottom.field, bottom.scale),
    )


def needs(plan: Plan) -> frozenset[str]:
    """What has to be watched of deals beside their columns: names of fields, `productRows`, `productSections`."""
    return frozenset()


@dataclass(frozen=True, slots=True)
class Part:
    """What a plan gave for one subject and span, in stored units. `facts` = how many different facts made it."""

    numerator: int | None
    denominator: int | None
    facts: int


def value_of(plan: Plan, numerator: int | None, denominator: int | None) -> Fraction | None:
    """The exact value in the plan's unit; None is no data: nothing to divide by, nothing to take (semantics 4.1)."""
    if plan.denominator is None:
        return None if numerator is None else plan.factor * Fraction(numerator, plan.numerator.scale)
    if not denominator:
        return None
    return plan.factor * Fraction((numerator or 0) * plan.denominator.scale, denominator * plan.numerator.scale)


@dataclass(frozen=True, slots=True)
class Settled:
    """The value an indicator shows, or the code of the reason why it has none."""

    value: Fraction | None
    reason: str | None = None


def settle(
    plan: Plan,
    part: Part,
    *,
    direction: str = "up",
    empty: str | None = None,
    min_count: int | None = None,
    has_any_fact: bool = True,
) -> Settled:
    """The value under the indicator's own rules (semantics 4.1, 10).

    `has_any_fact` answers `presence(plan)` and matters for employees under direction `down`: absent is not excellent.
    `empty` overrides what nothing means; `min_count` is the smallest sample that is a value at all.
    """
    value = value_of(plan, part.numerator, part.denominator)
    if min_count is not None and part.facts and sample(plan, part) < min_count:
        return Settled(None, "few_facts")
    absent = direction == "down" and not has_any_fact and presence(plan) is not None
    counts_nothing = part.facts == 0 and (empty == "no_data" or min_count is not None)
    if value is not None and not absent and not counts_nothing:
        return Settled(value)
    if empty == "zero":
        return Settled(Fraction(0))
    return Settled(None, "absent" if absent else "no_facts")


def presence(plan: Plan) -> Plan | None:
    """Whether there was any fact of the entity by the same date and owner, whatever the conditions: the `down` rule.

    None where the rule does not apply: ratios are no data by themselves, and no entries may be a good thing (4.1).
    """
    scan = plan.numerator.scan
    if plan.denominator is not None or scan.entity == "entry":
        return None
    return Plan(Measure(scan, Aggregate.COUNT), Unit.COUNT, "count", additive=True)


SMALL_SAMPLE = 10


def sample(plan: Plan, part: Part) -> Fraction:
    """n: what a ratio divides by, or how many facts a count or a sum has."""
    if plan.denominator is None:
        return Fraction(part.facts)
    return Fraction(part.denominator or 0, plan.denominator.scale)


def is_small_sample(plan: Plan, part: Part) -> bool:
    """Ratios and means over fewer than ten are marked (semantics 10)."""
    return plan.denominator is not None and part.facts > 0 and sample(plan, part) < SMALL_SAMPLE


Holder = tuple[int | None, int | None]
"""Whom a fact counts for: (employee, None); an entry of a department (None, department); nobody known (None, None)."""


class Tally(NamedTuple):
    """One aggregate of one holder: the number, how many facts are in it, and for LAST its place in the ledger."""

    value: int | None
    facts: int
    at: int = 0


def roll_up(aggregate: Aggregate, tallies: Iterable[Tally]) -> Tally:
    """The aggregate over the facts of all holders together, made of the aggregates of each (semantics 4.6).

    Exact because every fact has one holder: sums add, extremes are extremes of extremes, the last is the latest.
    """
    held = [tally for tally in tallies if tally.value is not None]
    if len(held) <= 1:
        return held[0] if held else Tally(None, 0)
    if aggregate is Aggregate.LAST:
        return max(held, key=lambda tally: tally.at)
    merge = _MERGES.get(aggregate, sum)
    return Tally(merge([tally.value for tally in held if tally.value is not None]), sum(tally.facts for tally in held))


_MERGES: Mapping[Aggregate, Callable[[Iterable[int]], int]] = {Aggregate.MIN: min, Aggregate.MAX: max}


@dataclass(frozen=True, slots=True)
class Columns:
    """Where in a row the tally of a measure stands."""

    value: int
    facts: int
    at: int | None = None

    def read(self, row: Sequence[Any]) -> Tally:
        return Tally(row[self.value], row[self.facts], 0 if self.at is None else row[self.at] or 0)


@dataclass(frozen=True, slots=True)
class Grid:
    """The answer of one grouped statement: per span the row of each holder, and where each measure stands in it."""

    columns: Mapping[Measure, Columns]
    spans: Sequence[Mapping[Holder, Sequence[Any]]]


class Parts:
    """What `evaluate` found, kept per holder; any group of people is summed up when asked for."""

    def __init__(self, grids: Iterable[Grid]) -> None:
        self._grids = {measure: grid for grid in grids for measure in grid.columns}

    def get(
        self, plan: Plan, span: int = 0, members: Collection[int] | None = None, departments: Collection[int] = ()
    ) -> Part:
        """For an employee `members={id}`; for a department everybody of its sub-tree, and the sub-tree in `departments`
        for entries that name no employee; for the company nothing: all facts, of unknown owners too (semantics 4.6)."""
        top = self._tally(plan.numerator, span, members, departments)
        if plan.denominator is None:
            return Part(_or_nothing(plan.numerator, top), None, top.facts)
        bottom = self._tally(plan.denominator, span, members, departments)
        shared = plan.numerator.scan == plan.denominator.scan
        return Part(
            _or_nothing(plan.numerator, top),
            _or_nothing(plan.denominator, bottom),
            bottom.facts if shared else top.facts + bottom.facts,
        )

    def employees(self, span: int = 0) -> frozenset[int]:
        """Everybody who has any fact in the span, in any scan."""
        return frozenset(
            employee
            for grid in self._grids.values()
            for employee, _department in grid.spans[span]
            if employee is not None
        )

    def _tally(
        self, measure: Measure, span: int, members: Collection[int] | None, departments: Collection[int]
    ) -> Tally:
        grid = self._grids[measure]
        columns, rows = grid.columns[measure], grid.spans[span]
        if members is None:
            return roll_up(measure.aggregate, map(columns.read, rows.values()))
        holders: list[Holder] = [*((id, None) for id in members), *((None, id) for id in departments)]
        return roll_up(measure.aggregate, [columns.read(rows[holder]) for holder in holders if holder in rows])


def _or_nothing(measure: Measure, tally: Tally) -> int | None:
    return measure.over_nothing if tally.value is None else tally.value
