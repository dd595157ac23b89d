"""What an evaluation found, per holder of facts, and its summing up for departments and the company. Pure.

Never an average of averages: sums add up, extremes are extremes of extremes, medians are taken of all numbers together
(semantics 4.6).
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from b24app.metrics.measures import BY_NUMBERS, Aggregate, Measure
from b24app.metrics.rules import Part, Plan

Holder = tuple[int | None, int | None]
"""Whom a fact counts for: (employee, None); an entry of a department (None, department); nobody known (None, None)."""


class Tally(NamedTuple):
    """One aggregate of one holder: the number, how many facts are in it, and for LAST its place in the ledger."""

    value: int | None
    facts: int
    at: int = 0


_NOTHING = Tally(None, 0)
_NEITHER = (None, 0)


def roll_up(aggregate: Aggregate, tallies: Iterable[Tally]) -> Tally:
    """The aggregate over the facts of all holders together, made of the aggregates of each (semantics 4.6).

    Exact because every fact has one holder: sums add, extremes are extremes of extremes, the last is the latest.
    """
    held = [tally for tally in tallies if tally.value is not None]
    if len(held) <= 1:
        return held[0] if held else _NOTHING
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


Histogram = Sequence[Mapping[Holder, Sequence[tuple[int, int]]]]
"""Per span and holder: each different number, and how many facts have it."""


def middle(bins: Iterable[tuple[int, int]]) -> Tally:
    """Twice the median of the numbers: the sum of the two in the middle, which of an odd count are one."""
    counts: Counter[int] = Counter()
    for number, times in bins:
        counts[number] += times
    total = counts.total()
    if not total:
        return Tally(None, 0)
    low, high = (total - 1) // 2, total // 2
    twice = seen = 0
    for number, times in sorted(counts.items()):
        twice += number * sum(seen <= place < seen + times for place in (low, high))
        seen += times
    return Tally(twice, total)


def different(bins: Iterable[tuple[int, int]]) -> Tally:
    """How many different numbers there are, whoever has them."""
    counts: Counter[int] = Counter()
    for number, times in bins:
        counts[number] += times
    return Tally(len(counts), counts.total()) if counts else _NOTHING


def _of_numbers(measure: Measure, bins: Iterable[tuple[int, int]]) -> Tally:
    return middle(bins) if measure.aggregate is Aggregate.MEDIAN else different(bins)


class Parts:
    """What `evaluate` found, kept per holder; any group of people is summed up when asked for."""

    def __init__(self, grids: Iterable[Grid], histograms: Mapping[Measure, Histogram] | None = None) -> None:
        self._grids = {measure: grid for grid in grids for measure in grid.columns}
        self._histograms = histograms or {}
        self._held: dict[tuple[int, ...], tuple[list[Sequence[Any]], object, object]] = {}

    def get(
        self, plan: Plan, span: int = 0, members: Collection[int] | None = None, departments: Collection[int] = ()
    ) -> Part:
        """For an employee `members={id}`; for a department everybody of its sub-tree, and the sub-tree in `departments`
        for entries that name no employee; for the company nothing: all facts, of unknown owners too (semantics 4.6)."""
        top = self._tally(plan.numerator, span, members, departments)
        if plan.numerator_more:
            more = [self._tally(measure, span, members, departments) for measure in plan.numerator_more]
            top = roll_up(Aggregate.SUM, [top, *more])
        if plan.denominator is None:
            return Part(_or_nothing(plan.numerator, top), None, top.facts)
        below = [(measure, self._tally(measure, span, members, departments)) for measure in plan.below]
        facts = sum(tally.facts for _measure, tally in below)
        shared = plan.numerator.scan == plan.denominator.scan
        known = [number for one in below if (number := _or_nothing(*one)) is not None]
        above = _or_nothing(plan.numerator, top)
        if plan.taken_off is not None:
            above = plan.balance(above, self._tally(plan.taken_off, span, members, departments).value)
        lacks = plan.needs_numerator and above is None
        return Part(
            above,
            sum(known) if known and not lacks else None,
            facts if shared else top.facts + facts,
        )

    def of_each(self, plan: Plan, span: int, employees: Sequence[int]) -> list[Part]:
        """What `get` gives of each of these people, in their order."""
        if plan.numerator_more:
            return [self.get(plan, span, (id,)) for id in employees]
        top = self._each(plan.numerator, span, employees)
        over = plan.numerator.over_nothing
        if not plan.below:
            return [Part(over if tally[0] is None else tally[0], None, tally[1]) for tally in top]
        if plan.denominator_more or plan.taken_off or plan.below[0].scan != plan.numerator.scan:
            return [self.get(plan, span, (id,)) for id in employees]
        under = plan.below[0].over_nothing
        return [
            Part(
                over if tally[0] is None else tally[0],
                under if other[0] is None else other[0],
                other[1],
            )
            for tally, other in zip(top, self._each(plan.below[0], span, employees), strict=True)
        ]

    def _each(self, measure: Measure, span: int, employees: Sequence[int]) -> list[tuple[int | None, int]]:
        """(value, facts) of each."""
        if measure.aggregate in BY_NUMBERS:
            return [self._of_one(measure, span, (id, None))[:2] for id in employees]
        grid = self._grids[measure]
        rows, columns = grid.spans[span], grid.columns[measure]
        value, facts = columns.value, columns.facts
        return [_NEITHER if (row := rows.get((id, None))) is None else (row[value], row[facts]) for id in employees]

    def employees(self, span: int = 0) -> frozenset[int]:
        """Everybody who has any fact in the span, in any scan."""
        rows: list[Mapping[Holder, object]] = [grid.spans[span] for grid in self._grids.values()]
        rows += [histogram[span] for histogram in self._histograms.values()]
        return frozenset(employee for row in rows for employee, _department in row if employee is not None)

    def _tally(
        self, measure: Measure, span: int, members: Collection[int] | None, departments: Collection[int]
    ) -> Tally:
        if members is not None and len(members) == 1 and not departments:
            return self._of_one(measure, span, (next(iter(members)), None))
        if measure.aggregate in BY_NUMBERS:
            held = self._histograms[measure][span]
            holders = None if members is None else _holders(members, departments)
            chosen = held.values() if holders is None else (held.get(holder, ()) for holder in holders)
            return _of_numbers(measure, (one for bins in chosen for one in bins))
        grid = self._grids[measure]
        columns, rows = grid.columns[measure], grid.spans[span]
        theirs = rows.values() if members is None else self._rows_of(grid, span, members, departments)
        if measure.aggregate in _UNLIKE_SUMS:
            return roll_up(measure.aggregate, map(columns.read, theirs))
        return _added(columns, theirs)

    def _rows_of(
        self, grid: Grid, span: int, members: Collection[int], departments: Collection[int]
    ) -> Sequence[Sequence[Any]]:
        """Looked for once for all measures. Whose they are is kept, so that no other gets its id."""
        key = id(grid), span, id(members), id(departments)
        if key not in self._held:
            rows = grid.spans[span]
            theirs = [rows[holder] for holder in _holders(members, departments) if holder in rows]
            self._held[key] = theirs, members, departments
        return self._held[key][0]

    def _of_one(self, measure: Measure, span: int, holder: Holder) -> Tally:
        if measure.aggregate in BY_NUMBERS:
            return _of_numbers(measure, self._histograms[measure][span].get(holder, ()))
        grid = self._grids[measure]
        row = grid.spans[span].get(holder)
        return _NOTHING if row is None else grid.columns[measure].read(row)


def _holders(members: Collection[int], departments: Collection[int]) -> list[Holder]:
    return [*((id, None) for id in members), *((None, id) for id in departments)]


_UNLIKE_SUMS = frozenset({Aggregate.MIN, Aggregate.MAX, Aggregate.LAST})


def _added(columns: Columns, rows: Collection[Sequence[Any]]) -> Tally:
    """What `roll_up` gives for counts and sums, without a tally for each of the rows: there are many."""
    value, facts = columns.value, columns.facts
    known = [number for row in rows if (number := row[value]) is not None]
    if not known:
        return _NOTHING
    total = sum(known)
    return Tally(total, total if facts == value else sum([row[facts] for row in rows if row[value] is not None]))


def _or_nothing(measure: Measure, tally: Tally) -> int | None:
    return measure.over_nothing if tally.value is None else tally.value
