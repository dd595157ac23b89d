"""Calls of the portal's telephony (semantics 4, calls). Those that people log by hand are activities."""

from dataclasses import dataclass

from b24app.facts.kinds.base import Kind, Making
from b24app.facts.rules import CALL, columns


@dataclass(frozen=True, slots=True)
class CallDraft:
    """A row of the statistics. `seconds` is how long they talked; it ended at `completed_at`."""

    id: int
    phone: str
    direction: str | None
    code: str
    answered: bool
    seconds: int
    responsible_id: int | None
    created_by_id: int | None
    activity_id: int | None
    start_at: int
    completed_at: int
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class CallFact(CallDraft):
    """A call as it counts; the fields are the columns of the table."""

    read_at: int
    deleted_at: int | None = None

    @property
    def counts(self) -> bool:
        return self.deleted_at is None


def make(draft: CallDraft, before: CallFact | None, making: Making) -> CallFact:
    return CallFact(**columns(draft, CallDraft), read_at=making.read_at)


KINDS = (
    Kind(
        entity=CALL,
        table="call",
        draft=CallDraft,
        fact=CallFact,
        make=make,
        dates=("start", "completed"),
        uncounted=frozenset({"phone", "code"}),
        title="phone",
        page="/telephony/detail.php",
    ),
)
