"""Conditions -> SQL: whether a row passes, and the number it then gives. The statements are made of them.

Fields that are no columns and product rows are looked up per record, by their primary keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Table,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from b24app.facts.rules import CALLS_FROM_ACTIVITIES, DEAL
from b24app.facts.tables import CallSource, FieldValue, ProductRow, ProductSection
from b24app.lib.db import Base
from b24app.metrics.measures import FieldTest, Op, ProductTest, Test, Where
from b24app.metrics.needs import is_column

Condition = ColumnElement[bool]
Fields = Mapping[str, ColumnElement[Any]] | ReadOnlyColumnCollection[str, Any]


def table(model: type[Base]) -> Table:
    return Base.metadata.tables[model.__tablename__]


_VALUES, _ROWS, _SECTIONS = table(FieldValue), table(ProductRow), table(ProductSection)
_CALL_SOURCES = table(CallSource)


@dataclass(frozen=True, slots=True)
class Matcher:
    """Asks conditions of the rows of one portal that have these columns, at the instant `now`.

    Both are numbers, or parameters of a statement that is made once for many.
    """

    portal_id: Any
    now: Any
    fields: Fields
    entity: str = DEAL
    """Whose values and product rows are looked up."""

    def passes(self, where: Where) -> Condition:
        if not where.by_rows:
            return self._holds(where, None)
        alone, rest = where.apart
        row = _ROWS.alias()
        has_row = _exists(row, *self._rows_of_record(row), self._holds(rest, row))
        return and_(self._holds(alone, None), has_row if where.needs_row else or_(has_row, self._holds(rest, None)))

    def number(self, field: str, where: Where) -> ColumnElement[Any]:
        """The field of a row that passes. The amount under product conditions is that of the rows that pass, unless
        the record passes without any."""
        if not is_column(self.entity, field):
            return self._of_field(field)
        if field != "amount" or not where.by_rows:
            return self.fields[field]
        _alone, rest = where.apart
        row = _ROWS.alias()
        total = cast(func.sum(row.c.amount), BigInteger)
        amounts = select(total).where(*self._rows_of_record(row), self._holds(rest, row)).correlate_except(row)
        amount = amounts.scalar_subquery()
        return amount if where.needs_row else case((self._holds(rest, None), self.fields[field]), else_=amount)

    def _of_field(self, field: str) -> ColumnElement[Any]:
        """The number that a field of the record holds, of a multi-valued one the first."""
        value = _VALUES.alias()
        mine = and_(*self._values_of_record(value, field), value.c.place == 0)
        return select(value.c.num).where(mine).correlate_except(value).scalar_subquery()

    def numbered(self, field: str, where: Where) -> Condition:
        """Whether a row that has the number passes: what has no product row that does has no amount anyway."""
        if field == "amount" and where.needs_row:
            return self._holds(where.apart[0], None)
        return self.passes(where)

    def first_value(self, value: FromClause, field: str) -> Condition:
        """Joins the first value of a field, of users for example."""
        return and_(*self._values_of_record(value, field), value.c.place == 0)

    def _holds(self, where: Where, row: FromClause | None) -> Condition:
        """`row`: the product row that is asked about; None: no row, so that no product test holds."""
        parts = [self._compare(test, row) for test in where.tests]
        if where.any:
            parts.append(or_(*(self._holds(one, row) for one in where.any)))
        if where.none:
            # A comparison with an empty column is NULL, which NOT would leave NULL: it is not one of the excluded.
            parts.append(not_(func.coalesce(or_(*(self.passes(one) for one in where.none)), false())))
        return and_(true(), *parts)

    def _compare(self, test: Test | FieldTest | ProductTest, row: FromClause | None) -> Condition:
        match test:
            case FieldTest():
                return self._has_value(test)
            case ProductTest():
                return false() if row is None else self._is_product(test, row)
            case Test(op=Op.OLDER):
                return self.fields[test.field] <= self.now - int(test.values[0])
            case Test(op=Op.COUNTED_FROM):
                return self._calls_source(self.fields[test.field]) == test.values[0]
            case Test(op=Op.WITHIN):
                return self.fields[test.field] <= self.fields["created_at"] + int(test.values[0])
            case Test():
                return _compared(self.fields[test.field], test.op, test.values)

    def _calls_source(self, moment: ColumnElement[Any]) -> ColumnElement[Any]:
        """Where the portal counts calls of an instant from: what its journal says last before it."""
        step = _CALL_SOURCES.alias()
        found = select(step.c.source).where(step.c.portal_id == self.portal_id, step.c.since <= moment)
        latest = found.order_by(step.c.since.desc()).limit(1).correlate_except(step).scalar_subquery()
        return func.coalesce(latest, CALLS_FROM_ACTIVITIES)

    def _has_value(self, test: FieldTest) -> Condition:
        value = _VALUES.alias()
        mine = self._values_of_record(value, test.field)
        match test.op:
            case Op.EMPTY:
                return not_(_exists(value, *mine))
            case Op.NOT_EMPTY:
                return _exists(value, *mine)
            case Op.NOT_IN:
                other = not_(func.coalesce(_any_of(value, test), false()))
                return or_(not_(_exists(value, *mine)), _exists(value, *mine, other))
            case Op.IN:
                return _exists(value, *mine, _any_of(value, test))
            case _:
                compared = value.c[test.values[0][0]]
                limits = tuple(limit for _kind, limit in test.values)
                return _exists(value, *mine, _compared(compared, test.op, limits))

    def _is_product(self, test: ProductTest, row: FromClause) -> Condition:
        parts: list[Condition] = [true()]
        if test.products:
            parts.append(row.c.product_id.in_(test.products))
        if test.sections:
            section = _SECTIONS.alias()
            parts.append(
                _exists(
                    section,
                    section.c.portal_id == self.portal_id,
                    section.c.product_id == row.c.product_id,
                    section.c.section_id.in_(test.sections),
                )
            )
        return and_(*parts)

    def _rows_of_record(self, row: FromClause) -> tuple[Condition, ...]:
        return (
            row.c.portal_id == self.portal_id,
            row.c.entity == self.entity,
            row.c.record_id == self.fields["id"],
        )

    def _values_of_record(self, value: FromClause, field: str) -> tuple[Condition, ...]:
        return (
            value.c.portal_id == self.portal_id,
            value.c.entity == self.entity,
            value.c.record_id == self.fields["id"],
            value.c.field == field,
        )


def _exists(source: FromClause, *conditions: Condition) -> Condition:
    """Whether there is such a row; all other tables are those of the statements around, however deep this stands."""
    return exists().where(*conditions).correlate_except(source)


def _any_of(value: FromClause, test: FieldTest) -> Condition:
    kinds: dict[str, list[int | str]] = {}
    for kind, wanted in test.values:
        kinds.setdefault(kind, []).append(wanted)
    return or_(*(value.c[kind].in_(wanted) for kind, wanted in kinds.items()))


def _compared(field: ColumnElement[Any], op: Op, values: tuple[Any, ...]) -> Condition:
    match op:
        case Op.IN:
            return field == values[0] if len(values) == 1 else field.in_(values)
        case Op.GT:
            return field > values[0]
        case Op.GTE:
            return field >= values[0]
        case Op.LT:
            return field < values[0]
        case Op.LTE:
            return field <= values[0]
        case Op.BETWEEN:
            return field.between(values[0], values[1])
        case Op.EMPTY:
            return field.is_(None)
        case Op.NOT_EMPTY:
            return field.is_not(None)
        case _:
            raise AssertionError(op)
