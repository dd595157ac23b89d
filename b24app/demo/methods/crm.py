"""Methods that read and write CRM records: the universal crm.item.* and the old crm.deal.*. Products: products.py.

Whoever is no administrator gets their own and their subordinates' records only; the rest is silently left out.
"""

from typing import Any

from b24app.demo import captions, deals
from b24app.demo.errors import RestError
from b24app.demo.fields import LIST, CustomField, Row
from b24app.demo.filters import Dialect, new_dialect, old_dialect
from b24app.demo.lists import Names, names_of, page, rights, write_native, write_textual
from b24app.demo.records import ACTIVITY, DEAL
from b24app.demo.registry import Answer, Call, Params, method
from b24app.demo.state import DEAL as DEAL_TYPE
from b24app.demo.store import Table
from b24app.lib.i18n import speaking

_OWNER_FIELD = {1: "assignedById", 2: "assignedById"}


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


def _item(call: Call, entity_type: int, table: Table, row: Row) -> Answer:
    return Answer({"item": {**write_native(call, names_of(call, table))(row), "entityTypeId": entity_type}})


def _values(params: Params, names: Names) -> dict[str, Any]:
    """The fields to write, by the names the portal itself uses."""
    return {names[name].name: value for name, value in params.mapping("fields").items() if name in names}


@method("crm.item.list", "crm")
def item_list(call: Call) -> Answer:
    entity_type, table = _table(call)
    names = names_of(call, table)
    visible = rights(call, table.fields["assignedById"]) if entity_type in _OWNER_FIELD else ()
    found = page(call, table, new_dialect(names, call.portal.zone), visible)
    write = write_native(call, names, call.params)
    return Answer({"items": [write(row) for row in found.rows]}, found.total, found.next)


@method("crm.item.get", "crm")
def item_get(call: Call) -> Answer:
    entity_type, table = _table(call)
    return _item(call, entity_type, table, _readable(call, entity_type, table, call.params.number("id")))


@method("crm.item.fields", "crm")
def item_fields(call: Call) -> Answer:
    _entity_type, table = _table(call)
    original_names = any(name.startswith("UF_") for name in names_of(call, table))
    with speaking(call.portal.settings.language):
        return Answer({"fields": captions.described(table.fields, original_names)})


@method("crm.item.add", "crm")
def item_add(call: Call) -> Answer:
    entity_type, table = _table(call)
    values = _values(call.params, names_of(call, table))
    return _item(call, entity_type, table, deals.create(call.portal, entity_type, values, call.user.id))


@method("crm.item.update", "crm")
def item_update(call: Call) -> Answer:
    entity_type, table = _table(call)
    row = _readable(call, entity_type, table, call.params.number("id"))
    values = _values(call.params, names_of(call, table))
    return _item(call, entity_type, table, deals.change(call.portal, entity_type, row["id"], values, call.user.id))


@method("crm.item.delete", "crm")
def item_delete(call: Call) -> Answer:
    entity_type, table = _table(call)
    row = _readable(call, entity_type, table, call.params.number("id"))
    deals.delete(call.portal, entity_type, row["id"], call.user.id)
    return Answer([])


_OLD_DEAL = {field.old_name: field for field in DEAL.values() if field.custom or field.kind != LIST}


@method("crm.deal.list", "crm")
def deal_list(call: Call) -> Answer:
    visible = rights(call, DEAL["assignedById"])
    found = page(call, call.portal.deals, old_dialect(DEAL, call.portal.zone), visible)
    write = write_textual(call, _OLD_DEAL, call.params)
    return Answer([write(row) for row in found.rows], found.total, found.next)


@method("crm.deal.get", "crm")
def deal_get(call: Call) -> Answer:
    return Answer(write_textual(call, _OLD_DEAL)(_old_deal(call)))


def _old_deal(call: Call) -> Row:
    row = call.portal.deals.rows.get(call.params.number("id"))
    if row is None:
        raise RestError("", "Not found")
    return row


@method("crm.deal.fields", "crm")
def deal_fields(call: Call) -> Answer:
    with speaking(call.portal.settings.language):
        return Answer(captions.described_old(DEAL))


@method("crm.deal.userfield.list", "crm")
def deal_user_fields(call: Call) -> Answer:
    """Filters by equality; LANG selects nothing but adds the labels."""
    asked, order = call.params.mapping("filter"), call.params.mapping("order")
    custom = [field for field in DEAL.values() if isinstance(field, CustomField)]
    with speaking(str(asked.get("LANG") or call.portal.settings.language)):
        records = [captions.user_field(field, place, "LANG" in asked) for place, field in enumerate(custom)]
    found = [
        record
        for record in records
        if all(str(record.get(name.lstrip("=")) or "") == str(value) for name, value in asked.items() if name != "LANG")
    ]
    for name, direction in reversed(order.items()):
        found.sort(
            key=lambda record: int(record[name]) if name in ("ID", "SORT") else str(record.get(name)),
            reverse=str(direction).upper() == "DESC",
        )
    return Answer(found, len(found))


@method("crm.deal.add", "crm")
def deal_add(call: Call) -> Answer:
    return Answer(deals.create(call.portal, DEAL_TYPE, _values(call.params, _OLD_DEAL), call.user.id)["id"])


@method("crm.deal.update", "crm")
def deal_update(call: Call) -> Answer:
    deals.change(call.portal, DEAL_TYPE, _old_deal(call)["id"], _values(call.params, _OLD_DEAL), call.user.id)
    return Answer(True)


@method("crm.deal.delete", "crm")
def deal_delete(call: Call) -> Answer:
    deals.delete(call.portal, DEAL_TYPE, call.params.number("id"), call.user.id)
    return Answer(True)


@method("crm.stagehistory.list", "crm")
def stage_history(call: Call) -> Answer:
    moves = call.portal.moves(call.params.number("entityTypeId"))
    found = page(call, moves, Dialect(moves.fields, call.portal.zone))
    write = write_native(call, dict(moves.fields), call.params)
    return Answer({"items": [write(row) for row in found.rows]}, found.total, found.next)


@method("crm.activity.list", "crm")
def activity_list(call: Call) -> Answer:
    table, dialect = call.portal.activities, Dialect(ACTIVITY, call.portal.zone, strict=False)
    found = page(call, table, dialect, rights(call, ACTIVITY["RESPONSIBLE_ID"]))
    write = write_textual(call, dict(ACTIVITY), call.params)
    return Answer([write(row) for row in found.rows], found.total, found.next)


@method("crm.activity.get", "crm")
def activity_get(call: Call) -> Answer:
    row = call.portal.activities.rows.get(call.params.number("id"))
    if row is None:
        raise RestError("", "Activity is not found.")
    return Answer(write_textual(call, dict(ACTIVITY))(row))


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
