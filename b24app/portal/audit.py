"""Who did what, when, from what to what: written here only, never changed, deleted with its portal only."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, insert, or_, select

from b24app.lib.clock import epoch, moment
from b24app.lib.db import db
from b24app.lib.storage import table_of
from b24app.portal.tables import AuditEntry


def record(portal_id: int, actor: str, action: str, target: str, before: Any, after: Any, now: datetime) -> None:
    """`actor` is `user:7`, `token:3` or `system`; `before` and `after` are JSON values without secrets."""
    db.session.add(
        AuditEntry(
            portal_id=portal_id, at=epoch(now), actor=actor, action=action, target=target, before=before, after=after
        )
    )
    db.session.flush()


def record_all(portal_id: int, actor: str, action: str, changes: Iterable[tuple[str, Any, Any]], now: datetime) -> None:
    """The same of many: (target, before, after), in one statement."""
    same = {"portal_id": portal_id, "at": epoch(now), "actor": actor, "action": action}
    rows = [{**same, "target": target, "before": before, "after": after} for target, before, after in changes]
    if rows:
        db.session.execute(insert(table_of(AuditEntry)), rows)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log."""

    id: int
    at: datetime
    actor: str
    action: str
    target: str
    before: Any
    after: Any


def entries(
    portal_id: int,
    *,
    actor: str | None = None,
    action: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before_id: int | None = None,
    limit: int = 50,
) -> tuple[Entry, ...]:
    """The latest first. `action` is a whole word (`target.set`) or its first part (`target`); `until` is exclusive."""
    query = select(AuditEntry).where(AuditEntry.portal_id == portal_id)
    if actor:
        query = query.where(AuditEntry.actor == actor)
    if action:
        query = query.where(
            or_(AuditEntry.action == action, AuditEntry.action.startswith(f"{action}.", autoescape=True))
        )
    if since:
        query = query.where(AuditEntry.at >= epoch(since))
    if until:
        query = query.where(AuditEntry.at < epoch(until))
    if before_id is not None:
        last = select(AuditEntry.at).where(AuditEntry.portal_id == portal_id, AuditEntry.id == before_id)
        at = last.scalar_subquery()
        query = query.where(or_(AuditEntry.at < at, and_(AuditEntry.at == at, AuditEntry.id < before_id)))
    rows = db.session.scalars(query.order_by(AuditEntry.at.desc(), AuditEntry.id.desc()).limit(limit))
    return tuple(
        Entry(row.id, moment(row.at), row.actor, row.action, row.target, row.before, row.after) for row in rows
    )


def actors(portal_id: int) -> tuple[str, ...]:
    """Whoever is in the log."""
    query = select(AuditEntry.actor).where(AuditEntry.portal_id == portal_id).distinct()
    return tuple(sorted(db.session.scalars(query)))
