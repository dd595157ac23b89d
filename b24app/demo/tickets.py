"""The published support tickets (data/support_tickets.md) as items of a smart process, moved close to today.

As with the deals every moment moves by the same whole number of weeks, the largest that leaves all of them before
today. Moments are kept to the nearest second: Bitrix24 has no finer ones.
"""

import csv
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from b24app.demo import history, processes
from b24app.demo.fields import INT, TEXT, TIME, CustomField, Row
from b24app.demo.history import Step
from b24app.demo.people import Staff
from b24app.demo.processes import Process
from b24app.lib.i18n import gettext as _

TYPE, NUMBER = 1036, 12
"""The smart process by its entityTypeId and its own id."""

_FILE = Path(__file__).parent / "data" / "support_tickets.csv"
_HALF_A_SECOND = timedelta(milliseconds=500)

STAGES = {"Open": "NEW", "In progress": "PREPARATION", "Resolved": "CLIENT", "Closed": "SUCCESS"}
CHANNELS = {"Email": 201, "Chat": 202, "Phone": 203}
PRIORITIES = {"Low": 211, "Medium": 212, "High": 213}


def _field(name: str, kind: str, id: int, options: tuple[int, ...] = (), type: str = "") -> CustomField:
    old = "".join(f"_{letter}" if letter.isupper() else letter.upper() for letter in name)
    return CustomField(f"ufCrm{NUMBER}{name}", kind, None, f"UF_CRM_{NUMBER}{old}", type=type, id=id, options=options)


CHANNEL = _field("Channel", INT, 601, tuple(CHANNELS.values()), "enumeration")
PRIORITY = _field("Priority", INT, 602, tuple(PRIORITIES.values()), "enumeration")
FIRST_RESPONSE = _field("FirstResponse", TIME, 603)
RESOLVED = _field("Resolved", TIME, 604)
CONFIRMED = _field("Confirmed", TIME, 605)
RATING = _field("Rating", INT, 606)
TOPIC = _field("Topic", TEXT, 607)

FIELDS = (CHANNEL, PRIORITY, FIRST_RESPONSE, RESOLVED, CONFIRMED, RATING, TOPIC)


def titles() -> dict[str, str]:
    """What the fields are called, in the current language."""
    return {
        CHANNEL.name: _("Channel"),
        PRIORITY.name: _("Priority"),
        FIRST_RESPONSE.name: _("First response at"),
        RESOLVED.name: _("Resolved at"),
        CONFIRMED.name: _("Confirmed by the customer at"),
        RATING.name: _("Rating"),
        TOPIC.name: _("Topic"),
    }


def options() -> dict[int, str]:
    channels = {"Email": _("E-mail"), "Chat": _("Chat"), "Phone": _("Phone")}
    priorities = {"Low": _("Low"), "Medium": _("Medium"), "High": _("High")}
    return {
        **{CHANNELS[name]: title for name, title in channels.items()},
        **{PRIORITIES[name]: title for name, title in priorities.items()},
    }


@dataclass(frozen=True, slots=True)
class Ticket:
    number: int
    status: str  # Open, In progress, Resolved, Closed
    topic: str
    channel: str
    priority: str
    agent: str
    created: datetime
    responded: datetime | None
    resolved: datetime | None
    confirmed: datetime | None
    rating: int | None


def agents() -> tuple[str, ...]:
    """In the order of the lines they work in."""
    lines = sorted({(row["Agent Group"], row["Agent Name"]) for row in _rows()})
    return tuple(name for _line, name in lines)


def tickets(today: date, count: int | None = None) -> tuple[Ticket, ...]:
    """Oldest first; of fewer the latest ones."""
    moved = _moved(today)
    return moved if count is None else moved[max(len(moved) - count, 0) :]


@cache
def _moved(today: date) -> tuple[Ticket, ...]:
    rows = tuple(_rows())
    moments = ("Created time", "First response time", "Resolution time", "Close time")
    latest = max(_moment(row[name]) or datetime.min for row in rows for name in moments).date()  # noqa: DTZ901
    shift = timedelta(weeks=((today - latest).days - 1) // 7)

    def at(text: str) -> datetime | None:
        moment = _moment(text)
        return None if moment is None else moment + shift

    return tuple(
        Ticket(
            number=int(row["Ticket ID"]),
            status=row["Status"],
            topic=row["Topic"],
            channel=row["Source"],
            priority=row["Priority"],
            agent=row["Agent Name"],
            created=at(row["Created time"]) or datetime.min,  # noqa: DTZ901
            responded=at(row["First response time"]),
            resolved=at(row["Resolution time"]),
            confirmed=at(row["Close time"]),
            rating=int(float(row["Survey results"])) if row["Survey results"] else None,
        )
        for row in rows
    )


def _moment(text: str) -> datetime | None:
    return (datetime.fromisoformat(text) + _HALF_A_SECOND).replace(microsecond=0) if text else None


@cache
def _rows() -> tuple[dict[str, str], ...]:
    with _FILE.open(encoding="ascii", newline="") as file:
        return tuple(csv.DictReader(file))


def process(tickets: tuple[Ticket, ...], staff: Staff, zone: ZoneInfo) -> Process:
    users = {user.full_name: user.id for user in staff.users.values()}
    made = processes.process(NUMBER, TYPE, _("Tickets"), stages(), processes.items(FIELDS))
    rows = (_item(id, ticket, users[ticket.agent], made, zone) for id, ticket in enumerate(tickets, start=1))
    made.table.load(rows)
    moves = ((id, made.funnel.id, _steps(ticket, made, zone)) for id, ticket in enumerate(tickets, start=1))
    return replace(made, moves=history.table(moves))


def _steps(ticket: Ticket, process: Process, zone: ZoneInfo) -> list[Step]:
    """A ticket moves as it is answered, resolved and confirmed; a few do so in another order. The stage it is in is the
    last one, but for a ticket that was answered before anybody had made it."""
    known = [(ticket.created, "NEW"), (ticket.responded, "PREPARATION"), (ticket.resolved, "CLIENT"),
             (ticket.confirmed, "SUCCESS")]  # fmt: skip
    came = [(at, code) for at, code in known if at]
    if came[-1][1] in ("CLIENT", "SUCCESS"):
        came[-1] = max(at for at, _code in came), came[-1][1]
    stages = ((at.replace(tzinfo=zone), process.stage(code)) for at, code in sorted(came, key=lambda step: step[0]))
    return [(at, stage, process.semantic(stage)) for at, stage in stages]


def _item(id: int, ticket: Ticket, agent: int, process: Process, zone: ZoneInfo) -> Row:
    def local(moment: datetime | None) -> datetime | None:
        return None if moment is None else moment.replace(tzinfo=zone)

    known = [moment for moment in (ticket.created, ticket.responded, ticket.resolved, ticket.confirmed) if moment]
    changed = local(max(known))
    return {
        "id": id,
        "title": f"{ticket.number} · {ticket.topic}",
        "categoryId": process.funnel.id,
        "stageId": process.stage(STAGES[ticket.status]),
        "assignedById": agent,
        "createdBy": agent,
        "updatedBy": agent,
        "movedBy": agent,
        "createdTime": local(ticket.created),
        "updatedTime": changed,
        "movedTime": changed,
        "lastActivityTime": changed,
        CHANNEL.name: CHANNELS[ticket.channel],
        PRIORITY.name: PRIORITIES[ticket.priority],
        FIRST_RESPONSE.name: local(ticket.responded),
        RESOLVED.name: local(ticket.resolved),
        CONFIRMED.name: local(ticket.confirmed),
        RATING.name: ticket.rating,
        TOPIC.name: ticket.topic,
    }


def stages() -> tuple[tuple[str, str, str | None], ...]:
    """Code, name and outcome of each, in the current language."""
    return (
        ("NEW", _("New ticket"), None),
        ("PREPARATION", _("At work"), None),
        ("CLIENT", _("Waits for the customer"), None),
        ("SUCCESS", _("Ticket closed"), "S"),
        ("FAIL", _("Ticket rejected"), "F"),
    )
