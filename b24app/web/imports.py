"""The pages of an import: choose a file, say what its columns are, look at what was found, import it, take it back.

Shared by the kinds of import: values for the ledger, and targets; what differs is in templates named after them.

What may be done with a file in which state is asked where it is done (ingest/imports/); a worker does it.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from b24app.ingest.imports import entries, files, posting, words
from b24app.ingest.imports.kinds import Kind
from b24app.ingest.imports.reading import ENCODINGS, SEPARATORS
from b24app.ingest.imports.rules import OF_KIND, Meaning, Role
from b24app.jobs import imports as jobs
from b24app.lib import clock, db, typed
from b24app.lib.errors import Fault, Forbidden, Invalid
from b24app.lib.i18n import gettext as _
from b24app.outcomes.dashboards import ledger
from b24app.portal import operations as portal
from b24app.scorecards.imports import targets

bp = Blueprint("imports", __name__, url_prefix="/ui/data/import")

LONGEST_CODE, LONGEST_SOURCE = 64, 64
PEOPLE = "whom-"
"""How fields begin that say whom a text means; a number follows, and the text itself is in `text-<number>`."""


@bp.before_request
def _only_who_may() -> None:
    if not _kinds():
        raise Forbidden(_("You may not enter values here. Ask an administrator."))


def _kinds() -> tuple[str, ...]:
    """Of which kinds there may be anything that the viewer imports."""
    structure = g.context.structure()
    may = {entries.code: ledger.may_enter, targets.code: targets.may_plan}
    return tuple(code for code, is_allowed in may.items() if is_allowed(g.viewer, structure))


def _kind_of(import_id: int) -> Kind:
    return jobs.KINDS[files.load(g.viewer, import_id).kind]


@bp.get("")
def page() -> ResponseReturnValue:
    return _page()


@bp.post("")
def take() -> ResponseReturnValue:
    file = request.files.get("file")
    kind = request.form.get("kind", entries.code)
    if kind not in _kinds():
        return _page({"kind": _("Choose what is in the file.")})
    if file is None or not file.filename:
        return _page({"file": _("Choose a file.")})
    name, content = file.filename, file.read()
    looked = files.look(name, content)
    with db.write():
        import_id = files.take(g.viewer, jobs.KINDS[kind], name, content, looked, clock.now())
    return redirect(url_for(".file", import_id=import_id), 303)


@bp.get("/<int:import_id>")
def file(import_id: int) -> ResponseReturnValue:
    return _file(import_id)


@bp.post("/<int:import_id>/layout")
def relayout(import_id: int) -> ResponseReturnValue:
    given = {name: request.form.get(name, "") for name in ("encoding", "separator", "sheet")}
    kind, looked = _kind_of(import_id), files.look_again(g.viewer, import_id, **given)
    return _done(import_id, lambda: files.retake(g.viewer, kind, import_id, looked), asks=False)


@bp.post("/<int:import_id>/check")
def check(import_id: int) -> ResponseReturnValue:
    kind = _kind_of(import_id)
    return _done(import_id, lambda: files.choose(g.viewer, kind, import_id, _meaning(), clock.now()))


@bp.post("/<int:import_id>/people")
def say_who(import_id: int) -> ResponseReturnValue:
    kind, structure = _kind_of(import_id), g.context.structure()
    return _done(import_id, lambda: files.say_who(g.viewer, kind, import_id, _chosen(), structure, clock.now()))


@bp.post("/<int:import_id>/begin")
def begin(import_id: int) -> ResponseReturnValue:
    kind, reason = _kind_of(import_id), request.form.get("reason", "")
    leaves_out = request.form.get("leaves_out") == "yes"
    return _done(import_id, lambda: posting.begin(g.viewer, kind, import_id, leaves_out, clock.now(), reason))


@bp.post("/<int:import_id>/undo")
def undo(import_id: int) -> ResponseReturnValue:
    reason = request.form.get("reason", "")
    return _done(import_id, lambda: posting.ask_back(g.viewer, import_id, reason, clock.now()))


@bp.post("/<int:import_id>/forget")
def forget(import_id: int) -> ResponseReturnValue:
    with db.write():
        files.forget(g.viewer, import_id)
    return redirect(url_for(".page"), 303)


def _done(import_id: int, change: Callable[[], None], asks: bool = True) -> ResponseReturnValue:
    """The page of the file after the change, or with sentences at the fields; a worker is asked to go on."""
    portal_id = g.viewer.portal_id
    try:
        with db.write():
            portal.lock(portal_id)
            change()
    except Invalid as error:
        return _file(import_id, {fault.path: fault.message for fault in error.errors})
    if asks:
        jobs.ask(portal_id)
    return redirect(url_for(".file", import_id=import_id), 303)


def _page(faults: Mapping[str, str] | None = None) -> ResponseReturnValue:
    shown = render_template("data/import.html", **_common(), files=files.listed(g.viewer), faults=faults or {})
    return shown, {"HX-Push-Url": url_for(".page")}


def _file(import_id: int, faults: Mapping[str, str] | None = None) -> ResponseReturnValue:
    row = files.load(g.viewer, import_id)
    kind, structure, faults = jobs.KINDS[row.kind], g.context.structure(), dict(faults or {})
    if "meaning" in faults:
        faults["meaning"] = kind.missing(faults["meaning"])
    shown = render_template(
        "data/import_file.html",
        **_common(),
        file=row,
        meaning=_given() if "meaning" in faults or "day" in faults else files.meaning_of(row),
        faults=faults,
        codes=ledger.codes(g.viewer, structure) if kind is entries else (),
        cards=targets.named(g.viewer.portal_id) if kind is targets else (),
        people=ledger.people(g.viewer, structure, kind.action),
        encodings=ENCODINGS,
        separators=SEPARATORS,
        roles=kind.roles,
        of_kind=OF_KIND,
        mistakes=words.mistakes(row.found.get("faults", ()), kind.fault),
        is_under_way=row.state in files.UNDER_WAY,
    )
    return shown, {"HX-Push-Url": url_for(".file", import_id=import_id)}


def _common() -> dict[str, Any]:
    kinds = _kinds()
    return {
        "viewer": g.viewer,
        "time_zone": g.context.settings.time_zone,
        "may_enter": entries.code in kinds,
        "may_import": True,
        "kinds": kinds,
    }


def _given() -> Meaning:
    """What the form says, as far as it can be read: to be shown again beside what is wrong with it."""
    form = request.form
    columns = [
        form.get(f"column-{place}") for place in range(len([name for name in form if name.startswith("column-")]))
    ]
    known = {role.value for role in Role}
    roles = tuple(one if one in known or (one or "").startswith(OF_KIND) else "" for one in columns)
    code = form.get("new_code", "").strip() if g.viewer.is_admin else ""
    day = typed.day(form.get("day", ""))
    return Meaning(
        tuple(one[: len(OF_KIND) + LONGEST_CODE] for one in roles if one is not None),
        code=(code or form.get("code", ""))[:LONGEST_CODE],
        scorecard=form.get("scorecard", "")[:LONGEST_CODE],
        day=day,
        source=form.get("source", "").strip()[:LONGEST_SOURCE],
        kind="set" if form.get("kind") == "set" else "add",
        decimal=typed.DOT if form.get("decimal") == typed.DOT else typed.COMMA,
        month_first=form.get("dates") == "month",
        counts_again=form.get("counts_again") == "yes",
    )


def _meaning() -> Meaning:
    if request.form.get("day") and not isinstance(typed.day(request.form["day"]), date):
        raise Invalid(_("Choose a day."), [Fault("day", _("Choose a day."))])
    return _given()


def _chosen() -> dict[str, int]:
    found = {}
    for name, id in request.form.items():
        if name.startswith(PEOPLE) and id.isascii() and id.isdecimal() and len(id) < 16:
            found[request.form.get(name.replace(PEOPLE, "text-"), "")] = int(id)
    return found
