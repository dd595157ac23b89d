"""The totals of many measures in one statement, per span and holder of facts.

The statements only COUNT, SUM, MIN, MAX and compare stored integers (architecture, decision 2), so that both databases
give the same numbers; dividing and scaling is `rules.value_of`. Sums are cast because PostgreSQL makes NUMERIC of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, bindparam, case, cast, func, select

from b24app.facts.rules import ENTRY
from b24app.lib.db import Int64
from b24app.metrics.compile.ledger import Marks, counts, ledger
from b24app.metrics.compile.matching import Matcher
from b24app.metrics.compile.reading import Reading
from b24app.metrics.parts import Columns
from b24app.metrics.rules import Aggregate, Measure, Scan
from b24app.periods.rules import Span


@dataclass(frozen=True, slots=True)
class Totals:
    """A grouped statement; its rows are (span, employee[, department], aggregates..)."""

    statement: Select[Any]
    columns: Mapping[Measure, Columns]
    holder_width: int


def _open(name: str) -> Any:
    """A number that is said when the statement is sent: see `parameters`."""
    return bindparam(name, type_=Int64)


_PORTAL, _NOW = _open("portal"), _open("now")
_WHOLE = Span(_open("first"), _open("last"))


def _spans(width: int) -> list[Span]:
    return [Span(_open(f"since_{number}"), _open(f"until_{number}")) for number in range(width)]


def parameters(portal_id: int, spans: Sequence[Span], now: int) -> dict[str, int]:
    """What `totals` and `histogram` leave open: whose facts, of which spans, seen when."""
    first, last = min(span.start for span in spans), max(span.end for span in spans)
    named = {"portal": portal_id, "now": now, "first": first, "last": last}
    for number, span in enumerate(spans):
        named[f"since_{number}"], named[f"until_{number}"] = span.start, span.end
    return named


@lru_cache(maxsize=512)
def totals(scan: Scan, measures: tuple[Measure, ...], width: int) -> Totals:
    """One statement for the totals of many measures of one scan: of every holder in each of so many spans.

    It is made once and sent with its `parameters`: making it takes longer than many a portal's answer.
    """
    spans = _spans(width)
    reading = Reading(_PORTAL, scan, _NOW)
    mine = reading.mine(measures, _WHOLE)
    if scan.entity == ENTRY:
        source, marks = ledger(reading, mine, measures, spans, ("span", "employee_id", "department"))
        matcher = Matcher(_PORTAL, _NOW, source.c)
        holders: list[ColumnElement[Any]] = [source.c["span"], source.c["employee_id"], source.c["department"]]
        grouped = select(*holders).select_from(source)
    else:
        (inline, joined), marks, matcher = reading.spanned(spans), {}, reading.matcher
        holders = [inline.c.span, reading.owner]
        grouped = select(*holders).select_from(joined).where(*mine)
    aggregates, columns = _aggregates(matcher, measures, marks, len(holders))
    return Totals(grouped.add_columns(*aggregates).group_by(*holders).order_by(*holders), columns, len(holders) - 1)


@lru_cache(maxsize=512)
def histogram(measure: Measure, width: int) -> Select[Any]:
    """(span, owner, number, how many facts have it): what a median is taken of. To be sent with its `parameters`."""
    assert measure.field is not None
    reading = Reading(_PORTAL, measure.scan, _NOW)
    inline, joined = reading.spanned(_spans(width))
    number = reading.matcher.number(measure.field, measure.where)
    counted = reading.matcher.passes(measure.where)
    keys = [inline.c.span, reading.owner, number]
    return (
        select(*keys, func.count())
        .select_from(joined)
        .where(*reading.mine((measure,), _WHOLE), counted, number.is_not(None))
        .group_by(*keys)
        .order_by(*keys)
    )


def _aggregates(
    matcher: Matcher, measures: Sequence[Measure], marks: Marks, before: int
) -> tuple[list[ColumnElement[Any]], dict[Measure, Columns]]:
    """The aggregate columns of all measures, each different one once, and where each measure finds its own."""
    made: list[ColumnElement[Any]] = []
    places: dict[tuple[Any, ...], int] = {}

    def place(key: tuple[Any, ...], aggregate: Any) -> int:
        if key not in places:
            places[key] = before + len(made)
            made.append(cast(aggregate, BigInteger))
        return places[key]

    columns = {}
    for measure in measures:
        counted, mark = counts(matcher, measure, marks), marks.get(measure)
        what = (measure.field, measure.where, mark)
        if measure.aggregate is Aggregate.DISTINCT:
            records = func.count(case((counted, matcher.fields["id"])).distinct())
            columns[measure] = Columns(*2 * (place((measure.aggregate, *what), records),))
            continue
        number = case((counted, 1))
        if measure.field is not None:
            if mark is None:
                counted = matcher.numbered(measure.field, measure.where)
            number = case((counted, matcher.number(measure.field, measure.where)))
        facts = place((Aggregate.COUNT, *what), func.count(number))  # of the facts that have the number
        if measure.aggregate is Aggregate.COUNT:
            columns[measure] = Columns(facts, facts)
            continue
        value = place((measure.aggregate, *what), _FUNCTIONS[measure.aggregate](number))
        at = place(("place", *what), func.max(case((counted, matcher.fields["place"])))) if mark else None
        columns[measure] = Columns(value, facts, at)
    return made, columns


_FUNCTIONS: Mapping[Aggregate, Any] = {
    Aggregate.SUM: func.sum,
    Aggregate.BALANCE: func.sum,
    Aggregate.MIN: func.min,
    Aggregate.MAX: func.max,
    Aggregate.LAST: func.max,  # of one row
}
