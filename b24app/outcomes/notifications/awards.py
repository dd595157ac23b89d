"""A badge given by hand: the employee is told, in the portal's language. Whoever gives it says why, if they wish."""

from datetime import datetime

from b24app.lib.i18n import gettext as _
from b24app.lib.i18n import pick, speaking
from b24app.outcomes.notifications import outbox
from b24app.outcomes.notifications.rules import CHAT, MESSAGE, Plan
from b24app.outcomes.recognition import operations, queries
from b24app.outcomes.recognition.operations import Giving
from b24app.outcomes.recognition.rules import Badge
from b24app.portal import queries as portals
from b24app.portal.rules import Viewer


def give(viewer: Viewer, badge: Badge, employee_id: int, comment: str, now: datetime) -> bool:
    """False when they have it already in this period: once per badge, employee and period (semantics 12)."""
    portal_id = viewer.portal_id
    period = queries.period_of(portal_id, employee_id, now)
    if not operations.award(portal_id, badge, employee_id, period, Giving(viewer.actor, "", comment), now):
        return False
    with speaking(portals.get(portal_id).language):
        text = _("You have been given the badge “%(badge)s”.", badge=pick(badge.name))
    occasion = f"badge {badge.code} {period.kind.value}"
    payload = {"text": f"{text}\n{comment}" if comment else text}
    start = period.start.isoformat()
    outbox.post(
        portal_id, [Plan(CHAT, MESSAGE, payload, employee_id, "", "", "employee", employee_id, start, occasion)], now
    )
    return True
