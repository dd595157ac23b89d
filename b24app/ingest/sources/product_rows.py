"""Product rows of deals, read together with their deals while somebody asks for them. For events see deals.py."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from b24app.bitrix.client import Client
from b24app.bitrix.errors import AccessDenied, RestError
from b24app.facts.rules import PRODUCT_ROWS, RowDraft
from b24app.ingest import parsing
from b24app.ingest.parsing import BadRecord
from b24app.ingest.sources.base import Listing, Row, groups
from b24app.lib.i18n import gettext as _

key = "product_rows"
entity = "product_row"
events: tuple[str, ...] = ()

OWNERS_A_PAGE = 20
"""Deals asked for together: with two rows each, one page holds them all."""

listing = Listing("crm.item.productrow.list", {}, "id", "productRows", "")


def translate(row: Row) -> RowDraft:
    """The price includes discount and tax (contract 7.6)."""
    amount = (parsing.number(row.get("price")) or Decimal(0)) * (parsing.number(row.get("quantity")) or Decimal(0))
    if abs(amount) > parsing.LARGEST_AMOUNT:
        raise BadRecord(_("%(value)s is not a number.", value=f"{amount:f}"[:40]))
    return RowDraft(
        id=parsing.identity(row.get("id")),
        product_id=parsing.link(row.get("productId")),
        name=parsing.text(row.get("productName"), 255),
        amount_original=parsing.millionths(amount) or 0,
    )


def questions(ids: Sequence[int]) -> dict[str, Mapping[str, Any]]:
    """The filters whose pages together hold the rows of some deals, by the key of the batch's command."""
    return {
        f"rows{place}": {"=ownerType": "D", "=ownerId": part} for place, part in enumerate(groups(ids, OWNERS_A_PAGE))
    }


def read(client: Client, deals: Sequence[dict[str, Any]]) -> None:
    """Put their product rows into the rows of some deals."""
    asked = questions([int(deal["id"]) for deal in deals])
    answers = client.batch({name: listing.page(filter) for name, filter in asked.items()}, may_be_refused=asked)
    attach(client, deals, asked, answers)


def attach(
    client: Client, deals: Sequence[dict[str, Any]], asked: Mapping[str, Mapping[str, Any]], answers: Mapping[str, Any]
) -> None:
    """The same of what a batch has brought already; what the portal refuses, its refusal stands for.

    Some portals take one owner a question only.
    """
    refusal = _refused(asked, answers)
    if refusal is not None and not isinstance(refusal, AccessDenied):
        asked = {f"rows{deal['id']}": {"=ownerType": "D", "=ownerId": int(deal["id"])} for deal in deals}
        answers = client.batch({name: listing.page(filter) for name, filter in asked.items()}, may_be_refused=asked)
        refusal = _refused(asked, answers)
    found: dict[str, list[Row]] = defaultdict(list)
    for row in listing.rest(client, asked, answers) if refusal is None else ():
        found[str(row.get("ownerId"))].append(row)
    for deal in deals:
        deal[PRODUCT_ROWS] = found.get(str(deal["id"]), []) if refusal is None else refusal


def _refused(asked: Iterable[str], answers: Mapping[str, Any]) -> RestError | None:
    return next((answers[name] for name in asked if isinstance(answers[name], RestError)), None)


def of(deal: Row) -> tuple[RowDraft, ...]:
    """The drafts of what was attached, each row once."""
    attached = deal.get(PRODUCT_ROWS)
    rows = map(translate, attached if isinstance(attached, list) else ())
    return tuple({row.id: row for row in rows}.values())


def refusal(deals: Sequence[Row]) -> str | None:
    """Why the portal does not tell the product rows of these deals."""
    refused = (deal.get(PRODUCT_ROWS) for deal in deals)
    return next((error.message for error in refused if isinstance(error, RestError)), None)
