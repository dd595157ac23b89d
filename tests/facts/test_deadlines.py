"""Which deadline counts, and how late it was kept (semantics 4.3)."""

from dataclasses import replace

import pytest

from b24app.facts.deadlines import counting, lateness
from b24app.facts.kinds import declared
from b24app.facts.kinds.activities import activity_fact
from b24app.facts.kinds.base import Making
from b24app.facts.kinds.sessions import seconds_between
from b24app.facts.kinds.tasks import TaskDraft
from tests.facts.samples import DAY, HOUR, T, activity


@pytest.mark.parametrize(
    ("told", "before", "changed", "counts"),
    [
        (None, None, T, None),
        (T, None, T - DAY, T),
        (T, T, T + DAY, T),
        (T + DAY, T, T - 1, T + DAY),  # moved before it passed
        (T + DAY, T, T, T + DAY),  # moved in the very second
        (T + DAY, T, T + 1, T),  # moved after it had passed
        (None, T, T + 1, T),  # taken away after it had passed
        (None, T, T - 1, None),
    ],
)
def test_the_last_deadline_in_force_before_it_passed_counts(
    told: int | None, before: int | None, changed: int, counts: int | None
) -> None:
    assert counting(told, before, changed) == counts


@pytest.mark.parametrize(
    ("done", "due", "late"), [(None, T, None), (T, None, None), (T, T, 0), (T + 5, T, 5), (T - 5, T, -5)]
)
def test_lateness(done: int | None, due: int | None, late: int | None) -> None:
    assert lateness(done, due) == late


def test_an_activity_put_off_after_its_deadline_stays_late() -> None:
    open_ = activity_fact(activity(kind="todo", deadline_at=T, updated_at=T - DAY), None, T - DAY, in_history=False)
    put_off = activity_fact(
        activity(kind="todo", deadline_at=T + DAY, updated_at=T + HOUR), open_, T + HOUR, in_history=False
    )
    done = activity_fact(
        activity(kind="todo", deadline_at=T + DAY, updated_at=T + 2 * HOUR, completed=True), put_off, T + 2 * HOUR,
        in_history=False,
    )  # fmt: skip
    assert (put_off.due_at, put_off.seconds_late) == (T, None)
    assert (done.due_at, done.seconds_late) == (T, 2 * HOUR)


def test_how_long_an_activity_took() -> None:
    lengths = [
        activity_fact(activity(start_at=start, end_at=end), None, T, in_history=False).seconds
        for start, end in ((T, T + 90), (T, T), (T, T - 1), (None, T), (T, None))
    ]
    assert lengths == [90, 0, None, None, None]


TASK = TaskDraft(
    id=1, title="Write", done=False, group_id=None, responsible_id=7, created_by_id=1, created_at=T - DAY,
    updated_at=T - HOUR, deadline_at=T, told_closed_at=None,
)  # fmt: skip


def made(draft: TaskDraft, before: object = None) -> object:
    return declared()["task"].make(draft, before, Making(T + DAY))


def test_a_task_is_closed_when_it_is_done_and_not_while_it_waits_to_be_looked_over() -> None:
    waiting = made(replace(TASK, told_closed_at=T - 60))
    done = made(replace(TASK, done=True, told_closed_at=T - 60, updated_at=T))
    without_time = made(replace(TASK, done=True, updated_at=T + 30))
    assert [(one.closed_at, one.seconds_late) for one in (waiting, done, without_time)] == [  # type: ignore[attr-defined]
        (None, None),
        (T - 60, -60),
        (T + 30, 30),
    ]


@pytest.mark.parametrize(
    ("asked", "answered", "waited"), [(T, None, None), (T, T + 90, 90), (T, T, 0), (T, T - 1, None)]
)
def test_an_answer_before_the_question_is_none(asked: int, answered: int | None, waited: int | None) -> None:
    assert seconds_between(asked, answered) == waited
