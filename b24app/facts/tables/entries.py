"""The ledger of values that do not come from records."""

from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from b24app.lib.db import Base, Int64


def _only(rows: str) -> dict[str, Any]:
    """Of few rows of a table, so that the index is small."""
    return {"sqlite_where": text(rows), "postgresql_where": text(rows)}


class Entry(Base):
    """One row of the append-only ledger of values that do not come from CRM facts (semantics 4.7, 14)."""

    __tablename__ = "entry"
    __table_args__ = (
        UniqueConstraint("portal_id", "key"),
        Index("ix_entry_code", "portal_id", "code", "occurred_at"),
        Index("ix_entry_day", "portal_id", "id", **_only("local_at IS NOT NULL")),
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
    local_at: Mapped[str | None] = mapped_column(String(19))
    """The time on the portal's wall of an entry that was given as a day, which it keeps in any time zone (days.py)."""
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
