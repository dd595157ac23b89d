"""Files that values or targets came from, what was chosen for such columns, and whom texts in files mean."""

from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from b24app.lib.db import Base, Int64


class ImportFile(Base):
    """One file on its way in, and what became of it. Its bytes go once it is imported or given up."""

    __tablename__ = "import_file"
    __table_args__ = (Index(None, "portal_id", "id"),)

    id: Mapped[int] = mapped_column(Int64, primary_key=True)
    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"))
    author: Mapped[str] = mapped_column(String(64))
    is_admin: Mapped[bool] = mapped_column(default=False)
    """Whether the author was an administrator when they did something with it last: the worker asks what they may."""
    kind: Mapped[str] = mapped_column(String(16), default="entries", server_default="entries")
    """What its rows are (kinds.py)."""
    name: Mapped[str] = mapped_column(String(255))
    size: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    layout: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """How it is read: kind, encoding, separator, sheet."""
    head: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Its first rows as text, and the names of its sheets."""
    meaning: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """What its columns are."""
    state: Mapped[str] = mapped_column(String(16), default="new")
    """new | checking | checked | importing | counting | done | failed | undoing | undone"""
    found: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """How many rows and values, and the first mistakes."""
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[int] = mapped_column(Int64)
    ended_at: Mapped[int | None] = mapped_column(Int64)


class ImportMeaning(Base):
    """What was chosen last for files with these column heads."""

    __tablename__ = "import_meaning"

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    heads: Mapped[str] = mapped_column(String(64), primary_key=True)
    """A hash of them."""
    meaning: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    saved_at: Mapped[int] = mapped_column(Int64)


class ImportPerson(Base):
    """Whom a text in files means: an address, a nickname, the name another program has for somebody."""

    __tablename__ = "import_person"

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    text: Mapped[str] = mapped_column(String(255), primary_key=True)
    employee_id: Mapped[int] = mapped_column(Int64)
