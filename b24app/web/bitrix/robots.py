"""Robot and workflow activity calls: authenticated like events, stored by event token, answered at once."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from b24app.bitrix.payloads import RobotCall
from b24app.ingest import operations as ingest
from b24app.jobs import robots
from b24app.lib import clock
from b24app.lib.db import write
from b24app.lib.errors import Invalid
from b24app.lib.i18n import gettext as _
from b24app.lib.queue import enqueue
from b24app.web.bitrix.events import authenticated

bp = Blueprint("robots", __name__)

LONGEST_TOKEN = 512


@bp.post("/b24/robot")
def robot() -> ResponseReturnValue:
    """A delivery that came before is answered like the first and counted once."""
    call = RobotCall.from_form(request.form, request.get_json(silent=True))
    portal_id = authenticated(call.auth)
    if not call.code or not 0 < len(call.event_token) <= LONGEST_TOKEN:
        raise Invalid(_("The robot's call names no robot or no event token."))
    with write():
        inbox_id = ingest.accept_robot(portal_id, call.event_token, call.record(), clock.now())
    if inbox_id is not None:
        enqueue(robots.run, inbox_id, queue="robots", unique=f"robot-{inbox_id}")
    return "", 200
