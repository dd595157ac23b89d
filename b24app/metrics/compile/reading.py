"""What a statement reads: the stored rows of one scan that may count, whose they are, and when they count."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    Table,
    and_,
    cast,
    column,
    false,
    func,
    literal_column,
    select,
    true,
    union_all,
    values,
)
from sqlalchemy.dialects.postgresql import array

from b24app.facts import records
from b24app.facts.credit.rules import WHOLE
from b24app.facts.held import not_held
from b24app.facts.kinds import declared, kind_of
from b24app.facts.rules import COUNTED, DEAL, ENTRY, MOVE, WAITING
from b24app.facts.tables import Credit, Deal, Entry, FieldValue, StageMove
from b24app.lib.db import Int64
from b24app.metrics.compile.matching import Condition, Fields, Matcher, table
from b24app.metrics.measures import SHARE, Measure, Op, Scan, Test
from b24app.metrics.rules import Among
from b24app.periods.rules import Span

_TABLES = {model.__tablename__: table(model) for model in (Deal, Entry, StageMove)}


def home(entity: str) -> Table:
    """Where the records of an entity are; of some kinds only those rows that `_standing` says."""
    kind = kind_of(entity)
    return records.table_of(kind) if kind else _TABLES[entity]


OWNER, DATE = table(FieldValue).alias("owner_value"), table(FieldValue).alias("date_value")
CREDIT = table(Credit)
FEW_SPANS = 3


def are_adjoining(spans: Sequence[Span], dialect: str) -> bool:
    """Whether there are many and each begins where the one before it ends, on a database that makes use of it."""
    if dialect != "postgresql" or len(spans) <= FEW_SPANS:
        return False
    return all(one.end == following.start for one, following in pairwise(spans))


_BEFORE_DATE = {ENTRY: "code"} | {kind.entity: kind.before_date for kind in declared().values()}
"""The column between the portal and the date in the indexes of an entity."""
_MOVED = {"entered_stage_id": "stage_id", "entered_category_id": "category_id", "entered_kind": "kind"}
"""What a stage move is asked by, beside the columns of its deal."""


class Spanned(NamedTuple):
    """The number of the span a row lies in, where the rows come from, and what else must hold of them."""

    number: ColumnElement[int]
    source: FromClause
    within: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """The stored rows of one scan at an instant: which there are, whose they are, and when they count."""

    portal_id: Any
    scan: Scan
    now: Any

    @property
    def fields(self) -> Fields:
        """The columns conditions are asked of; those of a stage move are its record's, and its own as `entered_`. Of a
        divided deal each row has its part of the amount, and the share."""
        if self.scan.is_shared:
            return {**home(self.scan.entity).c, "amount": self.amount, SHARE: self.share}
        if not self.scan.is_of_moves:
            return home(self.scan.entity).c
        own = home(MOVE).c
        return {**home(self.scan.record).c, **{name: own[field] for name, field in _MOVED.items()}}

    @property
    def start(self) -> Table:
        """Where the dates are, unless a field has them."""
        return home(MOVE if self.scan.is_of_moves else self.scan.entity)

    @property
    def matcher(self) -> Matcher:
        return Matcher(self.portal_id, self.now, self.fields, self.scan.record)

    @property
    def moment(self) -> ColumnElement[int]:
        """The date of a row; the scan's delay is taken off the spans instead, so that its index serves."""
        if self.scan.is_dated_by_field:
            return DATE.c.at
        return home(MOVE).c.at if self.scan.is_of_moves else self.fields[f"{self.scan.date}_at"]

    @property
    def owner(self) -> ColumnElement[Any]:
        if self.scan.is_shared:
            deal = home(self.scan.entity).c
            return func.coalesce(CREDIT.c.employee_id, deal.closed_by_id, deal.responsible_id)
        return OWNER.c.ref if self.scan.is_by_field else self.fields[f"{self.scan.owner}_id"]

    @property
    def amount(self) -> ColumnElement[Any]:
        """A person's part of a divided deal's amount; the whole of any other."""
        return func.coalesce(CREDIT.c.amount, home(self.scan.entity).c.amount)

    @property
    def share(self) -> ColumnElement[Any]:
        return func.coalesce(CREDIT.c.share, literal_column(str(WHOLE), Int64))

    def span(self, span: Span) -> Span:
        delay = self.scan.delay
        return Span(span.start - delay, span.end - delay) if delay else span

    def joined(self, start: FromClause, on: Condition | None = None) -> FromClause:
        """`start` with all that the columns come from."""
        source = self._dated(start, on) if self.scan.is_dated_by_field else start
        if on is not None and not self.scan.is_dated_by_field:
            source = source.join(self.start, on)
        if self.scan.is_of_moves:
            record, move = home(self.scan.record), home(MOVE).c
            same = record.c.portal_id == move.portal_id, record.c.id == move.record_id
            source = source.join(record, and_(*same, *of_entity(self.scan.record)))
        if self.scan.is_by_field:
            source = source.outerjoin(OWNER, self.matcher.first_value(OWNER, self.scan.owner))
        if self.scan.is_shared:
            mine = CREDIT.c.portal_id == self.portal_id, CREDIT.c.deal_id == home(self.scan.entity).c.id
            source = source.outerjoin(CREDIT, and_(*mine))
        return source

    def _dated(self, start: FromClause, on: Condition | None) -> FromClause:
        """With the first value of the field of dates: found by its index first, and then the record, if asked for by
        ranges of it."""
        if on is None:
            return start.join(DATE, self.matcher.first_value(DATE, self.scan.date))
        whose = DATE.c.portal_id == self.portal_id, DATE.c.entity == self.matcher.entity, DATE.c.place == 0
        record = home(self.scan.entity).c
        same = record.portal_id == DATE.c.portal_id, record.id == DATE.c.record_id
        dated = start.join(DATE, and_(*whose, DATE.c.field == self.scan.date, on))
        return dated.join(home(self.scan.entity), and_(*same))

    def spanned(self, spans: Sequence[Span], adjoining: bool = False) -> Spanned:
        """The spans as a small table, and the rows joined to it by ranges of the indexed date. Of many that adjoin each
        other PostgreSQL finds the one a row lies in by itself, in one pass over the rows."""
        asked = [self.span(one) for one in spans]
        if adjoining:
            number = func.width_bucket(self.moment, array([one.start for one in asked]), type_=Integer) - 1
            within = self.moment >= asked[0].start, self.moment < asked[-1].end
            return Spanned(number.label("span"), self.joined(self.start), within)
        inline = spans_inline(asked)
        source = self.joined(inline, and_(self.moment >= inline.c.since, self.moment < inline.c.until))
        return Spanned(inline.c.span, source)

    def mine(
        self, measures: Sequence[Measure], within: Sequence[Span] = (), among: Among = Among.LIVING
    ) -> list[Condition]:
        """Rows of the portal that may count. A single span is said here as well, for the planner to weigh: a month is
        read by the index of its date however long the history is. Of many spans it would take every row of the
        history and then look for its span."""
        found = [*_standing(self.portal_id, self.scan, among), *_indexed(self.scan, measures)]
        for one in within if len(within) == 1 else ():
            span = self.span(one)
            found += [self.moment >= span.start, self.moment < span.end]
        return found


def spans_inline(spans: Sequence[Span]) -> CTE:
    """(span, since, until). A changed record asks for one or a few, said as selects, because SQLAlchemy makes a
    statement with VALUES anew each time it is sent; of many selects a planner expects more than there is."""
    rows = [(number, span.start, span.end) for number, span in enumerate(spans)]
    if len(rows) > FEW_SPANS:
        table = values(column("span", Integer), column("since", Int64), column("until", Int64), name="inline_span")
        return table.data(rows).cte("span")
    each = (
        select(
            literal_column(str(number), Integer).label("span"),
            cast(since, BigInteger).label("since"),
            cast(until, BigInteger).label("until"),
        )
        for number, since, until in rows
    )
    return union_all(*each).cte("span")


def of_entity(entity: str) -> Iterator[Condition]:
    """What tells the records of an entity from others in their table."""
    if kind := kind_of(entity):
        columns = home(entity).c
        yield from (columns[name] == value for name, value in records.fixed(kind).items())


def _standing(portal_id: int, scan: Scan, among: Among) -> Iterator[Condition]:
    """Rows of the portal that count at all, or those that no longer do (semantics 3.1, 3.6, 14)."""
    gone = among is Among.DELETED
    fields = home(scan.record).c
    if scan.is_of_moves:
        yield home(MOVE).c["portal_id"] == portal_id
        yield home(MOVE).c["entity"] == scan.record
    else:
        yield fields["portal_id"] == portal_id
        yield from of_entity(scan.entity)
    if scan.entity == ENTRY:
        yield fields["undone"] == (true() if gone else false())
        yield fields["undoes_id"].is_(None)
        yield not_held(portal_id, fields["import_id"])
        yield fields["state"] == (WAITING if among is Among.WAITING else COUNTED)
        return
    yield fields["deleted_at"].is_not(None) if gone else fields["deleted_at"].is_(None)
    if scan.record == DEAL:
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
        yield home(scan.entity).c[name].in_(wanted)
