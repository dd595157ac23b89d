"""The lock of periods on the pages: administrators lock and unlock, everybody sees what changed after a lock."""

from datetime import date
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from b24app.lib import db
from b24app.lib.errors import Invalid
from b24app.lib.i18n import gettext as _
from b24app.outcomes.dashboards import history
from b24app.periods.rules import Period, named, parse_kind
from b24app.portal import operations as portal
from b24app.portal.rules import Action, Subject, SubjectType
from b24app.scores import locks
from b24app.web.viewer import needs

bp = Blueprint("periods", __name__, url_prefix="/ui/periods")


@bp.get("/late")
def late() -> ResponseReturnValue:
    """The records that changed after a lock, in the side panel."""
    asked = request.args
    if asked.get("subject") not in set(SubjectType) or not asked.get("subject_id", "0").isdecimal():
        raise _incomplete()
    subject = Subject(SubjectType(asked["subject"]), int(asked.get("subject_id", "0")))
    shown = history.late_records(
        g.viewer, asked.get("scorecard", ""), subject, _period(), asked.get("cursor"), g.context
    )
    return render_template("dashboards/late.html", shown=shown, time_zone=g.context.settings.time_zone)


@bp.post("/lock")
@needs(Action.ADMINISTER)
def lock() -> ResponseReturnValue:
    period, scorecard = _period(), request.form.get("scorecard") or None
    with db.write():
        portal.lock(g.viewer.portal_id)
        locks.lock(g.viewer.portal_id, period, scorecard, g.viewer.actor, g.context.now)
    return _back()


@bp.post("/unlock")
@needs(Action.ADMINISTER)
def unlock() -> ResponseReturnValue:
    period, scorecard, reason = _period(), request.form.get("scorecard") or None, request.form.get("reason", "")
    with db.write():
        portal.lock(g.viewer.portal_id)
        locks.unlock(g.viewer.portal_id, period, scorecard, reason[:2000], g.viewer.actor, g.context.now)
    return _back()


def _period() -> Period:
    asked = request.values
    try:
        start = date.fromisoformat(asked.get("start", ""))
    except ValueError as error:
        raise _incomplete() from error
    return named(parse_kind(asked.get("period", "")), start, g.context.settings)


def _back() -> ResponseReturnValue:
    """To the page the form was on."""
    asked = request.form
    names = ("scorecard", "period", "start", "department")
    given: dict[str, Any] = {name: asked[name] for name in names if asked.get(name)}
    return redirect(url_for("dashboards.team", **given), 303)


def _incomplete() -> Invalid:
    return Invalid(_("This address is not complete. Open the page again from the menu."))
