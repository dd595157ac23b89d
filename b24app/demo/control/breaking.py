"""Breaking: the faults that can be switched on and healed."""

from flask import Response, jsonify, request

from b24app.demo.control.address import control
from b24app.demo.faults import Faults, Refusal
from b24app.demo.registry import Params
from b24app.demo.rest import body, portal
from b24app.demo.state import Portal
from b24app.lib import clock

HEALED = ("drop_events", "double_events", "shuffle_events", "moved_to", "plain_offline", "single_owner_rows")


@control.route("/faults", methods=["POST", "DELETE"])
def faults() -> Response:
    here = portal()
    with here.lock:
        if request.method == "DELETE":
            _break(here, Params({name: getattr(Faults(), name) for name in HEALED}))
            here.faults.operation_limit = frozenset()
            here.faults.refusals.clear()
            here.limiter.enforced = here.settings.strict_limits
        else:
            _break(here, body())
        return jsonify(here.faults.record())


def _break(here: Portal, asked: Params) -> None:
    faults = here.faults
    if asked.get("drop_events") is not None:
        faults.drop_events = float(asked.get("drop_events"))
    if asked.get("double_events") is not None:
        faults.double_events = float(asked.get("double_events"))
    if asked.get("shuffle_events") is not None:
        faults.shuffle_events = int(asked.get("shuffle_events"))
        here.courier.let_go()
    if asked.get("moved_to") is not None:
        faults.moved_to = asked.text("moved_to").rstrip("/")
    if asked.get("plain_offline") is not None:
        faults.plain_offline = bool(asked.get("plain_offline"))
    if asked.get("single_owner_rows") is not None:
        faults.single_owner_rows = bool(asked.get("single_owner_rows"))
    if asked.get("operation_limit") is not None:
        faults.operation_limit = frozenset(str(name).lower() for name in asked.many("operation_limit"))
    if asked.get("limits") is not None:
        here.limiter.enforced = bool(asked.get("limits"))
    if asked.get("expire_tokens"):
        here.tokens.expire_all(clock.now())
    if asked.has("reject"):
        faults.refusals.append(Refusal(**asked.mapping("reject")))
    for name, active in (("dismiss", False), ("restore", True)):
        for user_id in asked.many(name):
            here.staff.users[int(user_id)].active = active
