"""Methods about robots and workflow activities, and the app's answers to their calls."""

import re
from typing import Any

from b24app.demo.errors import RestError, access_denied
from b24app.demo.registry import Answer, Call, method
from b24app.demo.robots import Robot

_CODE = re.compile(r"[a-zA-Z0-9._-]+")
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def _invalid(text: str) -> RestError:
    return RestError("ERROR_ACTIVITY_VALIDATION_FAILURE", text)


def _check(form: dict[str, Any]) -> None:
    if not str(form.get("HANDLER") or "").startswith(("http://", "https://")):
        raise RestError("ERROR_UNSUPPORTED_PROTOCOL", "Unsupported event handler protocol")
    if not form.get("NAME"):
        raise _invalid("Empty activity NAME!")
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
