"""Portals that let the app in no more: why, since when, and when to knock again.

Nobody works for a suspended portal. It is asked now and then, less and less often, whether it lets us in again; if it
does, the work goes on by itself (contract 2.8).
"""

from datetime import datetime

from sqlalchemy import select, update

from b24app.bitrix.errors import problem
from b24app.lib.clock import epoch
from b24app.lib.db import db
from b24app.lib.i18n import speaking
from b24app.portal.tables import Portal, Token

FIRST_KNOCK_S, LONGEST_WAIT_S = 600, 6 * 3600


def begin(portal: Portal, code: str, now: datetime) -> None:
    """Said in the portal's language, because its administrator reads it later. The reason may become another one."""
    if portal.status not in ("active", "installing", "suspended"):
        return
    if portal.status != "suspended":
        portal.suspended_at = portal.knocked_at = epoch(now)
    with speaking(portal.language):
        portal.problem = problem(code)
    portal.status, portal.problem_code = "suspended", code[:64]


def end(portal: Portal) -> None:
    portal.status, portal.problem = "active", None
    portal.problem_code = portal.suspended_at = portal.knocked_at = None


def is_due(suspended_at: int | None, knocked_at: int | None, now_s: int) -> bool:
    """After ten minutes, and then as long again as it has lasted, at most six hours."""
    if suspended_at is None or knocked_at is None:
        return True
    wait = min(LONGEST_WAIT_S, max(FIRST_KNOCK_S, knocked_at - suspended_at))
    return now_s - knocked_at >= wait


def due(now: datetime) -> tuple[int, ...]:
    """Suspended portals to be asked now."""
    suspended = select(Portal.id, Portal.suspended_at, Portal.knocked_at).where(Portal.status == "suspended")
    rows = db.session.execute(suspended.order_by(Portal.id))
    return tuple(row.id for row in rows if is_due(row.suspended_at, row.knocked_at, epoch(now)))


def knock(portal_id: int, now: datetime) -> None:
    """Note that it is asked now. Tokens that were all given up get another chance: their owners may be back."""
    db.session.execute(update(Portal).where(Portal.id == portal_id).values(knocked_at=epoch(now)))
    living = select(Token.user_id).where(Token.portal_id == portal_id, Token.dead.is_(False)).limit(1)
    if db.session.scalar(living) is None:
        db.session.execute(
            update(Token).where(Token.portal_id == portal_id).values(dead=False, version=Token.version + 1)
        )
