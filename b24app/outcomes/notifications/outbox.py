"""The rows of the outbox: put in, claimed, settled, tried again. Flushes and never commits; the channels tell.

    post -> due -> claim (sending) -> a channel tells, no transaction open -> settle: sent | due again, later | failed

A claim is a compare and set, so two workers never tell the same. Its holder may be killed: when the claim ends the row
is due again, or put aside where telling it twice would do harm.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, case, delete, or_, select, update

from b24app.lib import registry, storage
from b24app.lib.clock import epoch
from b24app.lib.db import db
from b24app.lib.i18n import gettext as _
from b24app.lib.tenancy import across_tenants
from b24app.outcomes.notifications import channels, rules
from b24app.outcomes.notifications.channels.base import Channel
from b24app.outcomes.notifications.rules import Message, Outcome, Plan
from b24app.outcomes.notifications.tables import Notification

DUE, SENDING, SENT, FAILED = "due", "sending", "sent", "failed"

CLAIM_S = 10 * 60
"""Longer than telling one portion takes, whatever the portal does."""

KEPT = timedelta(days=800)
"""Longer than any period is looked at, so that a row stays the proof that its occasion was told."""

UNIQUE = (
    *("portal_id", "channel", "kind", "recipient", "scorecard", "indicator", "subject_type", "subject_id", "start"),
    "occasion",
)
AT_ONCE = 50


def channel(code: str) -> Channel:
    found: dict[str, Any] = {one.code: one for one in registry.modules(channels)}
    return found[code]


def post(portal_id: int, plans: Iterable[Plan], now: datetime) -> int:
    """What is there already stays as it is. Returns how many rows are new."""
    at = epoch(now)
    rows = [
        {
            **{name: getattr(one, name) for name in UNIQUE[1:]},
            "portal_id": portal_id,
            "payload": dict(one.payload),
            "state": SENT if one.is_told else DUE,
            "attempts": 0,
            "created_at": at,
            "due_at": at,
            "give_up_at": at + rules.PATIENCE_S[one.channel],
        }
        for one in plans
    ]
    if not rows:
        return 0
    statement = storage.insert(Notification).on_conflict_do_nothing(index_elements=UNIQUE)
    count = 0
    for start in range(0, len(rows), AT_ONCE):
        added = db.session.scalars(statement.values(rows[start : start + AT_ONCE]).returning(Notification.id))
        count += len(added.all())
    return count


def claim(portal_id: int, code: str, now: datetime) -> tuple[Message, ...]:
    """Some rows of a channel that are due, now nobody else's. Killed with them in hand, whoever holds them counts as
    having tried."""
    at = epoch(now)
    mine = (Notification.portal_id == portal_id, Notification.channel == code, Notification.state == DUE)
    first = select(Notification.id).where(*mine, Notification.due_at <= at)
    ids = first.order_by(Notification.due_at, Notification.id).limit(channel(code).at_once)
    taken = db.session.scalars(
        update(Notification)
        .where(Notification.portal_id == portal_id, Notification.id.in_(ids), Notification.state == DUE)
        .values(state=SENDING, attempts=Notification.attempts + 1, due_at=at + CLAIM_S)
        .returning(Notification)
        .execution_options(synchronize_session=False, populate_existing=True)
    ).all()
    return tuple(_message(row) for row in sorted(taken, key=lambda row: row.id))


def _message(row: Notification) -> Message:
    return Message(
        id=row.id,
        portal_id=row.portal_id,
        channel=row.channel,
        kind=row.kind,
        recipient=row.recipient,
        place=(row.scorecard, row.indicator, row.subject_type, row.subject_id, row.start, row.occasion),
        payload=row.payload,
        attempts=row.attempts,
        created_at=row.created_at,
        give_up_at=row.give_up_at,
    )


def settle(messages: Sequence[Message], outcomes: Mapping[int, Outcome], now: datetime) -> None:
    """How telling went. A row whose claim has ended meanwhile and was taken by another is that one's business."""
    at = epoch(now)
    for one in messages:
        outcome = outcomes[one.id]
        match outcome.state:
            case rules.SENT:
                values: dict[str, Any] = {"state": SENT, "sent_at": at, "answer": outcome.answer, "reason": None}
            case rules.LATER:
                again = at + max(rules.delay_s(one.attempts), round(outcome.again_s or 0))
                over = again > one.give_up_at
                values = {"state": FAILED if over else DUE, "due_at": again, "reason": outcome.reason}
                values |= {"answer": outcome.answer} if outcome.answer else {}
            case _:
                values = {"state": FAILED, "answer": outcome.answer or None, "reason": outcome.reason}
        it = (Notification.portal_id == one.portal_id, Notification.id == one.id)
        held = (Notification.state == SENDING, Notification.attempts == one.attempts)
        db.session.execute(update(Notification).where(*it, *held).values(values))


def release(portal_id: int, now: datetime) -> None:
    """Claims whose holder is gone. What may be told twice is due again; the rest nobody knows of, and is put aside."""
    harmless = [one.code for one in registry.modules(channels) if one.may_repeat]
    stale = and_(Notification.portal_id == portal_id, Notification.state == SENDING, Notification.due_at <= epoch(now))
    again = Notification.channel.in_(harmless)
    db.session.execute(
        update(Notification)
        .where(stale)
        .values(
            state=case((again, DUE), else_=FAILED),
            reason=case((again, Notification.reason), else_=not_known()),
        )
    )


def not_known() -> str:
    return _("The app was interrupted and does not know whether this was done. Look, and repeat it if it was not.")


def retry(portal_id: int, ids: Iterable[int], now: datetime) -> int:
    """Put aside no more: tried at once, and for as long as a new one. Returns how many."""
    wanted = (Notification.portal_id == portal_id, Notification.state == FAILED, Notification.id.in_(list(ids)))
    at, count = epoch(now), 0
    for code, patience in rules.PATIENCE_S.items():
        found = db.session.scalars(
            update(Notification)
            .where(*wanted, Notification.channel == code)
            .values(state=DUE, attempts=0, due_at=at, give_up_at=at + patience, reason=None)
            .returning(Notification.id)
        )
        count += len(found.all())
    return count


def purge(portal_id: int, now: datetime) -> None:
    """Drop what is too old to be told or asked for again."""
    before = epoch(now - KEPT)
    db.session.execute(
        delete(Notification).where(Notification.portal_id == portal_id, Notification.created_at < before)
    )


def portals_with_due(now: datetime) -> tuple[int, ...]:
    """Portals of which something is to be told, or was being told by somebody who is gone."""
    waiting = or_(Notification.state == DUE, Notification.state == SENDING)
    query = select(Notification.portal_id).where(waiting, Notification.due_at <= epoch(now)).distinct()
    return tuple(db.session.scalars(across_tenants(query.order_by(Notification.portal_id))))
