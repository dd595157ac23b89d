"""What can be done to the entries of an import as a whole: drop them all, take them all back.

In portions, each a short transaction, while the import is held (held.py): killed half-way, none of it counts until all
of it is done. Set-based, whatever there are. Single entries: ledger.py.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, String, cast, delete, func, insert, literal, null, select, update
from sqlalchemy.orm import aliased

from b24app.facts.cells import entry_cells
from b24app.facts.rules import COUNTED, REFUSED, WAITING, Cell
from b24app.facts.tables import Entry
from b24app.lib import storage
from b24app.lib.clock import epoch
from b24app.lib.db import db

AT_ONCE = 5_000
"""Entries that one portion drops or takes back."""


def drop(portal_id: int, import_id: int) -> bool:
    """Some of what was posted and has never counted goes; whether there may be more."""
    part = _portion(_of(portal_id, import_id))
    if part is None:
        return False
    db.session.execute(delete(Entry).where(*_of(portal_id, import_id), part))
    return True


def rows(portal_id: int, import_id: int) -> int:
    """How many entries it has, those of corrections included and counter-entries not."""
    query = select(func.count()).where(*_of(portal_id, import_id), Entry.undoes_id.is_(None))
    return db.session.scalar(query) or 0


def waiting(portal_id: int, import_id: int) -> int:
    query = select(func.count()).where(*_of(portal_id, import_id), Entry.state == WAITING)
    return db.session.scalar(query) or 0


def cells(portal_id: int, import_id: int, at_once: int) -> Iterator[frozenset[Cell]]:
    """What its entries touch, in portions, the earliest first: whether they count or no longer do."""
    columns = Entry.id, Entry.employee_id, Entry.department_id, Entry.occurred_at
    mine = *_of(portal_id, import_id), Entry.undoes_id.is_(None), Entry.state == COUNTED
    found = db.session.execute(select(*columns).where(*mine).order_by(Entry.occurred_at, Entry.id)).all()
    for start in range(0, len(found), at_once):
        portion = found[start : start + at_once]
        yield frozenset().union(*(entry_cells(*row) for row in portion))


def take_back(portal_id: int, import_id: int, author: str, reason: str, now: datetime) -> bool:
    """Some of what waits is refused, and some of what counts has a counter-entry; whether there may be more.

    The keys are free again: what was taken back as a whole may be imported anew, also what was corrected since; unlike
    a single entry that was taken back.
    """
    at = epoch(now)
    mine = *_of(portal_id, import_id), Entry.undoes_id.is_(None)
    suffix = literal("~", String) + cast(Entry.id, String)
    freed = Entry.key + suffix
    is_taken = Entry.key.not_like(literal("%", String) + suffix)
    unfreed = *mine, Entry.state.in_((WAITING, REFUSED)), is_taken
    refused = _portion(unfreed)
    if refused is not None:
        decided = {"decided_by": author, "decided_at": at}
        db.session.execute(update(Entry).where(*unfreed, refused, Entry.state == WAITING).values(**decided))
        db.session.execute(update(Entry).where(*unfreed, refused).values(state=REFUSED, key=freed))
    standing = *mine, Entry.state == COUNTED, Entry.undone.is_(False)
    part = _portion(standing)
    if part is not None:
        counter = _counter(import_id, author, reason, at)
        table = storage.table_of(Entry)
        db.session.execute(insert(table).from_select(list(counter), select(*counter.values()).where(*standing, part)))
        db.session.execute(update(Entry).where(*standing, part).values(undone=True, key=freed))
    is_more = refused is not None or part is not None
    if not is_more:
        corrected = *mine, Entry.undone.is_(True), is_taken, Entry.id.in_(_corrected(portal_id, import_id))
        db.session.execute(update(Entry).where(*corrected).values(key=freed), execution_options=_UNSEEN)
    return is_more


_UNSEEN: Any = {"synchronize_session": False}
"""Nobody has loaded these rows."""


def _corrected(portal_id: int, import_id: int) -> Select[Any]:
    """What other entries of the import stand in the place of."""
    later = aliased(Entry)
    mine = later.portal_id == portal_id, later.import_id == import_id
    return select(later.corrects_id).where(*mine, later.corrects_id.is_not(None))


def _counter(import_id: int, author: str, reason: str, at: int) -> dict[str, Any]:
    """What takes an entry back, as columns of a statement that reads the entry."""
    return {
        "portal_id": Entry.portal_id,
        "key": literal(f"undo:{import_id}:", String) + cast(Entry.id, String),
        "code": Entry.code,
        "kind": Entry.kind,
        "value": -Entry.value,
        "occurred_at": Entry.occurred_at,
        "local_at": Entry.local_at,
        "employee_id": Entry.employee_id,
        "department_id": Entry.department_id,
        "source_id": Entry.source_id,
        "comment": literal(reason),
        "origin": literal("manual"),
        "author": literal(author),
        "undoes_id": Entry.id,
        "undone": literal(False),
        "corrects_id": null(),
        "import_id": Entry.import_id,
        "state": literal(COUNTED),
        "created_at": literal(at),
    }


def _portion(wanted: tuple[ColumnElement[bool], ...]) -> ColumnElement[bool] | None:
    """Up to which id a portion of the wanted goes, as a condition; None where there are none."""
    first = select(Entry.id).where(*wanted).order_by(Entry.id).limit(AT_ONCE).subquery()
    last = db.session.scalar(select(func.max(first.c.id)))
    return None if last is None else Entry.id <= last


def _of(portal_id: int, import_id: int) -> tuple[ColumnElement[bool], ...]:
    return Entry.portal_id == portal_id, Entry.import_id == import_id
