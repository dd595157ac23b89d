"""Periods, working days and hours, day by day."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.exactness.truth import Truth

DAY = timedelta(days=1)
DAY_S = 86_400


def period_of(kind: str, day: date, truth: Truth) -> tuple[date, date]:
    """The local days from the first up to, not including, the last of the period that holds the day."""
    if kind == "day":
        return day, day + DAY
    if kind == "week":
        start = day
        while start.weekday() != truth.week_start:
            start -= DAY
        return start, start + 7 * DAY
    months = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}[kind]
    start = day.replace(day=1)
    while (start.month - truth.year_start) % months:
        start = (start - DAY).replace(day=1)
    end = start
    for _month in range(months):
        end = (end + 31 * DAY).replace(day=1)
    return start, end


def midnight(day: date, truth: Truth) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(truth.zone)).timestamp())


def local(at: int, truth: Truth) -> date:
    return datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(truth.zone)).date()


def works(day: date, truth: Truth, person: int | None = None) -> bool:
    if person is not None and any(first <= day <= last for first, last in truth.absences.get(person, ())):
        return False
    if day in truth.own_days:
        return truth.own_days[day]
    return day.weekday() < 5


def working_days(start: date, end: date, truth: Truth, person: int | None = None) -> int:
    days = 0
    while start < end:
        days += works(start, truth, person)
        start += DAY
    return days


def has_struck(refresh: str, since: int, now: int, truth: Truth) -> bool:
    """Whether the hour of a scheduled indicator has come after `since`: an hour, a day, or a moment of every day."""
    if refresh == "hourly":
        return now // 3600 > since // 3600
    if refresh == "daily":
        return local(now, truth) > local(since, truth)
    minute, hour = map(int, refresh.removeprefix("cron:").split()[:2])
    day = local(since, truth)
    while day <= local(now, truth):
        moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(truth.zone)).timestamp()
        if since < moment <= now:
            return True
        day += DAY
    return False
