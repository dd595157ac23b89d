"""Measures -> SQL: the one place where it is made. The totals of many measures, and the rows behind one.

The statements only COUNT, SUM, MIN, MAX and compare stored integers (architecture, decision 2), so that both databases
give the same numbers; dividing and scaling is `rules.value_of`. Sums are cast because PostgreSQL makes NUMERIC of them.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Table,
    and_,
    case,
    cast,
    column,
    false,
    func,
    not_,
    or_,
    select,
    true,
    values,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from b24app.facts.tables import Activity, Deal, Entry
from b24app.lib.db import Base, Int64
from b24app.metrics.rules import Aggregate, Among, Columns, Holder, Measure, Op, Scan, Test, Where
from b24app.periods.rules import Span

Condition = ColumnElement[bool]
Fields = ReadOnlyColumnCollection[str, ColumnElement[Any]]
Marks = Mapping[Measure, str]
"""The column that holds, for a measure over the ledger, the place of the entry that settles it."""

_TABLES: Mapping[str, Table] = {
    model.__tablename__: Base.metadata.tables[model.__tablename__] for model in (Deal, Activity, Entry)
}
_BEFORE_DATE = {"activity": "kind", "entry": "code"}
"""The column between the portal and the date in the indexes of an entity."""


@dataclass(frozen=True, slots=True)
class Totals:
    """A grouped statement; its rows are (span, employee[, department], aggregates..)."""

    statement: Select[Any]
    columns: Mapping[Measure, Columns]
    holder_width: int

    def holder(self, row: Sequence[Any]) -> Holder:
        return (row[1], row[2] if self.holder_width == 2 else None)


def totals(portal_id: int, scan: Scan, measures: Sequence[Measure], spans: Sequence[Span]) -> Totals:
    """One statement for the totals of many measures of one scan: of every holder in every span.

    The spans are a small inline table, and facts are joined to it by ranges of the indexed date: few spans are few
    ranges of the index, many spans in a row are one pass over it. The range of all of them is said once more in plain
    numbers, which a planner can weigh: a month is read by the index of its date however long the history is.
    """
    mine = (
        *_standing(portal_id, scan, Among.LIVING),
        *_indexed(scan, measures),
        *_within(scan, min(span.start for span in spans), max(span.end for span in spans)),
    )
    if scan.entity == "entry":
        source, marks = _ledger(mine, measures, spans, ("span", "employee_id", "department"))
        fields: Fields = source.c
        holders = [fields["span"], fields["employee_id"], fields["department"]]
        grouped = select(*holders).select_from(source)
    else:
        table, inline, marks = _TABLES[scan.entity], _inline(spans), {}
        fields, moment = table.c, _moment(scan)
        holders = [inline.c.span, _owner(scan)]
        grouped = (
            select(*holders)
            .join_from(inline, table, and_(moment >= inline.c.since, moment < inline.c.until))
            .where(*mine)
        )
    aggregates, columns = _aggregates(fields, measures, marks, len(holders))
    return Totals(grouped.add_columns(*aggregates).group_by(*holders).order_by(*holders), columns, len(holders) - 1)


def rows(
    portal_id: int,
    measure: Measure,
    span: Span,
    members: Collection[int] | None = None,
    departments: Collection[int] = (),
    among: Among = Among.LIVING,
) -> Select[Any]:
    """The stored rows that a measure is made of, for employees and departments or (`members=None`) for the company."""
    scan = measure.scan
    table = _TABLES[scan.entity]
    mine = (
        *_standing(portal_id, scan, among),
        *_owned(scan, members, departments),
        *_indexed(scan, (measure,)),
        *_within(scan, span.start, span.end),
    )
    if measure.aggregate not in (Aggregate.BALANCE, Aggregate.LAST):
        return select(table).where(*mine, _counted(table.c, measure, {}), *_numbered(table.c, measure))
    # The last entry is the last of everybody asked about; a `set` replaces what its own holder had.
    holder = () if measure.aggregate is Aggregate.LAST else ("employee_id", "department")
    source, marks = _ledger(mine, (measure,), (span,), holder)
    return (
        select(table)
        .join(source, source.c.id == table.c.id)
        .where(_counted(source.c, measure, marks, replaced=among is Among.REPLACED))
    )


def page(statement: Select[Any], scan: Scan, after: tuple[int, int] | None, limit: int) -> Select[Any]:
    """Some of the rows, newest first, those after the (instant, id) of the last row of the page before."""
    table = _TABLES[scan.entity]
    moment, id = _moment(scan), table.c.id
    if after is not None:
        statement = statement.where(or_(moment < after[0], and_(moment == after[0], id < after[1])))
    return statement.order_by(moment.desc(), id.desc()).limit(limit)


def visible_to(statement: Select[Any], scan: Scan, visible: Collection[int] | None) -> Select[Any]:
    """Only the rows of these owners; entries of departments belong to no person and stay."""
    if visible is None:
        return statement
    seen = _owner(scan).in_(sorted(visible))
    return statement.where(or_(seen, _owner(scan).is_(None)) if scan.entity == "entry" else seen)


def how_many(statement: Select[Any]) -> Select[Any]:
    return select(func.count()).select_from(statement.subquery())


def _standing(portal_id: int, scan: Scan, among: Among) -> Iterator[Condition]:
    """Rows of the portal that count at all, or those that no longer do (semantics 3.1, 3.6, 14)."""
    fields = _TABLES[scan.entity].c
    gone = among is Among.DELETED
    yield fields["portal_id"] == portal_id
    if scan.entity == "entry":
        yield fields["undone"] == (true() if gone else false())
        yield fields["undoes_id"].is_(None)
        return
    yield fields["deleted_at"].is_not(None) if gone else fields["deleted_at"].is_(None)
    if scan.entity == "deal":
        yield fields["is_recurring"] == false()


def _indexed(scan: Scan, measures: Sequence[Measure]) -> Iterator[Condition]:
    """What the measures say of the column before the date, so that the index serves; nothing if one says nothing."""
    name = _BEFORE_DATE.get(scan.entity)
    named = [[test for test in measure.where.tests if test.field == name and test.op is Op.IN] for measure in measures]
    if name and all(named):
        wanted = sorted({str(value) for tests in named for test in tests for value in test.values})
        yield _TABLES[scan.entity].c[name].in_(wanted)


def _within(scan: Scan, start: int, end: int) -> Iterator[Condition]:
    yield _moment(scan) >= start
    yield _moment(scan) < end


def _owned(scan: Scan, members: Collection[int] | None, departments: Collection[int]) -> Iterator[Condition]:
    """What counts for the members; of entries without an employee also those of the departments."""
    if members is None:
        return
    owner = _owner(scan)
    theirs: Condition = owner.in_(sorted(members))
    if scan.entity == "entry":
        ours = _TABLES["entry"].c.department_id.in_(sorted(departments))
        theirs = or_(theirs, and_(owner.is_(None), ours))
    yield theirs


def _moment(scan: Scan) -> ColumnElement[int]:
    return _TABLES[scan.entity].c[f"{scan.date}_at"]


def _owner(scan: Scan) -> ColumnElement[Any]:
    return _TABLES[scan.entity].c[f"{scan.owner}_id"]


def _inline(spans: Sequence[Span]) -> CTE:
    table = values(column("span", Integer), column("since", Int64), column("until", Int64), name="inline_span")
    return table.data([(number, span.start, span.end) for number, span in enumerate(spans)]).cte("span")


def _condition(fields: Fields, where: Where) -> Condition:
    parts = [_compare(fields[test.field], test) for test in where.tests]
    if where.any:
        parts.append(or_(*(_condition(fields, one) for one in where.any)))
    if where.none:
        # A comparison with an empty column is NULL, which NOT would leave NULL: such a row is not one of the excluded.
        parts.append(not_(func.coalesce(or_(*(_condition(fields, one) for one in where.none)), false())))
    return and_(true(), *parts)


def _compare(field: ColumnElement[Any], test: Test) -> Condition:
    match test.op:
        case Op.IN:
            return field == test.values[0] if len(test.values) == 1 else field.in_(test.values)
        case Op.GT:
            return field > test.values[0]
        case Op.EMPTY:
            return field.is_(None)
        case Op.NOT_EMPTY:
            return field.is_not(None)


def _aggregates(
    fields: Fields, measures: Sequence[Measure], marks: Marks, before: int
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
        counted, mark = _counted(fields, measure, marks), marks.get(measure)
        number = case((counted, 1 if measure.field is None else fields[measure.field]))
        what = (measure.field, measure.where, mark)
        facts = place((Aggregate.COUNT, *what), func.count(number))  # of the facts that have the number
        if measure.aggregate is Aggregate.COUNT:
            columns[measure] = Columns(facts, facts)
            continue
        value = place((measure.aggregate, *what), _FUNCTIONS[measure.aggregate](number))
        at = place(("place", *what), func.max(case((counted, fields["place"])))) if mark else None
        columns[measure] = Columns(value, facts, at)
    return made, columns


_FUNCTIONS: Mapping[Aggregate, Any] = {
    Aggregate.SUM: func.sum,
    Aggregate.BALANCE: func.sum,
    Aggregate.MIN: func.min,
    Aggregate.MAX: func.max,
    Aggregate.LAST: func.max,  # of one row
}


def _numbered(fields: Fields, measure: Measure) -> Iterator[Condition]:
    """A fact without the number that is added up is not behind the sum."""
    if measure.field is not None:
        yield fields[measure.field].is_not(None)


def _counted(fields: Fields, measure: Measure, marks: Marks, replaced: bool = False) -> Condition:
    """Whether a row is one of a measure's facts."""
    condition = _condition(fields, measure.where)
    if measure not in marks:
        return condition
    place, mark = fields["place"], fields[marks[measure]]
    if measure.aggregate is Aggregate.LAST:
        return and_(condition, place == mark)
    return and_(condition, place < mark if replaced else place >= func.coalesce(mark, 0))


def _ledger(
    mine: Sequence[Condition], measures: Sequence[Measure], spans: Sequence[Span], holder: Sequence[str]
) -> tuple[CTE, Marks]:
    """Entries with their place in the ledger, by occurred_at and id, once per span, with the marks of the measures.

    The mark of a balance is the last `set` of a holder in a span, that of `last` the last entry (semantics 4.7). Places
    run through the whole statement, so that marks of different holders can be compared.
    """
    entry = _TABLES["entry"].c
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
    inline, moment = _inline(spans), numbered.c.occurred_at
    within = {**numbered.c, "span": inline.c.span}
    marks: dict[Measure, str] = {}
    columns = []
    for measure in measures:
        if measure.aggregate not in (Aggregate.BALANCE, Aggregate.LAST) or measure in marks:
            continue
        marks[measure] = f"mark_{len(marks)}"
        settling = _condition(numbered.c, measure.where)
        if measure.aggregate is Aggregate.BALANCE:
            settling = and_(settling, numbered.c.kind == "set")
        last = func.max(case((settling, numbered.c.place)))
        columns.append(last.over(partition_by=[within[name] for name in holder] or None).label(marks[measure]))
    joined = and_(moment >= inline.c.since, moment < inline.c.until)
    return select(inline.c.span, *numbered.c, *columns).join_from(inline, numbered, joined).cte("marked"), marks
