"""The page on which the credit of a deal is split between people (ADR 16). Who may is asked in ingest/splits.py."""

from collections.abc import Callable, Mapping
from decimal import Decimal

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from b24app import pipeline
from b24app.facts.rules import Cell
from b24app.ingest import splits
from b24app.jobs import outbox
from b24app.lib import clock, db, typed
from b24app.lib.errors import Fault, Invalid
from b24app.lib.i18n import gettext as _
from b24app.lib.i18n import language
from b24app.outcomes.dashboards import credit
from b24app.portal import operations as portal
from b24app.scores.rules import Cause, CauseKind

bp = Blueprint("credits", __name__, url_prefix="/ui/credits/deal")


@bp.get("/<int:deal_id>")
def page(deal_id: int) -> ResponseReturnValue:
    return _page(deal_id)


@bp.post("/<int:deal_id>")
def save(deal_id: int) -> ResponseReturnValue:
    """All that the form says or nothing of it; lines without a person and a share are left out."""
    places = _filled()

    def change() -> frozenset[Cell]:
        return splits.split(g.viewer, deal_id, _parts(places), _said("reason"), g.context.structure(), clock.now())

    return _done(deal_id, change, places)


@bp.post("/<int:deal_id>/join")
def join(deal_id: int) -> ResponseReturnValue:
    return _done(deal_id, lambda: splits.join(g.viewer, deal_id, _said("reason"), clock.now()))


@bp.post("/<int:deal_id>/undo")
def undo(deal_id: int) -> ResponseReturnValue:
    return _done(deal_id, lambda: splits.undo(g.viewer, deal_id, _said("reason"), clock.now()))


def _done(deal_id: int, change: Callable[[], frozenset[Cell]], places: tuple[int, ...] = ()) -> ResponseReturnValue:
    """The page after the change and all it moves, or with sentences at the fields that are wrong."""
    portal_id, cause = g.viewer.portal_id, Cause(CauseKind.CREDIT, g.viewer.actor)
    try:
        with db.write():
            portal.lock(portal_id)
            changes = pipeline.recompute(portal_id, change(), clock.now(), cause)
    except Invalid as error:
        return _page(deal_id, {_field(fault.path, places): fault.message for fault in error.errors})
    outbox.ask_if(portal_id, changes)
    return redirect(url_for(".page", deal_id=deal_id, saved=1), 303)


def _page(deal_id: int, faults: Mapping[str, str] | None = None) -> ResponseReturnValue:
    split = credit.split(g.viewer, g.context.structure(), deal_id)
    shown = render_template(
        "credits/deal.html",
        viewer=g.viewer,
        time_zone=g.context.settings.time_zone,
        split=split,
        rows=max(split.rows, *(line + 1 for line in _filled()), 0),
        saved="saved" in request.args and not faults,
        failed="credit",
        faults=faults or {},
        given=request.form if faults else {},
    )
    return shown, {"HX-Push-Url": url_for(".page", deal_id=deal_id)}


def _filled() -> tuple[int, ...]:
    """The lines of the form that say anything."""
    lines = range(splits.MOST_PEOPLE)
    return tuple(line for line in lines if _said(f"person_{line}") or _said(f"percent_{line}"))


def _parts(places: tuple[int, ...]) -> list[splits.Part]:
    """Invalid with a sentence at each line that cannot be read."""
    faults, parts = [], []
    for place, line in enumerate(places):
        person, percent = _said(f"person_{line}"), typed.number(_said(f"percent_{line}"), typed.usual(language()))
        if not (person.isascii() and person.isdecimal()):
            faults.append(Fault(f"shares[{place}].employee_id", _("Choose a person.")))
        if percent is None:
            faults.append(Fault(f"shares[{place}].percent", _("Enter a number.")))
        if not faults:
            parts.append(splits.Part(int(person), percent or Decimal(0)))
    if faults:
        raise Invalid(_("Nothing was changed: look at the fields marked below."), faults)
    return parts


def _field(path: str, places: tuple[int, ...]) -> str:
    """The name of the form's field: `percent_2` of `shares[1].percent`, where the second share is in the third line."""
    if not path.startswith("shares["):
        return path
    place, _bracket, name = path.removeprefix("shares[").partition("].")
    return f"{'person' if name == 'employee_id' else 'percent'}_{places[int(place)]}"


def _said(name: str) -> str:
    return request.form.get(name, "").strip()[: splits.LONGEST_REASON]
