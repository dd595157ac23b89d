"""What can be asked of the outbox: what could not be told, what was posted last, and how one message stands."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from b24app.lib.clock import moment
from b24app.lib.db import db
from b24app.lib.tenancy import across_tenants
from b24app.outcomes.notifications.channels.workflow import templates as templates
from b24app.outcomes.notifications.outbox import FAILED
from b24app.outcomes.notifications.outbox import portals_with_due as portals_with_due
from b24app.outcomes.notifications.planning import wishes as wishes
from b24app.outcomes.notifications.rules import WEBHOOK
from b24app.outcomes.notifications.tables import Notification, Webhook

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Sending:
    """A row of the outbox as a page shows it."""

    id: int
    channel: str
    kind: str
    recipient: int
    state: str
    """due | sending | sent | failed"""
    attempts: int
    created_at: datetime
    again_at: datetime
    sent_at: datetime | None
    answer: str
    reason: str


@dataclass(frozen=True, slots=True)
class Hook:
    url: str
    created_at: datetime


def undelivered(portal_id: int, limit: int = 100) -> tuple[Sending, ...]:
    """What was put aside after its last attempt, the newest first: for the health page."""
    query = select(Notification).where(Notification.portal_id == portal_id, Notification.state == FAILED)
    return _sendings(query, limit)


def by_state() -> dict[str, int]:
    """How many messages of all portals there are of each state."""
    states = select(Notification.state, func.count()).group_by(Notification.state)
    rows = db.session.execute(across_tenants(states))
    return {row[0]: row[1] for row in rows}


def last_posts(portal_id: int, limit: int = SHOWN) -> tuple[Sending, ...]:
    """The webhook's latest deliveries, whatever became of them."""
    query = select(Notification).where(Notification.portal_id == portal_id, Notification.channel == WEBHOOK)
    return _sendings(query, limit)


def last(portal_id: int, limit: int = SHOWN) -> tuple[Sending, ...]:
    """What was told last by the other channels."""
    query = select(Notification).where(Notification.portal_id == portal_id, Notification.channel != WEBHOOK)
    return _sendings(query, limit)


def answer_to(portal_id: int, occasion: str) -> Sending | None:
    """How the message of one occasion stands."""
    query = select(Notification).where(Notification.portal_id == portal_id, Notification.occasion == occasion)
    return next(iter(_sendings(query, 1)), None)


def hook(portal_id: int) -> Hook | None:
    row = db.session.get(Webhook, portal_id)
    return Hook(row.url, moment(row.created_at)) if row else None


def _sendings(query: Any, limit: int) -> tuple[Sending, ...]:
    rows = db.session.scalars(
        query.order_by(Notification.id.desc()).limit(limit).execution_options(populate_existing=True)
    )
    return tuple(
        Sending(
            row.id,
            row.channel,
            row.kind,
            row.recipient,
            row.state,
            row.attempts,
            moment(row.created_at),
            moment(row.due_at),
            moment(row.sent_at) if row.sent_at is not None else None,
            row.answer or "",
            row.reason or "",
        )
        for row in rows
    )
