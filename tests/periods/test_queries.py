"""The portal's own time: settings and the calendar of its country."""

from datetime import date

import pytest

from b24app.lib.db import db
from b24app.lib.errors import NotFound
from b24app.periods import queries
from b24app.periods.rules import Settings, working_days
from b24app.portal.tables import Portal


@pytest.fixture
def russian(portal: int) -> int:
    row = db.session.get_one(Portal, portal)
    row.country, row.time_zone, row.week_start, row.year_start = "RU", "Europe/Moscow", 6, 4
    db.session.flush()
    return portal


def test_settings_are_the_portals_own(russian: int) -> None:
    assert queries.settings(russian) == Settings("Europe/Moscow", 6, 4)


def test_no_such_portal() -> None:
    with pytest.raises(NotFound):
        queries.settings(404)


def test_russian_calendar_knows_holidays_and_saturdays_moved_to_work(russian: int) -> None:
    calendar = queries.calendar(russian)
    assert not calendar.is_working(date(2024, 1, 8))
    assert calendar.is_working(date(2024, 4, 27))
    assert working_days(calendar, date(2024, 5, 1), date(2024, 6, 1)) == 20


def test_a_portal_without_a_country_has_weekends_only(portal: int) -> None:
    assert queries.calendar(portal).is_working(date(2024, 1, 8))
