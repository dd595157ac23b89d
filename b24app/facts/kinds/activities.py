"""CRM activities: calls, meetings, e-mails, to-dos (semantics 4.3)."""

from dataclasses import dataclass

from b24app.facts.deadlines import counting, lateness
from b24app.facts.kinds.base import Kind, Making
from b24app.facts.rules import ACTIVITY, columns


@dataclass(frozen=True, slots=True)
class ActivityDraft:
    """A CRM activity as the portal told it."""

    id: int
    kind: str
    provider: str
    subject: str
    direction: str | None
    responsible_id: int | None
    created_by_id: int | None
    owner_type_id: int | None
    owner_id: int | None
    created_at: int
    updated_at: int
    start_at: int | None
    end_at: int | None
    deadline_at: int | None
    completed: bool


@dataclass(frozen=True, slots=True)
class ActivityFact(ActivityDraft):
    """An activity as it counts; the fields are the columns of the table."""

    completed_at: int | None
    completed_assumed: bool
    due_at: int | None
    seconds_late: int | None
    seconds: int | None
    read_at: int
    deleted_at: int | None = None

    @property
    def counts(self) -> bool:
        return self.deleted_at is None


def make(draft: ActivityDraft, before: ActivityFact | None, making: Making) -> ActivityFact:
    return activity_fact(draft, before, making.read_at, in_history=making.in_history)


def activity_fact(draft: ActivityDraft, before: ActivityFact | None, read_at: int, *, in_history: bool) -> ActivityFact:
    """`in_history`: the activity is found by a backfill, long after whatever happened to it (semantics 4.3)."""
    completed_at, is_assumed = None, False
    if draft.completed and before is not None and before.completed:
        completed_at, is_assumed = before.completed_at, before.completed_assumed
    elif draft.completed:
        completed_at, is_assumed = draft.updated_at, in_history and before is None
        if is_assumed and draft.kind in ("call", "meeting", "email") and draft.end_at is not None:
            completed_at = min(draft.end_at, draft.updated_at)
        completed_at = min(completed_at, read_at)
    due_at = counting(draft.deadline_at, before.due_at if before else None, draft.updated_at)
    return ActivityFact(
        **columns(draft, ActivityDraft),
        completed_at=completed_at,
        completed_assumed=is_assumed,
        due_at=due_at,
        seconds_late=lateness(completed_at, due_at),
        seconds=_length(draft),
        read_at=read_at,
    )


def _length(draft: ActivityDraft) -> int | None:
    """How long it took; None where it ends before it begins or says nothing."""
    if draft.start_at is None or draft.end_at is None or draft.end_at < draft.start_at:
        return None
    return draft.end_at - draft.start_at


KINDS = (
    Kind(
        entity=ACTIVITY,
        table="activity",
        draft=ActivityDraft,
        fact=ActivityFact,
        make=make,
        dates=("start", "completed", "due"),
        uncounted=frozenset({"subject"}),
        title="subject",
        before_date="kind",
    ),
)
