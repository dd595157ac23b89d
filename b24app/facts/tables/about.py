"""What is kept about records of several kinds beside their tables: moves, owners, credit, fields, product rows.

What is kept only because an indicator asks for it says `Watch`.
"""

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from b24app.lib.db import Base, Int64


class StageMove(Base):
    """One row of the portal's stage history. Once seen it stays (semantics 3.2)."""

    __tablename__ = "stage_move"
    __table_args__ = (
        Index("ix_stage_move_record", "portal_id", "entity", "record_id"),
        Index("ix_stage_move_at", "portal_id", "entity", "at"),
    )

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    entity: Mapped[str] = mapped_column(String(16), primary_key=True)
    id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    record_id: Mapped[int] = mapped_column(Int64)
    kind: Mapped[int]
    """1 created, 2 moved, 3 final, 5 funnel changed"""
    category_id: Mapped[int | None]
    stage_id: Mapped[str] = mapped_column(String(64))
    semantic: Mapped[str] = mapped_column(String(1))
    at: Mapped[int] = mapped_column(Int64)


class Ownership(Base):
    """Journal of who was responsible for a record, from `since` until the next row; begins when we first saw it."""

    __tablename__ = "ownership"

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    entity: Mapped[str] = mapped_column(String(16), primary_key=True)
    record_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    since: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    owner_id: Mapped[int | None] = mapped_column(Int64)


class Credit(Base):
    """Who gets what part of a deal; of deals that are not split there is nothing here (ADR 16)."""

    __tablename__ = "credit"

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    deal_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    employee_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    share: Mapped[int] = mapped_column(Int64)
    """Millionths; those of a deal add up to a whole."""
    amount: Mapped[int | None] = mapped_column(Int64)
    """Of the deal's `amount`, hundredths; those of a deal add up to it. None while it has none."""
    by_hand: Mapped[bool] = mapped_column(default=True)
    """Somebody said so (`CreditChange`); otherwise fields of the deal did."""


class CreditChange(Base):
    """One time that somebody split a deal or put it together again; never changed."""

    __tablename__ = "credit_change"

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    deal_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """1, 2, .. of a deal."""
    shares: Mapped[list[list[int]]] = mapped_column(JSON, default=list)
    """Pairs of an employee and millionths; none: nobody divides the deal by hand any more."""
    undoes: Mapped[int | None]
    """The number of the change that it takes back."""
    author: Mapped[str] = mapped_column(String(64))
    """As the audit log names people."""
    reason: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[int] = mapped_column(Int64)


class FieldValue(Base):
    """One value of a field that is no column of its record's table, as conditions and owners read it (semantics 4.5).

    Kept only for fields that are watched. A multi-valued field has one row per value, an empty one none.
    """

    __tablename__ = "field_value"
    __table_args__ = (Index("ix_field_value_at", "portal_id", "entity", "field", "at"),)

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    entity: Mapped[str] = mapped_column(String(16), primary_key=True)
    record_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    field: Mapped[str] = mapped_column(String(64), primary_key=True)
    """As crm.item.list names it: `ufCrm_1`, `typeId`."""
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """0, 1, .. among the values of a multi-valued field."""
    num: Mapped[int | None] = mapped_column(Int64)
    """Millionths, of a number, an amount of money (its currency is left out) or a yes (1) and no (0)."""
    text: Mapped[str | None] = mapped_column(String(255))
    """The value as text: ids of lists and dictionaries too, a day as YYYY-MM-DD."""
    day: Mapped[str | None] = mapped_column(String(10))
    """The local day of a date or a time, YYYY-MM-DD."""
    ref: Mapped[int | None] = mapped_column(Int64)
    """The id of the employee a user field points at."""
    at: Mapped[int | None] = mapped_column(Int64)
    """The instant of a time; of a date the local midnight it begins with."""


class ProductRow(Base):
    """One product row of a record, replaced together with it. `amount_original` = price x quantity (semantics 4.5)."""

    __tablename__ = "product_row"
    __table_args__ = (Index("ix_product_row_product", "portal_id", "product_id"),)

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    entity: Mapped[str] = mapped_column(String(16), primary_key=True)
    record_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    product_id: Mapped[int | None] = mapped_column(Int64)
    """None for a row that names no product of the catalogue."""
    name: Mapped[str] = mapped_column(String(255), default="")
    amount_original: Mapped[int] = mapped_column(Int64)
    """In the record's own currency, millionths."""
    amount: Mapped[int | None] = mapped_column(Int64)
    """In the portal's base currency, hundredths, at the record's rate; None without a rate."""


class Watch(Base):
    """What is read of records beside the columns of their table, because an indicator asks for it.

    `field` is a field's name, or `productRows`. Until `complete` the records read earlier lack it.
    """

    __tablename__ = "watch"

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    entity: Mapped[str] = mapped_column(String(16), primary_key=True)
    field: Mapped[str] = mapped_column(String(64), primary_key=True)
    complete: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(Int64, default=0)
    """The id behind which reading it for the records of the past goes on."""
    since: Mapped[int] = mapped_column(Int64)
