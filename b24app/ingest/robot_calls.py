"""Robot calls that could not be counted for days: what a person is shown of them, and trying them again.

A call that was refused because of what it says is not among them: its reason is in the workflow's log.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select, update

from b24app.ingest.inbox import DUE, FAILED, ROBOT
from b24app.ingest.tables import Inbox
from b24app.lib.db import db


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A call that was put aside. `arrived_at` in microseconds; `document` as the workflow names its record."""

    id: int
    robot: str
    document: str
    reason: str
    arrived_at: int


def given_up(portal_id: int, limit: int = 100) -> tuple[GivenUp, ...]:
    """The newest first."""
    query = (
        select(Inbox.id, Inbox.payload, Inbox.reason, Inbox.arrived_at)
        .where(*_given_up(portal_id))
        .order_by(Inbox.arrived_at.desc(), Inbox.id)
        .limit(limit)
    )
    return tuple(
        GivenUp(row.id, row.payload["code"], row.payload["document"][-1], row.reason or "", row.arrived_at)
        for row in db.session.execute(query)
    )


def retry(portal_id: int, ids: Collection[int]) -> tuple[int, ...]:
    """These calls are due again, for the moment they came; returns those that are. The caller has them run."""
    statement = update(Inbox).where(*_given_up(portal_id), Inbox.id.in_(ids)).values(state=DUE, reason=None)
    return tuple(db.session.scalars(statement.returning(Inbox.id)))


def _given_up(portal_id: int) -> tuple[ColumnElement[bool], ...]:
    return (Inbox.portal_id == portal_id, Inbox.entity == ROBOT, Inbox.state == FAILED, Inbox.attempts > 0)
