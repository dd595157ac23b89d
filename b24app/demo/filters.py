"""The filter and order language of CRM lists: prefixes (`>=createdTime`, `@stageId`), OR groups, ASC and DESC."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from b24app.demo.errors import bad_value
from b24app.demo.fields import DATE, INT, LIST, MONEY, TEXT, TIME, YESNO, Field, Fields, Row

_KEY = re.compile(r"^(!=%|!%=|!=|!@|!%|>=|<=|=%|%=|>|<|@|%|=|!)?(.*)$", re.DOTALL)
_NEGATED = {"!": "=", "!=": "=", "!@": "@", "!%": "%", "!=%": "=%", "!%=": "=%"}
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    ">": lambda left, right: left is not None and left > right,
    ">=": lambda left, right: left is not None and left >= right,
    "<": lambda left, right: left is not None and left < right,
    "<=": lambda left, right: left is not None and left <= right,
}
Test = Callable[[Row], bool]


@dataclass(frozen=True, slots=True)
class Condition:
    field: Field
    op: str  # = > >= < <= @ % =%
    value: Any
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    parts: "tuple[Condition | Group, ...]"
    any_of: bool = False


@dataclass(frozen=True, slots=True)
class Dialect:
    """How callers name fields, and whether a name nobody knows is an error (new methods) or is ignored (old ones)."""

    names: Mapping[str, Field]
    zone: ZoneInfo
    strict: bool = True

    def field(self, name: str, where: str) -> Field | None:
        field = self.names.get(name)
        if field is None and self.strict:
            raise bad_value(f"Invalid {where}: field '{name}' is not allowed in {where}")
        return field


def new_dialect(names: Mapping[str, Field], zone: ZoneInfo) -> Dialect:
    """crm.item.*: camelCase, and upper-case ID as an alias that clients rely on."""
    return Dialect({**names, "ID": names["id"]} if "id" in names else dict(names), zone)


def old_dialect(fields: Fields, zone: ZoneInfo) -> Dialect:
    return Dialect({field.old_name: field for field in fields.values()}, zone, strict=False)


def parse_filter(raw: Any, dialect: Dialect) -> Group:
    """Raises INVALID_ARG_VALUE as the portal does."""
    if raw in (None, "", [], {}):
        return Group(())
    entries = raw.items() if isinstance(raw, Mapping) else enumerate(raw) if isinstance(raw, list) else None
    if entries is None:
        raise bad_value("Parameter 'filter' must be array.")
    parts: list[Condition | Group] = []
    any_of = False
    for key, value in entries:
        if str(key).lower() == "logic":
            any_of = str(value).upper() == "OR"
        elif str(key).isdigit():
            parts.append(parse_filter(value, dialect))
        elif condition := _condition(str(key), value, dialect):
            parts.append(condition)
    return Group(tuple(parts), any_of)


def _condition(key: str, value: Any, dialect: Dialect) -> Condition | None:
    match = _KEY.match(key)
    assert match is not None
    op, name = match[1] or "=", match[2]
    field = dialect.field(name, "filter")
    if field is None:
        return None
    negated = op in _NEGATED
    op = {"%=": "=%"}.get(op, _NEGATED.get(op, op))
    if isinstance(value, list | tuple | dict) and op == "=":
        op = "@"
    if op == "@":
        values = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else [value]
        return Condition(field, op, frozenset(_asked(field, one, dialect.zone) for one in values), negated)
    if op in ("%", "=%"):
        return Condition(field, op, str(value).lower(), negated)
    if isinstance(value, list | tuple | dict):
        raise bad_value(f"Invalid filter: field '{name}' has invalid value")
    return Condition(field, op, _asked(field, value, dialect.zone), negated)


def _asked(field: Field, value: Any, zone: ZoneInfo) -> Any:
    """A value to compare with. A custom yes or no is read as Y and N, but asked for as 1 and 0."""
    if field.custom and field.kind == YESNO:
        return "Y" if str(value) in ("1", "True") else "N"
    return convert(field, value, zone)


def convert(field: Field, value: Any, zone: ZoneInfo) -> Any:
    """A caller's value, or one of a LIST, as the rows hold it. An empty number is 0, as in MySQL."""
    if field.custom and value in (None, ""):
        return None
    try:
        if field.kind == LIST:
            return int(value or 0) if field.type else str(value)
        if field.kind == INT:
            return int(value or 0)
        if field.kind == MONEY:
            number = float(value or 0)
            return int(number) if number.is_integer() else number
        if field.kind == YESNO:
            return "Y" if str(value).upper() in ("Y", "1", "TRUE") else "N"
        if value in (None, ""):
            return None if field.kind in (TIME, DATE) else ""
        if field.kind == DATE:
            return date.fromisoformat(str(value)[:10])
        if field.kind == TIME:
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
            return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(zone)
    except (TypeError, ValueError):
        raise bad_value(f"Invalid filter: field '{field.name}' has invalid value") from None
    return str(value)


def matcher(group: Group) -> Test:
    """The group as one function of a row."""
    tests = [matcher(part) if isinstance(part, Group) else _test(part) for part in group.parts]
    if not tests:
        return lambda row: True
    if len(tests) == 1:
        return tests[0]
    every = any if group.any_of else all
    return lambda row: every(test(row) for test in tests)


def _test(condition: Condition) -> Test:
    name, default, value = condition.field.name, condition.field.default, condition.value
    if condition.negated:
        positive = _test(Condition(condition.field, condition.op, value))
        return lambda row: not positive(row)
    if condition.field.kind == LIST and value not in (None, "", 0):  # any of its values is enough
        one = _test(replace(condition, field=replace(condition.field, kind=TEXT)))
        return lambda row: any(one({name: part}) for part in row.get(name, default))
    if compare := _COMPARE.get(condition.op):
        if value is None:
            return lambda row: False
        return lambda row: compare(row.get(name, default), value)
    if condition.op == "@":
        return lambda row: row.get(name, default) in value
    if condition.op == "%":
        return lambda row: value in str(row.get(name, default) or "").lower()
    if condition.op == "=%":
        pattern = re.compile(".*".join(map(re.escape, value.split("%"))), re.DOTALL)
        return lambda row: pattern.fullmatch(str(row.get(name, default) or "").lower()) is not None
    if value in (None, "", 0):  # unset and empty are the same to a caller
        return lambda row: not row.get(name, default)
    return lambda row: row.get(name, default) == value


def parse_order(raw: Any, dialect: Dialect) -> tuple[tuple[Field, bool], ...]:
    """(field, descending) pairs."""
    order: list[tuple[Field, bool]] = []
    for name, direction in (raw or {}).items() if isinstance(raw, Mapping) else ():
        field = dialect.field(str(name), "order")
        if str(direction).upper() not in ("ASC", "DESC"):
            raise bad_value(
                f"Invalid order: allowed sort directions are ASC, DESC. But got '{direction}' for field '{name}'"
            )
        if field:
            order.append((field, str(direction).upper() == "DESC"))
    return tuple(order)


def sort(rows: Iterable[Row], order: tuple[tuple[Field, bool], ...]) -> list[Row]:
    """Stable, the first field of the order counting most; unset values come first, as in MySQL."""
    result = list(rows)
    for field, descending in reversed(order):
        result.sort(key=lambda row: _rank(field.read(row)), reverse=descending)
    return result


def _rank(value: Any) -> tuple[bool, Any]:
    return (value is not None, value if value is not None else 0)
