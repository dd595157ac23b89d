"""Numbers that change because time passed: which deals became stale, whose days are over, and where they count.

Everything else changes with a fact, and its cells come from `facts.operations`.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

from sqlalchemy import ColumnElement, and_, false, or_, select

from b24app.facts.deals import chunks
from b24app.facts.rules import DEAL, OPEN, Cell
from b24app.facts.tables import Deal, FieldValue
from b24app.lib.db import db
from b24app.metrics.rules import Op, Plan, Test


def ripened(portal_id: int, ripenings: Collection[tuple[str, str, int]], since: int, until: int) -> frozenset[Cell]:
    """The cells of the deals whose instants (`rules.ripening`) lie after `since`, up to and with `until`."""
    due = [
        and_(column > since - seconds, column <= until - seconds, _may_ripen(date))
        for entity, date, seconds in sorted(ripenings)
        if entity == DEAL
        for column in (getattr(Deal, f"{date}_at"),)
    ]
    return frozenset(_cells(portal_id, or_(*due))) if due else frozenset()


def also_touched(portal_id: int, plans: Iterable[Plan], cells: Collection[Cell]) -> frozenset[Cell]:
    """Where deals count by other dates whose last change moved: while they are stale, some plans count them lost by
    their creation, and a change of `updated` alone names only its own cells."""
    if not any(_judges_by_another_date(plan) for plan in plans):
        return frozenset()
    moved = {cell.record_id for cell in cells if cell.entity == DEAL and cell.date == "updated" and cell.record_id}
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
    """Every date of the chosen deals, for every owner; the owners in fields of users too."""
    mine = and_(Deal.portal_id == portal_id, Deal.deleted_at.is_(None), Deal.is_recurring == false(), chosen)
    in_fields: dict[int, list[tuple[str, int | None]]] = defaultdict(list)
    named = (
        select(FieldValue.record_id, FieldValue.field, FieldValue.ref)
        .join(Deal, and_(Deal.portal_id == FieldValue.portal_id, Deal.id == FieldValue.record_id))
        .where(FieldValue.portal_id == portal_id, FieldValue.entity == DEAL, FieldValue.place == 0, mine)
        .where(FieldValue.ref.is_not(None))
    )
    for record_id, field, ref in db.session.execute(named):
        in_fields[record_id].append((field, ref))
    columns = (Deal.id, Deal.created_at, Deal.updated_at, Deal.closed_at, Deal.semantic,
               Deal.responsible_id, Deal.created_by_id, Deal.closed_by_id)  # fmt: skip
    for row in db.session.execute(select(*columns).where(mine)):
        dates = {"created": row.created_at, "closed": row.closed_at}
        if row.semantic == OPEN:
            dates["updated"] = row.updated_at
        owners: list[tuple[str, int | None]] = [
            ("responsible", row.responsible_id),
            ("created_by", row.created_by_id),
            *in_fields[row.id],
        ]
        if row.closed_at is not None:
            owners.append(("closed_by", row.closed_by_id))
        for date, at in dates.items():
            if at is not None:
                yield from (Cell(DEAL, date, owner, owner_id, at, row.id) for owner, owner_id in owners)
