"""Tasks: closed when, and whether by their deadline (semantics 4, tasks_on_time_share)."""

from dataclasses import dataclass

from b24app.facts.deadlines import counting, lateness
from b24app.facts.kinds.base import Kind, Making
from b24app.facts.rules import TASK, columns


@dataclass(frozen=True, slots=True)
class TaskDraft:
    """A task as the portal told it. `told_closed_at` may linger on a task that is only waiting to be looked over."""

    id: int
    title: str
    done: bool
    group_id: int | None
    responsible_id: int | None
    created_by_id: int | None
    created_at: int
    updated_at: int
    deadline_at: int | None
    told_closed_at: int | None


@dataclass(frozen=True, slots=True)
class TaskFact(TaskDraft):
    """A task as it counts; the fields are the columns of the table."""

    closed_at: int | None
    due_at: int | None
    seconds_late: int | None
    read_at: int
    deleted_at: int | None = None

    @property
    def counts(self) -> bool:
        return self.deleted_at is None


def make(draft: TaskDraft, before: TaskFact | None, making: Making) -> TaskFact:
    due_at = counting(draft.deadline_at, before.due_at if before else None, draft.updated_at)
    closed_at = (draft.told_closed_at or draft.updated_at) if draft.done else None
    return TaskFact(
        **columns(draft, TaskDraft),
        closed_at=closed_at,
        due_at=due_at,
        seconds_late=lateness(closed_at, due_at),
        read_at=making.read_at,
    )


KINDS = (
    Kind(
        entity=TASK,
        table="task",
        draft=TaskDraft,
        fact=TaskFact,
        make=make,
        dates=("created", "closed", "due"),
        uncounted=frozenset({"title", "told_closed_at"}),
        page="/company/personal/user/0/tasks/task/view/{id}/",
    ),
)
