"""When people are away, by the portal's calendars. Optional: needs the scope `calendar`.

Only what is marked as absence counts, and of it whole local days: somebody away for two hours has worked that day.
Polled as a whole, for a window around today; no event tells of it reliably.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from b24app.bitrix.batches import Command
from b24app.bitrix.client import Client
from b24app.bitrix.wire import mapping
from b24app.ingest import parsing
from b24app.ingest.parsing import BadRecord
from b24app.ingest.sources.base import groups
from b24app.periods.queries import Away
from b24app.periods.rules import ONE_DAY, YEARS, Settings, local_day, midnight

key = "absences"
entity = "absence"
scope = "calendar"

METHOD = "calendar.accessibility.get"
ABSENT = "absent"
BACK, AHEAD = timedelta(days=92), timedelta(days=184)
"""A quarter of the past, for what is noted late, and half a year of plans."""

LONGEST = timedelta(days=3 * 366)
"""What lasts longer, as parental leave does not, is a slip in a calendar."""

NOON_S = 43_200
"""Whole days come as midnights of a zone we do not know: half a day later it is that day everywhere."""


def window(today: date) -> tuple[date, date]:
    """The days that are asked for, both included."""
    return today - BACK, today + AHEAD


def read(client: Client, people: Iterable[int], today: date, settings: Settings) -> tuple[Away, ...]:
    """Who is away when: every absence that reaches into the window, with the days it has outside of it."""
    first, last = window(today)
    asked = {"from": first.isoformat(), "to": (last + ONE_DAY).isoformat()}
    commands: dict[str, Command] = {
        f"people{place}": (METHOD, {**asked, "users": part}) for place, part in enumerate(groups(sorted(people)))
    }
    found: dict[tuple[int, date], Away] = {}
    for answer in client.batch(commands).values():
        for user, events in mapping(answer).items():
            for event in mapping(events).values():
                if (one := absence(int(user), mapping(event), settings)) is not None:
                    other = found.get((one.employee_id, one.first), one)
                    found[one.employee_id, one.first] = max(one, other, key=lambda away: away.last)
    return tuple(found.values())


def absence(employee_id: int, event: Mapping[str, Any], settings: Settings) -> Away | None:
    """The whole local days of an absence; None of any other event, and of one that cannot be read."""
    if event.get("ACCESSIBILITY") != ABSENT:
        return None
    try:
        begin, end = (parsing.integer(event.get(f"DATE_{edge}_TS_UTC")) for edge in ("FROM", "TO"))
        if begin is None or end is None:
            return None
        first, last = _days(begin, end, parsing.flag(event.get("DT_SKIP_TIME")), settings)
    except (BadRecord, OverflowError, ValueError, OSError):
        return None
    is_sound = first <= last and last - first <= LONGEST and first.year in YEARS and last.year in YEARS
    return Away(employee_id, first, last, kind="portal") if is_sound else None


def _days(begin: int, end: int, is_whole: bool, settings: Settings) -> tuple[date, date]:
    """The first and the last whole day; the last before the first when there is none."""
    if is_whole:
        return local_day(begin + NOON_S, settings), local_day(end + NOON_S, settings)
    first = local_day(begin, settings)
    return first if midnight(first, settings) == begin else first + ONE_DAY, local_day(end, settings) - ONE_DAY
