"""When, as one portal sees it: its time zone, week and year, its calendar of working days, and who is away when."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, lru_cache
from typing import Any

import holidays
from sqlalchemy import CompoundSelect, Text, cast, literal, null, select

from b24app.lib.db import Int64, db
from b24app.lib.errors import NotFound
from b24app.lib.i18n import gettext as _
from b24app.lib.storage import OF_PORTAL, table_of
from b24app.periods.rules import Calendar, Settings, without
from b24app.periods.tables import Absence, CalendarDay
from b24app.portal.tables import Portal

_YEARS = range(2010, 2041)
"""Facts are not older and plans not younger; more years only cost time when a process first needs a country."""


@dataclass(frozen=True, slots=True)
class OwnDay:
    """A day that the portal works or rests by its own decision."""

    day: date
    working: bool
    name: str = ""


@dataclass(frozen=True, slots=True)
class Away:
    """Days on which somebody is away, both included."""

    employee_id: int
    first: date
    last: date
    kind: str = "manual"


def settings(portal_id: int) -> Settings:
    portal = db.session.get(Portal, portal_id)
    if portal is None:
        raise NotFound(_("There is no such portal."))
    return Settings(portal.time_zone, portal.week_start, portal.year_start)


def calendar(portal_id: int) -> Calendar:
    """5/2 with the public holidays of the portal's country, or of none, and the portal's own days (semantics 2.3)."""
    portal = db.session.get(Portal, portal_id)
    return _with(portal.country if portal else None, own_days(portal_id))


def _with(country_code: str | None, own_days: Collection[OwnDay]) -> Calendar:
    country = _of_country(country_code)
    own = {one.day: one.working for one in own_days}
    if not own:
        return country
    worked = {day for day, working in own.items() if working}
    return replace(
        country,
        days_off=country.days_off.difference(own) | (own.keys() - worked),
        extra_working=country.extra_working.difference(own) | worked,
    )


def own_days(portal_id: int) -> tuple[OwnDay, ...]:
    """In their order."""
    rows = db.session.scalars(select(CalendarDay).where(CalendarDay.portal_id == portal_id).order_by(CalendarDay.day))
    return tuple(OwnDay(date.fromisoformat(row.day), row.working, row.name) for row in rows)


def absences(portal_id: int, since: date | None = None) -> tuple[Away, ...]:
    """Who is away when, in the order of days; all of it, or what is not over before a day."""
    query = select(Absence).where(Absence.portal_id == portal_id).order_by(Absence.first, Absence.employee_id)
    if since is not None:
        query = query.where(Absence.last >= since.isoformat())
    return tuple(
        Away(row.employee_id, date.fromisoformat(row.first), date.fromisoformat(row.last), row.kind)
        for row in db.session.scalars(query)
    )


def calendars(portal_id: int) -> tuple[Calendar, dict[int, Calendar]]:
    """The portal's calendar, and those of who is or was away: the portal's less their absences (semantics 2.3)."""
    own, gone = [], defaultdict(list)
    for is_day, first, last, working, whose in db.session.execute(_both(), {"portal": portal_id}):
        if is_day:
            own.append(OwnDay(date.fromisoformat(first), working))
        else:
            gone[whose].append((date.fromisoformat(first), date.fromisoformat(last)))
    portal = db.session.get(Portal, portal_id)
    calendar = _with(portal.country if portal else None, own)
    return calendar, {employee_id: without(calendar, days) for employee_id, days in gone.items()}


@cache
def _both() -> CompoundSelect[*tuple[Any, ...]]:
    """Own days and absences in one statement: nearly every page and change needs them."""
    day, away, no_text, nobody = table_of(CalendarDay).c, table_of(Absence).c, cast(null(), Text), cast(null(), Int64)
    of_days = select(literal(True), day.day, no_text.label("last"), day.working, nobody.label("employee_id"))
    of_absences = select(literal(False), away.first, away.last, literal(False), away.employee_id)
    return of_days.where(day.portal_id == OF_PORTAL).union_all(of_absences.where(away.portal_id == OF_PORTAL))


def countries() -> tuple[str, ...]:
    """Of whose public holidays we know (ISO 3166)."""
    return tuple(sorted(code for code in holidays.list_supported_countries() if len(code) == 2))


@lru_cache
def _of_country(country: str | None) -> Calendar:
    if country not in holidays.list_supported_countries():
        return Calendar()
    days = holidays.country_holidays(country, years=_YEARS)
    return Calendar(
        weekend=frozenset(days.weekend),
        days_off=frozenset(days),
        extra_working=frozenset(getattr(days, "weekend_workdays", ())),
    )
