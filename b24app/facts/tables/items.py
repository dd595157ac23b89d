"""CRM records that are no deals."""

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from b24app.lib.db import Base, Int64


class Item(Base):
    """A CRM record that is no deal: `type` is the entity it is of (lead, ..)."""

    __tablename__ = "item"
    __table_args__ = (
        Index("ix_item_created", "portal_id", "type", "created_at"),
        Index("ix_item_closed", "portal_id", "type", "closed_at"),
    )

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    type: Mapped[str] = mapped_column(String(16), primary_key=True)
    id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    title: Mapped[str] = mapped_column(String(512), default="")
    category_id: Mapped[int | None] = mapped_column(Int64)
    """The funnel, of records that have one."""
    stage_id: Mapped[str] = mapped_column(String(64), default="")
    semantic: Mapped[str] = mapped_column(String(1))
    """P open, S success, F failure"""
    source_id: Mapped[str | None] = mapped_column(String(64))
    company_id: Mapped[int | None] = mapped_column(Int64)
    contact_id: Mapped[int | None] = mapped_column(Int64)
    responsible_id: Mapped[int | None] = mapped_column(Int64)
    created_by_id: Mapped[int | None] = mapped_column(Int64)
    updated_by_id: Mapped[int | None] = mapped_column(Int64)
    currency: Mapped[str | None] = mapped_column(String(3))
    amount_original: Mapped[int | None] = mapped_column(Int64)
    """In the record's own currency, millionths."""
    amount: Mapped[int | None] = mapped_column(Int64)
    """In the portal's base currency, hundredths; None without a rate."""
    rate: Mapped[str | None] = mapped_column(String(40))
    """The decimal rate `amount` was made with."""
    created_at: Mapped[int] = mapped_column(Int64)
    updated_at: Mapped[int] = mapped_column(Int64)
    moved_at: Mapped[int | None] = mapped_column(Int64)
    told_closed_at: Mapped[int | None] = mapped_column(Int64)
    """The time of closing where the portal tells one itself; it may linger on a record that is open again."""
    close_day: Mapped[str | None] = mapped_column(String(10))
    """The planned or real day of closing as the portal wrote it, YYYY-MM-DD."""
    closed_at: Mapped[int | None] = mapped_column(Int64)
    closed_from: Mapped[str | None] = mapped_column(String(8))
    """What told closed_at: told | moved | planned."""
    read_at: Mapped[int] = mapped_column(Int64)
    deleted_at: Mapped[int | None] = mapped_column(Int64)
