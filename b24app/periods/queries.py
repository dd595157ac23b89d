"""When, as one portal sees it: its time zone, week and year, and its calendar of working days."""

from functools import lru_cache

import holidays
from sqlalchemy import select

from b24app.lib.db import db
from b24app.lib.errors import NotFound
from b24app.lib.i18n import gettext as _
from b24app.periods.rules import Calendar, Settings
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
    """5/2 with the public holidays of the portal's country, or of none (semantics 2.3)."""
    return _of_country(db.session.scalar(select(Portal.country).where(Portal.id == portal_id)))


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
