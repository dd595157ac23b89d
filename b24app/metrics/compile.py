"""Measures -> SQL: the one place where it is made. The totals of many measures, and the rows behind one.

The statements only COUNT, SUM, MIN, MAX and compare stored integers (architecture, decision 2), so that both databases
give the same numbers; dividing and scaling is `rules.value_of`. Sums are cast because PostgreSQL makes NUMERIC of them.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    cast,
    column,
    false,
    func,
    or_,
    select,
    true,
    values,
)

from b24app.facts.rules import DEAL, ENTRY, MOVE
from b24app.facts.tables import Activity, Deal, Entry, FieldValue, StageMove
from b24app.lib.db import Int64
from b24app.metrics.matching import Condition, Fields, Matcher, table
from b24app.metrics.parts import Columns
from b24app.metrics.rules import Aggregate, Among, Measure, Op, Scan, Test
from b24app.periods.rules import Span

Marks = Mapping[Measure, str]
"""The column that holds, for a measure over the ledger, the place of the entry that settles it."""

_TABLES = {model.__tablename__: table(model) for model in (Deal, Activity, Entry, StageMove)}
_BEFORE_DATE = {"activity": "kind", "entry": "code"}
"""The column between the portal and the date in the indexes of an entity."""
_MOVED = {"entered_stage_id": "stage_id", "entered_category_id": "category_id", "entered_kind": "kind"}
"""What a stage move is asked by, beside the columns of its deal."""


@dataclass(frozen=True, slots=True)
class Totals:
    """A grouped statement; its rows are (span, employee[, department], aggregates..)."""

    statement: Select[Any]
    columns: Mapping[Measure, Columns]
    holder_width: int


@dataclass(frozen=True, slots=True)
class Reading:
    """The stored rows of one scan at an instant: which there are, whose they are, and when they count."""

    portal_id: Any
    scan: Scan
    now: Any

    @property
    def fields(self) -> Fields:
        """The columns conditions are asked of; those of a stage move are its deal's, and its own as `entered_`."""
        if self.scan.entity != MOVE:
            return _TABLES[self.scan.entity].c
        own = _TABLES[MOVE].c
        return {**_TABLES[DEAL].c, **{name: own[field] for name, field in _MOVED.items()}}

    @property
    def matcher(self) -> Matcher:
        return Matcher(self.portal_id, self.now, self.fields)

    @property
    def moment(self) -> ColumnElement[int]:
        """The date of a row; the scan's delay is taken off the spans instead, so that its index serves."""
        return _TABLES[MOVE].c.at if self.scan.entity == MOVE else self.fields[f"{self.scan.date}_at"]

    @property
    def owner(self) -> ColumnElement[Any]:
        return _OWNER.c.ref if self.scan.is_by_field else self.fields[f"{self.scan.owner}_id"]

    def span(self, span: Span) -> Span:
        delay = self.scan.delay
        return Span(span.start - delay, span.end - delay) if delay else span

    def joined(self, start: FromClause, on: Condition | None = None) -> FromClause:
        """`start` with all that the columns come from."""
        source = start
        if on is not None:
            source = source.join(_TABLES[self.scan.entity], on)
        if self.scan.entity == MOVE:
            deal, move = _TABLES[DEAL].c, _TABLES[MOVE].c
            source = source.join(_TABLES[DEAL], and_(deal.portal_id == move.portal_id, deal.id == move.record_id))
        if self.scan.is_by_field:
            source = source.outerjoin(_OWNER, self.matcher.owner_value(_OWNER, self.scan.owner))
        return source

    def spanned(self, spans: Sequence[Span]) -> tuple[CTE, FromClause]:
        """The spans as a small table, and the rows joined to it by ranges of the indexed date: few spans are few
        ranges of the index, many spans in a row are one pass over it."""
        inline = _inline([self.span(one) for one in spans])
        return inline, self.joined(inline, and_(self.moment >= inline.c.since, self.moment < inline.c.until))

    def mine(self, measures: Sequence[Measure], whole: Span, among: Among = Among.LIVING) -> list[Condition]:
        """Rows of the portal that may count. The range of all spans is said once more by itself, for the planner to
        weigh: a month is read by the index of its date however long the history is."""
        within = self.span(whole)
        return [
            *_standing(self.portal_id, self.scan, among),
            *_indexed(self.scan, measures),
            self.moment >= within.start,
            self.moment < within.end,
        ]


_OWNER = table(FieldValue).alias("owner_value")


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
        source, marks = _ledger(reading, mine, measures, spans, ("span", "employee_id", "department"))
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


@dataclass(frozen=True, slots=True)
class Rows:
    """Stored rows behind a number, each with `fact_at`, `fact_owner_id` and, if asked for, `fact_number`."""

    statement: Select[Any]
    moment: ColumnElement[int]
    id: ColumnElement[int]
    owner: ColumnElement[Any]
    of_entries: bool

    def page(self, after: tuple[int, int] | None, limit: int) -> Select[Any]:
        """Newest first, those after the (instant, id) of the last row of the page before."""
        statement, moment, id = self.statement, self.moment, self.id
        if after is not None:
            statement = statement.where(or_(moment < after[0], and_(moment == after[0], id < after[1])))
        return statement.order_by(moment.desc(), id.desc()).limit(limit)

    def visible_to(self, visible: Collection[int] | None) -> "Rows":
        """Only the rows of these owners; entries of departments belong to no person and stay."""
        if visible is None:
            return self
        seen = self.owner.in_(sorted(visible))
        shown = self.statement.where(or_(seen, self.owner.is_(None)) if self.of_entries else seen)
        return Rows(shown, self.moment, self.id, self.owner, self.of_entries)

    @property
    def count(self) -> Select[Any]:
        return select(func.count()).select_from(self.statement.subquery())


def rows(
    portal_id: int,
    measure: Measure,
    span: Span,
    now: int,
    members: Collection[int] | None = None,
    departments: Collection[int] = (),
    among: Among = Among.LIVING,
    field: str | None = None,
) -> Rows:
    """The stored rows that a measure is made of, for employees and departments or (`members=None`) for the company.

    `field` is the number to show of each; None shows none.
    """
    scan = measure.scan
    reading = Reading(portal_id, scan, now)
    home = _TABLES[DEAL if scan.entity == MOVE else scan.entity]
    mine = [*reading.mine((measure,), span, among), *_owned(reading, members, departments)]
    moment = reading.moment
    if scan.entity == MOVE:
        entered = _entered(reading, mine, measure)
        moment = entered.c.at
        statement = select(home).join(entered, entered.c.record_id == home.c.id).where(home.c.portal_id == portal_id)
        if scan.is_by_field:
            statement = statement.outerjoin(_OWNER, reading.matcher.owner_value(_OWNER, scan.owner))
    elif measure.aggregate in (Aggregate.BALANCE, Aggregate.LAST):
        # The last entry is the last of everybody asked about; a `set` replaces what its own holder had.
        holder = () if measure.aggregate is Aggregate.LAST else ("employee_id", "department")
        source, marks = _ledger(reading, mine, (measure,), (span,), holder)
        counted = _counted(Matcher(portal_id, now, source.c), measure, marks, replaced=among is Among.REPLACED)
        statement = select(home).join(source, source.c.id == home.c.id).where(counted)
    else:
        counted = _counted(reading.matcher, measure, {})
        statement = select(home).select_from(reading.joined(home)).where(*mine, counted)
        if measure.field is not None:  # a fact without the number that is added up is not behind the sum
            number = reading.matcher.number(measure.field, measure.where)
            statement = statement.where(number.is_(None) if among is Among.NUMBERLESS else number.is_not(None))
    shown = [moment.label("fact_at"), reading.owner.label("fact_owner_id")]
    if field is not None:
        shown.append(reading.matcher.number(field, measure.where).label("fact_number"))
    return Rows(statement.add_columns(*shown), moment, home.c.id, reading.owner, scan.entity == ENTRY)


def _entered(reading: Reading, mine: Sequence[Condition], measure: Measure) -> FromClause:
    """The deals that made the moves, each with its first one."""
    move = _TABLES[MOVE]
    return (
        select(move.c.record_id, func.min(move.c.at).label("at"))
        .select_from(reading.joined(move))
        .where(*mine, reading.matcher.passes(measure.where))
        .group_by(move.c.record_id)
        .subquery("entered")
    )


def _standing(portal_id: int, scan: Scan, among: Among) -> Iterator[Condition]:
    """Rows of the portal that count at all, or those that no longer do (semantics 3.1, 3.6, 14)."""
    fields = _TABLES[scan.entity].c
    gone = among is Among.DELETED
    yield fields["portal_id"] == portal_id
    if scan.entity == ENTRY:
        yield fields["undone"] == (true() if gone else false())
        yield fields["undoes_id"].is_(None)
        return
    if scan.entity == MOVE:
        yield fields["entity"] == DEAL
        fields = _TABLES[DEAL].c
    yield fields["deleted_at"].is_not(None) if gone else fields["deleted_at"].is_(None)
    if scan.entity in (DEAL, MOVE):
        yield fields["is_recurring"] == false()


def _indexed(scan: Scan, measures: Sequence[Measure]) -> Iterator[Condition]:
    """What the measures say of the column before the date, so that the index serves; nothing if one says nothing."""
    name = _BEFORE_DATE.get(scan.entity)
    named = [
        [test for test in measure.where.tests if isinstance(test, Test) and test.field == name and test.op is Op.IN]
        for measure in measures
    ]
    if name and all(named):
        wanted = sorted({str(value) for tests in named for test in tests for value in test.values})
        yield _TABLES[scan.entity].c[name].in_(wanted)


def _owned(reading: Reading, members: Collection[int] | None, departments: Collection[int]) -> Iterator[Condition]:
    """What counts for the members; of entries without an employee also those of the departments."""
    if members is None:
        return
    theirs: Condition = reading.owner.in_(sorted(members))
    if reading.scan.entity == ENTRY:
        ours = _TABLES[ENTRY].c.department_id.in_(sorted(departments))
        theirs = or_(theirs, and_(reading.owner.is_(None), ours))
    yield theirs


def _inline(spans: Sequence[Span]) -> CTE:
    table = values(column("span", Integer), column("since", Int64), column("until", Int64), name="inline_span")
    return table.data([(number, span.start, span.end) for number, span in enumerate(spans)]).cte("span")


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
        counted, mark = _counted(matcher, measure, marks), marks.get(measure)
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


def _counted(matcher: Matcher, measure: Measure, marks: Marks, replaced: bool = False) -> Condition:
    """Whether a row is one of a measure's facts."""
    condition = matcher.passes(measure.where)
    if measure not in marks:
        return condition
    place, mark = matcher.fields["place"], matcher.fields[marks[measure]]
    if measure.aggregate is Aggregate.LAST:
        return and_(condition, place == mark)
    return and_(condition, place < mark if replaced else place >= func.coalesce(mark, 0))


def _ledger(
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
    entry = _TABLES[ENTRY].c
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
    matcher = Matcher(reading.portal_id, reading.now, numbered.c)
    inline, moment = _inline(spans), numbered.c.occurred_at
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
