"""The badges of an employee, as a part of their page."""

from flask import Blueprint, g, render_template
from flask.typing import ResponseReturnValue

from b24app.lib.errors import NotFound
from b24app.lib.i18n import gettext as _
from b24app.outcomes.recognition import queries
from b24app.portal.rules import Action, can, employee

bp = Blueprint("recognition", __name__, url_prefix="/ui/badges")


@bp.get("/<int:employee_id>")
def badges(employee_id: int) -> ResponseReturnValue:
    """Nothing where there are none."""
    if not can(g.viewer, Action.SEE, employee(employee_id)):
        raise NotFound(_("There is no such page."))
    return render_template("recognition/badges.html", given=queries.awards_of(g.viewer.portal_id, employee_id))
