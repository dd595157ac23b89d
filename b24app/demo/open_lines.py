"""Open lines: conversations with clients in messengers, each with an activity in the CRM and its messages.

No method lists them (contract 7.9): who looks for them goes by the activities.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from b24app.demo.fields import Row
from b24app.demo.people import Staff
from b24app.lib.i18n import gettext as _

PROVIDER = "IMOPENLINES_SESSION"
KEPT_FOR = timedelta(days=60)
FIRST_SESSION, FIRST_CHAT, FIRST_MESSAGE, FIRST_CLIENT = 321, 1763, 85_801, 587
LINE = 22


@dataclass(frozen=True, slots=True)
class Message:
    """`sender` 0: the line itself, which greets and tells of the CRM."""

    id: int
    sender: int
    moment: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Session:
    id: int
    chat_id: int
    client: int
    operator: int
    activity_id: int
    messages: tuple[Message, ...]


def write(staff: Staff, today: date, zone: ZoneInfo, seed: int, first_activity: int) -> tuple[list[Session], list[Row]]:
    """Some conversations of each agent, and their activities: most answered, some never."""
    random = Random(seed + 3)
    begun: list[tuple[datetime, int]] = []
    for user in staff.users.values():
        if user.is_admin or staff.head_of(user.id):
            continue
        for offset in range(KEPT_FOR.days, 0, -1):
            day = today - timedelta(days=offset)
            if day.weekday() < 5 and random.random() < 0.12:
                begun.append((datetime.combine(day, time(random.randint(9, 17), random.randrange(60)), zone), user.id))
    begun.sort()
    sessions, activities, last_message = [], [], FIRST_MESSAGE - 1
    for number, (moment, operator) in enumerate(begun):
        said = list(_conversation(moment, FIRST_CLIENT + number % 40, operator, random))
        messages = tuple(
            Message(last_message + place, who, at, text) for place, (who, at, text) in enumerate(said, start=1)
        )
        last_message += len(messages)
        session = Session(
            FIRST_SESSION + number, FIRST_CHAT + number % 40, FIRST_CLIENT + number % 40, operator,
            first_activity + number, messages,
        )  # fmt: skip
        sessions.append(session)
        activities.append(_activity(session, moment))
    return sessions, activities


def _conversation(moment: datetime, client: int, operator: int, random: Random) -> list[tuple[int, datetime, str]]:
    said = [
        (client, moment, _("Hello! Is it in stock?")),
        (0, moment + timedelta(seconds=1), _("Thank you for your message, we shall answer soon.")),
    ]
    if random.random() < 0.9:
        answer = moment + timedelta(seconds=random.randint(20, 7200))
        said.append((operator, answer, _("Good day! Yes, it is.")))
        said.append((client, answer + timedelta(minutes=2), _("Thank you!")))
    return said


def _activity(session: Session, moment: datetime) -> Row:
    ended = session.messages[-1].moment
    answered = any(one.sender == session.operator for one in session.messages)
    return {
        "ID": session.activity_id,
        "TYPE_ID": 6,
        "PROVIDER_ID": PROVIDER,
        "PROVIDER_TYPE_ID": "livechat",
        "ASSOCIATED_ENTITY_ID": session.id,
        "SUBJECT": _("Open line conversation"),
        "CREATED": moment,
        "LAST_UPDATED": ended,
        "START_TIME": moment,
        "END_TIME": ended,
        "DEADLINE": moment,
        "COMPLETED": "Y" if answered else "N",
        "STATUS": 2 if answered else 1,
        "DIRECTION": 1,
        "OWNER_ID": session.client % 85 + 1,
        "OWNER_TYPE_ID": 4,
        "RESPONSIBLE_ID": session.operator,
        "AUTHOR_ID": session.operator,
        "EDITOR_ID": session.operator,
    }
