"""What can be asked about tenants: the portal itself, its people and structure, and what a viewer may see of them."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from b24app.lib.db import db
from b24app.lib.errors import NotFound
from b24app.lib.i18n import choose
from b24app.lib.i18n import gettext as _
from b24app.portal.access.queries import GIVEN, given
from b24app.portal.access.rules import access
from b24app.portal.rules import Structure, Viewer
from b24app.portal.staff import as_of as as_of
from b24app.portal.staff import departures as departures
from b24app.portal.staff import employment as employment
from b24app.portal.staff import journal as journal
from b24app.portal.staff import structure as structure
from b24app.portal.tables import Portal


def find(member_id: str) -> Portal | None:
    return db.session.scalar(select(Portal).where(Portal.member_id == member_id))


def get(portal_id: int) -> Portal:
    found = db.session.get(Portal, portal_id)
    if found is None:
        raise NotFound(_("There is no such portal."))
    return found


def active_ids() -> tuple[int, ...]:
    """The portals that are worked for: installed, and not suspended."""
    return tuple(db.session.scalars(select(Portal.id).where(Portal.status == "active").order_by(Portal.id)))


def everybody() -> tuple[Portal, ...]:
    """Every portal ever installed and not erased."""
    return tuple(db.session.scalars(select(Portal).order_by(Portal.id)))


def by_status() -> dict[str, int]:
    """How many portals there are of each status."""
    rows = db.session.execute(select(Portal.status, func.count()).group_by(Portal.status))
    return {row[0]: row[1] for row in rows}


def to_be_erased() -> tuple[int, ...]:
    """Portals removed together with their settings and data, whose rows are still here."""
    rows = db.session.scalars(select(Portal).where(Portal.status == "uninstalled").order_by(Portal.id))
    return tuple(portal.id for portal in rows if portal.settings.get("erase"))


def is_to_be_erased(portal_id: int) -> bool:
    """Whether it is one of these still."""
    portal = db.session.get(Portal, portal_id)
    return portal is not None and portal.status == "uninstalled" and bool(portal.settings.get("erase"))


def viewer(
    portal_id: int,
    user_id: int,
    is_admin: bool,
    language: str,
    now: datetime,
    people: Callable[[], Structure] | None = None,
) -> Viewer:
    """Somebody in the frame, with whom they see and may plan for. An administrator sees all without a role.

    `people` gives the structure where it will be needed again.
    """
    if is_admin:
        return Viewer(portal_id, user_id, is_admin=True, language=choose(language))
    return viewers(portal_id, language, now, people)(user_id)


def viewers(
    portal_id: int, language: str, now: datetime, people: Callable[[], Structure] | None = None
) -> Callable[[int], Viewer]:
    """The same for many, none of them an administrator: what decides of them is read once."""
    portal = get(portal_id)
    today = now.astimezone(ZoneInfo(portal.time_zone)).date()
    roles, delegations = given(portal_id, today) if portal.settings.get(GIVEN) else ((), ())
    known = people() if people else structure(portal_id)

    def of(user_id: int) -> Viewer:
        found = access(user_id, known, roles, delegations, on=today)
        return Viewer(
            portal_id,
            user_id,
            employees=found.employees,
            departments=found.departments,
            language=choose(language),
            sees_company=found.sees_company,
            plans=found.plans,
            sees_money=found.sees_money,
            enters=found.enters,
        )

    return of
