"""Meetings, calls and e-mails: what the agents did beside their deals, generated from a fixed seed.

About 20 000 over the fourteen months of the data: each agent keeps a pace between 10 and 45 meetings a month.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from b24app.demo.fields import Row
from b24app.demo.people import Staff
from b24app.demo.seed import no_activities
from b24app.demo.store import Table
from b24app.lib.i18n import gettext as _

MEETING, CALL, EMAIL = 1, 2, 4
DEAL, COMPANY = 2, 4
_WORKDAYS_A_MONTH = 21
_HOURS = range(10, 18)


@dataclass(frozen=True, slots=True)
class Kind:
    type_id: int
    provider: str
    provider_type: str
    minutes: tuple[int, int]


KINDS = {
    "meeting": Kind(MEETING, "CRM_MEETING", "MEETING", (30, 90)),
    "call": Kind(CALL, "VOXIMPLANT_CALL", "CALL", (1, 25)),
    "email": Kind(EMAIL, "CRM_EMAIL", "EMAIL", (0, 0)),
}


def subject(kind: str) -> str:
    return {"meeting": _("Meeting with the client"), "call": _("Outgoing call"), "email": _("Commercial offer")}[kind]


def write(staff: Staff, deals: Table, first: date, end: date, zone: ZoneInfo, seed: int) -> Table:
    """Activities of every working day in [first, end), in order of time."""
    by_agent: dict[int, list[Row]] = {}
    for id in deals.ids:
        by_agent.setdefault(deals.rows[id]["assignedById"], []).append(deals.rows[id])
    rows = [
        row
        for user in staff.users.values()
        if user.sells and not user.is_admin and not staff.head_of(user.id)
        for row in _agent(user.id, by_agent.get(user.id, []), first, end, zone, Random(seed * 1000 + user.id))
    ]
    rows.sort(key=lambda row: (row["START_TIME"], row["RESPONSIBLE_ID"]))
    for number, row in enumerate(rows, start=1):
        row["ID"] = number
    table = no_activities()
    table.load(rows)
    return table


def _agent(user: int, deals: list[Row], first: date, end: date, zone: ZoneInfo, random: Random) -> list[Row]:
    pace = {
        "meeting": random.triangular(11, 44, 15) / _WORKDAYS_A_MONTH,
        "call": random.uniform(0.3, 0.8),
        "email": random.uniform(0.2, 0.6),
    }
    names = {kind: subject(kind) for kind in KINDS}
    rows: list[Row] = []
    for offset in range((end - first).days):
        day = first + timedelta(days=offset)
        if day.weekday() > 4:
            continue
        for kind, per_day in pace.items():
            for _time in range(int(per_day) + (random.random() < per_day % 1)):
                rows.append(_entry(kind, names[kind], user, deals, day, zone, random))
    return rows


def _entry(kind: str, name: str, user: int, deals: list[Row], day: date, zone: ZoneInfo, random: Random) -> Row:
    shape = KINDS[kind]
    begin = datetime.combine(day, time(random.choice(_HOURS), 5 * random.randrange(12)), zone)
    done = random.random() < 0.95
    row = entry_row(shape, name, user, begin, begin + timedelta(minutes=random.randint(*shape.minutes)), done)
    if shape.type_id != MEETING:
        row["DIRECTION"] = 1 if random.random() < 0.2 else 2
    if deals:
        row["OWNER_ID"] = deals[random.randrange(len(deals))]["id"]
    else:
        row["OWNER_ID"], row["OWNER_TYPE_ID"] = random.randint(1, 85), COMPANY
    return row


def entry_row(kind: Kind, name: str, user: int, begin: datetime, end: datetime, done: bool = True) -> Row:
    """One activity without its owner; a done one was last touched when it ended."""
    return {
        "TYPE_ID": kind.type_id,
        "PROVIDER_ID": kind.provider,
        "PROVIDER_TYPE_ID": kind.provider_type,
        "SUBJECT": name,
        "CREATED": begin,
        "LAST_UPDATED": end if done else begin,
        "START_TIME": begin,
        "END_TIME": end,
        "DEADLINE": begin,
        "COMPLETED": "Y" if done else "N",
        "STATUS": 2 if done else 1,
        "DIRECTION": 0,
        "RESPONSIBLE_ID": user,
        "AUTHOR_ID": user,
        "EDITOR_ID": user,
    }
