"""What can be done to the entries of an import as a whole: count them all, drop them all, take them all back.

They are posted `staged`, in portions, and count for nothing until `count` lets all of them count in one statement: an
import that was killed half-way has imported nothing. Set-based, whatever there are. Single entries: ledger.py.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, String, and_, case, cast, delete, func, insert, literal, null, or_, select, update

from b24app.facts.approval import Approval
from b24app.facts.cells import entry_cells
from b24app.facts.money import MILLIONTHS
from b24app.facts.rules import COUNTED, REFUSED, STAGED, WAITING, Cell
from b24app.facts.tables import Entry
from b24app.lib import storage
from b24app.lib.clock import epoch
from b24app.lib.db import db


def count(portal_id: int, import_id: int, decided: Approval) -> None:
    """All that was staged counts from now on; what is above its limit waits for a second person."""
    waits = case((_above(decided), WAITING), else_=COUNTED)
    db.session.execute(update(Entry).where(*_of(portal_id, import_id), Entry.state == STAGED).values(state=waits))


def _above(decided: Approval) -> ColumnElement[bool]:
    own, others = decided.limits()
    size = func.abs(Entry.value)
    found = [and_(Entry.code == code, size > _millionths(limit)) for code, limit in sorted(own.items())]
    if others is not None:
        found.append(and_(Entry.code.not_in(sorted(own)), size > _millionths(others)))
    return or_(*found) if found else literal(1) == literal(0)


def _millionths(limit: Decimal) -> int:
    return int(limit * MILLIONTHS)


def drop(portal_id: int, import_id: int, most: int = 5_000) -> bool:
    """Some of what was staged and has never counted goes; whether there is more."""
    ids = select(Entry.id).where(*_of(portal_id, import_id), Entry.state == STAGED).limit(most).scalar_subquery()
    gone = db.session.execute(delete(Entry).where(Entry.portal_id == portal_id, Entry.id.in_(ids)))
    return bool(gone.rowcount)  # type: ignore[attr-defined]


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


def take_back(portal_id: int, import_id: int, author: str, reason: str, now: datetime) -> None:
    """A counter-entry for each that counts, and what waits is refused. Twice changes nothing.

    The keys are free again: what was taken back as a whole may be imported anew, unlike a single entry.
    """
    at = epoch(now)
    mine = *_of(portal_id, import_id), Entry.undoes_id.is_(None)
    waits = *mine, Entry.state == WAITING
    db.session.execute(update(Entry).where(*waits).values(state=REFUSED, decided_by=author, decided_at=at))
    standing = *mine, Entry.state == COUNTED, Entry.undone.is_(False)
    named = literal(f"undo:{import_id}:", String) + cast(Entry.id, String)
    counter = {
        "portal_id": Entry.portal_id, "key": named, "code": Entry.code, "kind": Entry.kind, "value": -Entry.value,
        "occurred_at": Entry.occurred_at, "employee_id": Entry.employee_id, "department_id": Entry.department_id,
        "source_id": Entry.source_id, "comment": literal(reason), "origin": literal("manual"),
        "author": literal(author), "undoes_id": Entry.id, "undone": literal(False), "corrects_id": null(),
        "import_id": Entry.import_id, "state": literal(COUNTED), "created_at": literal(at),
    }  # fmt: skip
    table = storage.table_of(Entry)
    db.session.execute(insert(table).from_select(list(counter), select(*counter.values()).where(*standing)))
    freed = Entry.key + literal("~", String) + cast(Entry.id, String)
    db.session.execute(update(Entry).where(*standing).values(undone=True, key=freed))
    db.session.execute(update(Entry).where(*mine, Entry.state == REFUSED, Entry.key.not_like("%~%")).values(key=freed))


def _of(portal_id: int, import_id: int) -> tuple[ColumnElement[bool], ...]:
    return Entry.portal_id == portal_id, Entry.import_id == import_id
