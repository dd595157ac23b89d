"""What can be done about notifications: plan them, put them aside no more, choose what happens, name a webhook."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from b24app.lib import crypto
from b24app.lib.clock import epoch
from b24app.lib.db import db
from b24app.lib.errors import Fault, Invalid
from b24app.lib.i18n import gettext as _
from b24app.lib.outgoing import wrong_address
from b24app.outcomes.notifications import outbox, planning
from b24app.outcomes.notifications.outbox import post as post
from b24app.outcomes.notifications.planning import plan as plan
from b24app.outcomes.notifications.planning import plan_behind as plan_behind
from b24app.outcomes.notifications.planning import plan_due as plan_due
from b24app.outcomes.notifications.rules import CHAT, FAILED, TEST, WEBHOOK, WORKFLOW, Message, Outcome, Plan
from b24app.outcomes.notifications.tables import Webhook
from b24app.portal import audit
from b24app.portal.connection import settings


def fall_back(portal_id: int, messages: Sequence[Message], outcomes: Mapping[int, Outcome], now: datetime) -> int:
    """Where the chosen workflow could not be started, the employee is notified after all. Returns how many are."""
    chosen = planning.wishes(portal_id) if any(one.channel == WORKFLOW for one in messages) else None
    plans = [
        Plan(CHAT, one.kind, one.payload, one.payload["subject"][1], *one.place)
        for one in messages
        if chosen and chosen.tell_behind and outcomes[one.id].state == FAILED
    ]
    return post(portal_id, plans, now)


def retry(portal_id: int, ids: Collection[int], actor: str, now: datetime) -> int:
    """What was put aside is tried again. Returns how many rows."""
    count = outbox.retry(portal_id, ids, now)
    if count:
        audit.record(portal_id, actor, "notification.retry", f"{count}", None, sorted(ids), now)
    return count


def set_webhook(portal_id: int, url: str, actor: str, now: datetime) -> str | None:
    """Where events are posted to from now on. Returns the new secret, which is shown this once; None when the address
    is the one that was there. Invalid for an address that is not allowed."""
    url = url.strip()
    if fault := wrong_address(url, settings().credentials.allow_http):
        raise Invalid(fault, [Fault("url", fault)])
    row = db.session.get(Webhook, portal_id)
    if row is not None and row.url == url:
        return None
    before = row.url if row else None
    secret = crypto.new_token()
    db.session.merge(Webhook(portal_id=portal_id, url=url, secret=secret, created_at=epoch(now)))
    db.session.flush()
    audit.record(portal_id, actor, "webhook.set", "webhook", before, url, now)
    return secret


def new_secret(portal_id: int, actor: str, now: datetime) -> str:
    """Another secret for the same address; the former signs nothing any more."""
    row = _webhook(portal_id)
    row.secret = crypto.new_token()
    db.session.flush()
    audit.record(portal_id, actor, "webhook.secret", "webhook", None, None, now)
    return row.secret


def forget_webhook(portal_id: int, actor: str, now: datetime) -> None:
    row = _webhook(portal_id)
    audit.record(portal_id, actor, "webhook.forget", "webhook", row.url, None, now)
    db.session.delete(row)
    db.session.flush()


def send_test(portal_id: int, actor: str, now: datetime) -> None:
    """An event that means nothing, to see whether it arrives."""
    _webhook(portal_id)
    occasion = f"{epoch(now)}-{crypto.new_token()[:16]}"
    post(portal_id, [Plan(WEBHOOK, TEST, {"at": epoch(now), "by": actor}, occasion=occasion)], now)


def _webhook(portal_id: int) -> Webhook:
    row = db.session.get(Webhook, portal_id)
    if row is None:
        message = _("No address is set yet.")
        raise Invalid(message, [Fault("url", message)])
    return row
