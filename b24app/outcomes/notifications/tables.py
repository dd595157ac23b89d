"""The outbox: what is to be told to somebody, and whom a portal's events are posted to. The truth behind the queue."""

from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from b24app.lib.db import Base, Encrypted, Int64


class Notification(Base):
    """One thing to tell one recipient by one channel, once per subject and period.

    `sending` is a claim: whoever holds it has begun to tell. It ends at `due_at`, for a worker may be killed.
    """

    __tablename__ = "notification"
    __table_args__ = (
        UniqueConstraint(
            *("portal_id", "channel", "kind", "recipient", "scorecard", "indicator", "subject_type", "subject_id"),
            *("start", "occasion"),
            name="uq_notification_once",
        ),
        Index("ix_notification_due", "portal_id", "state", "due_at"),
    )

    id: Mapped[int] = mapped_column(Int64, primary_key=True)
    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"))
    channel: Mapped[str] = mapped_column(String(16))
    """A module of channels/: chat, trigger, workflow, webhook."""
    kind: Mapped[str] = mapped_column(String(32))
    """A module of kinds/: kpi_reached, behind_plan, message, .."""
    recipient: Mapped[int] = mapped_column(Int64, default=0)
    """The employee a chat message is for; 0 where the channel has one recipient only."""
    scorecard: Mapped[str] = mapped_column(String(64), default="")
    indicator: Mapped[str] = mapped_column(String(64), default="")
    subject_type: Mapped[str] = mapped_column(String(10), default="")
    subject_id: Mapped[int] = mapped_column(Int64, default=0)
    start: Mapped[str] = mapped_column(String(10), default="")
    """When the period begins that it is about."""
    occasion: Mapped[str] = mapped_column(String(64), default="")
    """What happened, where that is not the number itself: a robot's call, a test."""
    payload: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """What is told, as it was when it happened."""
    state: Mapped[str] = mapped_column(String(8), default="due")
    """due | sending | sent | failed"""
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[int] = mapped_column(Int64)
    due_at: Mapped[int] = mapped_column(Int64)
    """When to try (again); of a claim, when it ends."""
    give_up_at: Mapped[int] = mapped_column(Int64)
    """After this no attempt follows another."""
    sent_at: Mapped[int | None] = mapped_column(Int64)
    answer: Mapped[str | None] = mapped_column(String(255))
    """What the other side answered: a notification's or workflow's id, an HTTP status."""
    reason: Mapped[str | None] = mapped_column(Text)
    """Why the last attempt did not succeed, as a sentence."""


class Webhook(Base):
    """Where a portal's events are posted to, and the secret that signs them."""

    __tablename__ = "webhook"

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    url: Mapped[str] = mapped_column(Text)
    secret: Mapped[str] = mapped_column(Encrypted)
    created_at: Mapped[int] = mapped_column(Int64)
