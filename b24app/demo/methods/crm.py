"""Methods that read and write CRM records: the universal crm.item.* and the old crm.deal.*.

Whoever is no administrator gets their own and their subordinates' records only; the rest is silently left out.
"""

from collections.abc import Callable
from typing import Any

from b24app.demo import deals
from b24app.demo.errors import RestError
from b24app.demo.fields import ACTIVITY, DEAL, STAGE_HISTORY, Field, Row, native, textual
from b24app.demo.filters import Condition, Dialect, Group, new_dialect, old_dialect, parse_filter, parse_order
from b24app.demo.registry import Answer, Call, Params, method
from b24app.demo.state import DEAL as DEAL_TYPE
from b24app.demo.store import Page, Table

Render = Callable[[Row], dict[str, Any]]
_OWNER_FIELD = {1: "assignedById", 2: "assignedById"}


def _page(call: Call, table: Table, dialect: Dialect, rights: tuple[Condition, ...] = ()) -> Page:
    where = parse_filter(call.params.get("filter"), dialect)
    if rights:
        where = Group((*rights, where) if where.any_of else (*where.parts, *rights))
    order = parse_order(call.params.get("order"), dialect)
    return table.find(where, order, call.params.number("start"))


def _rights(call: Call, field: Field) -> tuple[Condition, ...]:
    visible = call.portal.staff.visible_to(call.user.id)
    return () if visible is None else (Condition(field, "@", visible),)


def _selected(params: Params, names: dict[str, Field]) -> dict[str, Field]:
    """The fields asked for; none named or `*` means all."""
    asked = [str(name) for name in params.many("select")]
    if not asked or "*" in asked:
        return names
    return {name: field for name, field in names.items() if name in asked or field.name.lower() == "id"}


def _render_native(call: Call, table: Table, select: Params | None = None) -> Render:
    names = dict(table.fields)
    fields = tuple((_selected(select, names) if select else names).values())
    zone = call.portal.zone
    return lambda row: {field.name: native(field, field.read(row), zone) for field in fields}


def _render_textual(call: Call, names: dict[str, Field], select: Params | None = None) -> Render:
    fields = tuple((_selected(select, names) if select else names).items())
    zone = call.portal.zone
    return lambda row: {name: textual(field, field.read(row), zone) for name, field in fields}


def _table(call: Call) -> tuple[int, Table]:
    entity_type = call.params.number("entityTypeId")
    return entity_type, call.portal.items(entity_type)


def _readable(call: Call, entity_type: int, table: Table, id: int) -> Row:
    row = table.rows.get(id)
    if row is None:
        raise RestError("NOT_FOUND", "Element not found")
    visible = call.portal.staff.visible_to(call.user.id)
    if visible is not None and entity_type in _OWNER_FIELD and row.get("assignedById", 1) not in visible:
        raise RestError("ACCESS_DENIED", "Access denied", 403)
    return row


@method("crm.item.list", "crm")
def item_list(call: Call) -> Answer:
    entity_type, table = _table(call)
    rights = _rights(call, table.fields["assignedById"]) if entity_type in _OWNER_FIELD else ()
    page = _page(call, table, new_dialect(table.fields, call.portal.zone), rights)
    render = _render_native(call, table, call.params)
    return Answer({"items": [render(row) for row in page.rows]}, page.total, page.next)


@method("crm.item.get", "crm")
def item_get(call: Call) -> Answer:
    entity_type, table = _table(call)
    row = _readable(call, entity_type, table, call.params.number("id"))
    return Answer({"item": {**_render_native(call, table)(row), "entityTypeId": entity_type}})


@method("crm.item.fields", "crm")
def item_fields(call: Call) -> Answer:
    _entity_type, table = _table(call)
    described = {
        field.name: {
            "type": field.kind,
            "isRequired": False,
            "isReadOnly": field.read_only,
            "isImmutable": False,
            "isMultiple": field.kind == "list",
            "isDynamic": False,
            "title": field.name,
            "upperName": field.upper,
        }
        for field in table.fields.values()
    }
    return Answer({"fields": described})


@method("crm.item.add", "crm")
def item_add(call: Call) -> Answer:
    entity_type, table = _table(call)
    row = deals.create(call.portal, entity_type, call.params.mapping("fields"), call.user.id)
    return Answer({"item": {**_render_native(call, table)(row), "entityTypeId": entity_type}})


@method("crm.item.update", "crm")
def item_update(call: Call) -> Answer:
    entity_type, table = _table(call)
    row = _readable(call, entity_type, table, call.params.number("id"))
    deals.change(call.portal, entity_type, row["id"], call.params.mapping("fields"), call.user.id)
    return Answer({"item": {**_render_native(call, table)(row), "entityTypeId": entity_type}})


@method("crm.item.delete", "crm")
def item_delete(call: Call) -> Answer:
    entity_type, table = _table(call)
    row = _readable(call, entity_type, table, call.params.number("id"))
    deals.delete(call.portal, entity_type, row["id"], call.user.id)
    return Answer([])


_OLD_DEAL = {field.old or field.upper: field for field in DEAL.values() if field.kind != "list"}


@method("crm.deal.list", "crm")
def deal_list(call: Call) -> Answer:
    rights = _rights(call, DEAL["assignedById"])
    page = _page(call, call.portal.deals, old_dialect(DEAL, call.portal.zone), rights)
    render = _render_textual(call, _OLD_DEAL, call.params)
    return Answer([render(row) for row in page.rows], page.total, page.next)


@method("crm.deal.get", "crm")
def deal_get(call: Call) -> Answer:
    row = call.portal.deals.rows.get(call.params.number("id"))
    if row is None:
        raise RestError("", "Not found")
    return Answer(_render_textual(call, _OLD_DEAL)(row))


def _old_values(params: Params) -> dict[str, Any]:
    return {_OLD_DEAL[name].name: value for name, value in params.mapping("fields").items() if name in _OLD_DEAL}


@method("crm.deal.add", "crm")
def deal_add(call: Call) -> Answer:
    return Answer(deals.create(call.portal, DEAL_TYPE, _old_values(call.params), call.user.id)["id"])


@method("crm.deal.update", "crm")
def deal_update(call: Call) -> Answer:
    id = call.params.number("id")
    if id not in call.portal.deals.rows:
        raise RestError("", "Not found")
    deals.change(call.portal, DEAL_TYPE, id, _old_values(call.params), call.user.id)
    return Answer(True)


@method("crm.deal.delete", "crm")
def deal_delete(call: Call) -> Answer:
    deals.delete(call.portal, DEAL_TYPE, call.params.number("id"), call.user.id)
    return Answer(True)


@method("crm.stagehistory.list", "crm")
def stage_history(call: Call) -> Answer:
    if call.params.number("entityTypeId") != DEAL_TYPE:
        raise RestError("0", "The entity is not supported")
    table = call.portal.history
    page = _page(call, table, Dialect(STAGE_HISTORY, call.portal.zone))
    render = _render_native(call, table, call.params)
    return Answer({"items": [render(row) for row in page.rows]}, page.total, page.next)


@method("crm.activity.list", "crm")
def activity_list(call: Call) -> Answer:
    table, dialect = call.portal.activities, Dialect(ACTIVITY, call.portal.zone, strict=False)
    page = _page(call, table, dialect, _rights(call, ACTIVITY["RESPONSIBLE_ID"]))
    render = _render_textual(call, dict(ACTIVITY), call.params)
    return Answer([render(row) for row in page.rows], page.total, page.next)


@method("crm.activity.get", "crm")
def activity_get(call: Call) -> Answer:
    row = call.portal.activities.rows.get(call.params.number("id"))
    if row is None:
        raise RestError("", "Activity is not found.")
    return Answer(_render_textual(call, dict(ACTIVITY))(row))


@method("crm.activity.add", "crm")
def activity_add(call: Call) -> Answer:
    values = deals.writable(ACTIVITY, call.params.mapping("fields"), call.portal)
    now = call.portal.now()
    row: Row = {"RESPONSIBLE_ID": call.user.id, "AUTHOR_ID": call.user.id, "START_TIME": now, "END_TIME": now, **values}
    row |= {"CREATED": now, "LAST_UPDATED": now, "OWNER_ID": row.get("OWNER_ID", 0)}
    row["STATUS"] = 2 if row.get("COMPLETED") == "Y" else 1
    row.setdefault("DEADLINE", row["START_TIME"])
    return Answer(deals.add_activity(call.portal, row, call.user.id)["ID"])


@method("crm.activity.update", "crm")
def activity_update(call: Call) -> Answer:
    id = call.params.number("id")
    if id not in call.portal.activities.rows:
        raise RestError("", "Activity is not found.")
    deals.change_activity(call.portal, id, call.params.mapping("fields"), call.user.id)
    return Answer(True)


@method("crm.activity.delete", "crm")
def activity_delete(call: Call) -> Answer:
    deals.delete_activity(call.portal, call.params.number("id"), call.user.id)
    return Answer(True)


@method("crm.item.productrow.list", "crm")
def product_rows(call: Call) -> Answer:
    """One row per deal, of the product it sells. Both filter keys are mandatory; `=ownerId` takes a list."""
    asked = {str(key).lstrip("=@"): value for key, value in call.params.mapping("filter").items()}
    if not asked.get("ownerType") or not asked.get("ownerId"):
        raise RestError("100", "Required parameters not provided: ownerType, ownerId")
    owners = asked["ownerId"] if isinstance(asked["ownerId"], list) else [asked["ownerId"]]
    rows = [call.portal.deals.rows[int(id)] for id in owners if int(id) in call.portal.deals.rows]
    found = [_product_row(row, call) for row in rows if asked["ownerType"] == "D" and row.get("_product")]
    return Answer({"productRows": found}, len(found))


def _product_row(deal: Row, call: Call) -> dict[str, Any]:
    names, price = list(call.portal.prices), deal.get("opportunity", 0)
    amounts = dict.fromkeys(("price", "priceAccount", "priceExclusive", "priceNetto", "priceBrutto"), price)
    return {
        "id": deal["id"],
        "ownerId": deal["id"],
        "ownerType": "D",
        "productId": names.index(deal["_product"]) + 1,
        "productName": deal["_product"],
        **amounts,
        "quantity": 1,
        "discountTypeId": 2,
        "discountRate": 0,
        "discountSum": 0,
        "taxRate": None,
        "taxIncluded": "Y",
        "measureCode": 796,
        "sort": 10,
        "type": 4,
    }
