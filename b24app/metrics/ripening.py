"""Numbers that change because time passed: which deals became stale, whose days are over, what is past its deadline,
and where they count.

Everything else changes with a fact, and its cells come from `facts.operations`.
"""

from collections.abc import Collection, Iterable, Iterator

from sqlalchemy import ColumnElement, and_, false, or_, select

from b24app.facts import deals, records
from b24app.facts.cells import cells, record_cells
from b24app.facts.kinds import Kind, kind_of
from b24app.facts.rules import DEAL, OPEN, Cell
from b24app.facts.tables import Deal
from b24app.lib.db import db
from b24app.lib.storage import chunks
from b24app.metrics.measures import Op, Test
from b24app.metrics.rules import Plan


def ripened(portal_id: int, ripenings: Collection[tuple[str, str, int]], since: int, until: int) -> frozenset[Cell]:
    """The cells of the records whose instants (`needs.ripening`) lie after `since`, up to and with `until`."""
    found: set[Cell] = set()
    for entity in sorted({entity for entity, _date, _seconds in ripenings}):
        if kind := kind_of(entity):
            theirs = [(date, seconds) for one, date, seconds in sorted(ripenings) if one == entity]
            found.update(_cells_of_kind(portal_id, kind, theirs, since, until))
    return _ripened_deals(portal_id, ripenings, since, until) | found


def _cells_of_kind(
    portal_id: int, kind: Kind, dates: Iterable[tuple[str, int]], since: int, until: int
) -> Iterator[Cell]:
    """Of simple records: a deadline that has passed, or whatever else they ripen by."""
    columns = records.table_of(kind).c
    due = [
        and_(columns[f"{date}_at"] > since - seconds, columns[f"{date}_at"] <= until - seconds)
        for date, seconds in dates
    ]
    mine = [*records.of_kind(portal_id, kind), columns.deleted_at.is_(None), or_(*due)]
    for ids in chunks(db.session.scalars(select(columns.id).where(*mine))):
        for fact in records.load(portal_id, kind, ids).values():
            yield from record_cells(kind, fact)


def _ripened_deals(
    portal_id: int, ripenings: Collection[tuple[str, str, int]], since: int, until: int
) -> frozenset[Cell]:
    due = [
        and_(column > since - seconds, column <= until - seconds, _may_ripen(date))
        for entity, date, seconds in sorted(ripenings)
        if entity == DEAL
        for column in (getattr(Deal, f"{date}_at"),)
    ]
    return frozenset(_cells(portal_id, or_(*due))) if due else frozenset()


def also_touched(portal_id: int, plans: Iterable[Plan], known: Collection[Cell]) -> frozenset[Cell]:
    """Where deals count by other dates whose last change moved: while they are stale, some plans count them lost by
    their creation, and a change of `updated` alone names only its own cells."""
    if not any(_judges_by_another_date(plan) for plan in plans):
        return frozenset()
    moved = {cell.record_id for cell in known if cell.entity == DEAL and cell.date == "updated" and cell.record_id}
    return frozenset(cell for ids in chunks(moved) for cell in _cells(portal_id, Deal.id.in_(ids)))


def _judges_by_another_date(plan: Plan) -> bool:
    return any(
        isinstance(test, Test) and test.op is Op.OLDER and test.field == "updated_at" and measure.scan.date != "updated"
        for measure in plan.measures
        for test in measure.where.leaves
    )


def _may_ripen(date: str) -> ColumnElement[bool]:
    """Only open deals become stale; any deal has its days over."""
    return Deal.semantic == OPEN if date == "updated" else Deal.created_at.is_not(None)


def _cells(portal_id: int, chosen: ColumnElement[bool]) -> Iterator[Cell]:
    """Every date of the chosen deals, for every owner."""
    mine = and_(Deal.portal_id == portal_id, Deal.deleted_at.is_(None), Deal.is_recurring == false(), chosen)
    for ids in chunks(db.session.scalars(select(Deal.id).where(mine))):
        for deal in deals.load(portal_id, ids).values():
            yield from cells(deal)
