"""Acting with robots: which are registered, running one, what became of it."""

from flask import Response, jsonify

from b24app.demo.control.address import actor, control
from b24app.demo.errors import RestError
from b24app.demo.rest import body, portal


@control.get("/robots")
def robots() -> Response:
    return jsonify(
        {
            "items": [
                {
                    "code": one.code,
                    "is_activity": one.is_activity,
                    "waits": one.waits,
                    "name": one.name,
                    "properties": one.properties(),
                    "results": one.properties("RETURN_PROPERTIES"),
                }
                for one in portal().workflows.robots.values()
            ]
        }
    )


@control.post("/robots/run")
def run_robot() -> Response:
    here, asked = portal(), body()
    kinds = {"DEAL": "CCrmDocumentDeal", "LEAD": "CCrmDocumentLead", "CONTACT": "CCrmDocumentContact"}
    document = asked.text("document")
    with here.lock:
        robot = here.workflows.robots.get(asked.text("code"))
        if robot is None:
            raise RestError("NOT_FOUND", f"The robot {asked.text('code')} is not registered")
        kind = kinds.get(document.rpartition("_")[0], "CCrmDocumentCompany")
        run = here.workflows.start(robot, ("crm", kind, document), asked.mapping("properties"), actor(asked))
        here.answered.wait_for(lambda: run.state != "waiting", timeout=float(asked.get("wait") or 0))
        return jsonify(run.record())


@control.get("/robots/runs/<int:id>")
def robot_run(id: int) -> Response:
    runs = portal().workflows.runs
    if not 0 < id <= len(runs):
        raise RestError("NOT_FOUND", "There is no such run")
    return jsonify(runs[id - 1].record())
