"""The portal's own webhook: JSON by POST, signed with the secret that its administrator was shown once.

It may arrive twice; `id` says so. What is signed is the body, byte for byte.
"""

import hashlib
import hmac
from datetime import UTC, datetime

from b24app.lib import exact, i18n
from b24app.lib.db import db
from b24app.lib.errors import Permanent
from b24app.lib.i18n import gettext as _
from b24app.lib.outgoing import Unanswered, post
from b24app.outcomes.notifications.channels.base import Messages
from b24app.outcomes.notifications.rules import TEST, WEBHOOK, Message, Outcome, failed, later, number, sent
from b24app.outcomes.notifications.tables import Webhook
from b24app.portal import queries as tenants
from b24app.portal.connection import settings

code = WEBHOOK
at_once = 1
may_repeat = True

GONE = 410


def tell(portal_id: int, messages: Messages) -> dict[int, Outcome]:
    hook = db.session.get(Webhook, portal_id, populate_existing=True)
    member_id = tenants.get(portal_id).member_id
    url, secret = (hook.url, hook.secret) if hook else ("", "")
    db.session.rollback()  # no transaction stays open while somebody is called
    return {one.id: _post(url, secret, body(member_id, one), one) for one in messages}


def _post(url: str, secret: str, content: bytes, message: Message) -> Outcome:
    if not url:
        return failed(_("The webhook has been removed."))
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "b24app",
        "X-Event": message.kind,
        "X-Delivery": str(message.id),
        "X-Signature": f"sha256={signature(secret, content)}",
    }
    try:
        status = post(url, content, headers, settings().credentials.allow_http)
    except Unanswered as error:
        return later(error.message)
    except Permanent as error:
        return failed(error.message)
    if 200 <= status < 300:
        return sent(status)
    if status == GONE:
        return Outcome("failed", str(status), _("The address says that it is gone for good (410)."))
    return Outcome("later", str(status), _("The address answered with the status %(status)s.", status=status))


def signature(secret: str, content: bytes) -> str:
    return hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()


def body(member_id: str, message: Message) -> bytes:
    """The same bytes whenever it is sent; numbers as in the API."""
    payload = message.payload
    told = {
        "id": message.id,
        "event": message.kind,
        "portal": member_id,
        "occurred_at": datetime.fromtimestamp(payload["at"], UTC),
    }
    if message.kind != TEST:
        (subject, subject_id, name), (kind, start, end) = payload["subject"], payload["period"]
        told |= {
            "scorecard": payload["scorecard"],
            "scorecard_name": i18n.pick(payload["scorecard_name"]),
            "indicator": payload["indicator"],
            "indicator_name": i18n.pick(payload["indicator_name"]),
            "subject": {"type": subject, "id": subject_id, "name": name},
            "period": {"kind": kind, "start": start, "end": end},
            **{name: number(payload, name) for name in ("value", "target", "attainment", "forecast")},
            "unit": payload["unit"],
            "currency": payload["currency"],
            "records": [{"entity": entity, "id": id} for entity, id in payload["records"]],
        }
    return exact.dumps(told).encode()
