"""The pages of scorecards: what is measured, with which targets and weights. Read only, but for the choice of numbers.

Indicators are changed in indicators.py, whole documents through the public API (web/api/).
"""

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from b24app.jobs import scores
from b24app.lib import clock, db
from b24app.lib.errors import Forbidden
from b24app.lib.i18n import gettext as _
from b24app.metrics.catalogue import CATALOGUE
from b24app.onboarding import operations as onboarding
from b24app.portal import operations as portal
from b24app.portal import queries as people
from b24app.portal.rules import COMPANY, Action, can
from b24app.scorecards import queries
from b24app.scores.owed import Recompute, owe
from b24app.scores.rules import Cause, CauseKind
from b24app.web.viewer import needs

bp = Blueprint("scorecards", __name__, url_prefix="/ui/scorecards")


@bp.before_request
def only_for_heads() -> None:
    if not (g.viewer.is_admin or g.viewer.departments):
        raise Forbidden(_("Scorecards are shown to administrators and heads of departments."))


@bp.get("")
def listing() -> ResponseReturnValue:
    return render_template("scorecards/list.html", versions=queries.latest(g.viewer.portal_id), viewer=g.viewer)


@bp.get("/<code>")
def scorecard(code: str) -> ResponseReturnValue:
    portal_id = g.viewer.portal_id
    return render_template(
        "scorecards/scorecard.html",
        version=queries.get(portal_id, code),
        structure=people.structure(portal_id),
        currency=people.get(portal_id).base_currency,
        catalogue=CATALOGUE,
        viewer=g.viewer,
        sees_money=g.viewer.sees_money,
        may_edit=(may_edit := can(g.viewer, Action.ADMINISTER, COMPANY)),
        may_choose=may_edit and code == onboarding.TEMPLATE,
    )


@bp.post("/<code>/numbers")
@needs(Action.ADMINISTER)
def numbers(code: str) -> ResponseReturnValue:
    """Takes the targets of the article, or those proposed from the portal's own history."""
    use = onboarding.use_article_numbers if request.form.get("take") == "article" else onboarding.use_proposed_numbers
    with db.write():
        portal.lock(g.viewer.portal_id)
        use(g.viewer.portal_id, g.viewer.actor, clock.now())
        owe(g.viewer.portal_id, Recompute(Cause(CauseKind.DEFINITION, g.viewer.actor)), clock.now())
    scores.ask(g.viewer.portal_id)
    return redirect(url_for(".scorecard", code=code), 303)
