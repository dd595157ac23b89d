"""The stored rows behind one measure, to be listed and counted."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, func, literal_column, or_, select

from b24app.facts.rules import ENTRY, MOVE
from b24app.lib.db import Int64
from b24app.metrics.compile.ledger import counts, ledger
from b24app.metrics.compile.matching import Condition, Matcher
from b24app.metrics.compile.reading import OWNER, Reading, home, of_entity
from b24app.metrics.measures import Aggregate, Measure
from b24app.metrics.rules import Among
from b24app.periods.rules import Span


@dataclass(frozen=True, slots=True)
class Rows:
    """Stored rows behind a number, each with `fact_at`, `fact_owner_id` and, if asked for, `fact_number`; by `shared`
    also with `fact_share` and `fact_amount`, the person's part."""

    statement: Select[Any]
    moment: ColumnElement[int]
    id: ColumnElement[int]
    owner: ColumnElement[Any]
    of_entries: bool
    is_shared: bool = False

    @property
    def place(self) -> tuple[ColumnElement[Any], ...]:
        """What the rows are in order by, newest first; a divided deal is one row per person."""
        place = self.moment, self.id
        return (*place, func.coalesce(self.owner, literal_column("0", Int64))) if self.is_shared else place

    @property
    def ordered(self) -> Select[Any]:
        return self.statement.order_by(*(column.desc() for column in self.place))

    def page(self, after: tuple[int, ...] | None, limit: int) -> Select[Any]:
        """Those after the place of the last row of the page before."""
        statement = self.ordered
        if after is not None:
            statement = statement.where(_is_behind(self.place, after))
        return statement.limit(limit)

    def visible_to(self, visible: Collection[int] | None) -> "Rows":
        """Only the rows of these owners; entries of departments belong to no person and stay."""
        if visible is None:
            return self
        seen = self.owner.in_(sorted(visible))
        shown = self.statement.where(or_(seen, self.owner.is_(None)) if self.of_entries else seen)
        return replace(self, statement=shown)

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
    record = home(scan.record)
    mine = [*reading.mine((measure,), (span,), among), *_owned(reading, members, departments)]
    moment = reading.moment
    if scan.is_of_moves:
        entered = _entered(reading, mine, measure)
        moment = entered.c.at
        those = record.c.portal_id == portal_id, *of_entity(scan.record)
        statement = select(record).join(entered, entered.c.record_id == record.c.id).where(*those)
        if scan.is_by_field:
            statement = statement.outerjoin(OWNER, reading.matcher.first_value(OWNER, scan.owner))
    elif measure.aggregate in (Aggregate.BALANCE, Aggregate.LAST):
        # The last entry is the last of everybody asked about; a `set` replaces what its own holder had.
        holder = () if measure.aggregate is Aggregate.LAST else ("employee_id", "department")
        source, marks = ledger(reading, mine, (measure,), (span,), holder)
        counted = counts(Matcher(portal_id, now, source.c, ENTRY), measure, marks, replaced=among is Among.REPLACED)
        statement = select(record).join(source, source.c.id == record.c.id).where(counted)
    else:
        counted = counts(reading.matcher, measure, {})
        statement = select(record).select_from(reading.joined(record)).where(*mine, counted)
        if measure.field is not None:  # a fact without the number that is added up is not behind the sum
            number = reading.matcher.number(measure.field, measure.where)
            statement = statement.where(number.is_(None) if among is Among.NUMBERLESS else number.is_not(None))
    shown = [moment.label("fact_at"), reading.owner.label("fact_owner_id")]
    if field is not None:
        shown.append(reading.matcher.number(field, measure.where).label("fact_number"))
    if scan.is_shared:
        shown += [reading.share.label("fact_share"), reading.amount.label("fact_amount")]
    statement = statement.add_columns(*shown)
    return Rows(statement, moment, record.c.id, reading.owner, scan.entity == ENTRY, scan.is_shared)


def _is_behind(place: Sequence[ColumnElement[Any]], after: Sequence[int]) -> Condition:
    """Whether a row comes later in the order: by the first column that differs it is the smaller one."""
    parts = []
    for number, column in enumerate(place):
        same = (one == value for one, value in zip(place[:number], after, strict=False))
        parts.append(and_(*same, column < after[number]))
    return or_(*parts)


def _entered(reading: Reading, mine: Sequence[Condition], measure: Measure) -> FromClause:
    """The records that made the moves, each with its first one."""
    move = home(MOVE)
    return (
        select(move.c.record_id, func.min(move.c.at).label("at"))
        .select_from(reading.joined(move))
        .where(*mine, reading.matcher.passes(measure.where))
        .group_by(move.c.record_id)
        .subquery("entered")
    )


def _owned(reading: Reading, members: Collection[int] | None, departments: Collection[int]) -> Iterator[Condition]:
    """What counts for the members; of entries without an employee also those of the departments."""
    if members is None:
        return
    theirs: Condition = reading.owner.in_(sorted(members))
    if reading.scan.entity == ENTRY:
        ours = home(ENTRY).c.department_id.in_(sorted(departments))
        theirs = or_(theirs, and_(reading.owner.is_(None), ours))
    yield theirs
