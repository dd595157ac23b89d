"""Who did what, when, from what to what. The only writer of AuditEntry; nothing ever changes or deletes one."""

from datetime import datetime
from typing import Any

from b24app.lib.clock import epoch
from b24app.lib.db import db
from b24app.portal.tables import AuditEntry


def record(portal_id: int, actor: str, action: str, target: str, before: Any, after: Any, now: datetime) -> None:
    """`actor` is `user:7`, `token:3` or `system`; `before` and `after` are JSON values without secrets."""
    db.session.add(
        AuditEntry(
            portal_id=portal_id, at=epoch(now), actor=actor, action=action, target=target, before=before, after=after
        )
    )
    db.session.flush()
