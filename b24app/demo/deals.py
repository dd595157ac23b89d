"""What can be done in the CRM: create, change, move, win, lose, reopen and delete deals; log activities.

Each of them leaves the stage history and fires the events that a real portal does: a move inside a funnel fires
ONCRMDEALUPDATE, a move to another funnel only ONCRMDEALMOVETOCATEGORY.
"""

from datetime import datetime, timedelta
from typing import Any

from b24app.demo import diary
from b24app.demo.dictionaries import LOST, OPEN, WON
from b24app.demo.errors import RestError, bad_value
from b24app.demo.fields import Fields, Row
from b24app.demo.filters import convert
from b24app.demo.seed import CHANGED_FUNNEL, CREATED, FINISHED, MOVED
from b24app.demo.state import COMPANY, CONTACT, DEAL, LEAD, Portal
from b24app.demo.store import Table
from b24app.lib.i18n import speaking

EVENT_NAMES = {LEAD: "LEAD", DEAL: "DEAL", CONTACT: "CONTACT", COMPANY: "COMPANY"}


def row_of(table: Table, id: int) -> Row:
    if id not in table.rows:
        raise RestError("NOT_FOUND", "Element not found")
    return table.rows[id]


def writable(fields: Fields, values: dict[str, Any], portal: Portal) -> Row:
    """Callers' values as rows hold them; read-only and unknown fields are passed over, as the portal does."""
    return {
        name: tuple(value or ()) if fields[name].kind == "list" else convert(fields[name], value, portal.zone)
        for name, value in values.items()
        if name in fields and not fields[name].read_only
    }


def create(portal: Portal, entity_type: int, values: dict[str, Any], actor: int) -> Row:
    """A new deal, lead, contact or company."""
    table = portal.items(entity_type)
    now = portal.now()
    authors = dict.fromkeys(("assignedById", "createdBy", "updatedBy"), actor)
    times = dict.fromkeys(("createdTime", "updatedTime", "lastActivityTime"), now)
    row: Row = {**authors, **times, **writable(table.fields, values, portal)}
    if entity_type == DEAL:
        _prepare(portal, row, now)
    table.add(row)
    if entity_type == DEAL:
        _journal(portal, row, CREATED, now)
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
    deal.setdefault("companyId", 0)
    deal.setdefault("begindate", now.date())
    deal.setdefault("closedate", now.date() + timedelta(days=7))


def change(portal: Portal, entity_type: int, id: int, values: dict[str, Any], actor: int) -> Row:
    """Write fields; a deal's new stage or funnel moves it."""
    table = portal.items(entity_type)
    row = row_of(table, id)
    changes = writable(table.fields, values, portal)
    now = portal.now()
    changes |= {"updatedTime": now, "updatedBy": actor}
    if entity_type != DEAL:
        table.change(id, changes)
        _tell(portal, entity_type, "UPDATE", id, actor)
        return row
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
        _journal(portal, row, kind, now)
    if target != funnel:
        fields = {"ID": str(id), "CATEGORY_ID": str(target), "STAGE_ID": stage}
        portal.emit("ONCRMDEALMOVETOCATEGORY", {"FIELDS": fields}, actor, str(id))
    else:
        _tell(portal, DEAL, "UPDATE", id, actor)
    return row


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
    if entity_type == DEAL:
        for step in portal.history.matching("OWNER_ID", id):
            portal.history.remove(step)
    _tell(portal, entity_type, "DELETE", id, actor)


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


def _journal(portal: Portal, deal: Row, kind: int, now: datetime) -> None:
    portal.history.add(
        {
            "TYPE_ID": kind,
            "OWNER_ID": deal["id"],
            "CREATED_TIME": now,
            "CATEGORY_ID": deal.get("categoryId", 0),
            "STAGE_SEMANTIC_ID": deal["stageSemanticId"],
            "STAGE_ID": deal["stageId"],
        }
    )


def _tell(portal: Portal, entity_type: int, what: str, id: int, actor: int) -> None:
    portal.emit(f"ONCRM{EVENT_NAMES[entity_type]}{what}", {"FIELDS": {"ID": str(id)}}, actor, str(id))


def _tell_activity(portal: Portal, what: str, id: int, actor: int) -> None:
    portal.emit(f"ONCRMACTIVITY{what}", {"FIELDS": {"ID": str(id)}}, actor, str(id))
