"""What can be done to requests: save and remove mappings, make the requests of records, make all of them anew.

    records stored -> make(their ids)                                events, sync, backfill: always up to date
    entries posted, taken back -> pipeline -> with_entries           the same, whoever changed the ledger
    mapping saved, working calendar changed -> restart -> make_some  a job, portion by portion

Made of what is stored of a record, which has its guard against old news: so they need none of their own. The caller
has the portal's lock, recomputes and commits.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from b24app.facts import watching
from b24app.facts.cells import touched_records
from b24app.facts.kinds.base import fields_of
from b24app.facts.kinds.requests import KINDS
from b24app.facts.requests import queries
from b24app.facts.requests.documents import MappingDocument
from b24app.facts.requests.queries import Stored
from b24app.facts.requests.records import readable, records
from b24app.facts.requests.rules import MOST_MAPPINGS, RequestFact, RequestMapping, WorkingTime, request_of
from b24app.facts.requests.tables import RequestMapping as Row
from b24app.facts.rules import ENTRY, Cell
from b24app.facts.tables import Request
from b24app.lib import storage
from b24app.lib.clock import epoch
from b24app.lib.db import db
from b24app.lib.errors import Conflict, Invalid, NotFound
from b24app.lib.i18n import gettext as _
from b24app.lib.storage import chunks
from b24app.periods import queries as periods
from b24app.portal import audit

(KIND,) = KINDS
_NAMES = fields_of(KIND)
_COLUMNS = tuple(getattr(Request, name) for name in _NAMES)

AT_ONCE = 1250
"""So many records are made requests of in one transaction."""


def save(portal_id: int, document: MappingDocument, actor: str, now: datetime) -> None:
    """Write a mapping; its requests are to be made anew, and what it reads of records is read from now on."""
    faults = list(document.faults(readable(portal_id, document.entity)))
    if faults:
        raise Invalid(_("The mapping was not saved."), faults)
    row = db.session.get(Row, (portal_id, document.code), populate_existing=True)
    before = row.document if row else None
    if row is not None and row.entity != document.entity:
        _forget_all(portal_id, document.code)
    if row is None:
        row = Row(portal_id=portal_id, code=document.code, number=_free_number(portal_id), run=0)
        db.session.add(row)
    row.entity, row.name, row.document = document.entity, document.name, document.stored()
    row.author, row.saved_at, row.complete = actor, epoch(now), False
    db.session.flush()
    _begin(portal_id, (document.code,))
    watch(portal_id, document.mapping(row.number), now)
    audit.record(portal_id, actor, "requests.mapping", document.code, before, row.document, now)


def _free_number(portal_id: int) -> int:
    taken = set(db.session.scalars(select(Row.number).where(Row.portal_id == portal_id)))
    free = next((number for number in range(MOST_MAPPINGS) if number not in taken), None)
    if free is None:
        raise Conflict(_("There are as many mappings as there may be: %(most)s.", most=MOST_MAPPINGS))
    return free


def watch(portal_id: int, mapping: RequestMapping, now: datetime) -> None:
    """Have its fields read. Those that are known without the time of day are read again."""
    watching.watch(portal_id, mapping.watched, now, mapping.entity)
    unknown = watching.without_instants(portal_id, mapping.fields, mapping.entity)
    watching.restart(portal_id, unknown, epoch(now), mapping.entity)


def remove(portal_id: int, code: str, actor: str, now: datetime) -> None:
    """Take a mapping away with its requests; everything is to be computed anew."""
    row = db.session.get(Row, (portal_id, code), populate_existing=True)
    if row is None:
        raise NotFound(_("There is no such mapping."))
    audit.record(portal_id, actor, "requests.mapping", code, row.document, None, now)
    _forget_all(portal_id, code)
    db.session.delete(row)
    db.session.flush()


def _forget_all(portal_id: int, code: str) -> None:
    db.session.execute(delete(Request).where(Request.portal_id == portal_id, Request.mapping == code))


def restart(portal_id: int) -> bool:
    """Working time is counted otherwise now: all requests are to be made anew. Whether there is any mapping."""
    codes = [one.mapping.code for one in queries.mappings(portal_id)]
    _begin(portal_id, codes)
    return bool(codes)


def _begin(portal_id: int, codes: Collection[str]) -> None:
    chosen = (Row.portal_id == portal_id, Row.code.in_(codes))
    db.session.execute(update(Row).where(*chosen).values(position=0, done=0, total=0, run=Row.run + 1))


def make(portal_id: int, entity: str, ids: Iterable[int]) -> frozenset[Cell]:
    """Bring the requests of these records up to date with what is stored of them."""
    stored = [one.mapping for one in queries.mappings(portal_id) if one.mapping.entity == entity]
    return _make(portal_id, entity, ids, stored) if stored else frozenset()


def with_entries(portal_id: int, cells: Iterable[Cell]) -> frozenset[Cell]:
    """Touched cells with those of the requests that are made of entries among them."""
    found = frozenset(cells)
    ids = {cell.record_id for cell in found if cell.entity == ENTRY and cell.record_id}
    return found | make(portal_id, ENTRY, ids) if ids else found


def _make(portal_id: int, entity: str, ids: Iterable[int], mappings: Sequence[RequestMapping]) -> frozenset[Cell]:
    time = WorkingTime(periods.calendar(portal_id), periods.settings(portal_id))
    cells: set[Cell] = set()
    for part in chunks(ids):
        known = _load(portal_id, entity, part, [mapping.code for mapping in mappings])
        made = {
            request.id: request
            for record in records(portal_id, entity, part, mappings)
            for mapping in mappings
            if (request := request_of(record, mapping, time)) is not None
        }
        _write(portal_id, [one for one in made.values() if one != known.get(one.id)])
        gone = {id: replace(fact, deleted_at=fact.read_at) for id, fact in known.items() if id not in made}
        _drop(portal_id, gone)
        cells |= touched_records(KIND, known, made | gone)
    return frozenset(cells)


def _load(portal_id: int, entity: str, ids: Collection[int], codes: Collection[str]) -> dict[int, RequestFact]:
    query = select(*_COLUMNS).where(
        Request.portal_id == portal_id, Request.entity == entity, Request.record_id.in_(ids), Request.mapping.in_(codes)
    )
    return {row.id: RequestFact(*row) for row in db.session.execute(query)}


def _write(portal_id: int, facts: Iterable[RequestFact]) -> None:
    rows: list[dict[str, Any]] = [
        {"portal_id": portal_id, **{name: getattr(fact, name) for name in _NAMES}} for fact in facts
    ]
    storage.upsert(Request, rows)


def _drop(portal_id: int, ids: Collection[int]) -> None:
    """Those whose records are no requests any more."""
    for part in chunks(ids):
        db.session.execute(delete(Request).where(Request.portal_id == portal_id, Request.id.in_(part)))


def owed(portal_id: int) -> Stored | None:
    """A mapping whose requests are to be made anew, if there is one."""
    return next((one for one in queries.mappings(portal_id) if one.position is not None), None)


def make_some(portal_id: int, one: Stored, ids: Sequence[int], total: int) -> tuple[int, int]:
    """The requests of the next records with the position behind them; none left means that all are made. A mapping that
    was saved anew meanwhile has begun anew. How many of how many are done."""
    if not ids:
        _note(portal_id, one, complete=True, total=one.done)
        return one.done, one.done
    _make(portal_id, one.mapping.entity, ids, (one.mapping,))
    done = one.done + len(ids)
    _note(portal_id, one, position=max(ids), done=done, total=max(total, done))
    return done, max(total, done)


def finish(portal_id: int, one: Stored) -> None:
    """Its requests are in the numbers."""
    _note(portal_id, one, position=None)


def _note(portal_id: int, one: Stored, **values: Any) -> None:
    mine = (Row.portal_id == portal_id, Row.code == one.mapping.code)
    as_read = (Row.position == one.position, Row.run == one.run)
    db.session.execute(update(Row).where(*mine, *as_read).values(**values))
