"""The inbox's rows: what has arrived and is to be read again. The truth behind the queue (architecture 4.1).

    accept -> due -> (a source's fetch, facts stored) -> done
                  -> the portal cannot be asked: postponed, each time for longer, until it answers again
                  -> the row itself may be at fault: tried among fewer, in the end alone, then put aside with its reason

A row is marked done only if nothing has arrived for it since it was read (compare and set), in the transaction that
stores its record: killed anywhere, the work is repeated and comes to the same.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import bindparam, case, literal, select, update

from b24app.ingest.sources.base import Rejected
from b24app.ingest.tables import Inbox
from b24app.lib import storage
from b24app.lib.db import Int64, db

ROBOT = "robot"
DUE, DONE, FAILED = "due", "done", "failed"
AT_ONCE = 2500
MOST_ATTEMPTS = 5
NARROWER = 50
"""After a failure a row is tried among fewer others, in the end alone, so that a bad one does not keep the rest."""

DELAYS_S = (30, 60, 120, 240, 480)
LONGEST_DELAY_S = 900
"""How long rows wait when the portal could not be asked: the first times, and then for ever."""

_START = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class DueRow:
    id: int
    key: str
    arrived_at: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one entity that are worked off together. `attempts`: how often they have failed; `delays`: how often in a
    row the first of them was postponed."""

    portal_id: int
    entity: str
    rows: tuple[DueRow, ...]
    attempts: int = 0
    delays: int = 0

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(row.key for row in self.rows)

    def parts(self, size: int) -> Iterator["Batch"]:
        for start in range(0, len(self.rows), size):
            yield replace(self, rows=self.rows[start : start + size])


def accept(portal_id: int, entity: str, key: int | str, now: datetime) -> None:
    """Something happened to a record. A thousand times are one row with a newer `arrived_at`."""
    accept_many(portal_id, entity, [key], now)


def accept_many(portal_id: int, entity: str, keys: Iterable[int | str], now: datetime) -> None:
    rows = [
        {"portal_id": portal_id, "entity": entity, "key": key, "payload": {}, "arrived_at": microseconds(now),
         "state": DUE, "attempts": 0, "due_at": 0, "delays": 0}
        for key in sorted(set(map(str, keys)))
    ]  # fmt: skip
    if rows:
        db.session.connection().execute(_accepting(db.engine.dialect.name), rows)


@cache
def _accepting(_dialect: str) -> Any:
    """Made once: making it takes longer than carrying it out."""
    statement = storage.insert(Inbox)
    came, had = statement.excluded.arrived_at, storage.table_of(Inbox).c.arrived_at
    newer = {
        "arrived_at": case((came > had, came), else_=had + 1),  # newer in any case, whatever the clocks say
        "state": DUE,
        "attempts": 0,
        "due_at": 0,
        "delays": 0,
        "reason": None,
    }
    return statement.on_conflict_do_update(index_elements=["portal_id", "entity", "key"], set_=newer)


def accept_robot(portal_id: int, event_token: str, payload: Mapping[str, Any], now: datetime) -> int | None:
    """The new row's id; None when this call has come before."""
    row = {"portal_id": portal_id, "entity": ROBOT, "key": event_token, "payload": dict(payload), "state": DUE}
    statement = (
        storage.insert(Inbox)
        .values(**row, arrived_at=microseconds(now), attempts=0, due_at=0, delays=0)
        .on_conflict_do_nothing(index_elements=["portal_id", "entity", "key"])
    )
    return db.session.scalar(statement.returning(Inbox.id))


def due(portal_id: int, now: datetime) -> Batch | None:
    """What to work off next: of the entity waiting longest all rows up to the limit; rows that failed come last."""
    waiting = (
        Inbox.portal_id == portal_id,
        Inbox.state == DUE,
        Inbox.entity != ROBOT,
        Inbox.due_at <= microseconds(now),
    )
    first = db.session.execute(
        select(Inbox.entity, Inbox.attempts, Inbox.delays)
        .where(*waiting)
        .order_by(Inbox.attempts, Inbox.arrived_at)
        .limit(1)
    ).one_or_none()
    if first is None:
        return None
    query = (
        select(Inbox.id, Inbox.key, Inbox.arrived_at)
        .where(*waiting, Inbox.entity == first.entity, Inbox.attempts == first.attempts)
        .order_by(Inbox.arrived_at, Inbox.id)
        .limit(max(1, AT_ONCE // NARROWER**first.attempts))
    )
    rows = tuple(DueRow(*row) for row in db.session.execute(query))
    return Batch(portal_id, first.entity, rows, first.attempts, first.delays)


def due_record(portal_id: int, entity: str, record_id: int) -> Batch | None:
    """One record's row alone, if it waits; somebody wants it now, however often it was postponed."""
    row = db.session.execute(
        select(Inbox.id, Inbox.key, Inbox.arrived_at).where(
            Inbox.portal_id == portal_id, Inbox.entity == entity, Inbox.key == str(record_id), Inbox.state == DUE
        )
    ).one_or_none()
    return Batch(portal_id, entity, (DueRow(*row),)) if row else None


def done(batch: Batch) -> None:
    _set(batch, state=DONE, attempts=0, due_at=0, delays=0, reason=None)


def failed(batch: Batch, reason: str, now: datetime) -> None:
    """These rows themselves may be at fault: after some attempts they are put aside. Which of them it is is looked for
    at once; one that failed alone has time to mend between its attempts."""
    attempts = Inbox.attempts + 1
    again_at = _later(now, Inbox.attempts) if len(batch.rows) == 1 else 0
    state = case((attempts >= MOST_ATTEMPTS, FAILED), else_=DUE)
    _set(batch, attempts=attempts, reason=reason, state=state, due_at=again_at)


def postponed(batch: Batch, reason: str, now: datetime) -> None:
    """The portal cannot be asked now; nothing is wrong with the rows. What arrives for them is tried at once."""
    _set(batch, reason=reason, delays=Inbox.delays + 1, due_at=_later(now, Inbox.delays))


def _later(now: datetime, times: Any) -> Any:
    delays = {times_before: seconds * 1_000_000 for times_before, seconds in enumerate(DELAYS_S)}
    return literal(microseconds(now), Int64) + case(delays, value=times, else_=LONGEST_DELAY_S * 1_000_000)


def answered(portal_id: int) -> None:
    """The portal answers again: nothing waits any longer for that."""
    postponed = (Inbox.portal_id == portal_id, Inbox.state == DUE, Inbox.delays > 0)
    db.session.execute(update(Inbox).where(*postponed).values(due_at=0, delays=0))


def _set(batch: Batch, **values: Any) -> None:
    inbox = storage.table_of(Inbox)
    statement = (
        update(inbox)
        .where(inbox.c.portal_id == batch.portal_id, inbox.c.id == bindparam("row"))
        .where(inbox.c.arrived_at == bindparam("seen"), inbox.c.state == DUE)
        .values(values)
    )
    rows = sorted(batch.rows, key=lambda row: row.key)  # the order of `accept_many`: nobody waits in a circle
    db.session.execute(statement, [{"row": row.id, "seen": row.arrived_at} for row in rows])


def put_aside(portal_id: int, entity: str, rejected: Collection[Rejected], read_at: datetime) -> None:
    """Records that a read could not make sense of, for the health page. What has arrived since stays due."""
    rows = [
        {"portal_id": portal_id, "entity": entity, "key": one.id[:512], "payload": {}, "state": FAILED,
         "arrived_at": microseconds(read_at), "attempts": MOST_ATTEMPTS, "due_at": 0, "delays": 0,
         "reason": one.reason}
        for one in {one.id: one for one in rejected}.values()
    ]  # fmt: skip
    if not rows:
        return
    statement = storage.insert(Inbox)
    changed = {name: statement.excluded[name] for name in ("state", "attempts", "reason")}
    statement = statement.on_conflict_do_update(
        index_elements=["portal_id", "entity", "key"],
        set_=changed,
        where=Inbox.arrived_at <= statement.excluded.arrived_at,
    )
    db.session.execute(statement, rows)


def retry(portal_id: int, ids: Collection[int]) -> int:
    """Try these rows again that were put aside; how many there were of them. The caller has the inbox drained."""
    aside = (Inbox.portal_id == portal_id, Inbox.state == FAILED, Inbox.entity != ROBOT, Inbox.id.in_(ids))
    again = {"state": DUE, "attempts": 0, "due_at": 0, "delays": 0, "arrived_at": Inbox.arrived_at + 1}
    result = db.session.execute(update(Inbox).where(*aside).values(again))
    return int(getattr(result, "rowcount", 0))


def restored(portal_id: int, entity: str, ids: Collection[int]) -> None:
    """Records that could not be read once and now were."""
    aside = (Inbox.portal_id == portal_id, Inbox.state == FAILED, Inbox.entity == entity)
    known = {str(id) for id in ids}
    rows = [row.id for row in db.session.execute(select(Inbox.id, Inbox.key).where(*aside)) if row.key in known]
    if rows:
        read = (Inbox.portal_id == portal_id, Inbox.id.in_(rows))
        db.session.execute(update(Inbox).where(*read).values(state=DONE, attempts=0, reason=None))


def microseconds(moment: datetime) -> int:
    return (moment - _START) // timedelta(microseconds=1)
