"""The shapes of periods that are over: their locks, what changed after them, and how a number came to be.

The numbers themselves are in shapes.py.
"""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field, WithJsonSchema

from b24app.periods.rules import Kind
from b24app.scores.rules import CauseKind
from b24app.web.api.parsing import Code, Day
from b24app.web.api.shapes import Exact, Paging, PeriodKind, PeriodQuery, Shape, SubjectKind

CauseOfChange = Annotated[str, WithJsonSchema({"enum": [kind.value for kind in CauseKind]})]


class PeriodsQuery(Paging):
    period: PeriodKind | None = None
    scorecard: Code | None = None


class ClosedPeriod(Shape):
    scorecard: str
    period: Kind
    start: date
    end: date
    locked: bool
    locked_at: datetime | None
    locked_by: str | None = Field(description="`user:7`, `token:3`, or `system` where it locked by itself.")
    can_be_locked: bool
    changed_after_lock: int = Field(description="How many records changed since.")


class LockBody(Shape):
    period: PeriodKind
    start: Day
    scorecard: Code | None = Field(None, description="null: every scorecard with this kind of period.")


class UnlockBody(LockBody):
    reason: Annotated[str, Field(max_length=2000)]


class LockState(Shape):
    period: Kind
    start: date
    locked: bool
    locked_at: datetime | None
    locked_by: str | None


class LateChangesQuery(PeriodQuery, Paging):
    scorecard: Code
    indicator: Code | None = Field(None, description="Default: all of the scorecard.")
    subject: SubjectKind = "employee"
    subject_id: Annotated[int, Field(ge=0, lt=2**63)] = Field(0, description="0 is the company.")


class RecordNamed(Shape):
    entity: str
    id: int
    title: str | None = Field(description="null: it is not known any more.")
    employee_id: int | None
    url: str | None


class LateChange(RecordNamed):
    indicators: list[str] = Field(description="Whose numbers it would have moved.")
    changed_at: datetime


class Change(Shape):
    """From what to what a number or its target went, and why."""

    id: int
    at: datetime
    before: Exact | None
    after: Exact | None
    target_before: Exact | None
    target_after: Exact | None
    cause: CauseOfChange
    actor: str = Field(description="`user:7`, `token:3`, or `system` where nobody is known.")
    count: int = Field(description="How many records did it.")
    records: list[RecordNamed] = Field(description="The first few of them.")
