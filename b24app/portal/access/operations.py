"""Giving and taking roles, and naming deputies. Audited; the caller holds the portal's lock and commits."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from b24app.lib.db import db
from b24app.lib.errors import Fault, Invalid, NotFound
from b24app.lib.i18n import gettext as _
from b24app.portal import audit
from b24app.portal.access import rules, tables
from b24app.portal.access.queries import GIVEN, delegation_of, role_of
from b24app.portal.rules import Structure, Subject, SubjectType
from b24app.portal.tables import Portal

LONGEST_DAYS = 366


def give_role(portal_id: int, role: rules.Role, structure: Structure, actor: str, now: datetime) -> None:
    """Replaces the holder's role; one that decides nothing takes it away. Invalid for somebody who is not there."""
    known = structure.people if role.holder.type is SubjectType.EMPLOYEE else structure.units
    if role.holder.id not in known:
        raise _at("holder", _("Choose a person or a department."))
    row = _role(portal_id, role.holder)
    if role.is_empty:
        if row is None:
            raise _at("reach", _("Choose what the role changes."))
        return take_role(portal_id, role.holder, actor, now)
    before = role_of(row) if row else None
    if before == role:
        return None
    if row is None:
        _say_given(portal_id)
        row = tables.Role(portal_id=portal_id, holder_type=role.holder.type.value, holder_id=role.holder.id)
        db.session.add(row)
    row.reach = role.reach.value if role.reach else None
    row.edits_plan, row.sees_money, row.enters_values = role.edits_plan, role.sees_money, role.enters_values
    _audit(portal_id, "access.role", role.holder, before, role, actor, now)
    return None


def take_role(portal_id: int, holder: Subject, actor: str, now: datetime) -> None:
    """From now on as without it. Repeating it changes nothing."""
    row = _role(portal_id, holder)
    if row is not None:
        before = role_of(row)
        db.session.delete(row)
        _audit(portal_id, "access.role", holder, before, None, actor, now)


def delegate(portal_id: int, given: rules.Delegation, structure: Structure, actor: str, now: datetime) -> None:
    """Names a deputy; naming the same one again changes the days. Invalid with a sentence per field."""
    faults = [
        Fault(name, _("Choose a person."))
        for name, id in (("absent", given.absent_id), ("deputy", given.deputy_id))
        if id not in structure.people
    ]
    if not faults and given.absent_id == given.deputy_id:
        faults.append(Fault("deputy", _("Choose somebody else than the person who is away.")))
    if given.last < given.first:
        faults.append(Fault("last", _("The last day lies before the first one.")))
    elif (given.last - given.first).days >= LONGEST_DAYS:
        faults.append(Fault("last", _("A deputy is named for a year at most.")))
    if faults:
        raise Invalid(_("The deputy was not saved."), faults)
    row = db.session.get(tables.Delegation, (portal_id, given.absent_id, given.deputy_id))
    before = delegation_of(row) if row else None
    if before == given:
        return
    if row is None:
        _say_given(portal_id)
        row = tables.Delegation(portal_id=portal_id, absent_id=given.absent_id, deputy_id=given.deputy_id)
        db.session.add(row)
    row.first, row.last = given.first.isoformat(), given.last.isoformat()
    _audit_delegation(portal_id, before, given, actor, now)


def end_delegation(portal_id: int, absent_id: int, deputy_id: int, actor: str, now: datetime) -> None:
    """NotFound when there is none."""
    row = db.session.get(tables.Delegation, (portal_id, absent_id, deputy_id))
    if row is None:
        raise NotFound(_("There is no such deputy."))
    before = delegation_of(row)
    db.session.delete(row)
    _audit_delegation(portal_id, before, None, actor, now)


def _say_given(portal_id: int) -> None:
    portal = db.session.get_one(Portal, portal_id)
    if not portal.settings.get(GIVEN):
        portal.settings = {**portal.settings, GIVEN: True}


def _role(portal_id: int, holder: Subject) -> tables.Role | None:
    return db.session.get(tables.Role, (portal_id, holder.type.value, holder.id))


def _audit(
    portal_id: int,
    action: str,
    holder: Subject,
    before: rules.Role | None,
    after: rules.Role | None,
    actor: str,
    now: datetime,
) -> None:
    target = f"{holder.type.value}:{holder.id}"
    audit.record(portal_id, actor, action, target, _told(before), _told(after), now)


def _told(role: rules.Role | None) -> dict[str, Any] | None:
    return {key: value for key, value in asdict(role).items() if key != "holder"} if role else None


def _audit_delegation(
    portal_id: int, before: rules.Delegation | None, after: rules.Delegation | None, actor: str, now: datetime
) -> None:
    one = after or before
    assert one is not None
    target = f"employee:{one.absent_id}"
    audit.record(portal_id, actor, "access.deputy", target, _days(before), _days(after), now)


def _days(one: rules.Delegation | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {"deputy": one.deputy_id, "first": one.first.isoformat(), "last": one.last.isoformat()}


def _at(field: str, message: str) -> Invalid:
    return Invalid(message, [Fault(field, message)])
