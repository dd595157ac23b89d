"""The form of an indicator: what is measured, with which target and weight, from when on.

Only for administrators. What is saved is a document like those of the public API, and is computed like them.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from b24app.jobs import scores
from b24app.jobs.sync import ask_watched
from b24app.lib import clock, db
from b24app.lib.errors import Fault, Invalid, NotFound
from b24app.lib.i18n import gettext as _
from b24app.metrics.catalogue import CATALOGUE, FORMULA
from b24app.periods import queries as calendars
from b24app.periods.rules import following, local_day, period_at
from b24app.portal import operations as portal
from b24app.portal import queries as people
from b24app.portal.rules import Action
from b24app.scorecards import documents, operations, queries
from b24app.scorecards.documents import ScorecardDocument
from b24app.scorecards.editing import drafts, words
from b24app.scorecards.editing import inputs as forms
from b24app.scorecards.editing.drafts import Draft
from b24app.scorecards.rules import Version
from b24app.scores.rules import Cause, CauseKind
from b24app.web.viewer import needs

bp = Blueprint("indicators", __name__, url_prefix="/ui/scorecards")

OPTION, WEIGHT = "option_", "weight_"
Change = Callable[[ScorecardDocument, str | None, Draft, date], dict[str, Any]]
"""What becomes of a scorecard, as a raw document."""

TEXTS = ("metric", "name", "formula", "date", "owner", "direction", "target", "target_per", "weight")


@bp.get("/<code>/indicator")
@needs(Action.ADMINISTER)
def page(code: str) -> ResponseReturnValue:
    """The form of the indicator `of`, or of a new one; filled in as the address says, if it says anything."""
    version, of = _asked(code)
    is_filled_in = "metric" in request.args
    draft = _given(version, of, request.args) if is_filled_in else drafts.draft_of(version.document, of)
    return _form(version, of, draft)


@bp.post("/<code>/indicator")
@needs(Action.ADMINISTER)
def save(code: str) -> ResponseReturnValue:
    """The indicator as it is filled in, or, if that is asked, the scorecard without it."""
    version, of = _asked(code)
    draft = _given(version, of, request.form)
    is_removed = of is not None and request.form.get("remove") == "yes"
    try:
        _save(code, of, draft, _start(version), drafts.without if is_removed else drafts.changed)
    except Invalid as error:
        codes = [one.code for one in version.document.indicators]
        mine = -1 if is_removed else codes.index(of) if of else len(codes)
        return _form(version, of, draft, error.errors or (Fault("", error.message),), mine)
    return redirect(url_for("scorecards.scorecard", code=code), 303)


def _save(code: str, of: str | None, draft: Draft, start: date, change: Change) -> None:
    """What somebody else has changed meanwhile of the other indicators stays."""
    portal_id, actor, now = g.viewer.portal_id, g.viewer.actor, clock.now()
    with db.write():
        portal.lock(portal_id)
        stored = queries.get(portal_id, code).document
        operations.save(portal_id, documents.parse(change(stored, of, draft, start)), actor, now)
        scores.compute(portal_id, {code}, now, Cause(CauseKind.DEFINITION, actor))
    scores.ask(portal_id)
    ask_watched(portal_id)


def _asked(code: str) -> tuple[Version, str | None]:
    version, of = queries.get(g.viewer.portal_id, code), request.args.get("of") or None
    if of is not None and drafts.find(version.document, of) is None:
        raise NotFound(_("There is no such indicator."))
    return version, of


def _given(version: Version, of: str | None, form: MultiDict[str, str]) -> Draft:
    """The form as it is filled in, and as it is stored where it does not say. Options that others depend on are read
    first; with another metric than the one that was `shown`, its own date and owner are proposed."""
    stored, portal_id = drafts.draft_of(version.document, of), g.viewer.portal_id
    text = {name: form.get(name, getattr(stored, name)).strip() for name in TEXTS}
    given = {name.removeprefix(OPTION): form.getlist(name) for name in form if name.startswith(OPTION)}
    options: dict[str, Any] = {}
    for _step in ("what others depend on", "the others"):
        options = drafts.options(given, forms.inputs(portal_id, text["metric"], options))
    is_other = form.get("shown", text["metric"]) != text["metric"]
    weights = {code: form.get(WEIGHT + code, weight) for code, weight in stored.weights.items()}
    draft = Draft(**text, options=options, weights=weights)
    return _settled(portal_id, replace(draft, date="", owner="") if is_other else draft)


def _settled(portal_id: int, draft: Draft) -> Draft:
    """With a date and an owner that the metric has, where it leaves a choice."""
    ready = CATALOGUE.get(draft.metric)
    if ready is None:
        return replace(draft, date="", owner="")
    owners = dict(forms.owners(portal_id, ready, draft.options))
    usual = ready.template_owner if owners else ""
    return replace(
        draft,
        date=draft.date if draft.date in forms.dates(ready) else "",
        owner=draft.owner if draft.owner in owners else usual,
    )


def _starts(version: Version) -> Iterator[date]:
    """From when on a change may hold: the present period, the next one, or all that the version is in force for."""
    settings = calendars.settings(g.viewer.portal_id)
    present = period_at(version.document.kind, local_day(clock.epoch(clock.now()), settings), settings)
    found = {present.start, following(present, settings).start, version.effective_from}
    yield from (start for start in sorted(found) if start >= version.effective_from)


def _start(version: Version) -> date:
    """The one that was chosen, or the present one."""
    offered = {start.isoformat(): start for start in _starts(version)}
    return offered.get(request.values.get("effective_from", "")) or _usual(version)


def _usual(version: Version) -> date:
    starts = list(_starts(version))
    return starts[-2] if len(starts) > 1 else starts[0]


def _form(version: Version, of: str | None, draft: Draft, faults: tuple[Fault, ...] = (), place: int = 0):
    portal_id = g.viewer.portal_id
    ready = CATALOGUE.get(draft.metric)
    told = list(drafts.own_faults(faults, place))
    entity = forms.counted(ready, draft.options) if ready else ""
    mine = drafts.find(version.document, of)
    return render_template(
        "scorecards/indicator.html",
        viewer=g.viewer,
        version=version,
        of=of,
        draft=draft,
        metrics=[*CATALOGUE.values(), FORMULA],
        ready=ready or FORMULA,
        inputs=forms.inputs(portal_id, draft.metric, draft.options),
        dates=forms.dates(ready) if ready else (),
        owners=forms.owners(portal_id, ready, draft.options) if ready else (),
        is_known=entity.startswith("item_") is False or words.is_known(portal_id, entity),
        loses_conditions=drafts.loses_conditions(mine, draft),
        starts=list(_starts(version)),
        start=_start(version),
        currency=people.get(portal_id).base_currency,
        failed="indicator" if told else None,
        faults=dict(reversed([one for one in told if one[0]])),
        elsewhere=[sentence for name, sentence in told if not name],
    )
