"""What the app has set going in the portal, for whoever looks: workflows, triggers, and what its webhook has posted.

GET    /demo/api/automation    {"templates": [..], "workflows": [..], "triggers": {code: name}, "executed": [..]}
POST   /demo/api/automation    {"paid": false}: a plan without workflows over REST
POST   /demo/api/hook[?status=503]    takes the app's webhook and answers so; GET /demo/api/hooks lists what came
"""

from flask import Blueprint, Response, jsonify, request

from b24app.demo.rest import body, portal

automation = Blueprint("automation", __name__, url_prefix="/demo/api")

HEADERS = ("X-Signature", "X-Event", "X-Delivery")


@automation.get("/automation")
def look() -> Response:
    here = portal()
    with here.lock:
        flows = here.workflows
        return jsonify(
            {
                "templates": [{"id": one.id, "name": one.name} for one in flows.templates],
                "workflows": [one.record() for one in flows.started],
                "triggers": flows.triggers,
                "executed": [one.record() for one in flows.pulled],
            }
        )


@automation.post("/automation")
def change() -> Response:
    here, asked = portal(), body()
    with here.lock:
        here.workflows.on_paid_plan = bool(asked.get("paid", True))
        return jsonify({"paid": here.workflows.on_paid_plan})


@automation.post("/hook")
def hook() -> tuple[str, int]:
    here = portal()
    with here.lock:
        here.letterbox.mail.append(
            {
                "body": request.get_data(as_text=True),
                "headers": {name: request.headers.get(name, "") for name in HEADERS},
            }
        )
    return "", request.args.get("status", 200, type=int)


@automation.get("/hooks")
def hooks() -> Response:
    here = portal()
    with here.lock:
        return jsonify({"items": list(here.letterbox.mail)})
