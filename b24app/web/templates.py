"""The page of ready scorecards: what each counts, which sources it lacks, and for which departments to take it.

Only for administrators. What is taken is computed like any scorecard that is saved.
"""

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from b24app.bitrix.payloads import NUMBER
from b24app.jobs import scores
from b24app.jobs.sync import ask_watched
from b24app.lib import clock, db
from b24app.lib.errors import Conflict, Invalid
from b24app.onboarding import templates as ready
from b24app.portal import operations as portal
from b24app.portal import queries as people
from b24app.portal.rules import Action
from b24app.scores.rules import Cause, CauseKind
from b24app.web.viewer import needs

bp = Blueprint("templates", __name__, url_prefix="/ui/templates")


@bp.get("")
@needs(Action.ADMINISTER)
def listing() -> ResponseReturnValue:
    return _page()


@bp.post("/<code>")
@needs(Action.ADMINISTER)
def take(code: str) -> ResponseReturnValue:
    """The present is computed here, the past by a job."""
    portal_id, actor, now = g.viewer.portal_id, g.viewer.actor, clock.now()
    departments = [int(id) for id in request.form.getlist("department") if NUMBER.fullmatch(id)]
    try:
        with db.write():
            portal.lock(portal_id)
            ready.take(portal_id, code, departments, actor, now)
            cause = Cause(CauseKind.DEFINITION, actor)
            scores.compute(portal_id, {code}, now, cause)
    except (Invalid, Conflict) as error:
        return _page(code, error.errors[0].message if isinstance(error, Invalid) and error.errors else error.message)
    scores.ask(portal_id)
    ask_watched(portal_id)
    return redirect(url_for("scorecards.scorecard", code=code), 303)


def _page(failed: str = "", fault: str = "") -> ResponseReturnValue:
    portal_id = g.viewer.portal_id
    structure = people.structure(portal_id)
    page = render_template(
        "scorecards/templates.html",
        viewer=g.viewer,
        offers=ready.offers(portal_id),
        departments=sorted(structure.units.values(), key=lambda one: one.name.casefold()),
        currency=people.get(portal_id).base_currency,
        failed=failed,
        fault=fault,
        chosen={int(id) for id in request.form.getlist("department") if NUMBER.fullmatch(id)},
    )
    return page, {"HX-Push-Url": url_for(".listing")}
