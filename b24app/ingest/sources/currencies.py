"""Currencies and the portal's rates of today. Older ones are nowhere to be had, so a copy is kept every day."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from b24app.bitrix.batches import Command
from b24app.bitrix.errors import RestError
from b24app.facts.rules import RateDraft, TermDraft
from b24app.ingest import parsing
from b24app.ingest.parsing import BadRecord
from b24app.ingest.sources.base import Row, translated
from b24app.lib.i18n import gettext as _

key = "currencies"
entity = "rate"
events = ("ONCRMCURRENCYADD", "ONCRMCURRENCYUPDATE", "ONCRMCURRENCYDELETE")

CURRENCY = "currency"


@dataclass(frozen=True, slots=True)
class Currencies:
    """The base currency (None: the portal does not tell), today's rates, and the names."""

    base: str | None
    rates: tuple[RateDraft, ...] = ()
    names: tuple[TermDraft, ...] = ()


def commands() -> dict[str, Command]:
    """The list needs access to the CRM's settings; the base currency alone can be had without."""
    return {"currencies": ("crm.currency.list", {}), "base_currency": ("crm.currency.base.get", {})}


def translate(answers: Mapping[str, Any]) -> Currencies:
    rows, base = answers["currencies"], answers["base_currency"]
    if isinstance(rows, RestError):
        rows = []
    marked = [str(row.get("CURRENCY")) for row in rows if parsing.flag(row.get("BASE"))]
    known = parsing.text(None if isinstance(base, RestError) else base, 3) or next(iter(marked), None)
    rates = translated(rows, _rate, "CURRENCY")[0]
    return Currencies(known, tuple({rate.currency: rate for rate in rates}.values()), translated(rows, _name, "")[0])


def _rate(row: Row) -> RateDraft:
    amount = parsing.number(row.get("AMOUNT")) or Decimal(0)
    count = parsing.integer(row.get("AMOUNT_CNT")) or 1
    if amount <= 0 or count <= 0:
        raise BadRecord(_("The rate is not a positive number."))
    return RateDraft(_code(row), amount, count)


def _name(row: Row) -> TermDraft:
    code = _code(row)
    sort = parsing.integer(row.get("SORT")) or 500
    return TermDraft(code, parsing.text(row.get("FULL_NAME"), 255) or code, sort, {})


def _code(row: Row) -> str:
    code = parsing.text(row.get("CURRENCY"), 3)
    if not code:
        raise BadRecord(_("The record has no id."))
    return code
