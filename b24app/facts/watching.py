"""What is read of deals beside the columns of their table, because an indicator asks for it (architecture, decision 7).

A field once watched stays watched. It is complete when it has been read for every deal of the past; until then reading
it goes on behind its `position`.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Update, select, update

from b24app.facts.rules import DEAL, PRODUCT_SECTIONS
from b24app.facts.tables import Watch
from b24app.lib import storage
from b24app.lib.clock import epoch
from b24app.lib.db import db

LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class Watched:
    """How far a name has been read for the deals of the past. `since` changes when its reading begins anew."""

    field: str
    complete: bool
    position: int
    since: int


def watches(portal_id: int) -> Mapping[str, Watched]:
    query = (
        select(Watch.field, Watch.complete, Watch.position, Watch.since)
        .where(Watch.portal_id == portal_id, Watch.entity == DEAL)
        .order_by(Watch.field)
    )
    return {row.field: Watched(*row) for row in db.session.execute(query)}


def watch(portal_id: int, fields: Iterable[str], now: datetime) -> frozenset[str]:
    """Read these names from now on. Returns those not watched before: the deals of the past lack them."""
    new = frozenset(name for name in fields if len(name) <= LONGEST_NAME) - watches(portal_id).keys()
    rows = [
        {"portal_id": portal_id, "entity": DEAL, "field": name, "complete": False, "position": 0, "since": epoch(now)}
        for name in sorted(new)
    ]
    storage.upsert(Watch, rows)
    return new


def restart(portal_id: int, fields: Collection[str], since: int) -> None:
    """What was read of these names before that instant is not to be trusted: they are read again for all deals."""
    for one in watches(portal_id).values():
        if one.field in fields:
            values = {"complete": False, "position": 0, "since": max(since, one.since + 1)}
            db.session.execute(_where(portal_id, one).values(values))


def advance(portal_id: int, names: Iterable[Watched], start: int, position: int) -> None:
    """The names have been read for the deals in (start, position]. One that begins anew meanwhile is left alone."""
    for one in names:
        between = (Watch.position >= start, Watch.position < position)
        db.session.execute(_where(portal_id, one).where(*between).values(position=position))


def complete(portal_id: int, names: Iterable[Watched], position: int) -> None:
    """The names have been read up to `position`, and behind it there are no deals."""
    for one in names:
        db.session.execute(_where(portal_id, one).where(Watch.position >= position).values(complete=True))


def complete_since(portal_id: int, began_at: int) -> None:
    """A reading of all deals, begun then, has asked for everything that was watched by that time."""
    watched = (Watch.portal_id == portal_id, Watch.entity == DEAL, Watch.since < began_at)
    db.session.execute(update(Watch).where(*watched, Watch.field != PRODUCT_SECTIONS).values(complete=True))


def _where(portal_id: int, one: Watched) -> Update:
    return update(Watch).where(
        Watch.portal_id == portal_id, Watch.entity == DEAL, Watch.field == one.field, Watch.since == one.since
    )


def overtaken(portal_id: int, asked: Collection[str], ids: Iterable[int]) -> list[int]:
    """Of deals read without asking for all that is watched now, those which reading the past will not come to."""
    unasked = [one for one in watches(portal_id).values() if one.field not in {*asked, PRODUCT_SECTIONS}]
    if not unasked:
        return []
    if any(one.complete for one in unasked):
        return list(ids)
    passed = max(one.position for one in unasked)
    return [id for id in ids if id <= passed]
