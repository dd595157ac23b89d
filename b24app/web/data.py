"""The pages of Data: the ledger with its entries, values by hand, what waits for a second person, kinds of values.

Who may see and do what is asked where it is done (ingest/manual.py); the import has a file of its own, imports.py.
"""

from collections.abc import Callable, Mapping
from datetime import date
from secrets import token_hex
from typing import Any, TypeVar

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from b24app import pipeline
from b24app.facts import approval
from b24app.facts.entries import Asked
from b24app.facts.rules import Cell
from b24app.ingest import manual
from b24app.ingest.kinds import save_code, save_limits
from b24app.jobs import outbox
from b24app.lib import clock, db, typed
from b24app.lib.errors import Fault, Invalid
from b24app.lib.i18n import gettext as _
from b24app.lib.i18n import language
from b24app.outcomes.dashboards import due, ledger
from b24app.periods.rules import ONE_DAY, local_day, midnight
from b24app.portal import operations as portal
from b24app.portal import queries as people
from b24app.portal.access.rules import holder_of
from b24app.portal.rules import COMPANY, Action, Subject
from b24app.scorecards.imports import targets
from b24app.scores.rules import Cause, CauseKind
from b24app.web.viewer import needs

bp = Blueprint("data", __name__, url_prefix="/ui/data")

STATES = ("counted", "waiting", "refused", "undone")
LONGEST_CODE, LONGEST_COMMENT = 64, 2000

T = TypeVar("T")


@bp.get("")
def page() -> ResponseReturnValue:
    """The ledger, as far as the viewer may see it."""
    asked = {
        name: request.args.get(name, "")[:64]
        for name in ("code", "person", "origin", "state", "since", "until", "file")
    }
    shown = ledger.ledger(g.viewer, g.context.structure(), _asked(asked), _id(request.args.get("before", "")))
    return render_template(
        "data/ledger.html",
        **_common(),
        shown=shown,
        asked=asked,
        said=request.args.get("said"),
        states=STATES,
        is_asked=any(asked.values()),
    )


@bp.get("/entries/<int:entry_id>")
def entry(entry_id: int) -> ResponseReturnValue:
    return _entry(entry_id)


@bp.post("/entries/<int:entry_id>/correct")
def correct(entry_id: int) -> ResponseReturnValue:
    def change() -> frozenset[Cell]:
        value = typed.number(request.form.get("value", ""), typed.usual(language()))
        if value is None:
            raise Invalid(_("Enter a number."), [Fault("value", _("Enter a number."))])
        return manual.correct(g.viewer, entry_id, value, request.form.get("reason", ""), clock.now())

    return _done(entry_id, "correct", change)


@bp.post("/entries/<int:entry_id>/undo")
def undo(entry_id: int) -> ResponseReturnValue:
    reason = request.form.get("reason", "")
    return _done(entry_id, "undo", lambda: manual.undo(g.viewer, entry_id, reason, clock.now()))


@bp.post("/entries/<int:entry_id>/approve")
def approve(entry_id: int) -> ResponseReturnValue:
    return _done(entry_id, "decide", lambda: manual.approve(g.viewer, entry_id, clock.now()))


@bp.post("/entries/<int:entry_id>/refuse")
def refuse(entry_id: int) -> ResponseReturnValue:
    return _done(entry_id, "decide", lambda: manual.refuse(g.viewer, entry_id, clock.now()))


@bp.get("/enter")
def enter() -> ResponseReturnValue:
    return _enter()


@bp.post("/enter")
def save() -> ResponseReturnValue:
    """All the numbers of the form or none of them."""
    structure = g.context.structure()
    try:
        form = _form()
        entered = _write(lambda: manual.enter(g.viewer, form, structure, clock.now()), lambda done: done.cells)
    except Invalid as error:
        return _enter({fault.path: fault.message for fault in error.errors})
    said: dict[str, Any] = {"said": "entered", "new": entered.new, "waiting": entered.waiting}
    return redirect(url_for(".enter", department=request.form.get("department"), code=form.code, **said), 303)


@bp.get("/kinds")
@needs(Action.ADMINISTER)
def kinds() -> ResponseReturnValue:
    return _kinds()


@bp.post("/kinds")
@needs(Action.ADMINISTER)
def save_kind() -> ResponseReturnValue:
    given = request.form
    return _settled("kind", lambda: save_code(g.viewer, given, clock.now(), typed.usual(language())))


@bp.post("/kinds/limits")
@needs(Action.ADMINISTER)
def save_limit() -> ResponseReturnValue:
    given = request.form
    return _settled("limits", lambda: save_limits(g.viewer, given, clock.now(), typed.usual(language())))


def _write(change: Callable[[], T], cells: Callable[[T], frozenset[Cell]]) -> T:
    """One change of the ledger, and the numbers it moves, in one transaction."""
    portal_id = g.viewer.portal_id
    with db.write():
        portal.lock(portal_id)
        done = change()
        changes = pipeline.recompute(portal_id, cells(done), clock.now(), Cause(CauseKind.FACT, g.viewer.actor))
    outbox.ask_if(portal_id, changes)
    return done


def _done(entry_id: int, form: str, change: Callable[[], frozenset[Cell]]) -> ResponseReturnValue:
    """The entry after the change, or with sentences at the fields of the form that was not saved."""
    try:
        _write(change, lambda cells: cells)
    except Invalid as error:
        return _entry(entry_id, form, {fault.path: fault.message for fault in error.errors})
    return redirect(url_for(".entry", entry_id=entry_id, saved=1), 303)


def _entry(entry_id: int, form: str | None = None, faults: Mapping[str, str] | None = None) -> ResponseReturnValue:
    shown = render_template(
        "data/entry.html",
        **_common(),
        told=ledger.told(g.viewer, g.context.structure(), entry_id),
        saved="saved" in request.args and not faults,
        failed=form,
        faults=faults or {},
        given=request.form,
    )
    return shown, {"HX-Push-Url": url_for(".entry", entry_id=entry_id)}


def _enter(faults: Mapping[str, str] | None = None) -> ResponseReturnValue:
    asked = request.values
    department = _id(asked.get("department", ""))
    today = local_day(clock.epoch(g.context.now), g.context.settings)
    sheet = ledger.sheet(g.viewer, g.context.structure(), department)
    departments = [int(id) for id, _name in sheet.departments]
    shown = render_template(
        "data/enter.html",
        **_common(),
        sheet=sheet,
        due=due.lines(g.viewer, g.context.structure(), departments, sheet.department, g.context.now),
        key=request.form.get("key") or token_hex(8),
        today=today,
        given=asked,
        failed="values",
        faults=faults or {},
        said=None if faults else request.args.get("said"),
        counts={name: _id(request.args.get(name, "")) or 0 for name in ("new", "waiting")},
    )
    known: dict[str, Any] = {"department": sheet.department, "code": asked.get("code") or None}
    return shown, {"HX-Push-Url": url_for(".enter", **known)}


def _settled(form: str, change: Callable[[], None]) -> ResponseReturnValue:
    try:
        with db.write():
            portal.lock(g.viewer.portal_id)
            change()
    except Invalid as error:
        return _kinds(form, {fault.path: fault.message for fault in error.errors})
    return redirect(url_for(".kinds", saved=1), 303)


def _kinds(form: str | None = None, faults: Mapping[str, str] | None = None) -> ResponseReturnValue:
    tenant = people.get(g.viewer.portal_id)
    decided = approval.approval(tenant.settings)
    known = ledger.codes(g.viewer, g.context.structure())
    shown = render_template(
        "data/kinds.html",
        **_common(),
        decided=decided,
        codes=known,
        currency=tenant.base_currency,
        saved="saved" in request.args and not faults,
        failed=form,
        faults=faults or {},
        given=request.values,
    )
    return shown, {"HX-Push-Url": url_for(".kinds")}


def _common() -> dict[str, object]:
    structure = g.context.structure()
    return {
        "viewer": g.viewer,
        "time_zone": g.context.settings.time_zone,
        "may_enter": ledger.may_enter(g.viewer, structure),
        "may_import": ledger.may_enter(g.viewer, structure) or targets.may_plan(g.viewer, structure),
    }


def _asked(asked: Mapping[str, str]) -> Asked:
    settings = g.context.settings
    since, until = _day(asked["since"]), _day(asked["until"])
    return Asked(
        code=asked["code"] or None,
        employee_id=_id(asked["person"]),
        origin=asked["origin"] or None,
        import_id=_id(asked["file"]),
        state=asked["state"] or None,
        since=midnight(since, settings) if since else None,
        until=midnight(until + ONE_DAY, settings) if until else None,
    )


def _form() -> manual.Form:
    """Invalid with a sentence at each number that is none."""
    given, decimal = request.form, typed.usual(language())
    day = typed.day(given.get("day", ""))
    faults = [] if day else [Fault("day", _("Choose a day."))]
    values = []
    for name, text in given.items():
        subject = _subject(name)
        if subject is None or not text.strip():
            continue
        value = typed.number(text, decimal)
        if value is None:
            faults.append(Fault(name, _("Enter a number.")))
        else:
            values.append((subject, value))
    if faults or day is None:
        raise Invalid(_("Nothing was saved: look at the fields marked below."), faults)
    code = given.get("new_code", "").strip() if g.viewer.is_admin else ""
    return manual.Form(
        key=given.get("key", "")[:32] or token_hex(8),
        code=(code or given.get("code", ""))[:LONGEST_CODE],
        day=day,
        values=tuple(values),
        kind="set" if given.get("kind") == "set" else "add",
        comment=given.get("comment", "").strip()[:LONGEST_COMMENT],
    )


def _subject(name: str) -> Subject | None:
    return COMPANY if name == manual.field_of(COMPANY) else holder_of(name)


def _day(text: str) -> date | None:
    if not text:
        return None
    found = typed.day(text)
    if found is None or not 1970 <= found.year <= 2100:
        raise Invalid(_("The date in the address is not a date."))
    return found


def _id(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise Invalid(_("This address is not complete. Open the page again from the menu."))
    return int(text)
