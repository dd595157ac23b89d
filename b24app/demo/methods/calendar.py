"""Calendars: who is away or busy when. Times come in the site's own format and as UTC seconds (contract 10.44)."""

from datetime import date, datetime, time, timedelta
from typing import Any

from b24app.demo.absences import CalendarEvent
from b24app.demo.errors import RestError
from b24app.demo.registry import Answer, Call, method

_FORMAT = "%d.%m.%Y %H:%M:%S"


@method("calendar.accessibility.get", "calendar")
def accessibility(call: Call) -> Answer:
    for name in ("from", "to", "users"):
        if not call.params.has(name):
            text = f'The required parameter "{name}" for the method "calendar.accessibility.get" is not set.'
            raise RestError("", text)
    begin, end = (_moment(call, name) for name in ("from", "to"))
    found: dict[str, Any] = {}
    for user in call.params.many("users"):
        theirs = [one for one in call.portal.absences if str(one.user) == str(user)]
        found[str(user)] = [_shown(one) for one in theirs if one.begin < end and _last(one) >= begin]
    return Answer(found or [])


def _last(event: CalendarEvent) -> datetime:
    return event.end + timedelta(days=1) if event.skip_time else event.end


def _moment(call: Call, name: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(call.params.text(name)[:10]), time(), call.portal.zone)
    except ValueError:
        raise RestError("", f"Invalid value of parameter {name}") from None


def _shown(event: CalendarEvent) -> dict[str, Any]:
    """Of whole days both ends are their midnights."""
    return {
        "ID": str(event.id),
        "NAME": event.name,
        "DATE_FROM": event.begin.strftime(_FORMAT),
        "DATE_TO": event.end.strftime(_FORMAT),
        "DATE_FROM_TS_UTC": str(int(event.begin.timestamp())),
        "DATE_TO_TS_UTC": str(int(event.end.timestamp())),
        "~USER_OFFSET_FROM": 0,
        "~USER_OFFSET_TO": 0,
        "DT_SKIP_TIME": "Y" if event.skip_time else "N",
        "TZ_FROM": "",
        "TZ_TO": "",
        "ACCESSIBILITY": event.accessibility,
        "IMPORTANCE": "normal",
        "EVENT_TYPE": "",
    }
