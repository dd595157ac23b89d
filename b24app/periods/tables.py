"""When, as stored: the days a portal works or rests by its own decision, and when its people are away."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from b24app.lib.db import Base, Int64


class CalendarDay(Base):
    """A day on which the portal differs from its country's calendar (semantics 2.3)."""

    __tablename__ = "calendar_day"

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    working: Mapped[bool]
    name: Mapped[str] = mapped_column(String(255), default="")


class Absence(Base):
    """Local days, both ends included, on which an employee is away: they are no working days of theirs."""

    __tablename__ = "absence"

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    employee_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    first: Mapped[str] = mapped_column(String(10), primary_key=True)
    last: Mapped[str] = mapped_column(String(10))
    kind: Mapped[str] = mapped_column(String(16), default="manual")
    """Who says so: manual | portal"""
