"""Conversations in open lines, and how long their clients waited for the first answer of a person."""

from dataclasses import dataclass

from b24app.facts.kinds.base import Kind, Making
from b24app.facts.rules import SESSION, columns


@dataclass(frozen=True, slots=True)
class SessionDraft:
    """A conversation by its activity, whose id it has, and what its messages tell. `created_at`: the client's first
    message, where the portal shows us the messages (`is_read`)."""

    id: int
    session_id: int
    title: str
    line: str
    responsible_id: int | None
    created_by_id: int | None
    owner_type_id: int | None
    owner_id: int | None
    done: bool
    is_read: bool
    created_at: int
    updated_at: int
    first_response_at: int | None


@dataclass(frozen=True, slots=True)
class SessionFact(SessionDraft):
    """A conversation as it counts; the fields are the columns of the table."""

    closed_at: int | None
    seconds_to_response: int | None
    read_at: int
    deleted_at: int | None = None

    @property
    def counts(self) -> bool:
        return self.deleted_at is None


def make(draft: SessionDraft, before: SessionFact | None, making: Making) -> SessionFact:
    """It is closed when its activity is; of one seen closed before, the first such version tells when."""
    closed_at = None
    if draft.done:
        closed_at = before.closed_at if before and before.closed_at is not None else draft.updated_at
    return SessionFact(
        **columns(draft, SessionDraft),
        closed_at=closed_at,
        seconds_to_response=seconds_between(draft.created_at, draft.first_response_at),
        read_at=making.read_at,
    )


def seconds_between(asked_at: int, answered_at: int | None) -> int | None:
    """None without an answer, and of one that came before the question (semantics 4.4)."""
    return None if answered_at is None or answered_at < asked_at else answered_at - asked_at


KINDS = (
    Kind(
        entity=SESSION,
        table="session",
        draft=SessionDraft,
        fact=SessionFact,
        make=make,
        dates=("created", "closed"),
        uncounted=frozenset({"title", "session_id"}),
    ),
)
