"""When, as one portal sees it: its time zone, week and year, and its calendar of working days."""

from dataclasses import replace
from datetime import date
from functools import lru_cache

import holidays
from sqlalchemy import select

from b24app.lib.db import db
from b24app.lib.errors import NotFound
from b24app.lib.i18n import gettext as _
from b24app.periods.rules import Calendar, Settings
from b24app.periods.tables import CalendarDay
from b24app.portal.tables import Portal

_YEARS = range(2010, 2041)
"""Facts are not older and plans not younger; more years only cost time when a process first needs a country."""


def settings(portal_id: int) -> Settings:
    row = db.session.execute(
        select(Portal.time_zone, Portal.week_start, Portal.year_start).where(Portal.id == portal_id)
    ).one_or_none()
    if row is None:
        raise NotFound(_("There is no such portal."))
    return Settings(row.time_zone, row.week_start, row.year_start)


def calendar(portal_id: int) -> Calendar:
    """5/2 with the public holidays of the portal's country, or of none, and the portal's own days (semantics 2.3)."""
    country = _of_country(db.session.scalar(select(Portal.country).where(Portal.id == portal_id)))
    query = select(CalendarDay.day, CalendarDay.working).where(CalendarDay.portal_id == portal_id)
    own = {date.fromisoformat(row.day): row.working for row in db.session.execute(query)}
    if not own:
        return country
    worked = {day for day, working in own.items() if working}
    return replace(
        country,
        days_off=(country.days_off - own.keys()) | (own.keys() - worked),
        extra_working=(country.extra_working - own.keys()) | worked,
    )


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
