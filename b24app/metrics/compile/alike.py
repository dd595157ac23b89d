"""Totals by way of rows that are alike: the same span and owner, the same answers to every test that a measure asks.

A row is asked each test once, whatever the number of measures, and its answers are the bits of one number. What rows
of the same bits come to is then added up for each measure: of a million deals some ten thousand sums.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, case, cast, func, literal_column, select

from b24app.metrics.compile.matching import Condition, Matcher
from b24app.metrics.measures import EVERYTHING, Aggregate, Measure, Where
from b24app.metrics.parts import Columns

MOST_TESTS = 20
"""With more of them few rows are alike."""


@dataclass(frozen=True, slots=True)
class Totals:
    """A grouped statement; its rows are (span, employee[, department], aggregates..)."""

    statement: Select[Any]
    columns: Mapping[Measure, Columns]
    holder_width: int


class Aggregates:
    """The aggregates of a statement behind so many other columns, each different one once."""

    def __init__(self, before: int) -> None:
        self._before = before
        self._made: list[ColumnElement[Any]] = []
        self._places: dict[tuple[Any, ...], int] = {}

    def place(self, key: tuple[Any, ...], aggregate: Any) -> int:
        """Where in a row it stands."""
        if key not in self._places:
            self._places[key] = self._before + len(self._made)
            self._made.append(cast(aggregate, BigInteger))
        return self._places[key]

    def added_to(self, rows: Select[Any], holders: Sequence[ColumnElement[Any]]) -> Select[Any]:
        return rows.add_columns(*self._made).group_by(*holders)


_MERGED: Mapping[Aggregate, Any] = {Aggregate.SUM: func.sum, Aggregate.MIN: func.min, Aggregate.MAX: func.max}
"""What is put together from groups by the same function that made it of rows."""


def totals_of_alike(
    rows: Select[Any], matcher: Matcher, measures: Sequence[Measure], *, fenced: bool = False
) -> Totals | None:
    """`rows` are (span, owner). None where it does not serve: too many tests, or records counted once each.

    `fenced`: PostgreSQL is not to look into the answers when it guesses how many groups there will be. By the columns
    they are made of it expects as many as rows, and sorts all of these instead of counting by a small table.
    """
    tests = _Tests(matcher)
    bits = {measure: tests.bits(tests.parts(measure)) for measure in measures}
    if len(tests) > MOST_TESTS or any(one.aggregate not in (Aggregate.COUNT, *_MERGED) for one in measures):
        return None
    numbers = {_number(measure): f"number_{at}" for at, measure in enumerate(measures) if measure.field is not None}
    values = [matcher.number(field, where).label(name) for (field, where), name in numbers.items()]
    rows = rows.add_columns(tests.answers.label("answers"), *values)
    row = (rows.offset(_whole(0)) if fenced else rows).subquery("fact")
    holders = [row.c.span, row.c.owner, row.c.answers]
    wanted = dict.fromkeys((one.aggregate, numbers[_number(one)]) for one in measures if one.aggregate in _MERGED)
    alike = (
        select(
            *holders,
            func.count().label("facts"),
            *(func.count(row.c[name]).label(f"facts_{name}") for name in numbers.values()),
            *(_MERGED[how](row.c[name]).label(f"{how}_{name}") for how, name in wanted),
        )
        .group_by(*holders)
        .subquery("alike")
    )
    made, columns = Aggregates(2), {}
    for measure in measures:
        passed, name = _all_of(alike.c.answers, bits[measure]), numbers.get(_number(measure))
        facts = f"facts_{name}" if name else "facts"
        counted = made.place((facts, bits[measure]), func.sum(case((passed, alike.c[facts]), else_=_whole(0))))
        columns[measure] = Columns(counted, counted)
        if measure.aggregate in _MERGED:
            value = f"{measure.aggregate}_{name}"
            merged = _MERGED[measure.aggregate](case((passed, alike.c[value])))
            columns[measure] = Columns(made.place((value, bits[measure]), merged), counted)
    of = alike.c.span, alike.c.owner
    return Totals(made.added_to(select(*of), of), columns, 1)


def _number(measure: Measure) -> tuple[str, Where]:
    """What is aggregated: a field, which depends on the conditions where product rows decide about it."""
    return measure.field or "", measure.where if measure.where.by_rows else EVERYTHING


class _Tests:
    """Tests, each with a bit of its own that is set in the `answers` of the rows that pass it."""

    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher
        self._places: dict[Where, int] = {}

    def __len__(self) -> int:
        return len(self._places)

    def parts(self, measure: Measure) -> Iterator[Where]:
        """The parts of a measure's conditions that can be asked one by one."""
        where = measure.where
        if where.by_rows:
            without_row = measure.field == "amount" and where.needs_row  # as `Matcher.numbered` has it
            yield where.apart[0] if without_row else where
            return
        yield from (Where((test,)) for test in where.tests)
        if where.any or where.none:
            yield Where(any=where.any, none=where.none)

    def bits(self, parts: Iterator[Where]) -> int:
        return reduce(int.__or__, (1 << self._places.setdefault(one, len(self._places)) for one in parts), 0)

    @property
    def answers(self) -> ColumnElement[int]:
        each = (case((self._matcher.passes(one), _whole(1 << at)), else_=_whole(0)) for one, at in self._places.items())
        return reduce(add, each, _whole(0))


def _all_of(answers: ColumnElement[int], bits: int) -> Condition:
    return answers.bitwise_and(_whole(bits)) == _whole(bits)


def _whole(number: int) -> ColumnElement[int]:
    return literal_column(str(number))
