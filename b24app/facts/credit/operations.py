"""Dividing a deal by hand and putting it together again (ADR 16). Who may, and whether the shares are right, is asked
in ingest/splits.py. The caller has the portal's lock, recomputes and commits.

Amounts follow the deal's own: they are made anew wherever deals are stored (facts/deals.py).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from b24app.facts import deals, details
from b24app.facts.cells import touched
from b24app.facts.credit import queries
from b24app.facts.credit.rules import Share, credits
from b24app.facts.rules import Cell
from b24app.facts.tables import CreditChange
from b24app.lib.clock import epoch
from b24app.lib.db import db
from b24app.lib.errors import Conflict
from b24app.lib.i18n import gettext as _


def divide(
    portal_id: int, deal_id: int, shares: Sequence[Share], author: str, reason: str, now: datetime
) -> frozenset[Cell]:
    """Between these people from now on and in the past; without any of them the deal counts whole again. Saying what is
    in force already changes nothing."""
    ordered = tuple(sorted(shares))
    if ordered == queries.by_hand(portal_id, deal_id):
        return frozenset()
    return _store(portal_id, deal_id, ordered, author, reason, now)


def undo(portal_id: int, deal_id: int, author: str, reason: str, now: datetime) -> frozenset[Cell]:
    """As it was before the last change. Undone twice it is as after it: the history keeps every step."""
    history = queries.history(portal_id, deal_id)
    if not history:
        raise Conflict(_("There is nothing to take back: nobody has split this deal."))
    before = history[1].shares if len(history) > 1 else ()
    return _store(portal_id, deal_id, before, author, reason, now, undoes=history[0].number)


def _store(
    portal_id: int,
    deal_id: int,
    shares: Sequence[Share],
    author: str,
    reason: str,
    now: datetime,
    undoes: int | None = None,
) -> frozenset[Cell]:
    stored = deals.load(portal_id, [deal_id])
    before = stored[deal_id]
    after = replace(before, credits=credits(shares, before.amount))
    details.save_credits(portal_id, stored, {deal_id: after})
    db.session.add(
        CreditChange(
            portal_id=portal_id,
            deal_id=deal_id,
            number=queries.changes(portal_id, deal_id) + 1,
            shares=[[one.employee_id, one.share] for one in shares],
            undoes=undoes,
            author=author,
            reason=reason,
            at=epoch(now),
        )
    )
    db.session.flush()
    return touched(before, after)
