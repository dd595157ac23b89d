"""The portal's REST address, `/rest/METHOD`: faults, limits, tokens, one method or a batch of them, the envelope.

request -> moved? refused? -> rate limit -> token -> method (under the lock) -> {"result", "total", "next", "time"}
"""

import time
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, make_response, request

import b24app.demo.methods  # noqa: F401  (registers the methods)
from b24app.demo import batch
from b24app.demo.errors import RestError
from b24app.demo.registry import Answer, Params, invoke
from b24app.demo.state import Portal
from b24app.demo.wire import unflatten

rest = Blueprint("rest", __name__)
OPERATING_WINDOW_S = 600


def body() -> Params:
    """The JSON object that came to one of the portal's own addresses; 415 without one."""
    found = request.get_json()
    return Params(found if isinstance(found, dict) else {})


def portal() -> Portal:
    found = current_app.extensions["demo_portal"]
    assert isinstance(found, Portal)
    return found


@rest.route("/rest/<path:method>", methods=["GET", "POST"], strict_slashes=False)
def call(method: str) -> Response:
    here, name = portal(), method.strip("/").removesuffix(".json").lower()
    started = time.time()
    if here.faults.moved_to and request.host != here.domain:
        moved = make_response("<html><body>302 Found</body></html>", 302)
        moved.headers["Location"] = f"{here.client_endpoint}{method}"
        return moved
    with here.lock:
        here.traffic.requests += 1
        here.traffic.by_method[name] += 1
        refusal = here.faults.take(name)
        admitted = here.limiter.admit(request.remote_addr or "", time.monotonic())
    if refusal and refusal.hang_s:
        time.sleep(refusal.hang_s)
    try:
        if refusal and refusal.html:
            return make_response(refusal.html, refusal.status or 500)
        if refusal and refusal.status:
            raise RestError(refusal.code, "Refused on purpose by the demo portal", refusal.status)
        if not admitted:
            raise RestError("QUERY_LIMIT_EXCEEDED", "Too many requests", 503)
        return jsonify(_answer(here, name, started))
    except RestError as error:
        with here.lock:
            here.traffic.errors[error.code] += 1
        return make_response(jsonify({**error.body(), "time": _times(here, started)}), error.status)


def _answer(here: Portal, name: str, started: float) -> dict[str, Any]:
    raw = {**unflatten(request.args.items(multi=True)), **_body()}
    with here.lock:
        user = here.user_behind(str(raw.pop("auth", "")))
        if name == "batch":

            def one(command: str, parameters: dict[str, Any]) -> Answer:
                here.traffic.commands[command.lower()] += 1
                return invoke(here, user, command, parameters)

            answer = Answer(batch.run(Params(raw), one, lambda begun: _times(here, begun)))
        else:
            answer = invoke(here, user, name, raw)
    body: dict[str, Any] = {"result": answer.result}
    if answer.next is not None:
        body["next"] = answer.next
    if answer.total is not None:
        body["total"] = answer.total
    return {**body, "time": _times(here, started)}


def _body() -> dict[str, Any]:
    if request.is_json:
        found = request.get_json(silent=True)
        if found is not None and not isinstance(found, dict):
            raise RestError("INVALID_REQUEST", "The body has to be an object")
        return found or {}
    return unflatten(request.form.items(multi=True))


def _times(here: Portal, started: float) -> dict[str, Any]:
    finished = time.time()
    spent = finished - started

    def written(moment: float) -> str:
        return datetime.fromtimestamp(moment, here.zone).isoformat(timespec="seconds")

    return {
        "start": started,
        "finish": finished,
        "duration": spent,
        "processing": spent,
        "date_start": written(started),
        "date_finish": written(finished),
        "operating_reset_at": int(finished) + OPERATING_WINDOW_S,
        "operating": round(spent, 6),
    }
