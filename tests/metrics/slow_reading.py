"""A plan read the slow and obvious way: every fact in a Python list, one rule after the other. It shares no code with
`compile.py` and none with the rolling up in `rules.py`."""

from collections.abc import Collection, Iterable, Sequence
from itertools import groupby

from b24app.facts.tables import Activity, Deal, Entry
from b24app.metrics.rules import Aggregate, Measure, Op, Part, Plan, Test, Where
from b24app.periods.rules import Span
from tests.metrics.world import Fact

ENTITIES = {Deal: "deal", Activity: "activity", Entry: "entry"}


def read(
    facts: Iterable[Fact],
    plan: Plan,
    span: Span,
    members: Collection[int] | None = None,
    departments: Collection[int] = (),
) -> Part:
    top = chosen(facts, plan.numerator, span, members, departments)
    numerator = aggregate(plan.numerator, top)
    if plan.denominator is None:
        return Part(numerator, None, len(top))
    bottom = chosen(facts, plan.denominator, span, members, departments)
    return Part(numerator, aggregate(plan.denominator, bottom), len({(type(f), f.id) for f in (*top, *bottom)}))


def chosen(
    facts: Iterable[Fact],
    measure: Measure,
    span: Span,
    members: Collection[int] | None,
    departments: Collection[int],
) -> list[Fact]:
    """The facts that are in the measure's number, in the order of the ledger."""
    found = [
        fact
        for fact in facts
        if ENTITIES[type(fact)] == measure.scan.entity
        and is_alive(fact)
        and happened(fact, measure, span)
        and counts_for(fact, measure, members, departments)
        and passes(fact, measure.where)
    ]
    found.sort(key=lambda fact: (getattr(fact, f"{measure.scan.date}_at"), fact.id))
    if measure.aggregate is Aggregate.BALANCE:
        return [entry for holder in by_holder(found) for entry in since_last_set(holder)]
    if measure.aggregate is Aggregate.LAST:
        return found[-1:]
    if measure.aggregate is Aggregate.SUM:
        return [fact for fact in found if getattr(fact, measure.field) is not None]
    return found


def is_alive(fact: Fact) -> bool:
    if isinstance(fact, Entry):
        return not fact.undone and fact.undoes_id is None
    if isinstance(fact, Deal) and fact.is_recurring:
        return False
    return fact.deleted_at is None


def happened(fact: Fact, measure: Measure, span: Span) -> bool:
    moment = getattr(fact, f"{measure.scan.date}_at")
    return moment is not None and span.start <= moment < span.end


def counts_for(fact: Fact, measure: Measure, members: Collection[int] | None, departments: Collection[int]) -> bool:
    if members is None:
        return True
    owner = getattr(fact, f"{measure.scan.owner}_id")
    if isinstance(fact, Entry) and owner is None:
        return fact.department_id in departments
    return owner in members


def passes(fact: Fact, where: Where) -> bool:
    if not all(holds(getattr(fact, test.field), test) for test in where.tests):
        return False
    if where.any and not any(passes(fact, one) for one in where.any):
        return False
    return not any(passes(fact, one) for one in where.none)


def holds(value: object, test: Test) -> bool:
    if test.op is Op.EMPTY:
        return value is None
    if value is None:
        return False
    if test.op is Op.NOT_EMPTY:
        return True
    return value in test.values if test.op is Op.IN else value > test.values[0]  # type: ignore[operator]


def by_holder(entries: Sequence[Entry]) -> list[list[Entry]]:
    def holder(entry: Entry) -> tuple[bool, int]:
        return (entry.employee_id is None, entry.employee_id or entry.department_id or 0)

    return [list(group) for _, group in groupby(sorted(entries, key=holder), key=holder)]


def since_last_set(entries: list[Entry]) -> list[Entry]:
    while any(entry.kind == "set" for entry in entries[1:]):
        entries = entries[1:]
    return entries


def aggregate(measure: Measure, facts: Sequence[Fact]) -> int | None:
    if measure.aggregate is Aggregate.COUNT:
        return len(facts)
    numbers = [getattr(fact, measure.field) for fact in facts]
    if measure.aggregate in (Aggregate.SUM, Aggregate.BALANCE):
        return sum(numbers) if numbers or measure.scan.entity != "entry" else None
    if not numbers:
        return None
    return {Aggregate.MIN: min, Aggregate.MAX: max, Aggregate.LAST: max}[measure.aggregate](numbers)
