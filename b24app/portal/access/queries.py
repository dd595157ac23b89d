"""The roles and delegations of a portal as rules know them."""

from datetime import date

from sqlalchemy import Boolean, cast, literal, null, select

from b24app.lib.db import db
from b24app.portal.access import rules
from b24app.portal.access.tables import Delegation, Role
from b24app.portal.rules import Subject, SubjectType

GIVEN = "access_given"
"""The portal's switch that says whether anybody has a role or a deputy: until then nobody has to look for them."""

Given = tuple[tuple[rules.Role, ...], tuple[rules.Delegation, ...]]


def given(portal_id: int, until: date) -> Given:
    """The roles, and the delegations that are not over on that day: in one statement, for every page needs both."""
    no_choice = cast(null(), Boolean)
    role, deputy = Role, Delegation
    roles = select(
        literal(True).label("is_role"), role.holder_type.label("one"), role.holder_id.label("id"),
        literal(0).label("deputy_id"), role.reach.label("two"), role.edits_plan, role.sees_money, role.enters_values,
    ).where(role.portal_id == portal_id)  # fmt: skip
    delegations = select(
        literal(False), deputy.first, deputy.absent_id, deputy.deputy_id, deputy.last, *3 * (no_choice,)
    ).where(deputy.portal_id == portal_id, deputy.last >= until.isoformat())
    both = roles.union_all(delegations).order_by("is_role", "two", "one", "id", "deputy_id")
    found: tuple[list[rules.Role], list[rules.Delegation]] = [], []
    for is_role, one, id, deputy_id, two, *decided in db.session.execute(both):
        if is_role:
            found[0].append(_role(one, id, two, *decided))
        else:
            found[1].append(rules.Delegation(id, deputy_id, date.fromisoformat(one), date.fromisoformat(str(two))))
    return tuple(sorted(found[0], key=lambda role: role.holder)), tuple(found[1])


def role_of(row: Role) -> rules.Role:
    return _role(row.holder_type, row.holder_id, row.reach, row.edits_plan, row.sees_money, row.enters_values)


def _role(kind: str, id: int, reach: str | None, *decided: bool | None) -> rules.Role:
    return rules.Role(Subject(SubjectType(kind), id), rules.Reach(reach) if reach else None, *decided)


def delegation_of(row: Delegation) -> rules.Delegation:
    return rules.Delegation(row.absent_id, row.deputy_id, date.fromisoformat(row.first), date.fromisoformat(row.last))
