"""When an indicator is computed that is not live (semantics 5): hourly, daily, weekly, or by five fields of cron. Pure.

Days and weeks are the portal's; a cron line is read on the clock that hangs on its wall.
"""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from croniter import CroniterBadDateError, CroniterError, croniter

from b24app.lib.i18n import gettext as _
from b24app.periods.rules import Kind, Settings, local_day, period_at

PLAIN = ("live", "hourly", "daily", "weekly", "manual")
AT_ONCE = frozenset({"live", "manual"})
"""Values entered by hand are there as soon as they are entered."""

CRON = "cron:"
HOUR_S, MINUTE_S = 3600, 60
RANDOM = re.compile(r"[RrHh](?![A-Za-z])")
"""Letters with which the library draws a moment by lot."""

ANY_DAY = datetime(2024, 1, 1, tzinfo=UTC)


def fault(refresh: str) -> str | None:
    """Why this says no time, as a sentence."""
    if refresh in PLAIN:
        return None
    fields = refresh.removeprefix(CRON).split()
    if not refresh.startswith(CRON) or len(fields) != 5:
        return _("live, hourly, daily, weekly, manual or cron: with five fields is needed here.")
    if any(map(RANDOM.match, fields)) or not croniter.is_valid(" ".join(fields)):
        return _("These five fields are not read: minute, hour, day, month and weekday, like cron: 0 9 * * 1-5.")
    try:
        croniter(" ".join(fields), ANY_DAY).get_next(datetime)
    except CroniterBadDateError:
        return _("This moment never comes.")
    return None


def is_due(refresh: str, since: int, now: int, settings: Settings) -> bool:
    """Whether the indicator's moment has come after `since`, and not after `now` (epoch seconds)."""
    match refresh:
        case "live" | "manual":
            return False
        case "hourly":
            return now // HOUR_S > since // HOUR_S
        case "daily":
            return local_day(now, settings) > local_day(since, settings)
        case "weekly":
            this, last = (period_at(Kind.WEEK, local_day(moment, settings), settings) for moment in (now, since))
            return this.start > last.start
        case _:
            try:
                return _next(refresh.removeprefix(CRON), since, settings) <= now
            except CroniterError:  # saved by a release that looked less closely
                return False


def _next(fields: str, since: int, settings: Settings) -> int:
    """The first moment after `since` at which the clock on the wall shows what the fields say.

    A time that the clock skips comes with the jump, one that it shows twice comes the first time.
    """
    zone = ZoneInfo(settings.time_zone)
    times = croniter(fields, datetime.fromtimestamp(since, zone).replace(tzinfo=None))
    while True:
        shown: datetime = times.get_next(datetime)
        moment = min(int(shown.replace(tzinfo=zone, fold=fold).timestamp()) for fold in (0, 1))
        while datetime.fromtimestamp(moment, zone).replace(tzinfo=None) < shown:
            moment += MINUTE_S
        if moment > since:
            return moment
