"""Imports that are on their way into the ledger or out of it: as long as one is held, none of its entries counts.

So a large import comes and goes in portions and yet counts all at once. Whoever reads the ledger asks `not_held`.
"""

from sqlalchemy import ColumnElement, delete, or_, select

from b24app.facts.tables import Entry, HeldImport
from b24app.lib import storage
from b24app.lib.db import db


def hold(portal_id: int, import_id: int) -> None:
    """None of its entries counts from now on. Twice changes nothing."""
    statement = storage.insert(HeldImport).values(portal_id=portal_id, import_id=import_id)
    db.session.execute(statement.on_conflict_do_nothing(index_elements=["portal_id", "import_id"]))


def release(portal_id: int, import_id: int) -> None:
    """All of them count from now on, those taken back excepted."""
    mine = HeldImport.portal_id == portal_id, HeldImport.import_id == import_id
    db.session.execute(delete(HeldImport).where(*mine))


def not_held(portal_id: int, import_id: ColumnElement[int | None] | None = None) -> ColumnElement[bool]:
    """Of a row of the ledger, or of the column of one: that it came with no import, or with one that is not held."""
    column = Entry.import_id if import_id is None else import_id
    held = select(HeldImport.import_id).where(HeldImport.portal_id == portal_id)
    return or_(column.is_(None), column.not_in(held))
