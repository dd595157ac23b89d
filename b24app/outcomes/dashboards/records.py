"""One record held against a measure, in memory: the deal tab asks it of states that are not stored yet. Pure.

`metrics.compile` asks the same of stored rows in SQL; a test compares the two on every metric of deals.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from b24app.facts.credit.rules import WHOLE, owners
from b24app.lib.i18n import gettext as _
from b24app.metrics.measures import SHARE, AnyTest, FieldTest, Measure, Op, ProductTest, Scan, Test, Where
from b24app.outcomes.dashboards import words

Record = Mapping[str, Any]
"""A record by the names of its stored columns; also `values`, `rows`, `credits`, and the present as `now`. Somebody's
part of a divided deal has that of the amount, and also `share` and `shared_id`."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a watched field, the columns of its table."""

    field: str
    place: int
    num: int | None
    text: str | None
    day: str | None
    ref: int | None
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A product row, with the sections its product is in."""

    product_id: int | None
    amount: int | None
    sections: frozenset[int]


_OTHER = {"category_id": "other_funnel", "stage_id": "other_stage", "source_id": "other_source"}


def holds(where: Where, record: Record) -> bool:
    """All of the tests, one of `any` unless it is empty, none of `none`: without any product row, or with one."""
    return _holds(where, record, None) or any(_holds(where, record, row) for row in record.get("rows", ()))


def number(measure: Measure, record: Record) -> int | None:
    """What a record that is counted adds; under product conditions the amounts of the rows that meet them."""
    if measure.field is None:
        return 1
    if measure.field not in record:
        return _first(record, measure.field, "num")
    if measure.field != "amount" or not measure.where.by_rows or _holds(measure.where, record, None):
        found: int | None = record[measure.field]
        return found
    rows = (row for row in record.get("rows", ()) if _holds(measure.where, record, row))
    amounts = [row.amount for row in rows if row.amount is not None]
    return sum(amounts) if amounts else None


def parts(scan: Scan, record: Record) -> tuple[Record, ...]:
    """The record once for everybody whom it counts for in a scan: more than once only by split credit."""
    if not scan.is_shared:
        return (record,)
    if credits := record.get("credits"):
        return tuple(
            {**record, "shared_id": one.employee_id, SHARE: one.share, "amount": one.amount} for one in credits
        )
    (whose,) = owners((), record["closed_by_id"], record["responsible_id"])
    return ({**record, "shared_id": whose, SHARE: WHOLE},)


def part_of(scan: Scan, record: Record, owner_id: int) -> Record | None:
    """What of the record counts for somebody; None where nothing does."""
    return next((part for part in parts(scan, record) if owner(scan, part) == owner_id), None)


def owner(scan: Scan, record: Record) -> int | None:
    """Whom the record, or this part of it, counts for in a scan."""
    if scan.is_by_field:
        return _first(record, scan.owner, "ref")
    found: int | None = record[f"{scan.owner}_id"]
    return found


def moment(scan: Scan, record: Record) -> int | None:
    """When it counts there."""
    at: int | None = _first(record, scan.date, "at") if scan.is_dated_by_field else record[f"{scan.date}_at"]
    return None if at is None else at + scan.delay


def _first(record: Record, field: str, column: str) -> int | None:
    """What the first value of a watched field is."""
    values = (one for one in record.get("values", ()) if one.field == field and one.place == 0)
    return next((getattr(one, column) for one in values), None)


def why_not(measure: Measure, record: Record) -> str | None:
    """Why a measure does not count the record, as a sentence; None when it does."""
    return next(_reasons(measure, record), None)


def _reasons(measure: Measure, record: Record) -> Iterator[str]:
    yield from (_reason(test, record) for test in measure.where.tests if not holds(Where((test,)), record))
    if not holds(measure.where, record):
        yield words.not_counted("other_conditions")
    if number(measure, record) is None:
        yield words.not_counted("no_rate" if measure.field in record else "no_number")


def _holds(where: Where, record: Record, row: Row | None) -> bool:
    return (
        all(_passes(test, record, row) for test in where.tests)
        and (not where.any or any(_holds(one, record, row) for one in where.any))
        and not any(holds(one, record) for one in where.none)
    )


def _passes(test: AnyTest, record: Record, row: Row | None) -> bool:
    match test:
        case FieldTest():
            return _any_value_passes(test, [one for one in record.get("values", ()) if one.field == test.field])
        case ProductTest(products=products, sections=sections):
            if row is None or (products and row.product_id not in products):
                return False
            return not sections or not row.sections.isdisjoint(sections)
        case Test(op=Op.EMPTY):
            return record[test.field] is None
        case Test():
            value = record[test.field]
            return value is not None and _compares(value, test.op, test.values, record)


def _any_value_passes(test: FieldTest, values: list[Value]) -> bool:
    def is_named(value: Value) -> bool:
        return any(getattr(value, kind) == wanted for kind, wanted in test.values)

    match test.op:
        case Op.EMPTY:
            return not values
        case Op.NOT_EMPTY:
            return bool(values)
        case Op.IN:
            return any(map(is_named, values))
        case Op.NOT_IN:
            return not values or not all(map(is_named, values))
    limits = tuple(limit for _kind, limit in test.values)
    known = (getattr(value, test.values[0][0]) for value in values)
    return any(_compares(value, test.op, limits, {}) for value in known if value is not None)


def _compares(value: Any, op: Op, limits: tuple[Any, ...], record: Record) -> bool:
    match op:
        case Op.IN:
            return value in limits
        case Op.GT:
            return bool(value > limits[0])
        case Op.GTE:
            return bool(value >= limits[0])
        case Op.LT:
            return bool(value < limits[0])
        case Op.LTE:
            return bool(value <= limits[0])
        case Op.BETWEEN:
            return bool(limits[0] <= value <= limits[1])
        case Op.OLDER:
            return bool(value + limits[0] <= record["now"])
        case Op.WITHIN:
            return bool(value - record["created_at"] <= limits[0])
        case _:
            return op is Op.NOT_EMPTY


def _reason(test: AnyTest, record: Record) -> str:
    match test:
        case FieldTest():
            return words.not_counted("other_field")
        case ProductTest():
            return words.not_counted("other_product")
        case Test(op=Op.OLDER):
            return words.not_counted("not_ripe")
        case Test(op=Op.WITHIN):
            return _("Won later than the days allowed.")
    match test.field:
        case "semantic":
            return _("Only won deals count here.") if "S" in test.values else _("Only lost deals count here.")
        case "win_no" if record["client"] is None:
            return words.not_counted("no_client")
        case "win_no" if test.op is Op.IN:
            return _("The client has bought before.")
        case "win_no":
            return _("The client has not bought before.")
        case "is_return":
            return _("The deal is not marked as one of a returning client.")
        case "seconds_to_close":
            return words.not_counted("planned_close")
        case field:
            return words.not_counted(_OTHER.get(field, "other_conditions"))
