"""Methods about event handlers and the offline queue."""

from b24app.demo.errors import RestError, access_denied
from b24app.demo.events import CODES, Waiting
from b24app.demo.registry import Answer, Call, Params, method
from b24app.demo.store import PAGE


@method("events")
def events(call: Call) -> Answer:
    return Answer(list(CODES))


@method("event.bind")
def bind(call: Call) -> Answer:
    params, event = call.params, call.params.text("event").upper()
    offline = params.text("event_type", "online").lower() == "offline"
    auth_type = params.number("auth_type", call.user.id)
    if event not in CODES:
        raise RestError("ERROR_EVENT_NOT_FOUND", "Event not found")
    if not call.user.is_admin and (offline or auth_type != call.user.id):
        raise access_denied("Access denied! Offline events binding requires administrator access rights")
    if not offline and not params.text("handler").startswith(("http://", "https://")):
        raise RestError("ERROR_WRONG_HANDLER_URL", "Wrong handler URL")
    if not call.portal.events.bind(event, "" if offline else params.text("handler"), auth_type, offline):
        raise RestError("ERROR_CORE", "Unable to set event handler: Handler already binded")
    return Answer(True)


@method("event.unbind")
def unbind(call: Call) -> Answer:
    params = call.params
    auth_type = params.number("auth_type") if params.has("auth_type") or params.text("auth_type") == "0" else None
    offline = params.text("event_type").lower() == "offline" if params.has("event_type") else None
    count = call.portal.events.unbind(params.text("event").upper(), params.text("handler"), auth_type, offline)
    return Answer({"count": count})


@method("event.get")
def bound(call: Call) -> Answer:
    mine = [one for one in call.portal.events.bindings if call.user.is_admin or one.auth_type == call.user.id]
    return Answer([binding.record() for binding in mine])


@method("event.offline.get", admin=True)
def offline_get(call: Call) -> Answer:
    params = call.params
    clear = call.portal.faults.plain_offline or str(params.get("clear", 1)) not in ("0", "False", "false")
    process_id, rows = call.portal.events.reserve(
        min(params.number("limit", PAGE), PAGE), clear, params.number("error") == 1, lambda row: _suits(row, params)
    )
    return Answer({"process_id": process_id or None, "events": [row.record() for row in rows]})


@method("event.offline.list", admin=True)
def offline_list(call: Call) -> Answer:
    start = max(0, call.params.number("start"))
    rows = [row for row in call.portal.events.queue if _suits(row, call.params)]
    rows.sort(key=lambda row: row.id, reverse=str(call.params.mapping("order").get("ID", "")).upper() == "DESC")
    following = start + PAGE
    records = [row.record(with_state=True) for row in rows[start:following]]
    return Answer(records, len(rows), following if following < len(rows) else None)


@method("event.offline.clear", admin=True)
def offline_clear(call: Call) -> Answer:
    process_id = _process(call.params)
    call.portal.events.confirm(process_id, lambda row: _chosen(row, call.params))
    return Answer(True)


@method("event.offline.error", admin=True)
def offline_error(call: Call) -> Answer:
    process_id = _process(call.params)
    call.portal.events.park(process_id, lambda row: _chosen(row, call.params))
    return Answer(True)


def _process(params: Params) -> str:
    if not params.has("process_id"):
        raise RestError("PROCESS_ID_NOT_FOUND", "Process ID not found")
    return params.text("process_id")


def _chosen(row: Waiting, params: Params) -> bool:
    """Rows named by id or message id; all of the process when none is named."""
    ids, messages = set(map(str, params.many("id"))), set(map(str, params.many("message_id")))
    return not (ids or messages) or str(row.id) in ids or row.message_id in messages


def _suits(row: Waiting, params: Params) -> bool:
    record = row.record(with_state=True)
    for key, value in params.mapping("filter").items():
        name = str(key).lstrip("<>=!@%")
        if str(key).startswith(">="):
            suits = int(record[name]) >= int(value)
        elif str(key).startswith(">"):
            suits = int(record[name]) > int(value)
        else:
            suits = str(record.get(name, "")) in map(str, value if isinstance(value, list) else [value])
        if not suits:
            return False
    return True
