"""The ledger of entries as a statement reads it, with their places and what settles balances (semantics 4.7)."""

from collections.abc import Mapping, Sequence

from sqlalchemy import CTE, and_, case, func, select

from b24app.facts.rules import ENTRY
from b24app.metrics.compile.matching import Condition, Matcher
from b24app.metrics.compile.reading import Reading, home, spans_inline
from b24app.metrics.measures import Aggregate, Measure
from b24app.periods.rules import Span

Marks = Mapping[Measure, str]
"""The column that holds, for a measure over the ledger, the place of the entry that settles it."""


def ledger(
    reading: Reading,
    mine: Sequence[Condition],
    measures: Sequence[Measure],
    spans: Sequence[Span],
    holder: Sequence[str],
) -> tuple[CTE, Marks]:
    """Entries with their place in the ledger, by occurred_at and id, once per span, with the marks of the measures.

    The mark of a balance is the last `set` of a holder in a span, that of `last` the last entry (semantics 4.7). Places
    run through the whole statement, so that marks of different holders can be compared.
    """
    entry = home(ENTRY).c
    place = func.row_number().over(order_by=(entry.occurred_at, entry.id))
    department = case((entry.employee_id.is_(None), entry.department_id))
    numbered = (
        select(
            *(entry[name] for name in ("id", "code", "kind", "value", "occurred_at", "source_id", "employee_id")),
            department.label("department"),
            place.label("place"),
        )
        .where(*mine)
        .cte("numbered")
    )
    matcher = Matcher(reading.portal_id, reading.now, numbered.c, ENTRY)
    inline, moment = spans_inline(spans), numbered.c.occurred_at
    within = {**numbered.c, "span": inline.c.span}
    marks: dict[Measure, str] = {}
    columns = []
    for measure in measures:
        if measure.aggregate not in (Aggregate.BALANCE, Aggregate.LAST) or measure in marks:
            continue
        marks[measure] = f"mark_{len(marks)}"
        settling = matcher.passes(measure.where)
        if measure.aggregate is Aggregate.BALANCE:
            settling = and_(settling, numbered.c.kind == "set")
        last = func.max(case((settling, numbered.c.place)))
        columns.append(last.over(partition_by=[within[name] for name in holder] or None).label(marks[measure]))
    joined = and_(moment >= inline.c.since, moment < inline.c.until)
    return select(inline.c.span, *numbered.c, *columns).join_from(inline, numbered, joined).cte("marked"), marks


def counts(matcher: Matcher, measure: Measure, marks: Marks, replaced: bool = False) -> Condition:
    """Whether a row is one of a measure's facts."""
    condition = matcher.passes(measure.where)
    if measure not in marks:
        return condition
    place, mark = matcher.fields["place"], matcher.fields[marks[measure]]
    if measure.aggregate is Aggregate.LAST:
        return and_(condition, place == mark)
    return and_(condition, place < mark if replaced else place >= func.coalesce(mark, 0))
