"""The roles and delegations of a portal as rules know them."""

from datetime import date

from sqlalchemy import select

from b24app.lib.db import db
from b24app.portal.access import rules
from b24app.portal.access.tables import Delegation, Role
from b24app.portal.rules import Subject, SubjectType


def roles(portal_id: int) -> tuple[rules.Role, ...]:
    rows = db.session.scalars(
        select(Role).where(Role.portal_id == portal_id).order_by(Role.holder_type, Role.holder_id)
    )
    return tuple(role_of(row) for row in rows)


def role_of(row: Role) -> rules.Role:
    holder = Subject(SubjectType(row.holder_type), row.holder_id)
    return rules.Role(holder, rules.Reach(row.reach) if row.reach else None, row.edits_plan, row.sees_money)


def delegations(portal_id: int, until: date) -> tuple[rules.Delegation, ...]:
    """Those that are not over on that day, the first to end first."""
    rows = db.session.scalars(
        select(Delegation)
        .where(Delegation.portal_id == portal_id, Delegation.last >= until.isoformat())
        .order_by(Delegation.last, Delegation.absent_id, Delegation.deputy_id)
    )
    return tuple(delegation_of(row) for row in rows)


def delegation_of(row: Delegation) -> rules.Delegation:
    return rules.Delegation(row.absent_id, row.deputy_id, date.fromisoformat(row.first), date.fromisoformat(row.last))
