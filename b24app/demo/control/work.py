"""Acting beside the CRM: calls that end, tasks."""

from flask import Response, jsonify, request

from b24app.demo import deals, tasks, work
from b24app.demo.control.address import actor, control
from b24app.demo.control.crm import shown
from b24app.demo.people import ADMIN_ID
from b24app.demo.rest import body, portal
from b24app.demo.telephony import OK, OUT


@control.post("/calls")
def ring() -> Response:
    here, asked = portal(), body()
    with here.lock:
        owner, kind = asked.number("owner", ADMIN_ID), asked.number("type", OUT)
        row = work.ring(here, owner, kind, asked.text("code", OK), asked.number("seconds", 60))
        return jsonify(shown(here, here.calls, row))


@control.post("/tasks")
def add_task() -> Response:
    here, asked = portal(), body()
    with here.lock:
        values = deals.writable(tasks.RECORD, request.get_json(), here)
        return jsonify(shown(here, here.tasks, work.add_task(here, values, actor(asked))))


@control.route("/tasks/<int:id>", methods=["PATCH", "DELETE"])
def task(id: int) -> Response:
    here, asked = portal(), body()
    with here.lock:
        if request.method == "DELETE":
            work.delete_task(here, id, actor(asked))
            return jsonify({"deleted": True})
        values = deals.writable(tasks.RECORD, request.get_json(), here)
        return jsonify(shown(here, here.tasks, work.change_task(here, id, values, actor(asked))))
