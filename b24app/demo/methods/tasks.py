"""Tasks: fields are asked for in UPPER_CASE and answered in camelCase, every scalar a text (contract 7.9)."""

from typing import Any

from b24app.demo import deals, tasks, work
from b24app.demo.errors import RestError
from b24app.demo.fields import Field, Row
from b24app.demo.filters import Dialect
from b24app.demo.lists import page, rights, write_textual
from b24app.demo.registry import Answer, Call, Params, method

_BY_UPPER = {field.upper: field for field in tasks.RECORD.values()}
_ASKED = {**_BY_UPPER, "REAL_STATUS": tasks.RECORD["status"]}
_UNSORTABLE = ("ACCOMPLICES", "AUDITORS", "UF_CRM_TASK", "DESCRIPTION")


def _write(call: Call) -> Any:
    """What was selected; without a selection everything but the bindings to the CRM."""
    asked = {str(name) for name in call.params.many("select")}
    chosen = {
        field.name: field
        for upper, field in _BY_UPPER.items()
        if upper in asked or upper == "ID" or "*" in asked or (not asked and upper != "UF_CRM_TASK")
    }
    return write_textual(call, chosen)


@method("tasks.task.list", "task")
def task_list(call: Call) -> Answer:
    known = {name: field for name, field in _ASKED.items() if name not in _UNSORTABLE}
    if set(call.params.mapping("order")) - known.keys():
        raise RestError("0", "Invalid sorting key (internal error)")
    dialect = Dialect(_ASKED, call.portal.zone, strict=False)
    found = page(call, call.portal.tasks, dialect, rights(call, tasks.RECORD["responsibleId"]))
    write = _write(call)
    return Answer({"tasks": [write(row) for row in found.rows]}, found.total, found.next)


@method("tasks.task.get", "task")
def task_get(call: Call) -> Answer:
    return _told(call, _named(call))


@method("tasks.task.add", "task")
def task_add(call: Call) -> Answer:
    return _told(call, work.add_task(call.portal, _values(call.params, call), call.user.id))


@method("tasks.task.update", "task")
def task_update(call: Call) -> Answer:
    id = _named(call)["id"]
    return _told(call, work.change_task(call.portal, id, _values(call.params, call), call.user.id))


@method("tasks.task.complete", "task")
def task_complete(call: Call) -> Answer:
    return _told(call, work.change_task(call.portal, _named(call)["id"], {"status": tasks.DONE}, call.user.id))


@method("tasks.task.renew", "task")
def task_renew(call: Call) -> Answer:
    return _told(call, work.change_task(call.portal, _named(call)["id"], {"status": tasks.WAITING}, call.user.id))


@method("tasks.task.delete", "task")
def task_delete(call: Call) -> Answer:
    work.delete_task(call.portal, _named(call)["id"], call.user.id)
    return Answer({"task": True})


def _named(call: Call) -> Row:
    if not call.params.has("taskId"):
        raise RestError("100", "CTaskItem All parameters in the constructor must have real class type (internal error)")
    return work.task(call.portal, call.params.number("taskId"))


def _values(params: Params, call: Call) -> Row:
    fields: dict[str, Field] = _BY_UPPER
    named = {fields[name].name: value for name, value in params.mapping("fields").items() if name in fields}
    return deals.writable(tasks.RECORD, named, call.portal)


def _told(call: Call, row: Row) -> Answer:
    return Answer({"task": _write(call)(row)})
