"""Methods about robots and workflow activities, the app's answers to their calls, workflows and triggers."""

import re
from typing import Any

from b24app.demo.errors import RestError, access_denied
from b24app.demo.registry import Answer, Call, method
from b24app.demo.robots import Pulled, Robot

_CODE = re.compile(r"[a-zA-Z0-9._-]+")
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def _invalid(text: str) -> RestError:
    return RestError("ERROR_ACTIVITY_VALIDATION_FAILURE", text)


def _check(form: dict[str, Any]) -> None:
    if not str(form.get("HANDLER") or "").startswith(("http://", "https://")):
        raise RestError("ERROR_UNSUPPORTED_PROTOCOL", "Unsupported event handler protocol")
    if not form.get("NAME"):
        raise _invalid("Empty activity NAME!")
    if str(form.get("USE_PLACEMENT") or "N").upper() == "Y" and not form.get("PLACEMENT_HANDLER"):
        raise RestError("ERROR_WRONG_HANDLER_URL", "Wrong handler URL")
    for which in ("PROPERTIES", "RETURN_PROPERTIES"):
        properties = form.get(which) or {}
        if not isinstance(properties, dict):
            raise _invalid("Wrong properties array!")
        for key, shape in properties.items():
            if not _KEY.fullmatch(key):
                raise _invalid(f"Wrong property key ({key})!")
            if not isinstance(shape, dict) or not shape.get("Name"):
                raise _invalid(f"Empty property NAME ({key})!")


def _add(call: Call, is_activity: bool) -> Answer:
    form = {key.upper(): value for key, value in call.params.items()}
    code, robots = str(form.get("CODE") or ""), call.portal.workflows.robots
    if not code:
        raise _invalid("Empty activity code!")
    if not _CODE.fullmatch(code):
        raise _invalid("Wrong activity code!")
    _check(form)
    if code in robots:
        raise RestError("ERROR_ACTIVITY_ALREADY_INSTALLED", "Activity or Robot already installed!")
    robots[code] = Robot(code, is_activity, form)
    return Answer(True)


def _change(call: Call, is_activity: bool) -> Answer:
    robot = _existing(call, is_activity)
    fields = {key.upper(): value for key, value in call.params.mapping("FIELDS").items()}
    if not fields:
        raise _invalid("No fields to update")
    _check({**robot.form, **fields})
    robot.form.update(fields)
    return Answer(True)


def _delete(call: Call, is_activity: bool) -> Answer:
    del call.portal.workflows.robots[_existing(call, is_activity).code]
    return Answer(True)


def _list(call: Call, is_activity: bool) -> Answer:
    return Answer([one.code for one in call.portal.workflows.robots.values() if one.is_activity == is_activity])


def _existing(call: Call, is_activity: bool) -> Robot:
    robot = call.portal.workflows.robots.get(call.params.text("CODE"))
    if robot is None or robot.is_activity != is_activity:
        raise RestError("ERROR_ACTIVITY_NOT_FOUND", "Activity or Robot not found!")
    return robot


for _kind, _is_activity in (("robot", False), ("activity", True)):
    for _verb, _handler in (("add", _add), ("update", _change), ("delete", _delete), ("list", _list)):
        method(f"bizproc.{_kind}.{_verb}", "bizproc", admin=True)(
            lambda call, _handler=_handler, _is_activity=_is_activity: _handler(call, _is_activity)  # type: ignore[misc]
        )


@method("bizproc.event.send", "bizproc")
def event_send(call: Call) -> Answer:
    params = call.params
    if not call.portal.workflows.answer(
        params.text("EVENT_TOKEN"), params.mapping("RETURN_VALUES"), params.text("LOG_MESSAGE")
    ):
        raise access_denied()
    call.portal.answered.notify_all()
    return Answer(True)


@method("bizproc.activity.log", "bizproc")
def activity_log(call: Call) -> Answer:
    if not call.params.has("LOG_MESSAGE"):
        raise RestError("ERROR_EMPTY_LOG_MESSAGE", "Empty log message!")
    run = call.portal.workflows.find(call.params.text("EVENT_TOKEN"))
    if run is None:
        raise access_denied()
    run.log.append(call.params.text("LOG_MESSAGE"))
    return Answer(True)


@method("bizproc.workflow.template.list", "bizproc", admin=True)
def template_list(call: Call) -> Answer:
    """Filters by equality, as far as the app asks."""
    asked = {name.upper(): value for name, value in call.params.mapping("FILTER").items()}
    records = [
        {
            "ID": str(one.id),
            "MODULE_ID": "crm",
            "ENTITY": one.document_class,
            "DOCUMENT_TYPE": one.document_type,
            "NAME": one.name,
            "AUTO_EXECUTE": "0",
        }
        for one in call.portal.workflows.templates
    ]
    found = [one for one in records if all(one.get(name) == value for name, value in asked.items())]
    return Answer(found, len(found))


@method("bizproc.workflow.start", "bizproc", admin=True)
def workflow_start(call: Call) -> Answer:
    workflows = call.portal.workflows
    if not workflows.on_paid_plan:
        raise RestError("ACCESS_DENIED", "REST API is available only on commercial plans.", 403)
    template_id, document = call.params.number("TEMPLATE_ID"), call.params.many("DOCUMENT_ID")
    if template_id not in [one.id for one in workflows.templates]:
        raise RestError("ERROR_WRONG_WORKFLOW_ID", "Workflow template not found")
    if len(document) != 3:
        raise RestError("", "Wrong DOCUMENT_ID!")
    started = workflows.begin(template_id, str(document[2]), call.params.mapping("PARAMETERS"))
    return Answer(started.id)


_TRIGGER = re.compile(r"[a-z0-9.\-_]+")
_AUTOMATED = {1: "LEAD", 2: "DEAL"}


@method("crm.automation.trigger.add", "crm", admin=True)
def trigger_add(call: Call) -> Answer:
    """Added again it has the new name."""
    code, name = call.params.text("CODE"), call.params.text("NAME")
    if not code:
        raise RestError("", "Empty trigger code!")
    if not _TRIGGER.fullmatch(code):
        raise RestError("", "Wrong trigger code!")
    if not name:
        raise RestError("", "Empty trigger name!")
    call.portal.workflows.triggers[code] = name
    return Answer(True)


@method("crm.automation.trigger.list", "crm", admin=True)
def trigger_list(call: Call) -> Answer:
    return Answer([{"NAME": name, "CODE": code} for code, name in call.portal.workflows.triggers.items()])


@method("crm.automation.trigger.delete", "crm", admin=True)
def trigger_delete(call: Call) -> Answer:
    if call.portal.workflows.triggers.pop(call.params.text("CODE"), None) is None:
        raise RestError("", "Trigger not found")
    return Answer(True)


@method("crm.automation.trigger.execute", "crm", admin=True)
def trigger_execute(call: Call) -> Answer:
    code, kind, id = call.params.text("CODE"), call.params.number("OWNER_TYPE_ID"), call.params.number("OWNER_ID")
    if code not in call.portal.workflows.triggers:
        raise RestError("", f"Trigger with code {code} is not registered.")
    if kind not in _AUTOMATED:
        raise RestError("", "Incorrect parameter OWNER_TYPE_ID.")
    if id <= 0:
        raise RestError("", "Incorrect parameter OWNER_ID.")
    call.portal.workflows.pulled.append(Pulled(code, f"{_AUTOMATED[kind]}_{id}"))
    return Answer(True)
