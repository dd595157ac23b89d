"""Between whom a deal is divided, and who said so when."""

from dataclasses import dataclass

from sqlalchemy import func, select

from b24app.facts.credit.rules import Share
from b24app.facts.tables import CreditChange
from b24app.lib.db import db


@dataclass(frozen=True, slots=True)
class Change:
    """One time that somebody divided the deal; without shares: put it together again."""

    number: int
    shares: tuple[Share, ...]
    undoes: int | None
    author: str
    reason: str
    at: int


def history(portal_id: int, deal_id: int, limit: int | None = None) -> tuple[Change, ...]:
    """The latest first."""
    mine = CreditChange.portal_id == portal_id, CreditChange.deal_id == deal_id
    query = select(CreditChange).where(*mine).order_by(CreditChange.number.desc()).limit(limit)
    return tuple(
        Change(row.number, tuple(Share(*one) for one in row.shares), row.undoes, row.author, row.reason, row.at)
        for row in db.session.scalars(query)
    )


def by_hand(portal_id: int, deal_id: int) -> tuple[Share, ...]:
    """What was said last; nothing where nobody has, or where it counts whole again."""
    last = history(portal_id, deal_id, limit=1)
    return last[0].shares if last else ()


def changes(portal_id: int, deal_id: int) -> int:
    mine = CreditChange.portal_id == portal_id, CreditChange.deal_id == deal_id
    return db.session.scalar(select(func.max(CreditChange.number)).where(*mine)) or 0
