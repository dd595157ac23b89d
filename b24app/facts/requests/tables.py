"""The mappings that make requests for support of other records (semantics 4). Requests: facts/tables/requests.py."""

from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from b24app.lib.db import Base, Int64


class RequestMapping(Base):
    """What a request is: which records of one entity, and which of their fields say when and how well."""

    __tablename__ = "request_mapping"

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    code: Mapped[str] = mapped_column(String(64), primary_key=True)
    number: Mapped[int] = mapped_column()
    """Part of the ids of its requests; never given twice while it is there."""
    entity: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(255))
    document: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    complete: Mapped[bool] = mapped_column(default=False)
    """Whether requests have been made of all records by what it says now."""
    position: Mapped[int | None] = mapped_column(Int64)
    """The id of the record behind which making them anew goes on; None when there is nothing to do."""
    run: Mapped[int] = mapped_column(default=0)
    """Rises when making them begins anew: an older run notes nothing any more."""
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    author: Mapped[str] = mapped_column(String(64))
    saved_at: Mapped[int] = mapped_column(Int64)
