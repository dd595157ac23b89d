"""Absences as the portal's calendars tell of them -> local days."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from b24app.ingest.sources.absences import absence
from b24app.periods.queries import Away
from b24app.periods.rules import Settings

MOSCOW = Settings("Europe/Moscow")


def event(begin: datetime, end: datetime, **more: Any) -> dict[str, Any]:
    times = {"DATE_FROM_TS_UTC": str(int(begin.timestamp())), "DATE_TO_TS_UTC": str(int(end.timestamp()))}
    return {"ACCESSIBILITY": "absent", "DT_SKIP_TIME": "N", **times, **more}


@pytest.mark.parametrize("hours", [0, 3, -5, 9])
def test_whole_days_are_the_same_days_in_whatever_zone_their_midnights_are(hours: int) -> None:
    zone = timezone(timedelta(hours=hours))
    begin, end = datetime(2026, 11, 9, tzinfo=zone), datetime(2026, 11, 13, tzinfo=zone)
    found = absence(7, event(begin, end, DT_SKIP_TIME="Y"), MOSCOW)
    assert found == Away(7, date(2026, 11, 9), date(2026, 11, 13), kind="portal")


@pytest.mark.parametrize(
    ("begin", "end", "days"),
    [
        ((9, 0), (10, 0), None),  # in Moscow from three in the morning to three in the morning
        ((8, 21), (9, 21), (9, 9)),
        ((8, 21), (11, 10), (9, 10)),
        ((9, 6), (9, 8), None),
        ((9, 6), (10, 8), None),
    ],
)
def test_hours_away_are_no_day_away(begin: Any, end: Any, days: tuple[int, int] | None) -> None:
    moments = [datetime(2026, 11, day, hour, tzinfo=UTC) for day, hour in (begin, end)]
    found = absence(7, event(*moments), MOSCOW)
    assert (None if found is None else (found.first.day, found.last.day)) == days


@pytest.mark.parametrize(
    "more",
    [
        {"ACCESSIBILITY": "busy"},
        {"ACCESSIBILITY": None},
        {"DATE_FROM_TS_UTC": ""},
        {"DATE_TO_TS_UTC": "soon"},
        {"DATE_TO_TS_UTC": "99999999999999"},
        {"DATE_TO_TS_UTC": "0"},
    ],
)
def test_what_is_no_absence_or_no_time_is_none(more: dict[str, Any]) -> None:
    day = datetime(2026, 11, 9, tzinfo=UTC)
    assert absence(7, event(day, day, DT_SKIP_TIME="Y", **more), MOSCOW) is None
