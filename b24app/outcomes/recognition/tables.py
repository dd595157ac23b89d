"""Awards: which badge whom was given, for which period."""

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from b24app.lib.db import Base, Int64


class Award(Base):
    """A badge somebody has, once per period (semantics 12)."""

    __tablename__ = "award"
    __table_args__ = (Index("ix_award_employee", "portal_id", "employee_id", "at"),)

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    badge: Mapped[str] = mapped_column(String(64), primary_key=True)
    employee_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    period: Mapped[str] = mapped_column(String(10), primary_key=True)
    """The kind of the period: month, quarter, .."""
    start: Mapped[str] = mapped_column(String(10), primary_key=True)
    at: Mapped[int] = mapped_column(Int64)
    by: Mapped[str] = mapped_column(String(64))
    """As the audit log names people."""
    comment: Mapped[str] = mapped_column(Text, default="")
    occasion: Mapped[str] = mapped_column(String(64), default="")
    """What gave it, so that whoever asks again knows whether it was them: the fingerprint of a robot's call."""
