"""When: periods of the six regular kinds and custom ones, their instants, and working days. Pure date arithmetic.

Days are local dates of the portal, `end` is exclusive everywhere (semantics 2). queries.py knows whose holidays count.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

from b24app.lib.errors import Fault, Invalid
from b24app.lib.i18n import gettext as _

ONE_DAY = timedelta(days=1)
MINUTES_A_DAY = 24 * 60
LONGEST_CUSTOM_YEARS = 5
YEARS = range(1970, 2101)
"""Of the days somebody may name: far from where the calendar of a computer ends."""


class Kind(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    YEAR = "year"
    CUSTOM = "custom"


REGULAR = tuple(kind for kind in Kind if kind is not Kind.CUSTOM)
"""The kinds a scorecard or a target may have; custom periods are for asking only (semantics 2.1)."""

_MONTHS = {Kind.MONTH: 1, Kind.QUARTER: 3, Kind.HALF_YEAR: 6, Kind.YEAR: 12}


@dataclass(frozen=True, slots=True)
class Settings:
    """What a portal decides about time. `week_start` counts as `date.weekday()`; `year_start` is a month, 1 to 12."""

    time_zone: str
    week_start: int = 0
    year_start: int = 1


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The local days from `start` up to, not including, `end`."""

    kind: Kind
    start: date
    end: date

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A period as instants: epoch seconds, half-open."""

    start: int
    end: int

    def __contains__(self, moment: int) -> bool:
        return self.start <= moment < self.end


def period_at(kind: Kind, day: date, settings: Settings) -> Period:
    """The regular period that holds the day (semantics 2.1)."""
    if kind is Kind.DAY:
        return Period(kind, day, day + ONE_DAY)
    if kind is Kind.WEEK:
        start = day - timedelta(days=(day.weekday() - settings.week_start) % 7)
        return Period(kind, start, start + timedelta(days=7))
    if kind is Kind.CUSTOM:
        raise _invalid("period", _("A custom period is named by its start and its end."))
    length = _MONTHS[kind]
    month = day.year * 12 + day.month - 1
    first = month - (month - (settings.year_start - 1)) % length
    return Period(kind, _month_start(first), _month_start(first + length))


def named(kind: Kind, start: date, settings: Settings) -> Period:
    """The regular period that begins on `start`. Invalid when none of that kind does."""
    _must_be_in_calendar("start", start)
    period = period_at(kind, start, settings)
    if period.start != start:
        raise _invalid(
            "start",
            _(
                "No period of the kind %(kind)s begins on %(day)s; the nearest one begins on %(nearest)s.",
                kind=kind.value,
                day=start.isoformat(),
                nearest=period.start.isoformat(),
            ),
        )
    return period


def custom(start: date, end: date) -> Period:
    """Any days, for asking only. Invalid when they end before they start or last more than five years."""
    _must_be_in_calendar("start", start)
    _must_be_in_calendar("end", end)
    if end <= start:
        raise _invalid("end", _("The period must end after it starts."))
    if end > _years_later(start, LONGEST_CUSTOM_YEARS):
        raise _invalid("end", _("A custom period may last %(years)s years at most.", years=LONGEST_CUSTOM_YEARS))
    return Period(Kind.CUSTOM, start, end)


def previous(period: Period, settings: Settings) -> Period:
    """The period of the same kind just before; of a custom one, as many days before."""
    if period.kind is Kind.CUSTOM:
        return Period(Kind.CUSTOM, period.start - (period.end - period.start), period.start)
    return period_at(period.kind, period.start - ONE_DAY, settings)


def following(period: Period, settings: Settings) -> Period:
    """The period of the same kind just after; of a custom one, as many days after."""
    if period.kind is Kind.CUSTOM:
        return Period(Kind.CUSTOM, period.end, period.end + (period.end - period.start))
    return period_at(period.kind, period.end, settings)


def covering(kind: Kind, first: date, last: date, settings: Settings) -> tuple[Period, ...]:
    """The regular periods that hold the days from `first` to `last`, both included; none when last is before first."""
    periods: list[Period] = []
    while first <= last:
        periods.append(period_at(kind, first, settings))
        first = periods[-1].end
    return tuple(periods)


def inside(period: Period, kind: Kind, settings: Settings) -> tuple[Period, ...]:
    """The periods of a scorecard's own kind that overlap the one asked for (semantics 2.5)."""
    return covering(kind, period.start, period.end - ONE_DAY, settings)


def span(period: Period, settings: Settings) -> Span:
    """The instants between the local midnights of its start and its end (semantics 2.1)."""
    return Span(midnight(period.start, settings), midnight(period.end, settings))


def midnight(day: date, settings: Settings) -> int:
    """The first instant of the local day.

    `fold=0` makes it the first: a midnight that the clock skips is read as the instant of the jump, one that the clock
    shows twice as the earlier of the two (PEP 495).
    """
    return int(datetime(day.year, day.month, day.day, tzinfo=_zone(settings.time_zone)).timestamp())


def local_day(moment: int, settings: Settings) -> date:
    """The local day of an instant given in epoch seconds."""
    return datetime.fromtimestamp(moment, _zone(settings.time_zone)).date()


def on_wall(moment: int, settings: Settings) -> str:
    """What the portal's clock shows at an instant: `2026-11-01T12:00:00`."""
    return datetime.fromtimestamp(moment, _zone(settings.time_zone)).replace(tzinfo=None).isoformat(timespec="seconds")


def from_wall(shown: str, settings: Settings) -> int:
    """The first instant at which it shows that; of a time that it skips, the instant of the jump."""
    return int(datetime.fromisoformat(shown).replace(tzinfo=_zone(settings.time_zone)).timestamp())


@dataclass(frozen=True)
class Calendar:
    """Which days are worked: not the weekend, not the days off, but the weekend days moved to work (semantics 2.3)."""

    weekend: frozenset[int] = frozenset({5, 6})
    days_off: frozenset[date] = frozenset()
    extra_working: frozenset[date] = frozenset()

    def is_working(self, day: date) -> bool:
        if day.weekday() in self.weekend:
            return day in self.extra_working
        return day not in self.days_off

    @cached_property
    def _idle_weekdays(self) -> tuple[date, ...]:
        return tuple(sorted(day for day in self.days_off if day.weekday() not in self.weekend))

    @cached_property
    def _worked_weekends(self) -> tuple[date, ...]:
        return tuple(sorted(day for day in self.extra_working if day.weekday() in self.weekend))


def without(calendar: Calendar, absences: Iterable[tuple[date, date]]) -> Calendar:
    """The calendar of somebody who is away on these days, first and last included (semantics 2.3)."""
    away = {
        first + timedelta(days=offset) for first, last in absences for offset in range((last - first).days + 1)
    }  # sets, so that absences that overlap count once
    return replace(calendar, days_off=calendar.days_off | away, extra_working=calendar.extra_working - away)


def working_days(calendar: Calendar, start: date, end: date) -> int:
    """Days worked from `start` up to, not including, `end`; takes as long for a year as for a day."""
    if end <= start:
        return 0
    weeks, rest = divmod((end - start).days, 7)
    ordinary = weeks * (7 - len(calendar.weekend)) + sum(
        (start.weekday() + offset) % 7 not in calendar.weekend for offset in range(rest)
    )
    return ordinary - _between(calendar._idle_weekdays, start, end) + _between(calendar._worked_weekends, start, end)


def elapsed_share(calendar: Calendar, period: Period, today: date) -> Fraction | None:
    """e of semantics 10: the share of working days gone by, today counting half. None without working days."""
    total = working_days(calendar, period.start, period.end)
    if total == 0:
        return None
    gone = Fraction(working_days(calendar, period.start, min(today, period.end)))
    if today in period and calendar.is_working(today):
        gone += Fraction(1, 2)
    return gone / total


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A point within a period: all its days before `day`, and this share of that day."""

    day: date
    share: Fraction


def mark(calendar: Calendar, period: Period, elapsed: Fraction) -> Mark | None:
    """Where in a period this share of its working days is gone. None without working days.

    Idle days after the last whole working day are before the mark: what came on them came before the next one began.
    """
    total = working_days(calendar, period.start, period.end)
    if not total:
        return None
    whole, share = divmod(elapsed * total, 1)
    day = period.start
    while day < period.end and not (calendar.is_working(day) and whole == 0):
        whole -= calendar.is_working(day)
        day += ONE_DAY
    return Mark(day, share)


def working_days_left(calendar: Calendar, period: Period, today: date) -> int:
    """Working days still to come, today included: the divisor of "needed per day"."""
    return working_days(calendar, max(today, period.start), period.end)


def _must_be_in_calendar(path: str, day: date) -> None:
    if day.year not in YEARS:
        raise _invalid(path, _("A date like 2026-11-01 is needed here."))


def _between(days: tuple[date, ...], start: date, end: date) -> int:
    return bisect_left(days, end) - bisect_left(days, start)


def _month_start(month: int) -> date:
    """The first day of a month counted from January of year 0."""
    return date(month // 12, month % 12 + 1, 1)


def _years_later(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return date(day.year + years, 3, 1)


@lru_cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _invalid(path: str, message: str) -> Invalid:
    return Invalid(message, [Fault(path, message)])


def parse_kind(text: str, allowed: Iterable[Kind] = Kind) -> Kind:
    """The kind a document or an address names. Invalid with the choices when there is no such kind."""
    choices = tuple(allowed)
    if text in choices:
        return Kind(text)
    raise _invalid("period", _("A period is one of: %(kinds)s.", kinds=", ".join(choices)))


@dataclass(frozen=True, slots=True, order=True)
class Hours:
    """When work begins and ends on a working day, in minutes after local midnight."""

    start: int = 9 * 60
    end: int = 18 * 60


def working_seconds(calendar: Calendar, hours: Hours, since: int, until: int, settings: Settings) -> int:
    """The seconds of working time between two instants, by the clock on the portal's wall (daylight saving safe)."""
    total, day, last = 0, local_day(since, settings), local_day(until, settings)
    while day <= last:
        if calendar.is_working(day):
            start, end = (_on_the_clock(day, minutes, settings) for minutes in (hours.start, hours.end))
            total += max(0, min(until, end) - max(since, start))
        day += ONE_DAY
    return total


def _on_the_clock(day: date, minutes: int, settings: Settings) -> int:
    if minutes == MINUTES_A_DAY:
        return midnight(day + ONE_DAY, settings)
    shown = datetime(day.year, day.month, day.day, minutes // 60, minutes % 60, tzinfo=_zone(settings.time_zone))
    return int(shown.timestamp())
