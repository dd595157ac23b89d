"""Plans evaluated over stored facts, and the facts behind a number. Stores nothing."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from b24app.lib.db import db
from b24app.lib.errors import Fault, Invalid
from b24app.lib.i18n import gettext as _
from b24app.metrics import compile
from b24app.metrics.rules import Grid, Holder, Measure, Parts, Plan, Scan, Side, sides
from b24app.periods.rules import Span

MOST_MEASURES = 400
"""In one statement: a row of three numbers each must stay below the 1 600 columns of PostgreSQL."""


def evaluate(portal_id: int, plans: Sequence[Plan], spans: Sequence[Span]) -> Parts:
    """What the plans give for every employee in every span, ready to be summed up for departments and the company.

    One grouped statement per entity, date and owner, however many plans, spans and people there are (decision 1). A
    change of one fact asks for everybody in its period, too: the company and the departments are made of them.
    """
    by_scan: dict[Scan, dict[Measure, None]] = defaultdict(dict)
    for plan in plans:
        for measure in plan.measures:
            by_scan[measure.scan][measure] = None
    return Parts(
        _grid(compile.totals(portal_id, scan, some, spans), len(spans))
        for scan, measures in by_scan.items()
        for some in _chunks(tuple(measures))
        if spans
    )


def _chunks(measures: tuple[Measure, ...]) -> Iterator[tuple[Measure, ...]]:
    for start in range(0, len(measures), MOST_MEASURES):
        yield measures[start : start + MOST_MEASURES]


def _grid(totals: compile.Totals, width: int) -> Grid:
    spans: list[dict[Holder, Sequence[Any]]] = [{} for _span in range(width)]
    for row in db.session.execute(totals.statement):
        spans[row[0]][totals.holder(row)] = row
    return Grid(totals.columns, spans)


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
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class FactPage:
    """One page of facts, newest first. `total` counts all of them, `hidden` those of people the viewer may not see."""

    total: int
    hidden: int
    items: tuple[FactRow, ...]
    next_cursor: str | None


def facts_behind(
    portal_id: int,
    plan: Plan,
    span: Span,
    members: Collection[int] | None = None,
    *,
    departments: Collection[int] = (),
    limit: int = 100,
    cursor: str | None = None,
    visible: Collection[int] | None = None,
) -> FactPage:
    """The facts a value is made of (semantics 13): applying `plan.shown_as` to their numbers gives the value again.

    `members` and `departments` as in `Parts.get`; `visible` are the people whose facts the viewer may see (None: all).
    """
    lists = [_List(compile.rows(portal_id, side.measure, span, members, departments), side) for side in sides(plan)]
    return _page(lists, visible, limit, cursor)


def not_counted(
    portal_id: int,
    plan: Plan,
    span: Span,
    members: Collection[int] | None = None,
    *,
    departments: Collection[int] = (),
    limit: int = 100,
    cursor: str | None = None,
    visible: Collection[int] | None = None,
) -> FactPage:
    """The facts that nearly counted, each with the code of its reason (`catalogue.REASONS` has the words)."""
    top = plan.numerator
    lists = [
        _List(
            compile.rows(portal_id, near.measure, span, members, departments, near.among),
            Side("value", near.measure, top.field, top.scale),
            near.reason,
        )
        for near in plan.near
    ]
    return _page(lists, visible, limit, cursor)


@dataclass(frozen=True, slots=True)
class _List:
    """Rows of one kind among those of a page: of one side of a ratio, or with one reason."""

    rows: Any
    side: Side
    reason: str | None = None

    @property
    def scan(self) -> Scan:
        return self.side.measure.scan


def _page(lists: Sequence[_List], visible: Collection[int] | None, limit: int, cursor: str | None) -> FactPage:
    """Reads the lists one after the other, each by keyset from where the cursor left off."""
    total = sum(_count(one.rows) for one in lists)
    seen = [compile.visible_to(one.rows, one.scan, visible) for one in lists]
    hidden = 0 if visible is None else total - sum(map(_count, seen))
    first, after = _read_cursor(cursor)
    items: list[FactRow] = []
    for number in range(first, len(lists)):
        room = limit - len(items)
        rows = db.session.execute(compile.page(seen[number], lists[number].scan, after, room + 1)).all()
        items.extend(_fact(row, lists[number]) for row in rows[:room])
        if len(rows) > room:
            last = items[-1] if room else None
            return FactPage(total, hidden, tuple(items), f"{number}:{last.date}:{last.id}" if last else f"{number}")
        after = None
    return FactPage(total, hidden, tuple(items), None)


def _count(rows: Any) -> int:
    return db.session.scalar(compile.how_many(rows)) or 0


def _read_cursor(cursor: str | None) -> tuple[int, tuple[int, int] | None]:
    """`list` or `list:instant:id`: the list to go on with, and the last row of it that was shown."""
    if cursor is None:
        return 0, None
    try:
        number, *after = map(int, cursor.split(":"))
        if number >= 0 and len(after) in (0, 2):
            return number, (after[0], after[1]) if after else None
    except ValueError:
        pass
    raise Invalid(_("This cursor is not one of ours."), [Fault("cursor", _("This cursor is not one of ours."))])


def _fact(row: Any, one: _List) -> FactRow:
    scan, side = one.scan, one.side
    number = 1 if side.field is None else getattr(row, side.field)
    if number is None and one.reason is None:
        number = 0  # a fact without the number is in a mean all the same
    money = scan.entity == "deal"
    return FactRow(
        entity=scan.entity,
        id=row.id,
        title=_TITLES[scan.entity](row),
        part=side.part,
        number=None if number is None else Fraction(number, side.scale),
        amount=_decimal(row.amount, 2) if money else None,
        amount_original=_decimal(row.amount_original, 6) if money else None,
        currency=row.currency if money else None,
        rate=Decimal(row.rate) if money and row.rate is not None else None,
        date=getattr(row, f"{scan.date}_at"),
        employee_id=getattr(row, f"{scan.owner}_id"),
        reason=one.reason,
    )


_TITLES: Mapping[str, Callable[[Any], str]] = {
    "deal": lambda row: row.title,
    "activity": lambda row: row.subject,
    "entry": lambda row: row.comment or row.code,
}


def _decimal(stored: int | None, places: int) -> Decimal | None:
    return None if stored is None else Decimal(stored).scaleb(-places)
