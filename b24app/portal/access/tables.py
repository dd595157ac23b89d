"""Who was given which role, and who stands in for whom. What they come to is in rules.py."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from b24app.lib.db import Base, Int64


class Role(Base):
    """A role of a person or of a department; NULL leaves a thing as it would be without the role."""

    __tablename__ = "role"

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    holder_type: Mapped[str] = mapped_column(String(10), primary_key=True)
    """employee | department"""
    holder_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    reach: Mapped[str | None] = mapped_column(String(16))
    """own | department | subdepartments | all"""
    edits_plan: Mapped[bool | None]
    sees_money: Mapped[bool | None]
    enters_values: Mapped[bool | None]


class Delegation(Base):
    """Somebody's deputy from day to day, both included, as days of the portal."""

    __tablename__ = "delegation"

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    absent_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    deputy_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    first: Mapped[str] = mapped_column(String(10))
    last: Mapped[str] = mapped_column(String(10))
