"""Which badges somebody has."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from b24app.lib.clock import moment
from b24app.lib.db import db
from b24app.outcomes.recognition.rules import badge
from b24app.outcomes.recognition.tables import Award

SHOWN = 12


@dataclass(frozen=True, slots=True)
class Given:
    """A badge somebody has. `name` per language."""

    badge: str
    name: Mapping[str, str]
    start: date
    at: datetime
    comment: str


def awards_of(portal_id: int, employee_id: int, limit: int = SHOWN) -> tuple[Given, ...]:
    """The latest first."""
    mine = (Award.portal_id == portal_id, Award.employee_id == employee_id)
    rows = db.session.scalars(select(Award).where(*mine).order_by(Award.at.desc(), Award.badge).limit(limit))
    return tuple(
        Given(row.badge, _name(row.badge), date.fromisoformat(row.start), moment(row.at), row.comment) for row in rows
    )


def was_given(portal_id: int, employee_id: int, occasion: str) -> bool:
    """Whether this occasion, and no earlier one, gave a badge."""
    mine = (Award.portal_id == portal_id, Award.employee_id == employee_id, Award.occasion == occasion)
    return db.session.scalar(select(Award.badge).where(*mine).limit(1)) is not None


def _name(code: str) -> Mapping[str, str]:
    found = badge(code)
    return found.name if found else {"en": code}
