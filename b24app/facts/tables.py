"""What happened: the latest state of every synced record, what was journalled about it, and the ledger of entries.

Stored integers only (architecture, decision 2): base-currency money in hundredths, other numbers in millionths,
durations in seconds, instants in epoch seconds. `deleted_at` is a tombstone: the record stopped
counting (semantics 3.6).
"""

from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from b24app.lib.db import Base, Int64


def _only(rows: str) -> dict[str, Any]:
    """Of few rows of a table, so that the index is small."""
    return {"sqlite_where": text(rows), "postgresql_where": text(rows)}


class Deal(Base):
    __tablename__ = "deal"
    __table_args__ = (
        Index("ix_deal_created", "portal_id", "created_at"),
        Index("ix_deal_closed", "portal_id", "closed_at"),
        Index("ix_deal_client", "portal_id", "client"),
        Index("ix_deal_updated", "portal_id", "updated_at"),
    )

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    title: Mapped[str] = mapped_column(String(512), default="")
    category_id: Mapped[int] = mapped_column(default=0)
    stage_id: Mapped[str] = mapped_column(String(64))
    semantic: Mapped[str] = mapped_column(String(1))
    """P open, S won, F lost"""
    source_id: Mapped[str | None] = mapped_column(String(64))
    company_id: Mapped[int | None] = mapped_column(Int64)
    contact_id: Mapped[int | None] = mapped_column(Int64)
    client: Mapped[str | None] = mapped_column(String(24))
    """Client key (semantics 3.3): `C5` company, `P7` person, None."""
    responsible_id: Mapped[int | None] = mapped_column(Int64)
    created_by_id: Mapped[int | None] = mapped_column(Int64)
    updated_by_id: Mapped[int | None] = mapped_column(Int64)
    """Who made the last change the portal told of; None where it did not say."""
    closed_by_id: Mapped[int | None] = mapped_column(Int64)
    """Owner at the close (semantics 3.4); None while open."""
    closed_by_assumed: Mapped[bool] = mapped_column(default=False)
    currency: Mapped[str | None] = mapped_column(String(3))
    amount_original: Mapped[int | None] = mapped_column(Int64)
    """In the deal's own currency, millionths."""
    amount: Mapped[int | None] = mapped_column(Int64)
    """In the portal's base currency, hundredths; None without a rate: the deal counts, its amount does not."""
    rate: Mapped[str | None] = mapped_column(String(40))
    """The decimal rate `amount` was made with."""
    created_at: Mapped[int] = mapped_column(Int64)
    updated_at: Mapped[int] = mapped_column(Int64)
    moved_at: Mapped[int | None] = mapped_column(Int64)
    close_day: Mapped[str | None] = mapped_column(String(10))
    """CLOSEDATE as the portal wrote it, YYYY-MM-DD."""
    closed_at: Mapped[int | None] = mapped_column(Int64)
    closed_from: Mapped[str | None] = mapped_column(String(8))
    """What told closed_at: history | moved | planned (semantics 3.2)."""
    seconds_to_close: Mapped[int | None] = mapped_column(Int64)
    """closed_at - created_at of won deals with a known close; None when unknown or negative."""
    win_no: Mapped[int | None] = mapped_column()
    is_return: Mapped[bool] = mapped_column(default=False)
    is_recurring: Mapped[bool] = mapped_column(default=False)
    read_at: Mapped[int] = mapped_column(Int64)
    """When the read began that brought this state."""
    deleted_at: Mapped[int | None] = mapped_column(Int64)


class StageMove(Base):
    """One row of the portal's stage history. Once seen it stays (semantics 3.2)."""

    __tablename__ = "stage_move"
    __table_args__ = (
        Index("ix_stage_move_record", "portal_id", "entity", "record_id"),
        Index("ix_stage_move_at", "portal_id", "entity", "at"),
    )

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    entity: Mapped[str] = mapped_column(String(16), primary_key=True)
    id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    record_id: Mapped[int] = mapped_column(Int64)
    kind: Mapped[int]
    """1 created, 2 moved, 3 final, 5 funnel changed"""
    category_id: Mapped[int | None]
    stage_id: Mapped[str] = mapped_column(String(64))
    semantic: Mapped[str] = mapped_column(String(1))
    at: Mapped[int] = mapped_column(Int64)


class Ownership(Base):
    """Journal of who was responsible for a record, from `since` until the next row; begins when we first saw it."""

    __tablename__ = "ownership"

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    entity: Mapped[str] = mapped_column(String(16), primary_key=True)
    record_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    since: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    owner_id: Mapped[int | None] = mapped_column(Int64)


class FieldValue(Base):
    """One value of a field that is no column of its record's table, as conditions and owners read it (semantics 4.5).

    Kept only for fields that are watched. A multi-valued field has one row per value, an empty one none.
    """

    __tablename__ = "field_value"
    __table_args__ = (Index("ix_field_value_at", "portal_id", "entity", "field", "at"),)

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    entity: Mapped[str] = mapped_column(String(16), primary_key=True)
    record_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    field: Mapped[str] = mapped_column(String(64), primary_key=True)
    """As crm.item.list names it: `ufCrm_1`, `typeId`."""
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """0, 1, .. among the values of a multi-valued field."""
    num: Mapped[int | None] = mapped_column(Int64)
    """Millionths, of a number, an amount of money (its currency is left out) or a yes (1) and no (0)."""
    text: Mapped[str | None] = mapped_column(String(255))
    """The value as text: ids of lists and dictionaries too, a day as YYYY-MM-DD."""
    day: Mapped[str | None] = mapped_column(String(10))
    """The local day of a date or a time, YYYY-MM-DD."""
    ref: Mapped[int | None] = mapped_column(Int64)
    """The id of the employee a user field points at."""
    at: Mapped[int | None] = mapped_column(Int64)
    """The instant of a time; of a date the local midnight it begins with."""


class ProductRow(Base):
    """One product row of a record, replaced together with it. `amount_original` = price x quantity (semantics 4.5)."""

    __tablename__ = "product_row"
    __table_args__ = (Index("ix_product_row_product", "portal_id", "product_id"),)

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    entity: Mapped[str] = mapped_column(String(16), primary_key=True)
    record_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    product_id: Mapped[int | None] = mapped_column(Int64)
    """None for a row that names no product of the catalogue."""
    name: Mapped[str] = mapped_column(String(255), default="")
    amount_original: Mapped[int] = mapped_column(Int64)
    """In the record's own currency, millionths."""
    amount: Mapped[int | None] = mapped_column(Int64)
    """In the portal's base currency, hundredths, at the record's rate; None without a rate."""


class ProductSection(Base):
    """A product is in a section: in its own, and in every section above that one (semantics 4.5, sub-sections in)."""

    __tablename__ = "product_section"
    __table_args__ = (Index("ix_product_section_section", "portal_id", "section_id"),)

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    product_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    section_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)


class Watch(Base):
    """What is read of records beside the columns of their table, because an indicator asks for it.

    `field` is a field's name, or `productRows`. Until `complete` the records read earlier lack it.
    """

    __tablename__ = "watch"

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    entity: Mapped[str] = mapped_column(String(16), primary_key=True)
    field: Mapped[str] = mapped_column(String(64), primary_key=True)
    complete: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(Int64, default=0)
    """The id behind which reading it for the records of the past goes on."""
    since: Mapped[int] = mapped_column(Int64)


class Activity(Base):
    """A CRM activity: call, meeting, e-mail, to-do, task or something else."""

    __tablename__ = "activity"
    __table_args__ = (
        Index("ix_activity_start", "portal_id", "kind", "start_at"),
        Index("ix_activity_completed", "portal_id", "kind", "completed_at"),
        Index("ix_activity_due", "portal_id", "kind", "due_at"),
    )

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(8))
    """call | meeting | email | todo | task | other"""
    provider: Mapped[str] = mapped_column(String(64), default="")
    subject: Mapped[str] = mapped_column(String(512), default="")
    direction: Mapped[str | None] = mapped_column(String(3))
    """in | out"""
    responsible_id: Mapped[int | None] = mapped_column(Int64)
    created_by_id: Mapped[int | None] = mapped_column(Int64)
    owner_type_id: Mapped[int | None]
    owner_id: Mapped[int | None] = mapped_column(Int64)
    """The CRM record the activity hangs on (2 deal, 3 contact, ..) - not a person."""
    created_at: Mapped[int] = mapped_column(Int64)
    updated_at: Mapped[int] = mapped_column(Int64)
    start_at: Mapped[int | None] = mapped_column(Int64)
    end_at: Mapped[int | None] = mapped_column(Int64)
    deadline_at: Mapped[int | None] = mapped_column(Int64)
    completed: Mapped[bool] = mapped_column(default=False)
    completed_at: Mapped[int | None] = mapped_column(Int64)
    completed_assumed: Mapped[bool] = mapped_column(default=False)
    due_at: Mapped[int | None] = mapped_column(Int64)
    """The deadline that counts: the last one in force before it passed (semantics 4.3)."""
    seconds_late: Mapped[int | None] = mapped_column(Int64)
    """completed_at - due_at, negative when completed before; None while open or without a deadline."""
    seconds: Mapped[int | None] = mapped_column(Int64)
    """end_at - start_at; None when it is not known or negative."""
    read_at: Mapped[int] = mapped_column(Int64)
    deleted_at: Mapped[int | None] = mapped_column(Int64)


class Item(Base):
    """A CRM record that is no deal: `type` is the entity it is of (lead, ..)."""

    __tablename__ = "item"
    __table_args__ = (
        Index("ix_item_created", "portal_id", "type", "created_at"),
        Index("ix_item_closed", "portal_id", "type", "closed_at"),
    )

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    type: Mapped[str] = mapped_column(String(16), primary_key=True)
    id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    title: Mapped[str] = mapped_column(String(512), default="")
    category_id: Mapped[int | None] = mapped_column(Int64)
    """The funnel, of records that have one."""
    stage_id: Mapped[str] = mapped_column(String(64), default="")
    semantic: Mapped[str] = mapped_column(String(1))
    """P open, S success, F failure"""
    source_id: Mapped[str | None] = mapped_column(String(64))
    company_id: Mapped[int | None] = mapped_column(Int64)
    contact_id: Mapped[int | None] = mapped_column(Int64)
    responsible_id: Mapped[int | None] = mapped_column(Int64)
    created_by_id: Mapped[int | None] = mapped_column(Int64)
    updated_by_id: Mapped[int | None] = mapped_column(Int64)
    currency: Mapped[str | None] = mapped_column(String(3))
    amount_original: Mapped[int | None] = mapped_column(Int64)
    """In the record's own currency, millionths."""
    amount: Mapped[int | None] = mapped_column(Int64)
    """In the portal's base currency, hundredths; None without a rate."""
    rate: Mapped[str | None] = mapped_column(String(40))
    """The decimal rate `amount` was made with."""
    created_at: Mapped[int] = mapped_column(Int64)
    updated_at: Mapped[int] = mapped_column(Int64)
    moved_at: Mapped[int | None] = mapped_column(Int64)
    told_closed_at: Mapped[int | None] = mapped_column(Int64)
    """The time of closing where the portal tells one itself; it may linger on a record that is open again."""
    close_day: Mapped[str | None] = mapped_column(String(10))
    """The planned or real day of closing as the portal wrote it, YYYY-MM-DD."""
    closed_at: Mapped[int | None] = mapped_column(Int64)
    closed_from: Mapped[str | None] = mapped_column(String(8))
    """What told closed_at: told | moved | planned."""
    read_at: Mapped[int] = mapped_column(Int64)
    deleted_at: Mapped[int | None] = mapped_column(Int64)


class Call(Base):
    """A call in the statistics of the portal's telephony."""

    __tablename__ = "call"
    __table_args__ = (
        Index("ix_call_start", "portal_id", "start_at"),
        Index("ix_call_completed", "portal_id", "completed_at"),
    )

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    phone: Mapped[str] = mapped_column(String(64), default="")
    """The other side's number: what a call is called in lists."""
    direction: Mapped[str | None] = mapped_column(String(3))
    """in | out; None of a robot that reads a text out"""
    code: Mapped[str] = mapped_column(String(16), default="")
    """How it ended, as telephony says: 200 answered, 304 missed, .."""
    answered: Mapped[bool] = mapped_column(default=False)
    seconds: Mapped[int] = mapped_column(Int64, default=0)
    responsible_id: Mapped[int | None] = mapped_column(Int64)
    created_by_id: Mapped[int | None] = mapped_column(Int64)
    activity_id: Mapped[int | None] = mapped_column(Int64)
    start_at: Mapped[int] = mapped_column(Int64)
    completed_at: Mapped[int] = mapped_column(Int64)
    """When it ended."""
    created_at: Mapped[int] = mapped_column(Int64)
    updated_at: Mapped[int] = mapped_column(Int64)
    read_at: Mapped[int] = mapped_column(Int64)
    deleted_at: Mapped[int | None] = mapped_column(Int64)


class CallSource(Base):
    """Journal of where a portal's calls are counted from: from `since` until the next row (semantics 4, calls)."""

    __tablename__ = "call_source"

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    since: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    source: Mapped[str] = mapped_column(String(10))
    """activities | telephony"""


class Task(Base):
    """A task of the portal."""

    __tablename__ = "task"
    __table_args__ = (
        Index("ix_task_created", "portal_id", "created_at"),
        Index("ix_task_closed", "portal_id", "closed_at"),
        Index("ix_task_due", "portal_id", "due_at"),
    )

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    title: Mapped[str] = mapped_column(String(512), default="")
    done: Mapped[bool] = mapped_column(default=False)
    group_id: Mapped[int | None] = mapped_column(Int64)
    responsible_id: Mapped[int | None] = mapped_column(Int64)
    created_by_id: Mapped[int | None] = mapped_column(Int64)
    created_at: Mapped[int] = mapped_column(Int64)
    updated_at: Mapped[int] = mapped_column(Int64)
    deadline_at: Mapped[int | None] = mapped_column(Int64)
    told_closed_at: Mapped[int | None] = mapped_column(Int64)
    closed_at: Mapped[int | None] = mapped_column(Int64)
    """None unless it is done: one that waits to be looked over is not closed."""
    due_at: Mapped[int | None] = mapped_column(Int64)
    """The deadline that counts: the last one in force before it passed (semantics 4.3)."""
    seconds_late: Mapped[int | None] = mapped_column(Int64)
    """closed_at - due_at, negative when closed before; None while open or without a deadline."""
    read_at: Mapped[int] = mapped_column(Int64)
    deleted_at: Mapped[int | None] = mapped_column(Int64)


class Session(Base):
    """A conversation with a client in an open line; its id is that of its CRM activity."""

    __tablename__ = "session"
    __table_args__ = (
        Index("ix_session_created", "portal_id", "created_at"),
        Index("ix_session_closed", "portal_id", "closed_at"),
    )

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    session_id: Mapped[int] = mapped_column(Int64, default=0)
    title: Mapped[str] = mapped_column(String(512), default="")
    line: Mapped[str] = mapped_column(String(16), default="")
    """The id of the open line."""
    responsible_id: Mapped[int | None] = mapped_column(Int64)
    created_by_id: Mapped[int | None] = mapped_column(Int64)
    owner_type_id: Mapped[int | None]
    owner_id: Mapped[int | None] = mapped_column(Int64)
    """The CRM record it hangs on - not a person."""
    done: Mapped[bool] = mapped_column(default=False)
    is_read: Mapped[bool] = mapped_column(default=False)
    """Whether the portal showed us the messages; without them nobody knows when it was answered."""
    created_at: Mapped[int] = mapped_column(Int64)
    """The client's first message."""
    updated_at: Mapped[int] = mapped_column(Int64)
    first_response_at: Mapped[int | None] = mapped_column(Int64)
    """The first message of an employee."""
    closed_at: Mapped[int | None] = mapped_column(Int64)
    seconds_to_response: Mapped[int | None] = mapped_column(Int64)
    read_at: Mapped[int] = mapped_column(Int64)
    deleted_at: Mapped[int | None] = mapped_column(Int64)


class Request(Base):
    """A request for support, as another record and a mapping say (facts/requests)."""

    __tablename__ = "request"
    __table_args__ = (
        Index("ix_request_created", "portal_id", "created_at"),
        Index("ix_request_rated", "portal_id", "rated_at"),
        Index("ix_request_record", "portal_id", "entity", "record_id"),
    )

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    """Made of the record's id and the mapping's number: no two mappings give the same one."""
    mapping: Mapped[str] = mapped_column(String(64))
    entity: Mapped[str] = mapped_column(String(16))
    """Of the record it is made of."""
    record_id: Mapped[int] = mapped_column(Int64)
    title: Mapped[str] = mapped_column(String(512), default="")
    responsible_id: Mapped[int | None] = mapped_column(Int64)
    created_at: Mapped[int] = mapped_column(Int64)
    updated_at: Mapped[int] = mapped_column(Int64)
    first_response_at: Mapped[int | None] = mapped_column(Int64)
    resolved_at: Mapped[int | None] = mapped_column(Int64)
    """None while it is not resolved."""
    rating: Mapped[int | None] = mapped_column(Int64)
    """Millionths."""
    rated_at: Mapped[int | None] = mapped_column(Int64)
    """When it was rated, else resolved; None without a rating."""
    seconds_to_response: Mapped[int | None] = mapped_column(Int64)
    """None when not answered, or answered before it was created."""
    seconds_working: Mapped[int | None] = mapped_column(Int64)
    """The same, of the working time of the portal only."""
    read_at: Mapped[int] = mapped_column(Int64)
    deleted_at: Mapped[int | None] = mapped_column(Int64)


class Entry(Base):
    """One row of the append-only ledger of values that do not come from CRM facts (semantics 4.7, 14)."""

    __tablename__ = "entry"
    __table_args__ = (
        UniqueConstraint("portal_id", "key"),
        Index("ix_entry_code", "portal_id", "code", "occurred_at"),
        Index("ix_entry_import", "portal_id", "import_id", **_only("import_id IS NOT NULL")),
        Index("ix_entry_state", "portal_id", "state", **_only("state <> 'counted'")),
    )

    id: Mapped[int] = mapped_column(Int64, primary_key=True)
    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"))
    key: Mapped[str] = mapped_column(String(255))
    """Idempotency key: the same key counts once."""
    code: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(3), default="add")
    """add | set"""
    value: Mapped[int] = mapped_column(Int64)
    """Millionths."""
    occurred_at: Mapped[int] = mapped_column(Int64)
    employee_id: Mapped[int | None] = mapped_column(Int64)
    department_id: Mapped[int | None] = mapped_column(Int64)
    source_id: Mapped[str | None] = mapped_column(String(64))
    comment: Mapped[str] = mapped_column(Text, default="")
    origin: Mapped[str] = mapped_column(String(16))
    """robot | api | manual | import"""
    author: Mapped[str] = mapped_column(String(64))
    """As the audit log names people: `user:7`, `token:3`, `system`."""
    undoes_id: Mapped[int | None] = mapped_column(Int64)
    """The entry this counter-entry takes back; both then count for nothing."""
    undone: Mapped[bool] = mapped_column(default=False)
    corrects_id: Mapped[int | None] = mapped_column(Int64)
    """The entry that this one takes the place of once it counts."""
    import_id: Mapped[int | None] = mapped_column(Int64)
    """The import it came with."""
    state: Mapped[str] = mapped_column(String(8), default="counted", server_default="counted")
    """counted | waiting for a second person | refused (ledger.py)"""
    decided_by: Mapped[str | None] = mapped_column(String(64))
    decided_at: Mapped[int | None] = mapped_column(Int64)
    created_at: Mapped[int] = mapped_column(Int64)


class HeldImport(Base):
    """An import that is on its way into the ledger or out of it, and counts for nothing meanwhile (held.py)."""

    __tablename__ = "held_import"

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    import_id: Mapped[int] = mapped_column(Int64, primary_key=True)


class Rate(Base):
    """The portal's rate of a currency on a local day: `amount` base units for `count` units (AMOUNT / AMOUNT_CNT)."""

    __tablename__ = "rate"

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    amount: Mapped[str] = mapped_column(String(40))
    count: Mapped[int] = mapped_column(default=1)


class Term(Base):
    """One word of the portal's dictionaries: a funnel, stage, source, deal type or company the facts refer to."""

    __tablename__ = "term"

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    """funnel | stage | source | currency | field | section | product"""
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    sort: Mapped[int] = mapped_column(default=500)
    extra: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """stage: category_id, semantic, color; field: type, multiple, options; section: parent_id"""
    active: Mapped[bool] = mapped_column(default=True)
