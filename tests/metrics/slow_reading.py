"""A plan read the slow and obvious way: every fact in a Python list, one rule after the other. It shares no code with
`compile`, and none with the summing up in `parts.py`."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from b24app.facts.tables import (
    Activity,
    Call,
    CallSource,
    Credit,
    Deal,
    Entry,
    FieldValue,
    Item,
    ProductRow,
    ProductSection,
    Request,
    Session,
    StageMove,
    Task,
)
from b24app.lib.db import Base
from b24app.metrics.measures import Aggregate, AnyTest, FieldTest, Measure, Op, ProductTest, Scan, Where
from b24app.metrics.rules import Part, Plan
from b24app.periods.rules import Span

ENTITIES = {
    Deal: "deal",
    Activity: "activity",
    Entry: "entry",
    Call: "call",
    Task: "task",
    Session: "session",
    Request: "request",
}


@dataclass
class Seen:
    """A record, the stage move it is looked at for (if it is one), whose part of it (of a divided deal), and what is
    kept of it elsewhere."""

    record: Any
    move: StageMove | None = None
    values: list[FieldValue] = field(default_factory=list)
    rows: list[ProductRow] = field(default_factory=list)
    sections: set[tuple[int, int]] = field(default_factory=set)
    sources: list[CallSource] = field(default_factory=list)
    part: Credit | None = None

    @property
    def key(self) -> tuple[str, int, int]:
        whose = self.part.employee_id if self.part else 0
        return ("move" if self.move else type(self.record).__name__, self.record.id, whose)

    def column(self, name: str) -> Any:
        if name.startswith("entered_"):
            return getattr(self.move, name.removeprefix("entered_"))
        return getattr(self.record, name)

    def owner(self, scan: Scan) -> int | None:
        if scan.owner in ("responsible", "created_by", "closed_by", "employee"):
            found: int | None = getattr(self.record, f"{scan.owner}_id")
            return found
        if scan.owner == "shared":
            if self.part:
                return self.part.employee_id
            known = [id for id in (self.record.closed_by_id, self.record.responsible_id) if id is not None]
            return known[0] if known else None
        first = self.first(scan.owner)
        return first.ref if first else None

    def first(self, field: str) -> FieldValue | None:
        return next((value for value in self.values if value.field == field and value.place == 0), None)


def read(
    facts: Iterable[Base],
    plan: Plan,
    span: Span,
    members: Collection[int] | None = None,
    departments: Collection[int] = (),
    now: int = 0,
) -> Part:
    facts = list(facts)
    top = chosen(facts, plan.numerator, span, members, departments, now)
    numerator = aggregate(plan.numerator, top, now)
    for measure in plan.numerator_more:
        more = chosen(facts, measure, span, members, departments, now)
        numerator = (numerator or 0) + (aggregate(measure, more, now) or 0)
        top = [*top, *more]
    if plan.denominator is None:
        return Part(numerator, None, len(top))
    below = [
        (measure, chosen(facts, measure, span, members, departments, now))
        for measure in (plan.denominator, *plan.denominator_more)
    ]
    known = [number for number in (aggregate(*one, now) for one in below) if number is not None]
    if plan.taken_off is not None:
        off = aggregate(plan.taken_off, chosen(facts, plan.taken_off, span, members, departments, now), now)
        numerator = less(plan, numerator, off)
    if plan.needs_numerator and numerator is None:
        known = []
    all_of_them = [*top, *(seen for _measure, found in below for seen in found)]
    return Part(numerator, sum(known) if known else None, len({seen.key for seen in all_of_them}))


def less(plan: Plan, top: int | None, off: int | None) -> int:
    """Hundredths less millionths, in millionths."""
    assert (plan.numerator.scale, plan.scale) == (100, 1_000_000)
    return (top or 0) * 10_000 - (off or 0)


def chosen(
    facts: Iterable[Base],
    measure: Measure,
    span: Span,
    members: Collection[int] | None,
    departments: Collection[int],
    now: int = 0,
) -> list[Seen]:
    """The facts that are in the measure's number, in the order of the ledger; a deal that moved twice is there once."""
    scan = measure.scan
    found = [
        seen
        for seen in looked_at(list(facts), scan)
        if is_alive(seen.record)
        and happened(seen, measure, span)
        and counts_for(seen, measure, members, departments)
        and passes(seen, measure.where, now)
    ]
    found.sort(key=lambda seen: (moment(seen, scan), seen.record.id))
    if measure.aggregate is Aggregate.BALANCE:
        return [entry for holder in by_holder(found) for entry in since_last_set(holder)]
    if measure.aggregate is Aggregate.LAST:
        return found[-1:]
    if measure.field is not None:
        return [seen for seen in found if number(seen, measure, now) is not None]
    if measure.aggregate is Aggregate.DISTINCT:
        first = {seen.record.id: seen for seen in reversed(found)}
        return [seen for seen in found if first[seen.record.id] is seen]
    return found


def looked_at(facts: list[Base], scan: Scan) -> list[Seen]:
    """Every record of the entity, or every move with its record."""
    sections = {(one.product_id, one.section_id) for one in facts if isinstance(one, ProductSection)}

    def seen(record: Any, move: StageMove | None = None) -> Seen:
        if not isinstance(record, Deal | Item):
            return Seen(record, sources=[one for one in facts if isinstance(one, CallSource)])
        own = entity_of(record), record.id
        values = [one for one in facts if isinstance(one, FieldValue) and (one.entity, one.record_id) == own]
        if isinstance(record, Item):
            return Seen(record, move, values)
        rows = [one for one in facts if isinstance(one, ProductRow) and one.record_id == record.id]
        return Seen(record, move, values, rows, sections)

    if scan.owner == "shared":
        return [part for fact in facts if isinstance(fact, Deal) for part in parts_of(seen(fact), facts)]
    if scan.date != "entered":
        return [seen(fact) for fact in facts if entity_of(fact) == scan.entity]
    entity = "deal" if scan.entity == "stage_move" else scan.entity
    records: dict[int, Any] = {fact.id: fact for fact in facts if entity_of(fact) == entity}
    moves = [fact for fact in facts if isinstance(fact, StageMove) and fact.entity == entity]
    return [seen(records[move.record_id], move) for move in moves if move.record_id in records]


def parts_of(deal: Seen, facts: list[Base]) -> list[Seen]:
    """A divided deal is looked at once for each of its people."""
    credits = [one for one in facts if isinstance(one, Credit) and one.deal_id == deal.record.id]
    return [replace(deal, part=one) for one in credits] or [deal]


def entity_of(fact: Base) -> str | None:
    return fact.type if isinstance(fact, Item) else ENTITIES.get(type(fact))


def is_alive(fact: Any) -> bool:
    if isinstance(fact, Entry):
        return not fact.undone and fact.undoes_id is None and fact.state == "counted"
    if isinstance(fact, Deal) and fact.is_recurring:
        return False
    return fact.deleted_at is None


def moment(seen: Seen, scan: Scan) -> int | None:
    if seen.move:
        return seen.move.at
    if not hasattr(seen.record, f"{scan.date}_at"):
        first = seen.first(scan.date)
        return first.at if first else None
    at: int | None = getattr(seen.record, f"{scan.date}_at")
    return None if at is None else at + scan.delay


def happened(seen: Seen, measure: Measure, span: Span) -> bool:
    at = moment(seen, measure.scan)
    return at is not None and span.start <= at < span.end


def counts_for(seen: Seen, measure: Measure, members: Collection[int] | None, departments: Collection[int]) -> bool:
    if members is None:
        return True
    owner = seen.owner(measure.scan)
    if isinstance(seen.record, Entry) and owner is None:
        return seen.record.department_id in departments
    return owner in members


def has_products(where: Where) -> bool:
    return any(isinstance(test, ProductTest) for test in where.tests) or any(map(has_products, where.any))


def passes(seen: Seen, where: Where, now: int) -> bool:
    """A record passes by itself, or together with one of its rows."""
    return meets(seen, where, now, None) or any(meets(seen, where, now, row) for row in seen.rows)


def meets(seen: Seen, where: Where, now: int, row: ProductRow | None) -> bool:
    if not all(holds(seen, test, now, row) for test in where.tests):
        return False
    if where.any and not any(meets(seen, one, now, row) for one in where.any):
        return False
    return not any(passes(seen, one, now) for one in where.none)


def holds(seen: Seen, test: AnyTest, now: int, row: ProductRow | None) -> bool:
    if isinstance(test, FieldTest):
        return field_holds([value for value in seen.values if value.field == test.field], test)
    if isinstance(test, ProductTest):
        if row is None or (test.products and row.product_id not in test.products):
            return False
        return not test.sections or any((row.product_id, section) in seen.sections for section in test.sections)
    value = seen.column(test.field)
    if test.op is Op.EMPTY:
        return value is None
    if value is None:
        return False
    if test.op is Op.COUNTED_FROM:
        return calls_source(seen.sources, value) == test.values[0]
    if test.op is Op.OLDER:
        return value + test.values[0] <= now  # type: ignore[operator, no-any-return]
    if test.op is Op.WITHIN:
        return value - seen.record.created_at <= test.values[0]  # type: ignore[no-any-return]
    return COMPARE[test.op](value, test.values)


def calls_source(journal: list[CallSource], moment: int) -> str:
    """What was said last, before the instant or at it."""
    said = sorted((one.since, one.source) for one in journal if one.since <= moment)
    return said[-1][1] if said else "activities"


COMPARE: dict[Op, Callable[[Any, Sequence[Any]], bool]] = {
    Op.NOT_EMPTY: lambda value, limits: True,
    Op.IN: lambda value, limits: value in limits,
    Op.GT: lambda value, limits: value > limits[0],
    Op.GTE: lambda value, limits: value >= limits[0],
    Op.LT: lambda value, limits: value < limits[0],
    Op.LTE: lambda value, limits: value <= limits[0],
    Op.BETWEEN: lambda value, limits: limits[0] <= value <= limits[1],
}


def field_holds(values: list[FieldValue], test: FieldTest) -> bool:
    if test.op in (Op.EMPTY, Op.NOT_EMPTY):
        return bool(values) is (test.op is Op.NOT_EMPTY)
    if test.op is Op.NOT_IN:
        return not values or any(not is_one_of(value, test) for value in values)
    if test.op is Op.IN:
        return any(is_one_of(value, test) for value in values)
    column = test.values[0][0]
    known = [getattr(value, column) for value in values if getattr(value, column) is not None]
    return any(COMPARE[test.op](value, [limit for _column, limit in test.values]) for value in known)


def is_one_of(value: FieldValue, test: FieldTest) -> bool:
    return any(getattr(value, column) == wanted for column, wanted in test.values)


def number(seen: Seen, measure: Measure, now: int) -> int | None:
    """What is added up of a fact: under product conditions the rows that meet them, or what a field of it holds."""
    if measure.field == "share":
        return seen.part.share if seen.part else 1_000_000
    if measure.field == "amount" and seen.part:
        return seen.part.amount
    if not hasattr(seen.record, measure.field or ""):
        first = seen.first(measure.field or "")
        return first.num if first else None
    if measure.field != "amount" or not has_products(measure.where) or meets(seen, measure.where, now, None):
        found: int | None = getattr(seen.record, measure.field or "")
        return found
    amounts = [row.amount for row in seen.rows if meets(seen, measure.where, now, row) and row.amount is not None]
    return sum(amounts) if amounts else None


def by_holder(entries: Sequence[Seen]) -> list[list[Seen]]:
    def holder(seen: Seen) -> tuple[bool, int]:
        entry = seen.record
        return (entry.employee_id is None, entry.employee_id or entry.department_id or 0)

    return [list(group) for _, group in groupby(sorted(entries, key=holder), key=holder)]


def since_last_set(entries: list[Seen]) -> list[Seen]:
    while any(entry.record.kind == "set" for entry in entries[1:]):
        entries = entries[1:]
    return entries


def aggregate(measure: Measure, facts: Sequence[Seen], now: int = 0) -> int | None:
    if measure.aggregate in (Aggregate.COUNT, Aggregate.DISTINCT):
        return len(facts)
    numbers = [one for seen in facts if (one := number(seen, measure, now)) is not None]
    if measure.aggregate in (Aggregate.SUM, Aggregate.BALANCE):
        return sum(numbers) if numbers or measure.scan.entity != "entry" else None
    if measure.aggregate is Aggregate.VALUES:
        return len(set(numbers))
    if not numbers:
        return None
    if measure.aggregate is Aggregate.MEDIAN:
        numbers.sort()
        return numbers[(len(numbers) - 1) // 2] + numbers[len(numbers) // 2]
    return {Aggregate.MIN: min, Aggregate.MAX: max, Aggregate.LAST: max}[measure.aggregate](numbers)
