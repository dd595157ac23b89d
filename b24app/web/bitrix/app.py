"""The application address and the handler of every placement: verify the viewer, begin a session, hand over to a page.

The first request is a cross-site POST, answered 200 with the session inside; the page itself is then asked for with it.
"""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from b24app.bitrix.payloads import NUMBER, PlacementPayload
from b24app.jobs import install as jobs
from b24app.lib import clock
from b24app.lib.db import write
from b24app.lib.errors import Forbidden
from b24app.lib.i18n import gettext as _
from b24app.portal import operations, visits
from b24app.web import session
from b24app.web.viewer import frame_in, speak

bp = Blueprint("placements", __name__)

HOME = "/ui/"
RECORDS = {
    "CRM_DEAL_DETAIL_TAB": "/ui/deal/",
    "CRM_LEAD_DETAIL_TAB": "/ui/lead/",
    "CRM_CONTACT_DETAIL_TAB": "/ui/contact/",
    "CRM_COMPANY_DETAIL_TAB": "/ui/company/",
}
"""Placements whose page is about the record they are opened on; all others lead to where the viewer begins."""


@bp.route("/b24/app", methods=["GET", "POST", "HEAD"])
def app() -> ResponseReturnValue:
    if request.method != "POST":
        return render_template("bitrix/neutral.html")
    payload = PlacementPayload.from_form(request.form, request.args)
    speak(payload.language)
    visit = visits.verify(payload.access_token, payload.member_id, request.args.get("DOMAIN"), payload.server_endpoint)
    frame_in(visit.info.client_endpoint)
    portal_id = admitted(visit, payload)
    return render_template(
        "frame.html",
        session=session.start(portal_id, visit, payload.language),
        go=page_of(payload.placement, payload.options),
    )


def admitted(visit: visits.Visit, payload: PlacementPayload) -> int:
    """Only an administrator's visit writes anything: everybody else must not wait for whoever writes."""
    pair = operations.Pair(payload.access_token, payload.refresh_token, payload.expires_in)
    given = (visit, pair, payload.application_token, clock.now())
    if visit.is_admin:
        with write():
            portal, must_register = operations.admit(*given)
        if must_register:
            jobs.ask(portal.id)
    else:
        portal, _nothing = operations.admit(*given)
    if portal.status == "suspended":
        raise Forbidden(portal.problem or _("The app is suspended in this Bitrix24."))
    return portal.id


def page_of(placement: str, options: Mapping[str, Any]) -> str:
    """The address under /ui that a placement shows. A link may name one itself (`params[go]`), but only one of ours."""
    record = str(options.get("ID") or "")
    if placement in RECORDS and NUMBER.fullmatch(record):
        return f"{RECORDS[placement]}{record}"
    go = str(options.get("go") or "")
    is_ours = go.startswith(HOME) and not set(go) & set("\\\r\n\t") and ".." not in go
    return go if is_ours else HOME
