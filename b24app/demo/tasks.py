"""Tasks: some hundred of the last half year. What is done with them: work.py."""

from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from b24app.demo.fields import INT, LIST, TEXT, TIME, Field, Row, table_of
from b24app.demo.people import Staff
from b24app.demo.store import Table
from b24app.lib.i18n import gettext as _

WAITING, IN_PROGRESS, REVIEW, DONE, DEFERRED = 2, 3, 4, 5, 6
KEPT_FOR = timedelta(days=180)

RECORD = table_of(
    (
        Field("id", INT, read_only=True),
        Field("title", TEXT, ""),
        Field("description", TEXT, ""),
        Field("deadline", TIME),
        Field("createdDate", TIME, read_only=True),
        Field("changedDate", TIME, read_only=True),
        Field("closedDate", TIME, read_only=True),
        Field("createdBy", INT, 1),
        Field("responsibleId", INT, 1),
        Field("closedBy", INT, read_only=True),
        Field("changedBy", INT, 1, read_only=True),
        Field("priority", INT, 1),
        Field("mark", TEXT, ""),
        Field("status", INT, WAITING),
        Field("groupId", INT, 0),
        Field("parentId", INT, 0),
        Field("accomplices", LIST, (), type="user"),
        Field("auditors", LIST, (), type="user"),
        Field("ufCrmTask", LIST, ()),
    )
)


def no_tasks() -> Table:
    table = Table(RECORD, ranged=("changedDate",))
    table.load(())
    return table


def write(staff: Staff, today: date, zone: ZoneInfo, seed: int) -> Table:
    """What heads gave their people to do: most of it done, some late, some still open past its deadline."""
    random = Random(seed + 2)
    titles = (_("Call the client back"), _("Prepare an offer"), _("Send the documents"), _("Plan the week"))
    rows: list[Row] = []
    for user in staff.users.values():
        if user.is_admin or staff.head_of(user.id):
            continue
        for offset in range(KEPT_FOR.days, 0, -1):
            day = today - timedelta(days=offset)
            if day.weekday() > 4 or random.random() > 0.15:
                continue
            rows.append(_task(user.id, random.choice(titles), day, today, zone, random))
    rows.sort(key=lambda row: (row["createdDate"], row["responsibleId"]))
    for number, row in enumerate(rows, start=1):
        row["id"] = number
    table = no_tasks()
    table.load(rows)
    return table


def todos(staff: Staff, today: date, zone: ZoneInfo, seed: int, first_activity: int) -> list[Row]:
    """The same as activities of the CRM: what agents have noted for themselves to do with a client."""
    rows = list(write(staff, today, zone, seed + 10).rows.values())
    return [_todo(first_activity + number, row) for number, row in enumerate(rows) if "deadline" in row]


def _todo(id: int, task: Row) -> Row:
    done = task.get("status") == DONE
    return {
        "ID": id,
        "TYPE_ID": 6,
        "PROVIDER_ID": "CRM_TODO",
        "PROVIDER_TYPE_ID": "TODO",
        "SUBJECT": task["title"],
        "CREATED": task["createdDate"],
        "LAST_UPDATED": task["changedDate"],
        "START_TIME": task["createdDate"],
        "END_TIME": task["deadline"],
        "DEADLINE": task["deadline"],
        "COMPLETED": "Y" if done else "N",
        "STATUS": 2 if done else 1,
        "DIRECTION": 0,
        "OWNER_ID": id % 85 + 1,
        "OWNER_TYPE_ID": 4,
        "RESPONSIBLE_ID": task["responsibleId"],
        "AUTHOR_ID": task["responsibleId"],
        "EDITOR_ID": task["responsibleId"],
    }


def _task(user: int, title: str, day: date, today: date, zone: ZoneInfo, random: Random) -> Row:
    created = datetime.combine(day, time(9, 5 * random.randrange(12)), zone)
    row: Row = {
        "title": title,
        "createdBy": 1,
        "responsibleId": user,
        "createdDate": created,
        "changedDate": created,
    }
    if random.random() < 0.85:
        row["deadline"] = datetime.combine(day + timedelta(days=random.randint(1, 10)), time(18), zone)
    done = created + timedelta(days=random.randint(0, 12), hours=random.randint(1, 8))
    if done.date() < today and random.random() < 0.9:
        row |= {"status": DONE, "closedDate": done, "changedDate": done, "closedBy": user}
    return row
