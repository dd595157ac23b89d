"""When people are away, by their calendars: leave of whole days, and meetings that leave them at work."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from b24app.demo.people import Staff

ABSENT, BUSY = "absent", "busy"


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """`skip_time`: whole local days, the last one included."""

    id: int
    user: int
    name: str
    begin: datetime
    end: datetime
    accessibility: str
    skip_time: bool


def write(staff: Staff, today: date, zone: ZoneInfo, seed: int) -> list[CalendarEvent]:
    """A week or two of leave for every agent within a year around today, and an hour's meeting a month."""
    random = Random(seed + 4)
    found: list[CalendarEvent] = []
    for user in staff.users.values():
        if user.is_admin or staff.head_of(user.id):
            continue
        first = today + timedelta(days=random.randint(-300, 60))
        first -= timedelta(days=first.weekday())
        days = random.choice((5, 12))
        found.append(leave(len(found) + 1213, user.id, first, first + timedelta(days=days - 1), zone))
        begin = datetime.combine(today - timedelta(days=random.randint(1, 30)), time(11), zone)
        end = begin + timedelta(hours=1)
        found.append(CalendarEvent(len(found) + 1213, user.id, "Planning", begin, end, BUSY, skip_time=False))
    return found


def leave(id: int, user: int, first: date, last: date, zone: ZoneInfo) -> CalendarEvent:
    begin, end = (datetime.combine(day, time(), zone) for day in (first, last))
    return CalendarEvent(id, user, "Leave", begin, end, ABSENT, skip_time=True)
