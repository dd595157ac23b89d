"""The badges of an employee, as a part of their page: whoever edits their plan gives one, administrators revoke."""

from flask import Blueprint, g, render_template, request
from flask.typing import ResponseReturnValue

from b24app.jobs import outbox
from b24app.lib import clock, db
from b24app.lib.errors import Conflict, Forbidden, NotFound
from b24app.lib.i18n import gettext as _
from b24app.outcomes.notifications import awards
from b24app.outcomes.recognition import operations, queries
from b24app.outcomes.recognition.rules import badge, badges
from b24app.portal.rules import COMPANY, Action, can, employee
from b24app.web.viewer import needs

bp = Blueprint("recognition", __name__, url_prefix="/ui/badges")

LONGEST_COMMENT = 500


@bp.get("/<int:employee_id>")
def given(employee_id: int) -> ResponseReturnValue:
    return _given(employee_id)


@bp.post("/<int:employee_id>/give")
def give(employee_id: int) -> ResponseReturnValue:
    if not _may_give(employee_id):
        raise Forbidden(_("You may not give this employee badges."))
    chosen, comment = badge(request.form.get("badge", "")), request.form.get("comment", "").strip()[:LONGEST_COMMENT]
    if chosen is None:
        return _given(employee_id, _("Choose a badge."))
    try:
        with db.write():
            is_new = awards.give(g.viewer, chosen, employee_id, comment, clock.now())
    except Conflict as error:
        return _given(employee_id, error.message)
    if not is_new:
        return _given(employee_id, _("The employee has this badge already in this period."))
    outbox.ask(g.viewer.portal_id)
    return _given(employee_id, said=_("The badge has been given."))


@bp.post("/<int:employee_id>/revoke")
@needs(Action.ADMINISTER)
def revoke(employee_id: int) -> ResponseReturnValue:
    code, period, start = (request.form.get(name, "") for name in ("badge", "period", "start"))
    with db.write():
        operations.revoke(g.viewer.portal_id, code, employee_id, period, start, g.viewer.actor, clock.now())
    return _given(employee_id, said=_("The badge has been revoked."))


def _given(employee_id: int, fault: str = "", said: str = "") -> ResponseReturnValue:
    """Nothing where there are none and none may be given."""
    if not can(g.viewer, Action.SEE, employee(employee_id)):
        raise NotFound(_("There is no such page."))
    return render_template(
        "recognition/badges.html",
        given=queries.awards_of(g.viewer.portal_id, employee_id),
        employee_id=employee_id,
        badges=badges() if _may_give(employee_id) else (),
        may_revoke=can(g.viewer, Action.ADMINISTER, COMPANY),
        fault=fault,
        said=said,
        asked=request.form,
    )


def _may_give(employee_id: int) -> bool:
    """Not to themselves, and to nobody who has left."""
    person = g.context.structure().people.get(employee_id)
    is_other = person is not None and person.active and employee_id != g.viewer.user_id
    return is_other and can(g.viewer, Action.EDIT_PLAN, employee(employee_id))
