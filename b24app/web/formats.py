"""Dates and periods as a reader of the current language writes them, and all else templates find ready.

Numbers and money are written in outcomes/dashboards/figures.py, for pages and for sentences alike.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import dates
from flask import Flask, g, url_for
from htmx_flask import Htmx

from b24app.lib import clock, i18n
from b24app.lib.i18n import gettext as _
from b24app.lib.paths import STATIC
from b24app.outcomes.dashboards.figures import MINUS, NO_DATA, figure, locale, money, percent, plain, rounded
from b24app.outcomes.dashboards.rules import Number, Point
from b24app.periods.rules import Period
from b24app.portal.rules import COMPANY, Action, Viewer, can


def day(value: date, form: str = "medium") -> str:
    """12 Nov 2026."""
    return dates.format_date(value, form, locale=locale())


def moment(value: datetime | int, time_zone: str) -> str:
    """12 Nov 2026, 14:05, by the portal's clock; takes aware datetimes and epoch seconds."""
    instant = clock.moment(value) if isinstance(value, int) else value
    local = instant.astimezone(ZoneInfo(time_zone))
    return f"{day(local)}, {dates.format_time(local.time(), 'short', locale=locale())}"


def interval(start: date, end: date) -> str:
    """16 - 22 November 2026, for a half-open interval of days."""
    return dates.format_interval(start, end - timedelta(days=1), "yMMMd", locale=locale())


def period(value: Period) -> str:
    """What people call a period: November 2026, 4th quarter 2026, 16 - 22 November 2026."""
    start = value.start
    match value.kind.value:
        case "day":
            text = dates.format_date(start, "full", locale=locale())
        case "month":
            text = dates.format_date(start, "LLLL y", locale=locale())
        case "quarter" if start.month % 3 == 1:
            text = dates.format_date(start, "QQQQ y", locale=locale())
        case "year" if start.month == 1:
            text = str(start.year)
        case _:
            text = interval(start, value.end)
    return text[:1].upper() + text[1:]


def period_short(value: Period) -> str:
    """As little of a period as tells it from its neighbours: Nov, 16 Nov, Q4, 2026."""
    form = {"month": "LLL", "quarter": "QQQ", "half_year": "LLL yy", "year": "y"}.get(value.kind.value, "d MMM")
    return dates.format_date(value.start, form, locale=locale())


def last_day(value: Period) -> date:
    return value.end - timedelta(days=1)


def difference(value: Number) -> str:
    """+12 000, −3: of percents in points."""
    if value.value is None:
        return NO_DATA
    size = abs(value.value)
    told = (
        _("%(points)s pp", points=plain(size)) if value.unit == "percent" else figure(size, value.unit, value.currency)
    )
    return f"{MINUS if value.value < 0 else '+'}{told}"


def sees_company(viewer: Viewer) -> bool:
    """Whether somebody is shown the way to the company's page, which decides by itself."""
    return can(viewer, Action.SEE, COMPANY)


def duration(seconds: int) -> str:
    """About how long: 40 seconds, 3 minutes."""
    return dates.format_timedelta(timedelta(seconds=seconds), threshold=1.2, locale=locale())


def initials(name: str) -> str:
    """AP of Anna Petrova."""
    return "".join(word[0] for word in name.split()[:2]).upper()


@dataclass(frozen=True, slots=True)
class Line:
    """A sparkline in a box of 88 x 28: its points, and where the last one is."""

    points: str
    x: float
    y: float


def spark(history: Sequence[Point]) -> Line | None:
    """The line through the periods that have a value, from zero up; None when there are not two of them."""
    values = [(place, float(point.value)) for place, point in enumerate(history) if point.value is not None]
    if len(values) < 2:
        return None
    low = min(0.0, *(value for _, value in values))
    height = max(value for _, value in values) - low or 1
    step = 80 / (len(history) - 1)
    dots = [(round(4 + step * place, 1), round(24 - 20 * (value - low) / height, 1)) for place, value in values]
    return Line(" ".join(f"{x},{y}" for x, y in dots), *dots[-1])


@lru_cache(maxsize=256)
def _stamp(name: str, modified_ns: int) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]


def static_url(name: str) -> str:
    """The address of a static file with its content in it, so that it may be cached for ever. Asked once per page."""
    known: dict[str, str] = g.setdefault("static_urls", {})
    if name not in known:
        known[name] = _static_url(name)
    return known[name]


def _static_url(name: str) -> str:
    return url_for("static", filename=name, v=_stamp(name, (STATIC / name).stat().st_mtime_ns))


def with_more(address: str) -> str:
    """The address up to where one more parameter may be written."""
    return f"{address}{'&' if '?' in address else '?'}"


def init_templates(app: Flask) -> None:
    """Give the templates of an application our words, numbers and files.

    gettext is called as it is, not through Jinja's extension: what it returns is text, and escaped like any other text.
    """
    Htmx(app)
    env = app.jinja_env
    env.trim_blocks = env.lstrip_blocks = True
    env.filters.update(
        plain=plain, percent=percent, money=money, figure=figure, day=day, moment=moment, period=period,
        duration=duration, interval=interval, rounded=rounded, pick=i18n.pick, initials=initials, spark=spark,
        with_more=with_more, period_short=period_short, last_day=last_day, difference=difference,
        sees_company=sees_company,
    )  # fmt: skip
    env.globals.update(
        _=i18n.gettext, ngettext=i18n.ngettext, language=i18n.language, static_url=static_url, NO_DATA=NO_DATA
    )
