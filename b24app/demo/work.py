"""What people do beside their deals: calls end, tasks are made, changed, closed and deleted. Each fires its event.

What an event of tasks has nothing to say of is the text `undefined`, as in the real portal.
"""

from datetime import datetime, timedelta

from b24app.demo import deals, diary, tasks, telephony
from b24app.demo.errors import RestError
from b24app.demo.fields import Row
from b24app.demo.state import Portal


def ring(portal: Portal, user: int, kind: int, code: str, seconds: int, begin: datetime | None = None) -> Row:
    """A call that has just ended. One that was taken leaves an activity as well; ONVOXIMPLANTCALLEND tells of it."""
    begin = begin or portal.now() - timedelta(seconds=seconds)
    row = {**telephony.row_of(user, begin, kind, code, seconds), **telephony.client(portal.random)}
    row["CALL_ID"] = telephony.call_id(portal.calls.last_id + 1)
    if code == telephony.OK:
        shape = diary.KINDS["call"]
        activity = diary.entry_row(shape, row["PHONE_NUMBER"], user, begin, begin + timedelta(seconds=seconds))
        activity |= {"DIRECTION": 1 if kind in (telephony.IN, telephony.REDIRECTED) else 2, "OWNER_TYPE_ID": 4}
        activity["OWNER_ID"] = row["CRM_ENTITY_ID"]
        row["CRM_ACTIVITY_ID"] = deals.add_activity(portal, activity, user)["ID"]
    portal.calls.add(row)
    told = ("CALL_ID", "CALL_TYPE", "PHONE_NUMBER", "PORTAL_USER_ID", "CALL_DURATION", "CALL_FAILED_CODE")
    data = {name: str(row.get(name)) for name in told}
    data |= {
        "PORTAL_NUMBER": "reg133788",
        "CALL_START_DATE": begin.isoformat(timespec="seconds"),
        "COST": "0",
        "COST_CURRENCY": "",
        "CALL_FAILED_REASON": telephony.REASONS.get(code, ""),
        "CRM_ACTIVITY_ID": str(row.get("CRM_ACTIVITY_ID", "")),
    }
    portal.emit("ONVOXIMPLANTCALLEND", data, user, str(row["ID"]))
    return row


def task(portal: Portal, id: int) -> Row:
    if id not in portal.tasks.rows:
        raise RestError("0", "wrong task id (internal error)")
    return portal.tasks.rows[id]


def add_task(portal: Portal, values: Row, actor: int) -> Row:
    if not values.get("title"):
        raise RestError("ERROR_CORE", "Task name is not specified")
    now = portal.now()
    row: Row = {"createdBy": actor, "responsibleId": actor, "status": tasks.WAITING, **values}
    portal.tasks.add({**row, "createdDate": now, "changedDate": now, "changedBy": actor})
    _tell_task(portal, "ADD", portal.tasks.last_id, actor)
    return task(portal, portal.tasks.last_id)


def change_task(portal: Portal, id: int, values: Row, actor: int) -> Row:
    """A status of its own closes or opens the task again."""
    row = task(portal, id)
    now = portal.now()
    changes = {**values, "changedDate": now, "changedBy": actor}
    if "status" in values and values["status"] != row.get("status"):
        closed = values["status"] in (tasks.REVIEW, tasks.DONE)
        changes |= {"closedDate": now if closed else None, "closedBy": actor if closed else None}
    portal.tasks.change(id, changes)
    _tell_task(portal, "UPDATE", id, actor)
    return row


def delete_task(portal: Portal, id: int, actor: int) -> None:
    task(portal, id)
    portal.tasks.remove(id)
    _tell_task(portal, "DELETE", id, actor)


def _tell_task(portal: Portal, what: str, id: int, actor: int) -> None:
    here, nothing = {"ID": str(id)}, "undefined"
    data = {
        "FIELDS_BEFORE": nothing if what == "ADD" else here,
        "FIELDS_AFTER": nothing if what == "DELETE" else here,
        "IS_ACCESSIBLE_BEFORE": "N" if what == "ADD" else "Y",
        "IS_ACCESSIBLE_AFTER": nothing if what == "ADD" else "N" if what == "DELETE" else "Y",
    }
    portal.emit(f"ONTASK{what}", data, actor, str(id))
