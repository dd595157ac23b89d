"""The totals of many measures in one statement, per span and holder of facts.

The statements only COUNT, SUM, MIN, MAX and compare stored integers (architecture, decision 2), so that both databases
give the same numbers; dividing and scaling is `rules.value_of`. Sums are cast because PostgreSQL makes NUMERIC of them.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, bindparam, case, func, select

from b24app.facts.rules import ENTRY
from b24app.lib.db import Int64
from b24app.metrics.compile.alike import Aggregates, Totals, totals_of_alike
from b24app.metrics.compile.ledger import Marks, counts, ledger
from b24app.metrics.compile.matching import Matcher
from b24app.metrics.compile.reading import Reading
from b24app.metrics.measures import Aggregate, Measure, Scan
from b24app.metrics.parts import Columns
from b24app.periods.rules import Span


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
def totals(scan: Scan, measures: tuple[Measure, ...], width: int, adjoining: bool = False) -> Totals:
    """One statement for the totals of many measures of one scan: of every holder in each of so many spans.

    It is made once and sent with its `parameters`: making it takes longer than many a portal's answer.
    """
    spans = _spans(width)
    reading = Reading(_PORTAL, scan, _NOW)
    if scan.entity == ENTRY:
        mine = reading.mine(measures, (_WHOLE,))
        source, marks = ledger(reading, mine, measures, spans, ("span", "employee_id", "department"))
        rows = select(*(source.c[name] for name in ("span", "employee_id", "department"))).select_from(source)
        return _each_by_its_case(rows, Matcher(_PORTAL, _NOW, source.c, ENTRY), measures, marks)
    spanned = reading.spanned(spans, adjoining)
    rows = select(spanned.number, reading.owner.label("owner")).select_from(spanned.source)
    rows = rows.where(*reading.mine(measures, spans), *spanned.within)
    return totals_of_alike(rows, reading.matcher, measures, fenced=adjoining) or _each_by_its_case(
        rows, reading.matcher, measures, {}
    )


@lru_cache(maxsize=512)
def histogram(measure: Measure, width: int, adjoining: bool = False) -> Select[Any]:
    """(span, owner, number, how many facts have it): what a median is taken of. To be sent with its `parameters`."""
    assert measure.field is not None
    reading = Reading(_PORTAL, measure.scan, _NOW)
    spanned = reading.spanned(_spans(width), adjoining)
    number = reading.matcher.number(measure.field, measure.where)
    counted = reading.matcher.passes(measure.where)
    keys = [spanned.number, reading.owner, number]
    return (
        select(*keys, func.count())
        .select_from(spanned.source)
        .where(*reading.mine((measure,), (_WHOLE,)), *spanned.within, counted, number.is_not(None))
        .group_by(*keys)
        .order_by(*keys)
    )


def _each_by_its_case(rows: Select[Any], matcher: Matcher, measures: Sequence[Measure], marks: Marks) -> Totals:
    """Aggregates over the rows themselves, each of a case of its own."""
    holders = tuple(rows.selected_columns)
    made = Aggregates(len(holders))
    columns = {}
    for measure in measures:
        counted, mark = counts(matcher, measure, marks), marks.get(measure)
        what = (measure.field, measure.where, mark)
        if measure.aggregate is Aggregate.DISTINCT:
            records = func.count(case((counted, matcher.fields["id"])).distinct())
            columns[measure] = Columns(*2 * (made.place((measure.aggregate, *what), records),))
            continue
        number = case((counted, 1))
        if measure.field is not None:
            if mark is None:
                counted = matcher.numbered(measure.field, measure.where)
            number = case((counted, matcher.number(measure.field, measure.where)))
        facts = made.place((Aggregate.COUNT, *what), func.count(number))  # of the facts that have the number
        if measure.aggregate is Aggregate.COUNT:
            columns[measure] = Columns(facts, facts)
            continue
        value = made.place((measure.aggregate, *what), _FUNCTIONS[measure.aggregate](number))
        at = made.place(("place", *what), func.max(case((counted, matcher.fields["place"])))) if mark else None
        columns[measure] = Columns(value, facts, at)
    return Totals(made.added_to(rows, holders), columns, len(holders) - 1)


_FUNCTIONS: Mapping[Aggregate, Any] = {
    Aggregate.SUM: func.sum,
    Aggregate.BALANCE: func.sum,
    Aggregate.MIN: func.min,
    Aggregate.MAX: func.max,
    Aggregate.LAST: func.max,  # of one row
}
