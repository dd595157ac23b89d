"""The facts behind a number as they were at some moment: written down once, and listed later as `facts_behind` does.

A number that is never to move rests on a list that is never to move. Written down are the facts of everybody, each side
of the plan for itself; whose they are is asked when they are listed.
"""

import json
import zlib
from collections.abc import Collection, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from b24app.facts.rules import ENTRY
from b24app.lib.db import db
from b24app.metrics import compile
from b24app.metrics.measures import Aggregate
from b24app.metrics.queries import FactPage, FactRow, fact, read_cursor, written_cursor
from b24app.metrics.rules import AnyPlan, Side, sides
from b24app.periods.rules import Span

Kept = tuple[FactRow, int | None]
"""A fact, and the department an entry without an employee is of."""


def write_down(portal_id: int, plan: AnyPlan, span: Span, now: int) -> bytes:
    """All facts of the plan in a span, as they are now."""
    listed = [[_written(one) for one in _facts(portal_id, side, span, now)] for side in sides(plan)]
    return zlib.compress(json.dumps(listed, ensure_ascii=False, separators=(",", ":")).encode())


def facts_kept(
    kept: bytes,
    plan: AnyPlan,
    members: Collection[int] | None = None,
    *,
    departments: Collection[int] = (),
    limit: int = 100,
    cursor: str | None = None,
    visible: Collection[int] | None = None,
) -> FactPage:
    """What `facts_behind` listed at that moment."""
    written: list[list[list[Any]]] = json.loads(zlib.decompress(kept))
    asked = sides(plan)
    lists = [
        _counted(side, _of([_read(one, side) for one in facts], members, departments))
        for side, facts in zip(asked, written, strict=True)
    ]
    seen = [[one for one, _department in facts if _is_seen(one, visible)] for facts in lists]
    total = sum(map(len, lists))
    first, after = read_cursor(cursor, [side.measure.scan.place_width for side in asked])
    items, room = [], limit
    for number in range(first, len(seen)):
        scan = asked[number].measure.scan
        rest = [one for one in seen[number] if after is None or one.place(scan) < after]
        items += rest[:room]
        if len(rest) > room:
            mark = written_cursor(number, items[-1].place(scan) if room else ())
            return FactPage(total, total - sum(map(len, seen)), tuple(items), mark)
        room, after = room - len(rest), None
    return FactPage(total, total - sum(map(len, seen)), tuple(items), None)


def _facts(portal_id: int, side: Side, span: Span, now: int) -> list[Kept]:
    """Newest first. Of the last entry all that it could be: for somebody else another one is the last."""
    measure = side.measure
    if measure.aggregate is Aggregate.LAST:
        measure = replace(measure, aggregate=Aggregate.COUNT, field=None)
    rows = compile.rows(portal_id, measure, span, now, field=side.field)
    return [
        (fact(row, side), row.department_id if measure.scan.entity == ENTRY and row.fact_owner_id is None else None)
        for row in db.session.execute(rows.ordered)
    ]


def _of(facts: Sequence[Kept], members: Collection[int] | None, departments: Collection[int]) -> list[Kept]:
    """What counts for the members; of entries without an employee also those of the departments."""
    if members is None:
        return list(facts)
    people, units = frozenset(members), frozenset(departments)
    return [one for one in facts if one[0].employee_id in people or (one[1] is not None and one[1] in units)]


def _counted(side: Side, facts: list[Kept]) -> list[Kept]:
    return facts[:1] if side.measure.aggregate is Aggregate.LAST else facts


def _is_seen(one: FactRow, visible: Collection[int] | None) -> bool:
    """Entries of departments belong to no person and are seen by everybody."""
    return visible is None or one.employee_id in visible or (one.entity == ENTRY and one.employee_id is None)


def _written(one: Kept) -> list[Any]:
    row, department = one
    texts = (None if value is None else str(value) for value in (row.number, row.amount, row.amount_original, row.rate))
    written = [row.entity, row.id, row.title, row.date, row.employee_id, department, row.currency, *texts]
    if row.is_part:
        return [*written, None, None, str(row.share), str(row.amount_whole) if row.amount_whole is not None else None]
    return written if row.made_of is None else [*written, *row.made_of]


def _read(written: Sequence[Any], side: Side) -> Kept:
    entity, id, title, date, employee_id, department, currency, number, amount, original, rate, *more = written
    made_of, part = more[:2], more[2:]
    row = FactRow(
        entity=entity,
        id=id,
        title=title,
        part=side.part,
        number=None if number is None else Fraction(number),
        amount=_decimal(amount),
        amount_original=_decimal(original),
        currency=currency,
        rate=_decimal(rate),
        date=date,
        employee_id=employee_id,
        share=Fraction(part[0]) if part else Fraction(1),
        amount_whole=_decimal(part[1] if part else amount),
        made_of=(made_of[0], made_of[1]) if made_of and made_of[0] else None,
    )
    return row, department


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
