"""What arrived and is not yet worked off, and how far each source has been read."""

from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from b24app.lib.db import Base, Int64

BACKFILL = "backfill"
"""The cursor that holds the position; the sources' own cursors count."""


class Inbox(Base):
    """One thing to do, the truth behind the queue: a record to read again, or a robot call to answer.

    A record has one row however often it changes: a newer `arrived_at` (microseconds) makes it due again, and it is
    marked done only if `arrived_at` is still what was read (compare and set). A robot call's `key` is its event token.
    """

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("portal_id", "entity", "key"),
        Index("ix_inbox_due", "portal_id", "state", "entity", "arrived_at"),
    )

    id: Mapped[int] = mapped_column(Int64, primary_key=True)
    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"))
    entity: Mapped[str] = mapped_column(String(16))
    """deal, activity, .. or `robot`"""
    key: Mapped[str] = mapped_column(String(512))
    """The record's id, or the event token of a robot call."""
    payload: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    arrived_at: Mapped[int] = mapped_column(Int64)
    state: Mapped[str] = mapped_column(String(8), default="due")
    """due | done | failed"""
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[int] = mapped_column(Int64, default=0, server_default="0")
    """Not to be tried before (microseconds): the portal could not be asked."""
    delays: Mapped[int] = mapped_column(default=0, server_default="0")
    """How often in a row that has been so; each time it waits longer."""
    reason: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[int | None] = mapped_column(Int64)


class SyncCursor(Base):
    """How far one source has been read: the backfill's position and the incremental watermark."""

    __tablename__ = "sync_cursor"

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    source: Mapped[str] = mapped_column(String(32), primary_key=True)
    state: Mapped[str] = mapped_column(String(8), default="idle")
    """idle | running | failed"""
    position: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Where the next chunk of the backfill starts; opaque to all but the source."""
    complete: Mapped[bool] = mapped_column(default=False)
    """Whether history has been read to its end once."""
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    changed_since: Mapped[int | None] = mapped_column(Int64)
    """Changes up to this instant are known."""
    synced_at: Mapped[int | None] = mapped_column(Int64)
    error: Mapped[str | None] = mapped_column(Text)
