"""Split credit: between whom a deal is divided, and who said so (semantics 3.4, ADR 16)."""

from datetime import datetime
from fractions import Fraction
from typing import Annotated

from pydantic import Field, WithJsonSchema

from b24app import pipeline
from b24app.facts.credit import queries
from b24app.facts.credit.queries import Change
from b24app.facts.credit.rules import Share
from b24app.facts.rules import Cell
from b24app.ingest import splits
from b24app.lib import clock
from b24app.lib.db import write
from b24app.portal import operations as portals
from b24app.portal import queries as staff
from b24app.portal.rules import Viewer
from b24app.scores.rules import Cause, CauseKind
from b24app.web.api import parsing, shapes
from b24app.web.api.calls import call
from b24app.web.api.times import PortalClock

TAG = "Credit"
HUNDREDTHS = 100


class ShareItem(shapes.Shape):
    employee_id: parsing.Id
    percent: parsing.Number = Field(description="More than 0, at most 4 decimals; those of a deal come to exactly 100.")


class CreditBody(shapes.Shape):
    shares: Annotated[list[ShareItem], Field(min_length=1, max_length=splits.MOST_PEOPLE)]
    reason: Annotated[str, Field(max_length=2000)] = ""


class CreditQuery(shapes.Shape):
    reason: Annotated[str, Field(max_length=2000)] = ""


class Percent(shapes.Shape):
    employee_id: int
    percent: shapes.Exact


class PartOfDeal(Percent):
    amount: shapes.Exact | None = Field(description="That part of the deal's; null also without the scope `money`.")
    by: Annotated[str, WithJsonSchema({"enum": ["hand", "fields"]})]


class ChangeOfCredit(shapes.Shape):
    number: int
    shares: list[Percent] = Field(description="Empty: the deal was no longer split by hand.")
    undoes: int | None = Field(description="The number of the change that it takes back.")
    author: str
    reason: str
    at: datetime


class Credit(shapes.Shape):
    deal_id: int
    title: str
    amount: shapes.Exact | None = Field(description="In the portal's base currency.")
    currency: str
    shares: list[PartOfDeal]
    history: list[ChangeOfCredit]


@call("GET", "/credits/deal/<int:deal_id>", tag=TAG, answer=Credit)
def credit(viewer: Viewer, deal_id: int) -> Credit:
    """Between whom a deal is divided, what part of its amount each gets, and who changed that when, the latest first.

    `shares` is empty for a deal that is not split: it counts whole for whoever closed it, and while it is open for its
    responsible. Indicators with the owner `shared` count by this; for others nothing is divided.
    """
    return _told(viewer, deal_id)


@call("PUT", "/credits/deal/<int:deal_id>", tag=TAG, body=CreditBody, answer=Credit)
def put_credit(viewer: Viewer, deal_id: int, body: CreditBody) -> Credit:
    """Split the credit of a deal between people whose percents come to exactly 100, each with at most 4 decimals.

    All or nothing; the numbers it moves are computed when the call is answered, in locked periods it is counted as
    changed after the lock. What is in force already changes nothing.
    """
    parts = [splits.Part(one.employee_id, one.percent) for one in body.shares]
    now, structure = clock.now(), staff.structure(viewer.portal_id)
    with write():
        portals.lock(viewer.portal_id)
        _recompute(viewer, splits.split(viewer, deal_id, parts, body.reason, structure, now))
    return _told(viewer, deal_id)


@call("DELETE", "/credits/deal/<int:deal_id>", tag=TAG, query=CreditQuery, answer=Credit)
def delete_credit(viewer: Viewer, deal_id: int, query: CreditQuery) -> Credit:
    """Let a deal count whole for one person again. The history of its splits stays."""
    with write():
        portals.lock(viewer.portal_id)
        _recompute(viewer, splits.join(viewer, deal_id, query.reason, clock.now()))
    return _told(viewer, deal_id)


def _recompute(viewer: Viewer, cells: frozenset[Cell]) -> None:
    pipeline.recompute(viewer.portal_id, cells, clock.now(), Cause(CauseKind.CREDIT, viewer.actor))


def _told(viewer: Viewer, deal_id: int) -> Credit:
    deal, time = splits.find(viewer.portal_id, deal_id), PortalClock.of(viewer.portal_id)
    return Credit(
        deal_id=deal.id,
        title=deal.title,
        amount=_money(deal.amount, viewer),
        currency=staff.get(viewer.portal_id).base_currency,
        shares=[
            PartOfDeal(
                employee_id=one.employee_id,
                percent=_percent(one),
                amount=_money(one.amount, viewer),
                by="hand" if one.by_hand else "fields",
            )
            for one in deal.credits
        ],
        history=[_change(one, time) for one in queries.history(viewer.portal_id, deal_id)],
    )


def _change(one: Change, time: PortalClock) -> ChangeOfCredit:
    return ChangeOfCredit(
        number=one.number,
        shares=[Percent(employee_id=share.employee_id, percent=_percent(share)) for share in one.shares],
        undoes=one.undoes,
        author=one.author,
        reason=one.reason,
        at=time.at(one.at),
    )


def _percent(one: Share) -> Fraction:
    return Fraction(one.share, splits.A_PERCENT)


def _money(amount: int | None, viewer: Viewer) -> Fraction | None:
    return Fraction(amount, HUNDREDTHS) if amount is not None and viewer.sees_money else None
