"""What people do with clients: activities, calls, tasks, conversations."""

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from b24app.lib.db import Base, Int64


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
