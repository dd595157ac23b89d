"""What is expected of whom: versions of scorecard documents, targets, and the periods that are locked."""

from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from b24app.lib.db import Base, Int64


class ScorecardVersion(Base):
    """One document of a scorecard, in force from `effective_from` until the next version's. Replaced, never deleted."""

    __tablename__ = "scorecard_version"
    __table_args__ = (UniqueConstraint("portal_id", "code", "effective_from"),)

    id: Mapped[int] = mapped_column(Int64, primary_key=True)
    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"))
    code: Mapped[str] = mapped_column(String(64))
    effective_from: Mapped[str] = mapped_column(String(10))
    version: Mapped[int] = mapped_column(default=1)
    """1, 2, .. in the order of saving within the scorecard."""
    status: Mapped[str] = mapped_column(String(8), default="active")
    document: Mapped[dict[str, Any]] = mapped_column(JSON)
    author: Mapped[str] = mapped_column(String(64))
    saved_at: Mapped[int] = mapped_column(Int64)
    active_since: Mapped[int | None] = mapped_column(Int64)
    """When this version was first saved as active: periods that ended before never lock by themselves."""


class Target(Base):
    """What one subject is to reach: in the period that starts at `start`, or repeating in every one (`start` = '')."""

    __tablename__ = "target"
    __table_args__ = (
        UniqueConstraint("portal_id", "scorecard", "indicator", "subject_type", "subject_id", "period", "start"),
    )

    id: Mapped[int] = mapped_column(Int64, primary_key=True)
    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"))
    scorecard: Mapped[str] = mapped_column(String(64))
    indicator: Mapped[str] = mapped_column(String(64))
    subject_type: Mapped[str] = mapped_column(String(10))
    subject_id: Mapped[int] = mapped_column(Int64)
    period: Mapped[str] = mapped_column(String(9))
    start: Mapped[str] = mapped_column(String(10), default="")
    target: Mapped[int] = mapped_column(Int64)
    """Millionths of the indicator's unit."""
    author: Mapped[str] = mapped_column(String(64))
    saved_at: Mapped[int] = mapped_column(Int64)


class ImportedTarget(Base):
    """A target that came with a file, and what stood in its place: taking the import back puts that there again."""

    __tablename__ = "imported_target"

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    import_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    scorecard: Mapped[str] = mapped_column(String(64), primary_key=True)
    indicator: Mapped[str] = mapped_column(String(64), primary_key=True)
    subject_type: Mapped[str] = mapped_column(String(10), primary_key=True)
    subject_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    start: Mapped[str] = mapped_column(String(10), primary_key=True)
    before: Mapped[int | None] = mapped_column(Int64)
    """Millionths; None: there was none."""
    after: Mapped[int | None] = mapped_column(Int64)
    """None: it was removed."""


class PeriodLock(Base):
    """A closed period of a scorecard, frozen as it was shown (semantics 2.4). One row per locking; it stays after
    unlocking, with what was locked in `kept`."""

    __tablename__ = "period_lock"
    __table_args__ = (Index("ix_period_lock_period", "portal_id", "scorecard", "start"),)

    id: Mapped[int] = mapped_column(Int64, primary_key=True)
    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"))
    scorecard: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(9))
    start: Mapped[str] = mapped_column(String(10))
    version: Mapped[int]
    """The number of the version that answers for the period."""
    document: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The scorecard as it was: weights, curves, zones."""
    currency: Mapped[str] = mapped_column(String(3))
    """The portal's base currency as it was."""
    locked_at: Mapped[int] = mapped_column(Int64)
    locked_by: Mapped[str] = mapped_column(String(64))
    unlocked_at: Mapped[int | None] = mapped_column(Int64)
    """None while it is locked."""
    unlocked_by: Mapped[str | None] = mapped_column(String(64))
    reason: Mapped[str | None] = mapped_column(Text)
    """Why it was unlocked."""
    kept: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """The results and scores that were locked, once they no longer stand in their tables."""
