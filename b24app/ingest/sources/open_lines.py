"""Conversations in open lines. Optional: needs the scope `imopenlines`.

No method lists them with their times (contract 7.9): they are found by their activities, and each one's messages tell
when the client wrote first and when a person answered. What a bot or the line itself writes is no answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from b24app.bitrix.batches import BATCH
from b24app.bitrix.client import Client
from b24app.bitrix.errors import AccessDenied, Refused, RestError, ScopeMissing
from b24app.bitrix.wire import mapping
from b24app.facts.kinds.sessions import SessionDraft
from b24app.facts.rules import SESSION
from b24app.ingest import parsing
from b24app.ingest.sources.base import Listing, Reading, Row, groups, missing, translated

key = "open_lines"
entity = SESSION
events: tuple[str, ...] = ()
scope = "imopenlines"
is_compared = False
"""Not every night: the messages of all conversations are too much to ask for, and nobody changes old ones."""

PROVIDER = "IMOPENLINES_SESSION"
METHOD = "imopenlines.session.history.get"
FIELDS = (
    *("ID", "ASSOCIATED_ENTITY_ID", "SUBJECT", "RESPONSIBLE_ID", "AUTHOR_ID", "OWNER_ID", "OWNER_TYPE_ID"),
    *("CREATED", "LAST_UPDATED", "COMPLETED"),
)
HISTORY = "history"
"""Under which a row of the list carries what the history told."""

OUTSIDE = ("connector", "network", "extranet")


@dataclass(frozen=True, slots=True)
class SessionListing(Listing):
    """The activities, each with its messages."""

    def complete(self, client: Client, rows: list[dict[str, Any]]) -> None:
        read_histories(client, rows)


listing = SessionListing(
    "crm.activity.list", {"select": list(FIELDS), "filter": {"PROVIDER_ID": PROVIDER}}, "ID", None, "LAST_UPDATED"
)


def read_histories(client: Client, rows: Sequence[dict[str, Any]]) -> None:
    """Put the messages to the rows: fifty conversations a request. One that is closed to us comes without."""
    for part in groups(list(range(len(rows))), BATCH):
        asked = {f"session{place}": (METHOD, {"SESSION_ID": rows[place].get("ASSOCIATED_ENTITY_ID")}) for place in part}
        for name, answer in client.batch_lenient(asked).items():
            if isinstance(answer, RestError) and not _is_closed_to_us(answer):
                raise answer
            rows[int(name.removeprefix("session"))][HISTORY] = None if isinstance(answer, RestError) else answer


def _is_closed_to_us(error: RestError) -> bool:
    """This conversation only, and not the method."""
    return isinstance(error, AccessDenied) or (
        isinstance(error, Refused) and not isinstance(error, ScopeMissing) and error.code == "INVALID_SESSION_ID"
    )


def translate(row: Row) -> SessionDraft:
    history = mapping(row.get(HISTORY))
    asked_at, answered_at = first_answer(history)
    created_at = parsing.required_instant(row.get("CREATED"), "CREATED")
    return SessionDraft(
        id=parsing.identity(row.get("ID")),
        session_id=parsing.link(row.get("ASSOCIATED_ENTITY_ID")) or 0,
        title=parsing.text(row.get("SUBJECT"), 512),
        line=_line(history),
        responsible_id=parsing.link(row.get("RESPONSIBLE_ID")),
        created_by_id=parsing.link(row.get("AUTHOR_ID")),
        owner_type_id=parsing.link(row.get("OWNER_TYPE_ID")),
        owner_id=parsing.link(row.get("OWNER_ID")),
        done=parsing.flag(row.get("COMPLETED")),
        is_read=bool(history),
        created_at=created_at if asked_at is None else asked_at,
        updated_at=parsing.instant(row.get("LAST_UPDATED")) or created_at,
        first_response_at=None if asked_at is None else answered_at,
    )


def first_answer(history: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """When the client wrote first, and when an employee did."""
    users = mapping(history.get("users"))
    clients: list[int] = []
    employees: list[int] = []
    for message in mapping(history.get("message")).values():
        sender, at = mapping(users.get(str(message.get("senderid")))), parsing.instant(message.get("date"))
        if not sender or at is None or sender.get("bot"):
            continue
        (clients if any(sender.get(name) for name in OUTSIDE) else employees).append(at)
    return min(clients, default=None), min(employees, default=None)


def _line(history: Mapping[str, Any]) -> str:
    """The id of the open line: the second part of the chat's entityId, `livechat|22|1761|587`."""
    chat = mapping(next(iter(mapping(history.get("chat")).values()), None))
    parts = parsing.text(chat.get("entityId") or chat.get("entity_id"), 255).split("|")
    return parts[1][:16] if len(parts) > 1 else ""


def fetch(client: Client, ids: Sequence[int], read_at: datetime) -> Reading:
    answers = client.batch({f"sessions{n}": listing.page({"@ID": part}) for n, part in enumerate(groups(ids))})
    rows = [row for answer in answers.values() for row in listing.rows(answer)]
    read_histories(client, rows)
    drafts, rejected = translated(rows, translate, "ID")
    return Reading(entity, read_at, drafts, gone=missing(ids, rows, "ID"), rejected=rejected)
