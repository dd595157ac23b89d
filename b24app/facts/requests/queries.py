"""Which mappings a portal has, and how far their requests have been made."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from b24app.facts.requests.documents import MappingDocument
from b24app.facts.requests.rules import RequestMapping
from b24app.facts.requests.tables import RequestMapping as Row
from b24app.facts.tables import Request
from b24app.lib.db import db


@dataclass(frozen=True, slots=True)
class Stored:
    """A mapping with its document. `position` is None when its requests are made."""

    mapping: RequestMapping
    document: MappingDocument
    complete: bool
    position: int | None
    run: int
    done: int
    total: int
    author: str
    saved_at: int


def mappings(portal_id: int) -> tuple[Stored, ...]:
    """By code."""
    rows = db.session.scalars(
        select(Row).where(Row.portal_id == portal_id).order_by(Row.number).execution_options(populate_existing=True)
    )
    return tuple(sorted(map(_stored, rows), key=lambda one: one.mapping.code))


def _stored(row: Row) -> Stored:
    document = MappingDocument.model_validate(row.document)
    return Stored(
        mapping=document.mapping(row.number),
        document=document,
        complete=row.complete,
        position=row.position,
        run=row.run,
        done=row.done,
        total=row.total,
        author=row.author,
        saved_at=row.saved_at,
    )


def counts(portal_id: int) -> Mapping[str, int]:
    """How many requests count, by mapping."""
    living = (Request.portal_id == portal_id, Request.deleted_at.is_(None))
    rows = db.session.execute(select(Request.mapping, func.count()).where(*living).group_by(Request.mapping))
    return {row.mapping: row[1] for row in rows}
