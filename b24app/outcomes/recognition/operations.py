"""Giving badges and taking them back. Flushes and never commits."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete

from b24app.ingest import queries as ingest
from b24app.lib import storage
from b24app.lib.clock import epoch
from b24app.lib.db import db
from b24app.lib.errors import Conflict
from b24app.lib.i18n import gettext as _
from b24app.outcomes.recognition.rules import Badge
from b24app.outcomes.recognition.tables import Award
from b24app.periods.rules import Period
from b24app.portal import audit


@dataclass(frozen=True, slots=True)
class Giving:
    """Who gives a badge, and on which occasion."""

    by: str
    occasion: str
    comment: str = ""


def award(portal_id: int, badge: Badge, employee_id: int, period: Period, giving: Giving, now: datetime) -> bool:
    """Once per badge, employee and period: False when they have it already.

    Conflict until the first full sync is done (semantics 3.7).
    """
    if not ingest.is_complete(portal_id):
        raise Conflict(_("Bitrix24 is still being read for the first time. Until that is done, nothing is awarded."))
    row = {
        "portal_id": portal_id, "badge": badge.code, "employee_id": employee_id, "period": period.kind.value,
        "start": period.start.isoformat(), "at": epoch(now), "by": giving.by, "comment": giving.comment,
        "occasion": giving.occasion,
    }  # fmt: skip
    keys = [column.name for column in storage.table_of(Award).primary_key]
    statement = storage.insert(Award).values(**row).on_conflict_do_nothing(index_elements=keys)
    is_new = db.session.scalar(statement.returning(Award.employee_id)) is not None
    if is_new:
        audit.record(portal_id, giving.by, "award.give", f"{badge.code} {employee_id}", None, row["start"], now)
    return is_new


def revoke(portal_id: int, badge: str, employee_id: int, period: str, start: str, by: str, now: datetime) -> None:
    """As if it had never been given; the audit log keeps both. Revoking it again does nothing."""
    it = (Award.portal_id == portal_id, Award.badge == badge, Award.employee_id == employee_id)
    statement = delete(Award).where(*it, Award.period == period, Award.start == start).returning(Award.comment)
    comment = db.session.scalar(statement)
    if comment is not None:
        audit.record(portal_id, by, "award.revoke", f"{badge} {employee_id}", start, None, now)
