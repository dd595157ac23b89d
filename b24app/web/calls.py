"""The settings page of calls and activities: where calls are counted from, and which activities this portal has.

Only for administrators. A change is audited by the operation behind it, and every number is computed anew.
"""

from collections.abc import Mapping
from datetime import date

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from b24app.facts import call_sources
from b24app.jobs import scores
from b24app.lib import clock, db
from b24app.lib.errors import Fault, Invalid
from b24app.lib.i18n import gettext as _
from b24app.periods import queries as periods
from b24app.periods.rules import local_day
from b24app.portal import operations as portal
from b24app.portal.rules import Action
from b24app.scores.owed import Recompute, owe
from b24app.scores.rules import Cause, CauseKind
from b24app.web.viewer import needs

bp = Blueprint("calls", __name__, url_prefix="/ui/settings/calls")


@bp.get("")
@needs(Action.ADMINISTER)
def page() -> ResponseReturnValue:
    return _page()


@bp.post("")
@needs(Action.ADMINISTER)
def choose() -> ResponseReturnValue:
    portal_id = g.viewer.portal_id
    try:
        with db.write():
            portal.lock(portal_id)
            asked = request.form.get("source", ""), _day(request.form.get("day", ""))
            if call_sources.choose(portal_id, *asked, g.viewer.actor, clock.now()):
                owe(portal_id, Recompute(Cause(CauseKind.SETTING, g.viewer.actor)), clock.now())
    except Invalid as error:
        return _page({fault.path: fault.message for fault in error.errors})
    scores.ask(portal_id)
    return redirect(url_for(".page", saved=1), 303)


def _day(text: str) -> date | None:
    """None for all calls, those of the past too."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        message = _("Choose a day.")
        raise Invalid(message, [Fault("day", message)]) from None


def _page(faults: Mapping[str, str] | None = None) -> ResponseReturnValue:
    portal_id, now = g.viewer.portal_id, clock.now()
    settings, steps = periods.settings(portal_id), call_sources.steps(portal_id)
    shown = render_template(
        "settings/calls.html",
        viewer=g.viewer,
        saved="saved" in request.args and not faults,
        failed="calls",
        faults=faults or {},
        given=request.form if faults else {},
        source=call_sources.source_at(steps, clock.epoch(now)),
        steps=[(local_day(step.since, settings) if step.since else None, step.source) for step in steps],
        proposal=call_sources.proposal(portal_id, now),
        providers=call_sources.providers(portal_id),
        today=local_day(clock.epoch(now), settings),
        time_zone=settings.time_zone,
    )
    return shown, {"HX-Push-Url": url_for(".page")}
