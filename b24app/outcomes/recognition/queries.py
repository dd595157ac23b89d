"""Which badges somebody has, and for which period they would get one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from b24app.lib.clock import epoch, moment
from b24app.lib.db import db
from b24app.outcomes.recognition.rules import badge
from b24app.outcomes.recognition.tables import Award
from b24app.periods import queries as calendars
from b24app.periods.rules import Kind, Period, local_day, period_at
from b24app.portal import queries as staff
from b24app.scorecards import queries as scorecards
from b24app.scorecards.rules import applies_to, in_force

SHOWN = 12


@dataclass(frozen=True, slots=True)
class Given:
    """A badge somebody has. `name` per language."""

    badge: str
    name: Mapping[str, str]
    start: date
    at: datetime
    comment: str
    period: str = Kind.MONTH.value


def awards_of(portal_id: int, employee_id: int, limit: int = SHOWN) -> tuple[Given, ...]:
    """The latest first."""
    mine = (Award.portal_id == portal_id, Award.employee_id == employee_id)
    rows = db.session.scalars(select(Award).where(*mine).order_by(Award.at.desc(), Award.badge).limit(limit))
    return tuple(
        Given(row.badge, _name(row.badge), date.fromisoformat(row.start), moment(row.at), row.comment, row.period)
        for row in rows
    )


def period_of(portal_id: int, employee_id: int, at: datetime) -> Period:
    """For which period a badge is: of the first scorecard in force for them, by code; a month where there is none."""
    settings = calendars.settings(portal_id)
    day, structure = local_day(epoch(at), settings), staff.structure(portal_id)
    for _code, versions in sorted(scorecards.counted(portal_id).items()):
        period = period_at(versions[-1].kind, day, settings)
        version = in_force(versions, period.start)
        if version and employee_id in applies_to(version.document.subjects, structure):
            return period
    return period_at(Kind.MONTH, day, settings)


def was_given(portal_id: int, employee_id: int, occasion: str) -> bool:
    """Whether this occasion, and no earlier one, gave a badge."""
    mine = (Award.portal_id == portal_id, Award.employee_id == employee_id, Award.occasion == occasion)
    return db.session.scalar(select(Award.badge).where(*mine).limit(1)) is not None


def _name(code: str) -> Mapping[str, str]:
    found = badge(code)
    return found.name if found else {"en": code}
