"""What can be done with a portal's calendar: its own days, and when people are away. Audited; flushes, never commits.

The caller has the portal's lock. Each returns the days it touched as a custom period, None when nothing changed: what
lies in them has to be computed again.
"""

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import select

from b24app.lib.db import db
from b24app.lib.errors import Fault, Invalid
from b24app.lib.i18n import gettext as _
from b24app.periods.queries import Away, OwnDay
from b24app.periods.rules import LONGEST_CUSTOM_YEARS, ONE_DAY, YEARS, Kind, Period
from b24app.periods.tables import Absence, CalendarDay
from b24app.portal import audit
from b24app.portal import queries as portal

LONGEST_NAME = 255
FROM_PORTAL = "portal"
"""What the portal's own calendars say of an absence, and no person here."""


def set_day(portal_id: int, own: OwnDay, actor: str, now: datetime) -> Period | None:
    """Make a day a working day or a day off, whatever the country's calendar says of it."""
    faults = list(_faults_of_day("day", own.day))
    if len(own.name) > LONGEST_NAME:
        faults.append(Fault("name", _("A name has at most %(most)s characters.", most=LONGEST_NAME)))
    if faults:
        raise Invalid(_("The day was not saved."), faults)
    row = db.session.get(CalendarDay, (portal_id, own.day.isoformat()))
    before = (row.working, row.name) if row else None
    if before == (own.working, own.name):
        return None
    if row is None:
        row = CalendarDay(portal_id=portal_id, day=own.day.isoformat())
        db.session.add(row)
    row.working, row.name = own.working, own.name
    _record(portal_id, actor, "calendar.day", row.day, before, (own.working, own.name), now)
    return _days(own.day, own.day)


def forget_day(portal_id: int, day: date, actor: str, now: datetime) -> Period | None:
    """From here on the country's calendar says again whether the day is worked."""
    row = db.session.get(CalendarDay, (portal_id, day.isoformat()))
    if row is None:
        return None
    db.session.delete(row)
    _record(portal_id, actor, "calendar.day", row.day, (row.working, row.name), None, now)
    return _days(day, day)


def set_absence(portal_id: int, away: Away, actor: str, now: datetime) -> Period | None:
    """Somebody is away from the first to the last day; said again of the same first day, the new last day holds."""
    faults = [*_faults_of_day("first", away.first), *_faults_of_day("last", away.last)]
    if not faults and away.last < away.first:
        faults.append(Fault("last", _("The last day cannot be before the first one.")))
    elif not faults and away.last.year - away.first.year > LONGEST_CUSTOM_YEARS:
        faults.append(Fault("last", _("An absence may last %(years)s years at most.", years=LONGEST_CUSTOM_YEARS)))
    if away.employee_id not in portal.structure(portal_id).people:
        faults.append(Fault("employee", _("There is no employee %(id)s.", id=away.employee_id)))
    if faults:
        raise Invalid(_("The absence was not saved."), faults)
    row = db.session.get(Absence, (portal_id, away.employee_id, away.first.isoformat()))
    before = row.last if row else None
    if before == away.last.isoformat():
        return None
    if row is None:
        row = Absence(portal_id=portal_id, employee_id=away.employee_id, first=away.first.isoformat())
        db.session.add(row)
    row.last, row.kind = away.last.isoformat(), away.kind
    _record(portal_id, actor, "calendar.absence", f"{row.employee_id} {row.first}", before, row.last, now)
    return _days(away.first, max(away.last, date.fromisoformat(before or row.last)))


def take_absences(
    portal_id: int, found: Collection[Away], since: date, until: date, actor: str, now: datetime
) -> Period | None:
    """What the portal's calendars say of the days from `since` to `until`, each absence whole: replaces what they said
    before of absences that reach into those days.

    What somebody has noted by hand stays, and holds against an absence that begins on the same day.
    """
    rows = db.session.scalars(
        select(Absence).where(
            Absence.portal_id == portal_id,
            Absence.first <= until.isoformat(),
            Absence.last >= since.isoformat(),
        )
    )
    known = {(row.employee_id, row.first): row for row in rows}
    wanted = {(one.employee_id, one.first.isoformat()): one.last.isoformat() for one in found}
    touched: list[tuple[str, str]] = []
    for key, row in known.items():
        if row.kind == FROM_PORTAL and wanted.get(key) != row.last:
            touched.append((row.first, row.last))
            db.session.delete(row)
    db.session.flush()
    for (employee_id, first), last in sorted(wanted.items()):
        there = known.get((employee_id, first))
        if there is not None and (there.kind != FROM_PORTAL or there.last == last):
            continue
        db.session.add(Absence(portal_id=portal_id, employee_id=employee_id, first=first, last=last, kind=FROM_PORTAL))
        touched.append((first, last))
    if not touched:
        return None
    _record(portal_id, actor, "calendar.absences", FROM_PORTAL, None, {"days": len(touched)}, now)
    return _days(
        min(date.fromisoformat(first) for first, _last in touched),
        max(date.fromisoformat(last) for _first, last in touched),
    )


def forget_absence(portal_id: int, employee_id: int, first: date, actor: str, now: datetime) -> Period | None:
    row = db.session.get(Absence, (portal_id, employee_id, first.isoformat()))
    if row is None:
        return None
    db.session.delete(row)
    _record(portal_id, actor, "calendar.absence", f"{employee_id} {row.first}", row.last, None, now)
    return _days(first, date.fromisoformat(row.last))


def _faults_of_day(path: str, day: date) -> tuple[Fault, ...]:
    known = day.year in YEARS
    return () if known else (Fault(path, _("A date like 2026-11-01 is needed here.")),)


def _record(portal_id: int, actor: str, action: str, target: str, before: object, after: object, now: datetime) -> None:
    db.session.flush()
    audit.record(portal_id, actor, action, target, before, after, now)


def _days(first: date, last: date) -> Period:
    return Period(Kind.CUSTOM, first, last + ONE_DAY)
