"""Deals."""

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from b24app.lib.db import Base, Int64


class Deal(Base):
    __tablename__ = "deal"
    __table_args__ = (
        Index("ix_deal_created", "portal_id", "created_at"),
        Index("ix_deal_closed", "portal_id", "closed_at"),
        Index("ix_deal_client", "portal_id", "client"),
        Index("ix_deal_updated", "portal_id", "updated_at"),
    )

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    title: Mapped[str] = mapped_column(String(512), default="")
    category_id: Mapped[int] = mapped_column(default=0)
    stage_id: Mapped[str] = mapped_column(String(64))
    semantic: Mapped[str] = mapped_column(String(1))
    """P open, S won, F lost"""
    source_id: Mapped[str | None] = mapped_column(String(64))
    company_id: Mapped[int | None] = mapped_column(Int64)
    contact_id: Mapped[int | None] = mapped_column(Int64)
    client: Mapped[str | None] = mapped_column(String(24))
    """Client key (semantics 3.3): `C5` company, `P7` person, None."""
    responsible_id: Mapped[int | None] = mapped_column(Int64)
    created_by_id: Mapped[int | None] = mapped_column(Int64)
    updated_by_id: Mapped[int | None] = mapped_column(Int64)
    """Who made the last change the portal told of; None where it did not say."""
    closed_by_id: Mapped[int | None] = mapped_column(Int64)
    """Owner at the close (semantics 3.4); None while open."""
    closed_by_assumed: Mapped[bool] = mapped_column(default=False)
    currency: Mapped[str | None] = mapped_column(String(3))
    amount_original: Mapped[int | None] = mapped_column(Int64)
    """In the deal's own currency, millionths."""
    amount: Mapped[int | None] = mapped_column(Int64)
    """In the portal's base currency, hundredths; None without a rate: the deal counts, its amount does not."""
    rate: Mapped[str | None] = mapped_column(String(40))
    """The decimal rate `amount` was made with."""
    created_at: Mapped[int] = mapped_column(Int64)
    updated_at: Mapped[int] = mapped_column(Int64)
    moved_at: Mapped[int | None] = mapped_column(Int64)
    close_day: Mapped[str | None] = mapped_column(String(10))
    """CLOSEDATE as the portal wrote it, YYYY-MM-DD."""
    closed_at: Mapped[int | None] = mapped_column(Int64)
    closed_from: Mapped[str | None] = mapped_column(String(8))
    """What told closed_at: history | moved | planned (semantics 3.2)."""
    seconds_to_close: Mapped[int | None] = mapped_column(Int64)
    """closed_at - created_at of won deals with a known close; None when unknown or negative."""
    win_no: Mapped[int | None] = mapped_column()
    is_return: Mapped[bool] = mapped_column(default=False)
    is_recurring: Mapped[bool] = mapped_column(default=False)
    read_at: Mapped[int] = mapped_column(Int64)
    """When the read began that brought this state."""
    deleted_at: Mapped[int | None] = mapped_column(Int64)
