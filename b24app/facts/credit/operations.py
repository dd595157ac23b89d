"""Dividing a deal by hand and putting it together again (ADR 16). Who may, and whether the shares are right, is asked
in ingest/splits.py. The caller has the portal's lock, recomputes and commits.

Amounts follow the deal's own: they are made anew wherever deals are stored (facts/deals.py).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import delete

from b24app.facts import deals, details, watching
from b24app.facts.cells import touched
from b24app.facts.credit import queries
from b24app.facts.credit.rules import FieldRule, Share, credited, credits, rules_of
from b24app.facts.rules import Cell
from b24app.facts.tables import Credit, CreditChange
from b24app.lib.clock import epoch
from b24app.lib.db import db
from b24app.lib.errors import Conflict
from b24app.lib.i18n import gettext as _
from b24app.portal import queries as portal


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


def follow(portal_id: int, rules: Sequence[FieldRule], now: datetime) -> bool:
    """Deals are to be divided by these rules. Their fields are read again for all deals of the past, which a sweep
    finds to do, and the deals are divided as they come. Without rules those divided by fields count whole at once: then
    everything is to be computed anew, which is what is returned."""
    fields = {field for rule in rules for field in rule.fields}
    if fields:
        new = watching.watch(portal_id, fields, now)
        watching.restart(portal_id, fields - new, epoch(now))
        return False
    mine = Credit.portal_id == portal_id, Credit.by_hand.is_(False)
    db.session.execute(delete(Credit).where(*mine))
    return True


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
    rules = rules_of(portal.get(portal_id).settings)
    whole_for = before.responsible_id if before.closed_by_id is None else before.closed_by_id
    by_hand = credits(shares, before.amount)
    after = replace(before, credits=credited(by_hand, rules, before.values, whole_for, before.amount))
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
