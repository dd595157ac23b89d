"""The settings page of API tokens: what there is and when it was last used, a new one (shown once), and revoking.

Only for administrators of the portal; tokens themselves cannot come here.
"""

from collections.abc import Mapping

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from b24app.lib import clock, db
from b24app.lib.errors import Invalid
from b24app.lib.i18n import gettext as _
from b24app.portal import api_tokens
from b24app.portal import queries as people
from b24app.portal.rules import Action
from b24app.web.viewer import needs

bp = Blueprint("keys", __name__, url_prefix="/ui/settings/tokens")


@bp.get("")
@needs(Action.ADMINISTER)
def page() -> ResponseReturnValue:
    return _page()


@bp.post("")
@needs(Action.ADMINISTER)
def create() -> ResponseReturnValue:
    """Answered with the token itself: it is kept nowhere that it could be shown from again."""
    asked = g.viewer.portal_id, request.form.get("name", ""), request.form.getlist("scopes"), clock.now()
    try:
        with db.write():
            token = api_tokens.create_api_token(*asked, actor=g.viewer.actor)
    except Invalid as error:
        return _page(faults={fault.path: fault.message for fault in error.errors})
    return _page(token=token)


@bp.post("/revoke")
@needs(Action.ADMINISTER)
def revoke() -> ResponseReturnValue:
    text = request.form.get("id", "")
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise Invalid(_("This address is not complete. Open the page again from the menu."))
    with db.write():
        api_tokens.revoke(g.viewer.portal_id, int(text), g.viewer.actor, clock.now())
    return redirect(url_for(".page", saved=1), 303)


def _page(token: str | None = None, faults: Mapping[str, str] | None = None) -> ResponseReturnValue:
    shown = render_template(
        "settings/tokens.html",
        viewer=g.viewer,
        token=token,
        failed="token",
        faults=faults or {},
        given=request.form if faults else {},
        chosen=request.form.getlist("scopes") if faults else ["read"],
        saved="saved" in request.args and not faults,
        scopes=api_tokens.SCOPES,
        keys=api_tokens.listed(g.viewer.portal_id),
        time_zone=people.get(g.viewer.portal_id).time_zone,
    )
    return shown, {"HX-Push-Url": url_for(".page")}
