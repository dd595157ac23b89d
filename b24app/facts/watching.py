"""What is read beside the columns of deals, because an indicator asks for it (architecture, decision 7): their fields,
other types of CRM records, and the fields of those.

A field once watched stays watched. It is complete when it has been read for every record of the past; until then
reading it goes on behind its `position`.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Update, bindparam, select, update

from b24app.facts.rules import DEAL, PRODUCT_SECTIONS, RECORDS
from b24app.facts.tables import FieldValue, Watch
from b24app.lib import storage
from b24app.lib.clock import epoch
from b24app.lib.db import db
from b24app.lib.storage import OF_PORTAL

LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class Watched:
    """How far a name has been read for the records of the past. `since` changes when its reading begins anew."""

    entity: str
    field: str
    complete: bool
    position: int
    since: int


_COLUMNS = (Watch.entity, Watch.field, Watch.complete, Watch.position, Watch.since)
_WATCH = storage.table_of(Watch).c
_OF_ENTITY = (
    select(_WATCH.entity, _WATCH.field, _WATCH.complete, _WATCH.position, _WATCH.since)
    .where(_WATCH.portal_id == OF_PORTAL, _WATCH.entity == bindparam("entity"))
    .order_by(_WATCH.field)
)


def watches(portal_id: int, entity: str = DEAL) -> Mapping[str, Watched]:
    rows = db.session.execute(_OF_ENTITY, {"portal": portal_id, "entity": entity})
    return {row.field: Watched(*row) for row in rows}


def everything(portal_id: int) -> tuple[Watched, ...]:
    """Whatever it is of: of deals first."""
    query = select(*_COLUMNS).where(Watch.portal_id == portal_id).order_by(Watch.entity != DEAL, Watch.entity)
    return tuple(Watched(*row) for row in db.session.execute(query.order_by(Watch.field)))


def entities(portal_id: int) -> tuple[str, ...]:
    """The types of CRM records that are read because something names them."""
    return tuple(one.entity for one in everything(portal_id) if one.field == RECORDS)


def watch(portal_id: int, fields: Iterable[str], now: datetime, entity: str = DEAL) -> frozenset[str]:
    """Read these names from now on. Returns those not watched before: the records of the past lack them."""
    new = frozenset(name for name in fields if len(name) <= LONGEST_NAME) - watches(portal_id, entity).keys()
    rows = [
        {"portal_id": portal_id, "entity": entity, "field": name, "complete": False, "position": 0, "since": epoch(now)}
        for name in sorted(new)
    ]
    storage.upsert(Watch, rows)
    return new


def restart(portal_id: int, fields: Collection[str], since: int, entity: str = DEAL) -> None:
    """What was read of these names before that instant is not to be trusted: they are read again for all records."""
    for one in watches(portal_id, entity).values():
        if one.field in fields:
            values = {"complete": False, "position": 0, "since": max(since, one.since + 1)}
            db.session.execute(_where(portal_id, one).values(values))


def without_instants(portal_id: int, fields: Collection[str], entity: str = DEAL) -> frozenset[str]:
    """Of these names those of times and dates that were read before instants were kept."""
    mine = (FieldValue.portal_id == portal_id, FieldValue.entity == entity, FieldValue.field.in_(sorted(fields)))
    query = select(FieldValue.field).where(*mine, FieldValue.day.is_not(None), FieldValue.at.is_(None))
    return frozenset(db.session.scalars(query.distinct())) if fields else frozenset()


def advance(portal_id: int, names: Iterable[Watched], start: int, position: int) -> None:
    """The names have been read for the records in (start, position]. One that begins anew meanwhile is left alone."""
    for one in names:
        between = (Watch.position >= start, Watch.position < position)
        db.session.execute(_where(portal_id, one).where(*between).values(position=position))


def complete(portal_id: int, names: Iterable[Watched], position: int) -> None:
    """The names have been read up to `position`, and behind it there are no records."""
    for one in names:
        db.session.execute(_where(portal_id, one).where(Watch.position >= position).values(complete=True))


def complete_since(portal_id: int, began_at: int, entity: str = DEAL) -> None:
    """A reading of all records, begun then, has asked for everything that was watched by that time."""
    watched = (Watch.portal_id == portal_id, Watch.entity == entity, Watch.since < began_at)
    db.session.execute(update(Watch).where(*watched, Watch.field != PRODUCT_SECTIONS).values(complete=True))


def _where(portal_id: int, one: Watched) -> Update:
    return update(Watch).where(
        Watch.portal_id == portal_id, Watch.entity == one.entity, Watch.field == one.field, Watch.since == one.since
    )


def overtaken(portal_id: int, asked: Collection[str], ids: Iterable[int], entity: str = DEAL) -> list[int]:
    """Of records read without asking for all that is watched now, those which reading the past will not come to."""
    apart = {*asked, PRODUCT_SECTIONS, RECORDS}
    unasked = [one for one in watches(portal_id, entity).values() if one.field not in apart]
    if not unasked:
        return []
    if any(one.complete for one in unasked):
        return list(ids)
    passed = max(one.position for one in unasked)
    return [id for id in ids if id <= passed]
