"""The settings page of data sources: what is read from the portal, how far, what it refuses; and the mappings that say
which records are requests for support.

Only for administrators.
"""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import ValidationError

from b24app.facts.requests import operations, queries
from b24app.facts.requests.choices import choices, entities
from b24app.facts.requests.documents import MappingDocument
from b24app.facts.requests.queries import Stored
from b24app.ingest import queries as reading
from b24app.jobs import requests as jobs
from b24app.jobs import scores
from b24app.jobs.sync import ask_watched
from b24app.lib import clock, db
from b24app.lib.errors import Fault, Invalid, NotFound
from b24app.lib.i18n import gettext as _
from b24app.periods import queries as calendars
from b24app.portal import operations as portal
from b24app.portal.rules import Action
from b24app.scores.owed import Recompute, owe
from b24app.scores.rules import Cause, CauseKind
from b24app.web.viewer import needs

bp = Blueprint("sources", __name__, url_prefix="/ui/settings/sources")

LISTS = ("category_ids", "responded_stages", "resolved_stages")
TEXTS = ("code", "name", "entity", "created", "responded", "resolved", "rating", "rated", "owner", "hours_from",
         "hours_to", "entry_code")  # fmt: skip


@bp.get("")
@needs(Action.ADMINISTER)
def page() -> ResponseReturnValue:
    portal_id = g.viewer.portal_id
    return render_template(
        "settings/sources.html",
        viewer=g.viewer,
        status=reading.status(portal_id),
        mappings=queries.mappings(portal_id),
        counts=queries.counts(portal_id),
        saved=request.args.get("saved", ""),
        time_zone=calendars.settings(portal_id).time_zone,
    )


@bp.get("/requests/<code>")
@needs(Action.ADMINISTER)
def mapping(code: str) -> ResponseReturnValue:
    """The form of a mapping; `new` is none yet."""
    return _form(code, _stored(code))


@bp.post("/requests/<code>")
@needs(Action.ADMINISTER)
def save(code: str) -> ResponseReturnValue:
    """The requests are made by a job: with many records that takes a while."""
    portal_id = g.viewer.portal_id
    given = _given(code)
    try:
        document = _parsed(given, is_new=code == "new")
        with db.write():
            portal.lock(portal_id)
            operations.save(portal_id, document, g.viewer.actor, clock.now())
    except Invalid as error:
        return _form(code, given, {fault.path: fault.message for fault in error.errors})
    jobs.ask(portal_id)
    ask_watched(portal_id)
    return redirect(url_for(".page", saved="mapping"), 303)


@bp.post("/requests/<code>/remove")
@needs(Action.ADMINISTER)
def remove(code: str) -> ResponseReturnValue:
    portal_id, actor = g.viewer.portal_id, g.viewer.actor
    with db.write():
        portal.lock(portal_id)
        operations.remove(portal_id, code, actor, clock.now())
        owe(portal_id, Recompute(Cause(CauseKind.DEFINITION, actor)), clock.now())
    scores.ask(portal_id)
    return redirect(url_for(".page", saved="removed"), 303)


def _stored(code: str) -> Mapping[str, Any]:
    if code == "new":
        asked = request.args.get("entity", "deal")
        known = {entity for entity, _name in entities(g.viewer.portal_id)}
        return {"entity": asked if asked in known else "deal", "hours_from": "09:00", "hours_to": "18:00"}
    return _mapping(code).document.stored()


def _mapping(code: str) -> Stored:
    found = next((one for one in queries.mappings(g.viewer.portal_id) if one.mapping.code == code), None)
    if found is None:
        raise NotFound(_("There is no such mapping."))
    return found


def _given(code: str) -> dict[str, Any]:
    """The form as it was filled in. What a mapping is about, and its code, stay as they were saved."""
    form = request.form
    given: dict[str, Any] = {name: form.get(name, "").strip() for name in TEXTS if name in form}
    given |= {name: [one for one in form.getlist(name) if one] for name in LISTS}
    if code != "new":
        given |= {"code": code, "entity": _mapping(code).document.entity}
    return given


def _parsed(given: Mapping[str, Any], *, is_new: bool) -> MappingDocument:
    if is_new and given.get("code") in {one.mapping.code for one in queries.mappings(g.viewer.portal_id)}:
        message = _("There is a mapping with this code already.")
        raise Invalid(message, [Fault("code", message)])
    known = {name: value for name, value in given.items() if value not in ("", [])}
    try:
        return MappingDocument.model_validate(known)
    except ValidationError as error:
        faults = [Fault(str(fault["loc"][0]), _fault(str(fault["loc"][0]))) for fault in error.errors()]
        raise Invalid(_("The mapping was not saved."), faults) from error


def _fault(name: str) -> str:
    match name:
        case "code":
            return _("A code begins with a Latin letter; letters, digits and _ . - follow, 64 characters at most.")
        case "hours_from" | "hours_to":
            return _("A time like 09:00 is needed here.")
        case "name":
            return _("Give it a name.")
        case _:
            return _("Choose from the list.")


def _form(code: str, given: Mapping[str, Any], faults: Mapping[str, str] | None = None) -> ResponseReturnValue:
    page = render_template(
        "settings/mapping.html",
        viewer=g.viewer,
        code=code,
        given=given,
        choices=choices(g.viewer.portal_id, str(given.get("entity", "deal"))),
        entities=entities(g.viewer.portal_id),
        failed="mapping" if faults else None,
        faults=faults or {},
    )
    return page, {"HX-Push-Url": url_for(".mapping", code=code)}
