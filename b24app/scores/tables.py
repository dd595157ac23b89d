"""The stored results: per indicator and per scorecard, for one subject and one period of the scorecard's own kind."""

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from b24app.lib.db import Base, Int64


class Result(Base):
    """What a subject reached in an indicator. The exact value is numerator / denominator in the plan's stored units.

    `denominator` is 1 for counts and sums; both are None when there is no data, and `reason` then says why.
    """

    __tablename__ = "result"
    __table_args__ = (Index("ix_result_period", "portal_id", "scorecard", "start", "subject_type"),)

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    scorecard: Mapped[str] = mapped_column(String(64), primary_key=True)
    start: Mapped[str] = mapped_column(String(10), primary_key=True)
    subject_type: Mapped[str] = mapped_column(String(10), primary_key=True)
    subject_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    indicator: Mapped[str] = mapped_column(String(64), primary_key=True)
    version_id: Mapped[int] = mapped_column(Int64)
    numerator: Mapped[int | None] = mapped_column(Int64)
    denominator: Mapped[int | None] = mapped_column(Int64)
    facts: Mapped[int] = mapped_column(Int64, default=0)
    target: Mapped[str | None] = mapped_column(String(64))
    """Exact, as a fraction `p/q` in the indicator's unit; None without a target."""
    reason: Mapped[str | None] = mapped_column(String(32))
    changed_at: Mapped[int] = mapped_column(Int64)
    """When the number last moved."""
    computed_at: Mapped[int] = mapped_column(Int64)


class Score(Base):
    """Weighted attainment of one subject in one scorecard and period. `score` is a copy in millionths for sorting."""

    __tablename__ = "score"

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    scorecard: Mapped[str] = mapped_column(String(64), primary_key=True)
    start: Mapped[str] = mapped_column(String(10), primary_key=True)
    subject_type: Mapped[str] = mapped_column(String(10), primary_key=True)
    subject_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    version_id: Mapped[int] = mapped_column(Int64)
    score: Mapped[int | None] = mapped_column(Int64)
    exact: Mapped[str | None] = mapped_column(Text)
    """The exact score as `p/q`."""
    preliminary: Mapped[bool] = mapped_column(default=False)
    indicators_with_data: Mapped[int] = mapped_column(default=0)
    computed_at: Mapped[int] = mapped_column(Int64)
