"""Plans evaluated over stored facts, and the facts behind a number. Stores nothing."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import Select

from b24app.facts.credit.rules import WHOLE
from b24app.facts.kinds import kind_of
from b24app.facts.requests.rules import REQUEST
from b24app.facts.rules import DEAL, ENTRY
from b24app.lib.db import db
from b24app.lib.errors import Fault, Invalid
from b24app.lib.i18n import gettext as _
from b24app.metrics import compile
from b24app.metrics.measures import BY_NUMBERS, Measure, Scan
from b24app.metrics.parts import Grid, Histogram, Holder, Parts
from b24app.metrics.rules import Among, AnyPlan, Near, Plan, Side, sides
from b24app.periods.rules import Span

MOST_MEASURES = 400
"""In one statement: a row of three numbers each must stay below the 1 600 columns of PostgreSQL."""


def evaluate(portal_id: int, plans: Sequence[Plan], spans: Sequence[Span], now: int) -> Parts:
    """What the plans give for every employee in every span, ready to be summed up for departments and the company.

    One grouped statement per entity, date and owner, however many plans, spans and people there are (decision 1), and
    one per median or count of different numbers. A change of one fact asks for everybody in its period, too: the
    company and the departments are made of them. `now` is the present in epoch seconds, which some conditions depend
    on.
    """
    by_scan: dict[Scan, dict[Measure, None]] = defaultdict(dict)
    by_numbers: dict[Measure, None] = {}
    for plan in plans:
        for measure in plan.measures:
            (by_numbers if measure.aggregate in BY_NUMBERS else by_scan[measure.scan])[measure] = None
    parameters = compile.parameters(portal_id, spans, now) if spans else {}
    shape = len(spans), compile.are_adjoining(spans, db.engine.dialect.name)
    return Parts(
        (
            _grid(compile.totals(scan, some, *shape), len(spans), parameters)
            for scan, measures in by_scan.items()
            for some in _chunks(tuple(measures))
            if spans
        ),
        {
            measure: _histogram(compile.histogram(measure, *shape), len(spans), parameters)
            for measure in by_numbers
            if spans
        },
    )


def _chunks(measures: tuple[Measure, ...]) -> Iterator[tuple[Measure, ...]]:
    for start in range(0, len(measures), MOST_MEASURES):
        yield measures[start : start + MOST_MEASURES]


def _grid(totals: compile.Totals, width: int, parameters: Mapping[str, int]) -> Grid:
    spans: list[dict[Holder, Sequence[Any]]] = [{} for _span in range(width)]
    of_departments = totals.holder_width == 2
    for row in map(tuple, db.session.execute(totals.statement, parameters).all()):
        spans[row[0]][row[1], row[2] if of_departments else None] = row
    return Grid(totals.columns, spans)


def _histogram(statement: Select[Any], width: int, parameters: Mapping[str, int]) -> Histogram:
    found: list[dict[Holder, list[tuple[int, int]]]] = [defaultdict(list) for _span in range(width)]
    for span, owner, number, times in db.session.execute(statement, parameters):
        found[span][owner, None].append((number, times))
    return found


@dataclass(frozen=True, slots=True)
class FactRow:
    """A fact behind a number, or one that nearly counted (`reason`). `number` is what was aggregated, in plan units."""

    entity: str
    id: int
    title: str
    part: str
    number: Fraction | None
    amount: Decimal | None
    amount_original: Decimal | None
    currency: str | None
    rate: Decimal | None
    date: int
    employee_id: int | None
    share: Fraction = Fraction(1)
    """What part of the record counts for the employee; `amount` is that part of `amount_whole`, the record's own."""
    amount_whole: Decimal | None = None
    reason: str | None = None
    made_of: tuple[str, int] | None = None
    """The record of the portal that it was made of, where it is none itself."""

    @property
    def is_part(self) -> bool:
        return self.share != 1

    def place(self, scan: Scan) -> tuple[int, ...]:
        """Where it stands in its list, as `compile.Rows.place` has it."""
        place = self.date, self.id
        return (*place, self.employee_id or 0) if scan.is_shared else place


@dataclass(frozen=True, slots=True)
class FactPage:
    """One page of facts, newest first. `total` counts all of them, `hidden` those of people the viewer may not see."""

    total: int
    hidden: int
    items: tuple[FactRow, ...]
    next_cursor: str | None
    of_lock: bool = False
    """Whether they are as they were counted when the period was locked."""


def facts_behind(
    portal_id: int,
    plan: AnyPlan,
    span: Span,
    members: Collection[int] | None = None,
    *,
    now: int,
    departments: Collection[int] = (),
    limit: int = 100,
    cursor: str | None = None,
    visible: Collection[int] | None = None,
) -> FactPage:
    """The facts a value is made of (semantics 13): applying `plan.shown_as` to their numbers gives the value again.

    `members` and `departments` as in `Parts.get`; `visible` are the people whose facts the viewer may see (None: all).
    """
    lists = [_list(portal_id, side, span, now, members, departments) for side in sides(plan)]
    return _page(lists, visible, limit, cursor)


def not_counted(
    portal_id: int,
    plan: AnyPlan,
    span: Span,
    members: Collection[int] | None = None,
    *,
    now: int,
    departments: Collection[int] = (),
    limit: int = 100,
    cursor: str | None = None,
    visible: Collection[int] | None = None,
) -> FactPage:
    """The facts that nearly counted, each with the code of its reason (`catalogue.REASONS` has the words)."""
    nears = dict.fromkeys((_side(near, leaf.numerator), near) for leaf in plan.leaves for near in leaf.near)
    lists = [_list(portal_id, side, span, now, members, departments, near.among, near.reason) for side, near in nears]
    return _page(lists, visible, limit, cursor)


def _side(near: Near, top: Measure) -> Side:
    """Each fact with what would have been aggregated, where facts of this kind have it."""
    shown = top if near.measure.scan.entity == top.scan.entity else near.measure
    return Side("value", near.measure, shown.field, shown.scale)


@dataclass(frozen=True, slots=True)
class _List:
    """Rows of one kind among those of a page: of one side of a ratio, or with one reason."""

    rows: compile.Rows
    side: Side
    reason: str | None

    @property
    def scan(self) -> Scan:
        return self.side.measure.scan


def _list(
    portal_id: int,
    side: Side,
    span: Span,
    now: int,
    members: Collection[int] | None,
    departments: Collection[int],
    among: Among = Among.LIVING,
    reason: str | None = None,
) -> _List:
    rows = compile.rows(portal_id, side.measure, span, now, members, departments, among, side.field)
    return _List(rows, side, reason)


def _page(lists: Sequence[_List], visible: Collection[int] | None, limit: int, cursor: str | None) -> FactPage:
    """Reads the lists one after the other, each by keyset from where the cursor left off."""
    total = sum(_count(one.rows) for one in lists)
    seen = [one.rows.visible_to(visible) for one in lists]
    hidden = 0 if visible is None else total - sum(map(_count, seen))
    first, after = read_cursor(cursor, [one.scan.place_width for one in lists])
    items: list[FactRow] = []
    for number in range(first, len(lists)):
        room = limit - len(items)
        delay = lists[number].scan.delay
        start = (after[0] - delay, *after[1:]) if after else None
        rows = db.session.execute(seen[number].page(start, room + 1)).all()
        items.extend(fact(row, lists[number].side, lists[number].reason) for row in rows[:room])
        if len(rows) > room:
            place = items[-1].place(lists[number].scan) if room else ()
            return FactPage(total, hidden, tuple(items), written_cursor(number, place))
        after = None
    return FactPage(total, hidden, tuple(items), None)


def _count(rows: compile.Rows) -> int:
    return db.session.scalar(rows.count) or 0


def written_cursor(number: int, place: tuple[int, ...]) -> str:
    return ":".join(map(str, (number, *place)))


def read_cursor(cursor: str | None, widths: Sequence[int]) -> tuple[int, tuple[int, ...] | None]:
    """`list`, `list:instant:id` or, of divided deals, `list:instant:id:person`: the list to go on with, and the last
    row of it that was shown."""
    if cursor is None:
        return 0, None
    try:
        number, *after = map(int, cursor.split(":"))
        if number >= 0 and (not after or len(after) == widths[number]):
            return number, tuple(after) or None
    except (ValueError, IndexError):
        pass
    raise Invalid(_("This cursor is not one of ours."), [Fault("cursor", _("This cursor is not one of ours."))])


def fact(row: Any, side: Side, reason: str | None = None) -> FactRow:
    """A row of `compile.rows` as people read it."""
    scan = side.measure.scan
    entity = scan.record
    number = 1 if side.field is None else row.fact_number
    if number is None and reason is None:
        number = 0  # a fact without the number is in a mean all the same
    kind = kind_of(entity)
    money = kind.is_priced if kind else entity == DEAL
    amount = row.fact_amount if scan.is_shared else row.amount if money else None
    return FactRow(
        entity=entity,
        id=row.id,
        title=getattr(row, kind.title) if kind else _TITLES[entity](row),
        part=side.part,
        number=None if number is None else Fraction(number, side.scale),
        amount=_decimal(amount, 2),
        amount_whole=_decimal(row.amount, 2) if money else None,
        amount_original=_decimal(row.amount_original, 6) if money else None,
        currency=row.currency if money else None,
        rate=Decimal(row.rate) if money and row.rate is not None else None,
        date=row.fact_at + scan.delay,
        employee_id=row.fact_owner_id,
        share=Fraction(row.fact_share, WHOLE) if scan.is_shared else Fraction(1),
        reason=reason,
        made_of=(row.entity, row.record_id) if entity == REQUEST else None,
    )


_TITLES: Mapping[str, Callable[[Any], str]] = {
    DEAL: lambda row: row.title,
    ENTRY: lambda row: row.comment or row.code,
}


def _decimal(stored: int | None, places: int) -> Decimal | None:
    return None if stored is None else Decimal(stored).scaleb(-places)
