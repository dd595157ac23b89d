"""The offline queue: what changed, kept by the portal until we have it (contract 4.4). REST only, no transaction open.

    look (one request)  ->  nothing waits, or: take 50 rows a command, 50 commands a request  ->  the inbox  ->  confirm

Where the tariff plan lets us, rows are reserved and confirmed once they are in the inbox: killed in between, they are
only told again when they change again. Elsewhere the portal drops them as it hands them over.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from b24app.bitrix.batches import BATCH, Command
from b24app.bitrix.client import Client
from b24app.bitrix.errors import RestError
from b24app.bitrix.wire import mapping
from b24app.ingest.events import News, UnreadableEvent, news
from b24app.ingest.sources.base import PAGE

EXTENDED = "rest_offline_extended"
GET, LIST, CONFIRM, PARK = "event.offline.get", "event.offline.list", "event.offline.clear", "event.offline.error"


@dataclass(frozen=True, slots=True)
class Queue:
    """Whether more waits than fits into one command, and whether rows can be reserved."""

    is_long: bool
    reserves: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """What one command took. `process_id` reserves it; `read` and `unreadable` are ids of messages."""

    process_id: str | None
    news: tuple[News, ...]
    read: tuple[str, ...]
    unreadable: tuple[str, ...]


def look(client: Client) -> Queue | None:
    """None when nothing waits."""
    answers = client.batch(
        {
            "feature": ("feature.get", {"CODE": EXTENDED}),
            "rows": (LIST, {"filter": {"ERROR": 0}, "order": {"ID": "ASC"}}),
        },
        may_be_refused=("feature",),
    )
    rows = answers["rows"]
    if not rows:
        return None
    return Queue(len(rows) >= PAGE, not isinstance(answers["feature"], RestError) and _is_there(answers["feature"]))


def _is_there(feature: Any) -> bool:
    return str(mapping(feature).get("value")).upper() == "Y"


def take(client: Client, queue: Queue) -> Iterator[tuple[Taken, ...]]:
    """All that waits, request by request. An answer that is lost is not asked for again: it would be others' rows."""
    commands: dict[str, Command] = {
        f"take{n}": (GET, {"clear": 0 if queue.reserves else 1, "limit": PAGE, "error": 0})
        for n in range(BATCH if queue.is_long else 1)
    }
    while True:
        answers = client.batch(commands, repeat=False)
        taken = tuple(_taken(answer) for answer in answers.values())
        yield tuple(one for one in taken if one.read or one.unreadable)
        if len(taken[-1].read) + len(taken[-1].unreadable) < PAGE:
            return


def _taken(answer: Mapping[str, Any]) -> Taken:
    found: list[News] = []
    read, unreadable = [], []
    for row in mapping(answer.get("events")).values():
        message = str(row.get("MESSAGE_ID"))
        data = mapping(row.get("EVENT_DATA"))
        try:
            one = news(str(row.get("EVENT_NAME")), mapping(data.get("FIELDS")) or data)
        except UnreadableEvent:
            unreadable.append(message)
            continue
        read.append(message)
        if one is not None:
            found.append(one)
    process_id = answer.get("process_id")
    return Taken(str(process_id) if process_id else None, tuple(dict.fromkeys(found)), tuple(read), tuple(unreadable))


def confirm(client: Client, taken: tuple[Taken, ...]) -> None:
    """What is in the inbox leaves the queue; what could not be read stays there, marked as such."""
    commands: dict[str, Command] = {}
    for place, one in enumerate(taken):
        for name, method, messages in (("clear", CONFIRM, one.read), ("park", PARK, one.unreadable)):
            if one.process_id and messages:
                asked = {"process_id": one.process_id, "message_id": list(messages)}
                commands[f"{name}{place}"] = (method, asked)
    if commands:
        client.batch(commands)
