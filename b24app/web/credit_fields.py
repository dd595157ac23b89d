"""The settings page of split credit: which fields of deals say who gets a part of them. Only for administrators."""

from collections.abc import Mapping
from fractions import Fraction

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from b24app.facts.credit.rules import FieldRule
from b24app.ingest import credit_fields
from b24app.ingest.splits import A_PERCENT
from b24app.jobs import scores
from b24app.jobs.watched import ask_watched
from b24app.lib import clock, db, typed
from b24app.lib.errors import Fault, Invalid
from b24app.lib.i18n import gettext as _
from b24app.lib.i18n import language
from b24app.outcomes.dashboards.figures import plain
from b24app.portal import operations as portal
from b24app.portal.rules import Action
from b24app.scores.owed import Recompute, owe
from b24app.scores.rules import Cause, CauseKind
from b24app.web.viewer import needs

bp = Blueprint("credit_fields", __name__, url_prefix="/ui/settings/credit")


@bp.get("")
@needs(Action.ADMINISTER)
def page() -> ResponseReturnValue:
    return _page()


@bp.post("")
@needs(Action.ADMINISTER)
def save() -> ResponseReturnValue:
    portal_id, lines = g.viewer.portal_id, _filled()
    try:
        with db.write():
            portal.lock(portal_id)
            if credit_fields.save(g.viewer, _asked(lines), clock.now()):
                owe(portal_id, Recompute(Cause(CauseKind.SETTING, g.viewer.actor)), clock.now())
    except Invalid as error:
        return _page({_field(fault.path, lines): fault.message for fault in error.errors})
    scores.ask(portal_id)
    ask_watched(portal_id)
    return redirect(url_for(".page", saved=1), 303)


def _page(faults: Mapping[str, str] | None = None) -> ResponseReturnValue:
    portal_id = g.viewer.portal_id
    rules = credit_fields.rules(portal_id)
    shown = render_template(
        "settings/credit.html",
        viewer=g.viewer,
        saved="saved" in request.args and not faults,
        failed="credit",
        faults=faults or {},
        given=request.form if faults else _given(rules),
        lines=range(credit_fields.MOST_RULES),
        choices=credit_fields.choices(portal_id),
    )
    return shown, {"HX-Push-Url": url_for(".page")}


def _given(rules: tuple[FieldRule, ...]) -> dict[str, str]:
    """The form as it would be filled in for these rules."""
    found = {}
    for line, rule in enumerate(rules):
        found[f"person_{line}"], found[f"field_{line}"] = rule.person, rule.percent or ""
        found[f"percent_{line}"] = "" if rule.share is None else plain(Fraction(rule.share, A_PERCENT), 4)
    return found


def _filled() -> tuple[int, ...]:
    """The lines of the form that say anything."""
    names = ("person", "percent", "field")
    return tuple(line for line in range(credit_fields.MOST_RULES) if any(_said(f"{name}_{line}") for name in names))


def _asked(lines: tuple[int, ...]) -> list[credit_fields.Asked]:
    """Invalid with a sentence at each percent that is no number."""
    faults, asked = [], []
    for place, line in enumerate(lines):
        text = _said(f"percent_{line}")
        percent = typed.number(text, typed.usual(language())) if text else None
        if text and percent is None:
            faults.append(Fault(f"rules[{place}].percent", _("Enter a number.")))
        asked.append(credit_fields.Asked(_said(f"person_{line}"), percent, _said(f"field_{line}")))
    if faults:
        raise Invalid(_("Nothing was saved: look at the fields marked below."), faults)
    return asked


def _field(path: str, lines: tuple[int, ...]) -> str:
    """The name of the form's field: `percent_2` of `rules[1].percent`, where the second rule is in the third line."""
    if not path.startswith("rules["):
        return path
    place, _bracket, name = path.removeprefix("rules[").partition("].")
    return f"{name}_{lines[int(place)]}"


def _said(name: str) -> str:
    return request.form.get(name, "").strip()[:64]
