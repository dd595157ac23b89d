"""How list methods find, choose and write rows: shared by the methods of every area."""

from collections.abc import Callable
from typing import Any

from b24app.demo.fields import Field, Row, native, textual
from b24app.demo.filters import Condition, Dialect, Group, parse_filter, parse_order
from b24app.demo.registry import Call, Params
from b24app.demo.store import Page, Table

Render = Callable[[Row], dict[str, Any]]
Names = dict[str, Field]


def page(call: Call, table: Table, dialect: Dialect, more: tuple[Condition, ...] = ()) -> Page:
    """The rows that the call's filter and these further conditions leave."""
    where = parse_filter(call.params.get("filter"), dialect)
    if more:
        where = Group((*more, where) if where.any_of else (*where.parts, *more))
    order = parse_order(call.params.get("order"), dialect)
    return table.find(where, order, call.params.number("start"))


def rights(call: Call, field: Field) -> tuple[Condition, ...]:
    """Whoever is no administrator finds their own and their subordinates' records."""
    visible = call.portal.staff.visible_to(call.user.id)
    return () if visible is None else (Condition(field, "@", visible),)


def names_of(call: Call, table: Table) -> Names:
    """How a crm.item.* call names fields: with useOriginalUfNames custom ones are UF_CRM_.."""
    if str(call.params.get("useOriginalUfNames") or "").upper() not in ("Y", "1", "TRUE"):
        return dict(table.fields)
    return {field.old if field.custom else field.name: field for field in table.fields.values()}


def write_native(call: Call, names: Names, select: Params | None = None) -> Render:
    chosen = tuple((_selected(select, names) if select else names).items())
    zone = call.portal.zone
    return lambda row: {name: native(field, field.read(row), zone) for name, field in chosen}


def write_textual(call: Call, names: Names, select: Params | None = None) -> Render:
    """In the old dialect nothing named, or `*`, leaves custom fields out: `UF_*` brings them."""
    chosen = tuple((_selected(select, names, "UF_*") if select else names).items())
    zone = call.portal.zone
    return lambda row: {name: textual(field, field.read(row), zone) for name, field in chosen}


def _selected(params: Params, names: Names, for_custom: str = "*") -> Names:
    """The fields asked for, and always the id; none named means `*`."""
    asked = {str(name) for name in params.many("select")} or {"*"}
    return {
        name: field
        for name, field in names.items()
        if name in asked or field.name.lower() == "id" or (for_custom if field.custom else "*") in asked
    }
