"""The portal's dictionaries: words, rates, and which sections its products are in."""

from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from b24app.lib.db import Base, Int64


class Rate(Base):
    """The portal's rate of a currency on a local day: `amount` base units for `count` units (AMOUNT / AMOUNT_CNT)."""

    __tablename__ = "rate"

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    amount: Mapped[str] = mapped_column(String(40))
    count: Mapped[int] = mapped_column(default=1)


class Term(Base):
    """One word of the portal's dictionaries: a funnel, stage, source, deal type or company the facts refer to."""

    __tablename__ = "term"

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    """funnel | stage | source | currency | field | section | product"""
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    sort: Mapped[int] = mapped_column(default=500)
    extra: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """stage: category_id, semantic, color; field: type, multiple, options; section: parent_id"""
    active: Mapped[bool] = mapped_column(default=True)


class ProductSection(Base):
    """A product is in a section: in its own, and in every section above that one (semantics 4.5, sub-sections in)."""

    __tablename__ = "product_section"
    __table_args__ = (Index("ix_product_section_section", "portal_id", "section_id"),)

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    product_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    section_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
