"""A mapping and a record -> the request they make (semantics 4, 4.4). Pure.

The record is whatever the mapping is about (a deal, an item of a smart process, a session of open lines), brought into
one shape by operations.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from b24app.facts.entities import is_own
from b24app.facts.rules import RECORDS
from b24app.periods.rules import Calendar, Hours, Settings, working_seconds

REQUEST = "request"
MOST_MAPPINGS = 100
"""In a portal: so many ids of requests lie between those of two records."""

CREATED_TIME = "createdTime"
CLOSED, ANSWERED = "closed_at", "first_response_at"
BUILT_IN = frozenset({CLOSED, ANSWERED})
"""Instants that are columns of some records: deals and conversations are closed, conversations answered."""

VALUE = "value"
"""Of an entry: a rating, or the hours until the first response."""

RESPONSIBLE, CREATED_BY = "responsible", "created_by"


@dataclass(frozen=True, slots=True)
class RequestMapping:
    """Which records are requests, and what of them is what. Fields have the names of crm.item.list.

    The first response is what `responded` says, or the first entry into one of `responded_stages`. A request is
    resolved when `resolved` says when, or while its record is in one of `resolved_stages`.
    """

    code: str
    number: int
    entity: str
    category_ids: tuple[int, ...] = ()
    """Funnels; none named means all of them."""
    created: str = CREATED_TIME
    responded: str | None = None
    responded_stages: tuple[str, ...] = ()
    resolved: str | None = None
    resolved_stages: tuple[str, ...] = ()
    rating: str | None = None
    rated: str | None = None
    owner: str = RESPONSIBLE
    """responsible, created_by, or a field that names an employee."""
    hours: Hours = field(default=Hours())
    entry_code: str = ""
    """Of entries those with this code are requests."""

    @property
    def fields(self) -> frozenset[str]:
        """What has to be read of the records beside their columns."""
        named = {self.created, self.responded, self.resolved, self.rating, self.rated}
        if self.owner not in (RESPONSIBLE, CREATED_BY):
            named.add(self.owner)
        return frozenset(name for name in named if name) - BUILT_IN - {CREATED_TIME, VALUE}

    @property
    def answered_by_moves(self) -> bool:
        """Whether the stage history says when it was answered."""
        return bool(self.responded_stages) and not self.responded

    @property
    def watched(self) -> frozenset[str]:
        """What is read because of it: of smart processes the records themselves, too."""
        return self.fields | {RECORDS} if is_own(self.entity) else self.fields


@dataclass(frozen=True, slots=True)
class Record:
    """A record as mappings read it. `moves` are its stage moves, oldest first: stage and instant.

    `instants`, `numbers` (millionths) and `refs` (employees) are the first values of its fields.
    """

    entity: str
    id: int
    title: str
    category_id: int | None
    stage_id: str | None
    responsible_id: int | None
    created_by_id: int | None
    created_at: int
    updated_at: int
    moved_at: int | None
    read_at: int
    deleted_at: int | None = None
    moves: Sequence[tuple[str, int]] = ()
    instants: Mapping[str, int] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)
    refs: Mapping[str, int] = field(default_factory=dict)
    code: str = ""
    """Of an entry its code."""


@dataclass(frozen=True, slots=True)
class RequestFact:
    """A request as it counts; the fields are the columns of the table."""

    id: int
    mapping: str
    entity: str
    record_id: int
    title: str
    responsible_id: int | None
    created_at: int
    updated_at: int
    first_response_at: int | None
    resolved_at: int | None
    rating: int | None
    rated_at: int | None
    seconds_to_response: int | None
    seconds_working: int | None
    read_at: int
    deleted_at: int | None = None

    @property
    def counts(self) -> bool:
        return self.deleted_at is None


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """Whose days and hours the working clock runs by."""

    calendar: Calendar
    settings: Settings


def request_id(record_id: int, mapping: RequestMapping) -> int:
    return record_id * MOST_MAPPINGS + mapping.number


def request_of(record: Record, mapping: RequestMapping, time: WorkingTime) -> RequestFact | None:
    """The request a record is; None when it is none by this mapping, or does not say when it was created."""
    created_at = record.created_at if mapping.created == CREATED_TIME else record.instants.get(mapping.created)
    if created_at is None or (mapping.category_ids and record.category_id not in mapping.category_ids):
        return None
    if record.code != mapping.entry_code:
        return None
    answered_at, resolved_at = _answered(record, mapping), _resolved(record, mapping)
    rating = record.numbers.get(mapping.rating) if mapping.rating else None
    rated_at = record.instants.get(mapping.rated) if mapping.rated else None
    is_answered = answered_at is not None and answered_at >= created_at
    return RequestFact(
        id=request_id(record.id, mapping),
        mapping=mapping.code,
        entity=record.entity,
        record_id=record.id,
        title=record.title,
        responsible_id=_owner(record, mapping),
        created_at=created_at,
        updated_at=record.updated_at,
        first_response_at=answered_at,
        resolved_at=resolved_at,
        rating=rating,
        rated_at=None if rating is None else resolved_at if rated_at is None else rated_at,
        seconds_to_response=answered_at - created_at if answered_at is not None and is_answered else None,
        seconds_working=(
            working_seconds(time.calendar, mapping.hours, created_at, answered_at, time.settings)
            if answered_at is not None and is_answered
            else None
        ),
        read_at=record.read_at,
        deleted_at=record.deleted_at,
    )


def _answered(record: Record, mapping: RequestMapping) -> int | None:
    if mapping.responded:
        return record.instants.get(mapping.responded)
    return next((at for stage, at in record.moves if stage in mapping.responded_stages), None)


def _resolved(record: Record, mapping: RequestMapping) -> int | None:
    """When it was resolved; of a stage, the move that began the record's present stay in such stages."""
    if mapping.resolved and (at := record.instants.get(mapping.resolved)) is not None:
        return at
    if record.stage_id not in mapping.resolved_stages:
        return None
    began = None
    for stage, at in reversed(record.moves):
        if stage not in mapping.resolved_stages:
            break
        began = at
    known = (began, record.moved_at, record.updated_at)
    return next(at for at in known if at is not None)


def _owner(record: Record, mapping: RequestMapping) -> int | None:
    match mapping.owner:
        case "responsible":
            return record.responsible_id
        case "created_by":
            return record.created_by_id
        case field:
            return record.refs.get(field)
