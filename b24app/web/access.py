"""The settings page of access: which roles people and departments have, and who stands in for whom.

Only for administrators. What roles mean is in portal/access/rules.py, what they change is audited there.
"""

from collections.abc import Callable, Mapping
from datetime import date

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from b24app.lib import clock, db
from b24app.lib.errors import Fault, Invalid
from b24app.lib.i18n import gettext as _
from b24app.periods import queries as calendars
from b24app.periods.rules import local_day
from b24app.portal import operations as portal
from b24app.portal import queries as people
from b24app.portal.access import operations, queries
from b24app.portal.access.rules import Delegation, Reach, Role, holder_of
from b24app.portal.rules import Action, Structure, Subject
from b24app.web.viewer import needs

bp = Blueprint("access", __name__, url_prefix="/ui/settings/access")

YES_OR_NO = {"": None, "yes": True, "no": False}


@bp.get("")
@needs(Action.ADMINISTER)
def page() -> ResponseReturnValue:
    return _page()


@bp.post("/role")
@needs(Action.ADMINISTER)
def give_role() -> ResponseReturnValue:
    def change(structure: Structure) -> None:
        operations.give_role(g.viewer.portal_id, _role(), structure, g.viewer.actor, clock.now())

    return _done("role", change)


@bp.post("/role/take")
@needs(Action.ADMINISTER)
def take_role() -> ResponseReturnValue:
    def change(_structure: Structure) -> None:
        operations.take_role(g.viewer.portal_id, _holder(), g.viewer.actor, clock.now())

    return _done("role", change)


@bp.post("/deputy")
@needs(Action.ADMINISTER)
def delegate() -> ResponseReturnValue:
    def change(structure: Structure) -> None:
        given = Delegation(_person("absent"), _person("deputy"), _day("first"), _day("last"))
        operations.delegate(g.viewer.portal_id, given, structure, g.viewer.actor, clock.now())

    return _done("deputy", change)


@bp.post("/deputy/end")
@needs(Action.ADMINISTER)
def end_delegation() -> ResponseReturnValue:
    def change(_structure: Structure) -> None:
        who = _person("absent"), _person("deputy")
        operations.end_delegation(g.viewer.portal_id, *who, g.viewer.actor, clock.now())

    return _done("deputy", change)


def _done(form: str, change: Callable[[Structure], None]) -> ResponseReturnValue:
    """The page after the change, or with sentences at the fields of the form that was not saved."""
    try:
        with db.write():
            portal.lock(g.viewer.portal_id)
            change(people.structure(g.viewer.portal_id))
    except Invalid as error:
        return _page(form, {fault.path: fault.message for fault in error.errors})
    return redirect(url_for(".page", saved=1), 303)


def _page(form: str | None = None, faults: Mapping[str, str] | None = None) -> ResponseReturnValue:
    portal_id = g.viewer.portal_id
    structure = people.structure(portal_id)
    today = local_day(clock.epoch(clock.now()), calendars.settings(portal_id))
    roles, delegations = queries.given(portal_id, today)
    shown = render_template(
        "settings/access.html",
        viewer=g.viewer,
        saved="saved" in request.args and not faults,
        failed=form,
        faults=faults or {},
        given=request.form,
        roles=roles,
        delegations=delegations,
        people=_active(structure),
        units=[(f"department-{unit.id}", unit.name) for unit in structure.units.values() if unit.active],
        names=_names(structure),
        today=today,
    )
    return shown, {"HX-Push-Url": url_for(".page")}


def _active(structure: Structure) -> list[tuple[str, str]]:
    """(id, name) of whoever works here, by name."""
    found = [(str(one.id), one.name) for one in structure.people.values() if one.active]
    return sorted(found, key=lambda one: one[1].casefold())


def _names(structure: Structure) -> dict[str, str]:
    """By `employee-7` and `department-5`."""
    return {
        **{f"employee-{id}": person.name for id, person in structure.people.items()},
        **{f"department-{id}": unit.name for id, unit in structure.units.items()},
    }


def _role() -> Role:
    reach = request.form.get("reach", "")
    if reach and reach not in set(Reach):
        raise _at("reach", _("Choose from the list."))
    chosen = {name: request.form.get(name, "") for name in ("edits_plan", "sees_money", "enters_values")}
    for name, text in chosen.items():
        if text not in YES_OR_NO:
            raise _at(name, _("Choose from the list."))
    return Role(
        _holder(),
        Reach(reach) if reach else None,
        edits_plan=YES_OR_NO[chosen["edits_plan"]],
        sees_money=YES_OR_NO[chosen["sees_money"]],
        enters_values=YES_OR_NO[chosen["enters_values"]],
    )


def _holder() -> Subject:
    found = holder_of(request.form.get("holder", ""))
    if found is None:
        raise _at("holder", _("Choose a person or a department."))
    return found


def _person(name: str) -> int:
    found = holder_of(f"employee-{request.form.get(name, '')}")
    if found is None:
        raise _at(name, _("Choose a person."))
    return found.id


def _day(name: str) -> date:
    try:
        return date.fromisoformat(request.form.get(name, ""))
    except ValueError:
        raise _at(name, _("Choose a day.")) from None


def _at(field: str, message: str) -> Invalid:
    return Invalid(message, [Fault(field, message)])
