"""What a kind owes: `code`, and `text(payload)`, the message for a chat in the current language. Pure.

The payload is `Happening.payload()` or what the kind's own planner put into it.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Protocol

from babel import dates

from b24app.lib import i18n
from b24app.lib.i18n import gettext as _
from b24app.outcomes.dashboards.figures import figure, locale, percent
from b24app.outcomes.notifications.rules import number

Payload = Mapping[str, Any]


class KindOf(Protocol):
    code: str

    def text(self, payload: Payload) -> str: ...


def what(payload: Payload) -> str:
    """Indicator and period: Revenue, November 2026."""
    return f"[B]{quoted(i18n.pick(payload['indicator_name']))}[/B], {period(payload)}"


def whose(payload: Payload) -> str:
    """The name of whoever's number it is, with a colon; nothing for an employee, who is written to themselves."""
    kind, _id, name = payload["subject"]
    return "" if kind == "employee" else f"{quoted(name)}: "


def shown(payload: Payload, name: str) -> str:
    return figure(number(payload, name), payload["unit"], payload["currency"], (number(payload, "target"),))


def share(payload: Payload) -> str:
    return percent(number(payload, "attainment"), 2, limits=(100,))


def period(payload: Payload) -> str:
    kind, first, end = payload["period"]
    start = date.fromisoformat(first)
    if kind == "month":
        return dates.format_date(start, "LLLL y", locale=locale())
    if kind == "year" and start.month == 1:
        return str(start.year)
    last = date.fromisoformat(end) - timedelta(days=1)
    return dates.format_interval(start, last, "yMMMd", locale=locale())


def quoted(text: str) -> str:
    """A name in a text with BB codes: it makes none."""
    return text.replace("[", "(").replace("]", ")")


def of(payload: Payload) -> str:
    """450 000 of 500 000 (90 %); 90 % where the amounts are hidden from the reader."""
    if payload.get("is_hidden"):
        return share(payload)
    return _(
        "%(value)s of %(target)s (%(share)s)",
        value=shown(payload, "value"),
        target=shown(payload, "target"),
        share=share(payload),
    )
