"""What can be done in the CRM: deals are created, changed, moved, won, lost, reopened and deleted; clients merged.

Each of them leaves the stage history and fires the events that a real portal does: a move inside a funnel fires
ONCRMDEALUPDATE, a move to another funnel only ONCRMDEALMOVETOCATEGORY. Activities are logged at the end of the file.
"""

import re
from datetime import datetime, timedelta
from typing import Any

from b24app.demo import diary, history
from b24app.demo.dictionaries import LOST, OPEN, WON
from b24app.demo.errors import RestError, bad_value
from b24app.demo.fields import LIST, CustomField, Field, Fields, Row
from b24app.demo.filters import convert
from b24app.demo.history import CHANGED_FUNNEL, CREATED, FINISHED, MOVED
from b24app.demo.processes import Process
from b24app.demo.state import COMPANY, CONTACT, DEAL, LEAD, Portal
from b24app.demo.store import Table
from b24app.lib.i18n import speaking

_MONEY = re.compile(r"-?\d+(\.\d+)?\|[A-Z]{3}")
EVENT_NAMES = {LEAD: "LEAD", DEAL: "DEAL", CONTACT: "CONTACT", COMPANY: "COMPANY"}


def row_of(table: Table, id: int) -> Row:
    if id not in table.rows:
        raise RestError("NOT_FOUND", "Element not found")
    return table.rows[id]


def writable(fields: Fields, values: dict[str, Any], portal: Portal) -> Row:
    """Callers' values as rows hold them; read-only and unknown fields are passed over, as the portal does."""
    return {
        name: _written(fields[name], value, portal)
        for name, value in values.items()
        if name in fields and not fields[name].read_only
    }


def _written(field: Field, value: Any, portal: Portal) -> Any:
    if field.kind != LIST:
        written = convert(field, value, portal.zone)
        return _checked(field, written) if isinstance(field, CustomField) and written is not None else written
    if value in (None, "", False):
        return ()
    if not isinstance(value, list | tuple | dict):
        raise RestError("100", f"Expected iterable value for multiple field, but got {type(value).__name__} instead")
    parts = value.values() if isinstance(value, dict) else value
    found = tuple(convert(field, one, portal.zone) for one in parts if one not in (None, ""))
    return tuple(_checked(field, one) for one in found) if isinstance(field, CustomField) else found


def _checked(field: CustomField, value: Any) -> Any:
    wrong_option = field.options and value not in field.options
    if wrong_option or (field.type == "money" and not _MONEY.fullmatch(value)):
        raise RestError("CRM_FIELD_ERROR_VALUE_NOT_VALID", f'Invalid value for field "{field.upper}"')
    return value


def create(portal: Portal, entity_type: int, values: dict[str, Any], actor: int) -> Row:
    """A new deal, lead, contact or company."""
    table = portal.items(entity_type)
    now = portal.now()
    authors = dict.fromkeys(("assignedById", "createdBy", "updatedBy"), actor)
    times = dict.fromkeys(("createdTime", "updatedTime", "lastActivityTime"), now)
    row: Row = {**authors, **times, **writable(table.fields, values, portal)}
    if entity_type == DEAL:
        _prepare(portal, row, now)
    if entity_type == LEAD:
        row |= {"movedTime": now, "movedBy": actor, **_lead_outcome(portal, row.get("stageId", "NEW"), now)}
    process = portal.processes.get(entity_type)
    if process:
        _stand(process, row, now, actor)
    table.add(row)
    if entity_type in (DEAL, LEAD):
        history.note(portal.moves(entity_type), row, CREATED, now, row["stageSemanticId"])
    if process:
        process.journal(row, CREATED, now)
    _tell(portal, entity_type, "ADD", row["id"], actor)
    return row


def _prepare(portal: Portal, deal: Row, now: datetime) -> None:
    deal.setdefault("categoryId", 0)
    stages = portal.dictionaries.stages(deal["categoryId"])
    if not stages:
        raise bad_value("Invalid value of the field 'categoryId'")
    if deal.get("stageId") not in {stage.code for stage in stages}:
        deal["stageId"] = stages[0].code
    deal.update(_outcome(portal, deal["stageId"]), movedTime=now, movedBy=deal["createdBy"])
    deal.setdefault("currencyId", portal.settings.currency)
    deal.setdefault("isManualOpportunity", "Y" if deal.get("opportunity") else "N")
    deal.setdefault("companyId", 0)
    deal.setdefault("begindate", now.date())
    deal.setdefault("closedate", now.date() + timedelta(days=7))


def change(portal: Portal, entity_type: int, id: int, values: dict[str, Any], actor: int) -> Row:
    """Write fields, standard and custom; a deal's new stage or funnel moves it."""
    table = portal.items(entity_type)
    row = row_of(table, id)
    changes = writable(table.fields, values, portal)
    now = portal.now()
    changes |= {"updatedTime": now, "updatedBy": actor}
    if process := portal.processes.get(entity_type):
        return _change_item(portal, process, row, changes, actor)
    if entity_type != DEAL:
        is_moved = entity_type == LEAD and changes.get("stageId", row.get("stageId")) != row.get("stageId")
        if is_moved:
            changes |= {"movedTime": now, "movedBy": actor, **_lead_outcome(portal, changes["stageId"], now)}
        table.change(id, changes)
        if is_moved:
            kind = MOVED if row["stageSemanticId"] == OPEN else FINISHED
            history.note(portal.lead_history, row, kind, now, row["stageSemanticId"])
        _tell(portal, entity_type, "UPDATE", id, actor)
        return row
    changes |= _worth(portal, row, changes)
    funnel = row.get("categoryId", 0)
    target = int({"categoryId": funnel, **changes}["categoryId"])
    stages = [stage.code for stage in portal.dictionaries.stages(target)]
    stage = changes.get("stageId", row["stageId"] if target == funnel else stages[0] if stages else "")
    if stage not in stages:
        raise bad_value(f"Stage '{stage}' does not belong to the funnel {target}")
    moved = stage != row["stageId"]
    if moved:
        changes |= {"stageId": stage, "movedTime": now, "movedBy": actor, **_outcome(portal, stage)}
        if changes["closed"] == "Y" and "closedate" not in values:
            changes["closedate"] = now.date()
    table.change(id, changes)
    if moved:
        kind = CHANGED_FUNNEL if target != funnel else FINISHED if row["closed"] == "Y" else MOVED
        history.note(portal.history, row, kind, now, row["stageSemanticId"])
    if target != funnel:
        fields = {"ID": str(id), "CATEGORY_ID": str(target), "STAGE_ID": stage}
        portal.emit("ONCRMDEALMOVETOCATEGORY", {"FIELDS": fields}, actor, "_".join(fields.values()))
    else:
        _tell(portal, DEAL, "UPDATE", id, actor)
    return row


def _stand(process: Process, row: Row, now: datetime, actor: int) -> None:
    row.setdefault("categoryId", process.funnel.id)
    if row.get("stageId") not in {stage.code for stage in process.stages}:
        row["stageId"] = process.stages[0].code
    row |= {"movedTime": now, "movedBy": actor}


def _change_item(portal: Portal, process: Process, row: Row, changes: Row, actor: int) -> Row:
    """An item of a smart process: its stage is one of the process's, and the history tells of its moves."""
    stage, now = changes.get("stageId", row["stageId"]), portal.now()
    if stage not in {one.code for one in process.stages}:
        raise bad_value(f"Stage '{stage}' does not belong to this smart process")
    is_moved = stage != row["stageId"]
    if is_moved:
        changes |= {"movedTime": now, "movedBy": actor, "previousStageId": row["stageId"]}
    process.table.change(row["id"], changes)
    if is_moved:
        process.journal(row, MOVED if process.semantic(stage) == OPEN else FINISHED, now)
    _tell(portal, process.entity_type_id, "UPDATE", row["id"], actor)
    return row


def _worth(portal: Portal, deal: Row, changes: Row) -> Row:
    """The amount of a deal with products is their sum, unless a person has set another one or does so now."""
    now_by_hand = "opportunity" in changes and changes["opportunity"] != deal.get("opportunity", 0)
    by_hand = changes.get("isManualOpportunity", "Y" if now_by_hand else deal.get("isManualOpportunity", "Y"))
    rows = product_rows(portal, deal["id"])
    if by_hand == "Y" or not rows:
        return {"isManualOpportunity": by_hand}
    return {"isManualOpportunity": by_hand, "opportunity": _sum(rows)}


def _sum(rows: list[Row]) -> float:
    total = round(sum(row.get("price", 0) * row.get("quantity", 1) for row in rows), 2)
    return int(total) if float(total).is_integer() else total


def move(portal: Portal, id: int, stage: str, actor: int) -> Row:
    """To any stage of any funnel."""
    funnel = int(stage[1 : stage.index(":")]) if stage.startswith("C") and ":" in stage else 0
    return change(portal, DEAL, id, {"categoryId": funnel, "stageId": stage}, actor)


def win(portal: Portal, id: int, actor: int, amount: float | None = None) -> Row:
    deal = row_of(portal.deals, id)
    values: dict[str, Any] = {"stageId": portal.dictionaries.final(deal.get("categoryId", 0), WON)}
    return change(portal, DEAL, id, values if amount is None else {**values, "opportunity": amount}, actor)


def lose(portal: Portal, id: int, actor: int) -> Row:
    deal = row_of(portal.deals, id)
    return change(portal, DEAL, id, {"stageId": portal.dictionaries.final(deal.get("categoryId", 0), LOST)}, actor)


def reopen(portal: Portal, id: int, actor: int) -> Row:
    """Back to the second stage of its funnel."""
    deal = row_of(portal.deals, id)
    return change(portal, DEAL, id, {"stageId": portal.dictionaries.stages(deal.get("categoryId", 0))[1].code}, actor)


def win_any(portal: Portal, actor: int, owner: int | None = None) -> Row:
    """A random open deal that has a client, of one employee or of anybody."""
    chosen = [
        id
        for id, row in portal.deals.rows.items()
        if row["stageSemanticId"] == OPEN and row.get("companyId") and owner in (None, row["assignedById"])
    ]
    if not chosen:
        raise RestError("NOT_FOUND", "There is no open deal with a client.")
    return win(portal, portal.random.choice(chosen), actor)


def delete(portal: Portal, entity_type: int, id: int, actor: int) -> None:
    row_of(portal.items(entity_type), id)
    portal.items(entity_type).remove(id)
    if entity_type in (DEAL, LEAD) or entity_type in portal.processes:
        moves = portal.moves(entity_type)
        for step in moves.matching("OWNER_ID", id):
            moves.remove(step)
    if entity_type == DEAL:
        for row in portal.product_rows.matching("ownerId", id):
            portal.product_rows.remove(row)
    if entity_type == COMPANY:  # deals stay, without a client and without an event
        for deal in portal.deals.matching("companyId", id):
            portal.deals.change(deal, {"companyId": 0})
    _tell(portal, entity_type, "DELETE", id, actor)


def product_rows(portal: Portal, deal: int) -> list[Row]:
    return [portal.product_rows.rows[id] for id in portal.product_rows.matching("ownerId", deal)]


def set_products(portal: Portal, deal: int, rows: list[dict[str, Any]], actor: int) -> Row:
    """Replace a deal's product rows (camelCase); a row that names its `id` stays the same row.

    There is no event of rows alone: the deal is told as changed.
    """
    row_of(portal.deals, deal)
    table = portal.product_rows
    # Everything is read before anything is written, so that a wrong row leaves the deal as it was.
    given = [
        (convert(table.fields["id"], row.get("id"), portal.zone), writable(table.fields, row, portal)) for row in rows
    ]
    kept = {id for id, _values in given} & set(table.matching("ownerId", deal))
    for id in set(table.matching("ownerId", deal)) - kept:
        table.remove(id)
    for place, (id, values) in enumerate(given, start=1):
        values |= {"ownerId": deal, "ownerType": "D"}
        if id in kept:
            table.change(id, values)
            continue
        product = portal.products.rows.get(values.get("productId") or 0)
        defaults = {"sort": place * 10, "productName": product["NAME"] if product else ""}
        table.add({**defaults, **values})
    return change(portal, DEAL, deal, {}, actor)


def merge_companies(portal: Portal, kept: int, merged: int, actor: int, touch_deals: bool = False) -> list[int]:
    """One company takes over the deals, contacts and activities of another, which is deleted. -> the deals' ids

    As in the real portal the deals change behind everybody's back: their `updatedTime` stays and no event tells of
    them, only of the two companies. With `touch_deals` each of them is also told as changed, as when people give
    the deals to the other company one by one.
    """
    row_of(portal.companies, kept)
    row_of(portal.companies, merged)
    if kept == merged:
        raise bad_value("A company cannot be merged with itself")
    moved = list(portal.deals.matching("companyId", merged))
    for id in moved:
        portal.deals.change(id, {"companyId": kept})
    for id, contact in portal.contacts.rows.items():
        if merged in contact.get("companyIds", ()):
            ids = dict.fromkeys(kept if one == merged else one for one in contact["companyIds"])
            portal.contacts.change(id, {"companyId": next(iter(ids)), "companyIds": tuple(ids)})
    for id in portal.activities.matching("OWNER_ID", merged):
        if portal.activities.rows[id].get("OWNER_TYPE_ID") == COMPANY:
            portal.activities.change(id, {"OWNER_ID": kept})
    both = (portal.companies.rows[id].get("contactIds", ()) for id in (kept, merged))
    change(portal, COMPANY, kept, {"contactIds": list(dict.fromkeys(one for ids in both for one in ids))}, actor)
    delete(portal, COMPANY, merged, actor)
    if touch_deals:
        for id in moved:
            change(portal, DEAL, id, {}, actor)
    return moved


def log_activity(
    portal: Portal, kind: str, owner: int, deal: int | None = None, at: datetime | None = None, done: bool = True
) -> Row:
    """A meeting, a call or an e-mail of an employee, by default just now and completed."""
    if kind not in diary.KINDS or owner not in portal.staff.users:
        raise bad_value("An activity is a meeting, call or email of an existing employee")
    shape, end = diary.KINDS[kind], at or portal.now()
    with speaking(portal.settings.language):
        name = diary.subject(kind)
    row = diary.entry_row(shape, name, owner, end - timedelta(minutes=shape.minutes[1]), end, done)
    row |= {"CREATED": portal.now(), "LAST_UPDATED": portal.now(), "DIRECTION": 0 if kind == "meeting" else 2}
    row |= {"OWNER_ID": deal, "OWNER_TYPE_ID": DEAL} if deal else {"OWNER_ID": 1, "OWNER_TYPE_ID": COMPANY}
    return add_activity(portal, row, owner)


def add_activity(portal: Portal, row: Row, actor: int) -> Row:
    portal.activities.add(row)
    _tell_activity(portal, "ADD", row["ID"], actor)
    return row


def change_activity(portal: Portal, id: int, values: dict[str, Any], actor: int) -> Row:
    row_of(portal.activities, id)
    changes = writable(portal.activities.fields, values, portal)
    changes |= {"LAST_UPDATED": portal.now(), "EDITOR_ID": actor}
    if "COMPLETED" in changes:
        changes["STATUS"] = 2 if changes["COMPLETED"] == "Y" else 1
    row = portal.activities.change(id, changes)
    _tell_activity(portal, "UPDATE", id, actor)
    return row


def delete_activity(portal: Portal, id: int, actor: int) -> None:
    row_of(portal.activities, id)
    portal.activities.remove(id)
    _tell_activity(portal, "DELETE", id, actor)


def _outcome(portal: Portal, stage: str) -> Row:
    semantic = portal.dictionaries.semantic(stage)
    return {"stageSemanticId": semantic, "closed": "N" if semantic == OPEN else "Y"}


def _lead_outcome(portal: Portal, stage: str, now: datetime) -> Row:
    """An open lead has no time of closing."""
    found = next((one for one in portal.dictionaries.statuses if (one.entity, one.code) == ("STATUS", stage)), None)
    if found is None:
        raise bad_value(f"Leads have no stage '{stage}'")
    semantic = found.semantic or OPEN
    return {"stageSemanticId": semantic, "dateClosed": None if semantic == OPEN else now}


def _tell(portal: Portal, entity_type: int, what: str, id: int, actor: int) -> None:
    """What smart processes have in common are their events: each names the type."""
    fields = {"ID": str(id)}
    if entity_type not in EVENT_NAMES:
        fields["ENTITY_TYPE_ID"] = str(entity_type)
    portal.emit(
        f"ONCRM{EVENT_NAMES.get(entity_type, 'DYNAMICITEM')}{what}",
        {"FIELDS": fields},
        actor,
        "_".join(fields.values()),
    )


def _tell_activity(portal: Portal, what: str, id: int, actor: int) -> None:
    portal.emit(f"ONCRMACTIVITY{what}", {"FIELDS": {"ID": str(id)}}, actor, str(id))
