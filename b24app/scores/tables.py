"""The stored results: per indicator and per scorecard, for one subject and one period of the scorecard's own kind; and
what changed them. Which periods are locked is in scorecards/tables.py."""

from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text
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
    value: Mapped[str | None] = mapped_column(Text)
    """The exact value of a formula as `p/q`; None for every other metric."""
    facts: Mapped[int] = mapped_column(Int64, default=0)
    target: Mapped[str | None] = mapped_column(String(64))
    """Exact, as a fraction `p/q` in the indicator's unit; None without a target."""
    reason: Mapped[str | None] = mapped_column(String(32))
    changed_at: Mapped[int] = mapped_column(Int64)
    """When the number last moved."""
    computed_at: Mapped[int] = mapped_column(Int64)
    season: Mapped[str | None] = mapped_column(Text)
    """Of an open period: the share of a period's value that had come by this day in the last twelve, as `p/q`; None
    where the forecast goes by the straight line. Written by season.py alone, kept when the number moves."""
    season_at: Mapped[int | None] = mapped_column(Int64)
    """When it was looked for; it is of the local day of that moment."""


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


class LateChange(Base):
    """A record or entry that changed after its period was locked, once per number it would have moved."""

    __tablename__ = "late_change"

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    scorecard: Mapped[str] = mapped_column(String(64), primary_key=True)
    start: Mapped[str] = mapped_column(String(10), primary_key=True)
    subject_type: Mapped[str] = mapped_column(String(10), primary_key=True)
    subject_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    indicator: Mapped[str] = mapped_column(String(64), primary_key=True)
    entity: Mapped[str] = mapped_column(String(16), primary_key=True)
    record_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    at: Mapped[int] = mapped_column(Int64)
    """When it changed last."""


class ResultChange(Base):
    """Journal of what moved a number: from what to what, when, and what did it (semantics 13)."""

    __tablename__ = "result_change"
    __table_args__ = (
        Index(
            "ix_result_change_result",
            *("portal_id", "scorecard", "start", "subject_type", "subject_id", "indicator", "id"),
        ),
        Index("ix_result_change_at", "portal_id", "at"),
    )

    id: Mapped[int] = mapped_column(Int64, primary_key=True)
    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"))
    scorecard: Mapped[str] = mapped_column(String(64))
    start: Mapped[str] = mapped_column(String(10))
    subject_type: Mapped[str] = mapped_column(String(10))
    subject_id: Mapped[int] = mapped_column(Int64)
    indicator: Mapped[str] = mapped_column(String(64))
    at: Mapped[int] = mapped_column(Int64)
    before: Mapped[str | None] = mapped_column(Text)
    """The exact value as `p/q`, None for no data."""
    after: Mapped[str | None] = mapped_column(Text)
    target_before: Mapped[str | None] = mapped_column(Text)
    target_after: Mapped[str | None] = mapped_column(Text)
    cause: Mapped[str] = mapped_column(String(16))
    """fact | entry | target | definition | membership | rate | calendar | setting | time | repair | unlock"""
    actor: Mapped[str] = mapped_column(String(64))
    """As the audit log names people; `system` where nobody is known."""
    records: Mapped[list[Any]] = mapped_column(JSON, default=list)
    """The first few records that did it: [entity, id]."""
    count: Mapped[int] = mapped_column(default=0)
    """How many records did it."""


class NightlyCheck(Base):
    """The latest nightly comparison of the results with the facts (semantics 5): one row a portal."""

    __tablename__ = "nightly_check"

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    at: Mapped[int] = mapped_column(Int64)
    compared: Mapped[int]
    """How many results."""
    repaired: Mapped[int]
    """How many of them were stored with another number than the facts give."""
    repairs: Mapped[list[Any]] = mapped_column(JSON, default=list)
    """The first of them, each as a mapping: scorecard, start, subject_type, subject_id, indicator, before, after."""


class LockedFacts(Base):
    """What the numbers of an indicator were made of when its period was locked, as metrics/kept.py writes it down."""

    __tablename__ = "locked_facts"

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    lock_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    indicator: Mapped[str] = mapped_column(String(64), primary_key=True)
    facts: Mapped[bytes] = mapped_column(LargeBinary)
