"""The client tab: new or repeat, and whose. The client's deals with the number of each win (semantics 3.3)."""

from collections.abc import Collection
from fractions import Fraction

from sqlalchemy import func, select

from b24app.facts.rules import client_key
from b24app.facts.tables import Deal
from b24app.lib.clock import moment
from b24app.lib.db import db
from b24app.outcomes.dashboards.rules import Number
from b24app.outcomes.dashboards.tabs import DEAL_STATES, ClientDeal, ClientTab
from b24app.portal.rules import Action, Structure, Viewer, can, employee
from b24app.scores.context import Context
from b24app.scores.rows import name_of

LATEST = 50


def client(viewer: Viewer, kind: str, id: int, context: Context) -> ClientTab:
    """The deals of a company or a contact, the latest first; of people the viewer may not see, only how many."""
    key = client_key(id, None) if kind == "company" else client_key(None, id)
    whose = Deal.client == key if kind == "company" else Deal.contact_id == id
    query = select(Deal).where(Deal.portal_id == viewer.portal_id, whose, Deal.deleted_at.is_(None))
    date = func.coalesce(Deal.closed_at, Deal.created_at)
    deals = db.session.scalars(query.order_by(date.desc(), Deal.id.desc())).all()
    visible = [deal for deal in deals if can(viewer, Action.SEE, employee(_owner(deal)))]
    return ClientTab(
        wins=_wins(viewer.portal_id, {deal.client for deal in deals if deal.client} | {key or ""}),
        deals=tuple(_deal(viewer, deal, context.structure(), context.currency) for deal in visible[:LATEST]),
        total=len(visible),
        hidden=len(deals) - len(visible),
        complete=context.complete,
    )


def _wins(portal_id: int, keys: Collection[str]) -> int:
    """How often the client has bought: a contact's deals may belong to its company."""
    won = (Deal.semantic == "S", Deal.deleted_at.is_(None), Deal.is_recurring.is_(False))
    return db.session.scalar(select(func.count()).where(Deal.portal_id == portal_id, Deal.client.in_(keys), *won)) or 0


def _owner(deal: Deal) -> int:
    return deal.closed_by_id or deal.responsible_id or 0


def _deal(viewer: Viewer, deal: Deal, structure: Structure, currency: str) -> ClientDeal:
    owner = employee(_owner(deal))
    sees_money = deal.amount is not None and can(viewer, Action.SEE_MONEY, owner)
    return ClientDeal(
        id=deal.id,
        title=deal.title,
        state=DEAL_STATES[deal.semantic],
        win_no=deal.win_no,
        amount=Number(Fraction(deal.amount or 0, 100) if sees_money else None, "money", currency),
        owner=owner,
        owner_name=name_of(owner, structure) if owner.id else "",
        date=moment(deal.closed_at or deal.created_at),
        portal_path=f"/crm/deal/details/{deal.id}/",
    )
