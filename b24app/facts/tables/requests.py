"""Requests for support, made of other records. The mappings that make them: facts/requests/tables.py."""

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from b24app.lib.db import Base, Int64


class Request(Base):
    """A request for support, as another record and a mapping say (facts/requests)."""

    __tablename__ = "request"
    __table_args__ = (
        Index("ix_request_created", "portal_id", "created_at"),
        Index("ix_request_rated", "portal_id", "rated_at"),
        Index("ix_request_record", "portal_id", "entity", "record_id"),
    )

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    """Made of the record's id and the mapping's number: no two mappings give the same one."""
    mapping: Mapped[str] = mapped_column(String(64))
    entity: Mapped[str] = mapped_column(String(16))
    """Of the record it is made of."""
    record_id: Mapped[int] = mapped_column(Int64)
    title: Mapped[str] = mapped_column(String(512), default="")
    responsible_id: Mapped[int | None] = mapped_column(Int64)
    created_at: Mapped[int] = mapped_column(Int64)
    updated_at: Mapped[int] = mapped_column(Int64)
    first_response_at: Mapped[int | None] = mapped_column(Int64)
    resolved_at: Mapped[int | None] = mapped_column(Int64)
    """None while it is not resolved."""
    rating: Mapped[int | None] = mapped_column(Int64)
    """Millionths."""
    rated_at: Mapped[int | None] = mapped_column(Int64)
    """When it was rated, else resolved; None without a rating."""
    seconds_to_response: Mapped[int | None] = mapped_column(Int64)
    """None when not answered, or answered before it was created."""
    seconds_working: Mapped[int | None] = mapped_column(Int64)
    """The same, of the working time of the portal only."""
    read_at: Mapped[int] = mapped_column(Int64)
    deleted_at: Mapped[int | None] = mapped_column(Int64)
