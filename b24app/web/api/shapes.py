"""The shapes of the public API that are its own (interfaces 4): what is asked for and what is answered.

The scorecard document lives in scorecards/documents.py; locks and what changed after them are in closing.py, split
credit in credits.py. Numbers are Decimals here and JSON numbers outside.
"""

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from b24app.metrics.rules import Unit
from b24app.periods.rules import Kind
from b24app.portal.rules import SubjectType
from b24app.scores.pace import ForecastBy
from b24app.web.api.parsing import Code, Day, Id, Moment, Number

Exact = Annotated[Fraction | Decimal | int, WithJsonSchema({"type": "number"})]
"""A number of an answer: exact.py writes it with six decimals."""

SubjectKind = Literal["employee", "department", "company"]
PeriodKind = Literal["day", "week", "month", "quarter", "half_year", "year"]
AnyPeriodKind = Literal[PeriodKind, "custom"]

Direction = Annotated[str, WithJsonSchema({"enum": ["up", "down"]})]
Zone = Annotated[str, WithJsonSchema({"enum": ["done", "close", "behind", "none"]})]
EntryKind = Annotated[str, WithJsonSchema({"enum": ["add", "set"]})]
EntryState = Annotated[str, WithJsonSchema({"enum": ["counted", "waiting", "refused"]})]
Aggregate = Annotated[
    str, WithJsonSchema({"enum": ["sum", "count", "ratio", "mean", "median", "last", "min", "max", "formula"]})
]
Part = Annotated[str, WithJsonSchema({"enum": ["numerator", "denominator", "value"]})]
Names = str | dict[str, str]


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


T = TypeVar("T")


class Paging(Shape):
    """How much of a list is asked for, and from where."""

    limit: Annotated[int, Field(ge=1, le=1000)] = Field(1000, description="1 to 1000 rows.")
    cursor: str | None = Field(None, description="`next_cursor` of the page before.")


class Page(Shape, Generic[T]):
    items: list[T]
    next_cursor: str | None = Field(None, description="null on the last page.")


class Problem(Shape):
    """RFC 9457 problem details; `errors` names every fault by its path."""

    class Error(Shape):
        path: str
        message: str

    type: str
    title: str
    status: int
    detail: str
    errors: list[Error] = []


# --- the portal, its people, the catalogue


class SyncedEntity(Shape):
    rows: int
    complete: bool
    synced_at: datetime | None


class Sync(Shape):
    state: Annotated[str, WithJsonSchema({"enum": ["idle", "running", "failed"]})]
    complete: bool
    entities: dict[str, SyncedEntity]
    lag_seconds: int
    pending_events: int
    error: str | None
    """Why reading has stopped, as a sentence for a person; it goes on by itself where that is possible."""


class PortalState(Shape):
    member_id: str
    domain: str
    status: str
    problem: str | None
    """Why the app does not work for this portal, as a sentence for its administrator."""
    language: str
    time_zone: str
    base_currency: str
    today: date
    sync: Sync


class Employee(Shape):
    id: int
    name: str
    position: str
    photo_url: str | None
    department_ids: list[int]
    active: bool


class Department(Shape):
    id: int
    name: str
    parent_id: int | None
    head_id: int | None
    active: bool


class Metric(Shape):
    code: str
    name: Names
    rule: Names
    unit: Unit
    direction: Direction
    dates: list[str]
    owners: list[str]
    proposed_owner: str
    options: dict[str, Any] = Field(description="JSON Schema of the metric's `options`.")


# --- scorecards and targets


class ScorecardsQuery(Paging):
    as_of: Day | None = Field(None, description="The versions in force on this day; default: today.")
    versions: Literal["0", "1"] = Field("0", description="1: every version of every scorecard, archived ones too.")


class ScorecardQuery(Shape):
    as_of: Day | None = Field(None, description="The version in force on this day; default: the latest.")
    versions: Literal["0", "1"] = Field("0", description="1: a list of all versions instead of one document.")


class Subject(Shape):
    type: SubjectType
    id: int


class Target(Shape):
    scorecard: str
    indicator: str
    subject: Subject
    period: Kind
    start: date | None
    target: Exact | None


class TargetsQuery(Paging):
    scorecard: Code | None = None
    indicator: Code | None = None
    subject: SubjectKind | None = None
    subject_id: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    period: PeriodKind | None = None
    start: Day | None = None


class Done(Shape):
    """What became of one item of an array."""

    index: int
    status: Literal["created", "updated", "duplicate", "error"]
    id: int | None = None
    error: str | None = None


class DoneList(Shape):
    items: list[Done]


# --- entries


class EntryItem(Shape):
    code: Code
    kind: Literal["add", "set"] = "add"
    value: Number = Field(description="At most 6 decimals.")
    occurred_at: Moment | None = Field(None, description="Default: now.")
    employee_id: Id | None = None
    department_id: Id | None = None
    source_id: Annotated[str, Field(max_length=64)] | None = None
    key: Annotated[str, Field(min_length=1, max_length=255)] = Field(description="The same key counts once.")
    comment: Annotated[str, Field(max_length=2000)] = ""


EntryList = Annotated[list[EntryItem], Field(min_length=1, max_length=10_000)]


class Entry(Shape):
    id: int
    key: str
    code: str
    kind: EntryKind
    value: Exact | None = Field(description="null: an amount of money, and the token lacks the scope `money`.")
    occurred_at: datetime
    employee_id: int | None
    department_id: int | None
    source_id: str | None
    comment: str
    origin: str
    author: str
    undoes_id: int | None
    undone: bool
    corrects_id: int | None = Field(description="The entry in whose place this one counts.")
    state: EntryState = Field(description="It counts while `counted` and not `undone`.")
    created_at: datetime


class EntriesQuery(Paging):
    code: Code | None = None
    employee_id: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    department_id: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    key: Annotated[str, Field(max_length=255)] | None = None


# --- numbers


class PeriodQuery(Shape):
    period: AnyPeriodKind = "month"
    start: Day | None = Field(None, description="First day of the period; default: of the period today lies in.")
    end: Day | None = Field(None, description="For `custom` only: the day after the last one.")


class ResultsQuery(PeriodQuery, Paging):
    subject: SubjectKind = "employee"
    subject_id: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    scorecard: Code | None = None


class ExplainQuery(PeriodQuery, Paging):
    scorecard: Code
    indicator: Code
    subject: SubjectKind = "employee"
    subject_id: Annotated[int, Field(ge=0, lt=2**63)] = Field(0, description="0 is the company.")


class NamedSubject(Shape):
    type: SubjectType
    id: int
    name: str


class Period(Shape):
    kind: Kind
    start: date
    end: date


class Result(Shape):
    scorecard: str
    scorecard_version: int
    indicator: str
    metric: str
    unit: Unit
    currency: str | None
    direction: Direction
    subject: NamedSubject
    period: Period
    value: Exact | None
    numerator: Exact | None
    denominator: Exact | None
    facts_count: int
    target: Exact | None
    attainment: Exact | None = Field(description="Percent, as it went into the score.")
    attainment_raw: Exact | None = Field(description="Percent before floor, cap and steps.")
    weight: Exact
    zone: Zone
    forecast: Exact | None
    forecast_by: ForecastBy | None = Field(
        description="By a straight line, or by the season of the last 12 periods; null: the value itself, or none."
    )
    at_risk: bool
    complete: bool
    no_data_reason: str | None
    locked: bool
    changed_after_lock: int = Field(description="How many records changed since the period was locked.")
    computed_at: datetime | None


class Score(Shape):
    scorecard: str
    subject: NamedSubject
    period: Period
    score: Exact | None
    rank: int | None
    ranked: int
    zone: Zone
    preliminary: bool
    indicators_with_data: int
    computed_at: datetime | None


class Operand(Shape):
    name: str
    value: Exact | None


class Fact(Shape):
    entity: str
    id: int
    title: str
    number: Exact | None = Field(description="What was aggregated, in the unit of the value.")
    share: Exact = Field(description="What part of the record counts for the employee (owner `shared`); else 1.")
    amount: Exact | None = Field(description="That part of the record's amount, in the portal's base currency.")
    amount_original: Exact | None = Field(description="The whole record's amount in its own currency.")
    currency: str | None
    rate: Exact | None
    date: datetime | None
    employee_id: int | None
    url: str | None
    part: Part


class Explanation(Shape):
    value: Exact | None
    aggregate: Aggregate
    operands: list[Operand]
    total: int
    items: list[Fact]
    next_cursor: str | None
    of_lock: bool = Field(
        description="Of a locked period: the records as they were counted then; false: as they are today."
    )


class UncountedFact(Fact):
    reason: str


class Uncounted(Shape):
    total: int
    items: list[UncountedFact]
    next_cursor: str | None


# --- jobs


class RecomputeBody(Shape):
    period: PeriodKind
    start: Day


class JobState(Shape):
    id: str
    state: Literal["queued", "running", "done", "failed"]
    done: int
    total: int
    error: str | None


class JobAnswer(Shape):
    job: JobState
