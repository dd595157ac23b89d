"""What a deal is worth, whose it is, which win of its client it is, and whether it meets conditions."""

from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from tests.exactness.cards import ENGINEER, HELPERS_PERCENT
from tests.exactness.slow.days import local
from tests.exactness.truth import Deal, Truth


def rate(currency: str, day: date | None, truth: Truth) -> Fraction | None:
    if currency == truth.base:
        return Fraction(1)
    copies = sorted((kept, value) for (code, kept), value in truth.rates.items() if code == currency)
    if not copies:
        return None
    if day is None:
        return Fraction(copies[-1][1])
    known = [value for kept, value in copies if kept <= day]
    return Fraction(known[-1] if known else copies[0][1])


def in_base(amount: Decimal, deal: Deal, truth: Truth) -> Fraction | None:
    """Hundredths, half up, at the rate of the closing day, of an open deal at the latest."""
    at = rate(deal.currency, local(deal.closed_at, truth) if deal.closed_at else None, truth)
    if at is None:
        return None
    exact = Fraction(amount) * at
    cents = Decimal(exact.numerator * 100) / Decimal(exact.denominator)
    return Fraction(int(cents.quantize(Decimal(1), ROUND_HALF_UP)), 100)


def win_number(deal: Deal, truth: Truth) -> int | None:
    if not is_won(deal) or client(deal) is None:
        return None
    wins = [one for one in truth.living_deals() if is_won(one) and client(one) == client(deal)]
    return 1 + sorted((one.closed_at, one.id) for one in wins).index((deal.closed_at, deal.id))


def client(deal: Deal) -> tuple[str, int] | None:
    if deal.company:
        return "company", deal.company
    return ("contact", deal.contact) if deal.contact else None


def is_won(deal: Deal) -> bool:
    return deal.semantic == "S"


def parts(deal: Deal, cents: Fraction | None) -> dict[int | None, tuple[Fraction, Fraction]]:
    """Whose the deal is by split credit: what part of it, and how much of its amount. Each gets whole cents, and those
    left over go one by one to whoever is furthest behind, of equals to the one with the smallest id."""
    shares = deal.splits[-1] if deal.splits else {}
    whose, helper = deal.closer if deal.semantic in ("S", "F") else deal.responsible, deal.fields.get(ENGINEER)
    if not shares and helper not in (None, whose) and whose is not None:
        shares = {helper: HELPERS_PERCENT, whose: 100 - HELPERS_PERCENT}
    if not shares:
        return {whose: (Fraction(1), cents or Fraction(0))}
    exact = {id: (cents or 0) * 100 * Fraction(shares[id]) / 100 for id in sorted(shares)}
    given = {id: int(one // 1) for id, one in exact.items()}
    while sum(given.values()) < (cents or 0) * 100:
        poorest = max(exact, key=lambda id: (exact[id] - given[id], -id))
        given[poorest] += 1
    return {id: (Fraction(shares[id]) / 100, Fraction(given[id], 100)) for id in exact}


def owner(deal: Deal, by: str) -> int | None:
    match by:
        case "responsible":
            return deal.responsible
        case "created_by":
            return deal.created_by
        case "closed_by":
            return deal.closer if deal.semantic in ("S", "F") else None
    return deal.fields.get(by)


def meets(deal: Deal, where: dict[str, Any], truth: Truth) -> bool:
    asked: list[bool] = []
    if where.get("category_id"):
        asked.append(deal.category in where["category_id"])
    if where.get("stage_id"):
        asked.append(deal.stage in where["stage_id"])
    if where.get("source_id"):
        asked.append(deal.source in where["source_id"])
    if where.get("product_id") or where.get("product_section_id"):
        asked.append(bool(chosen_rows(deal, where, truth)))
    asked += [
        field_meets(deal.fields.get(one["field"]), one["op"], one.get("value")) for one in where.get("fields", ())
    ]
    if where.get("any"):
        asked.append(any(meets(deal, one, truth) for one in where["any"]))
    return all(asked)


def chosen_rows(deal: Deal, where: dict[str, Any], truth: Truth) -> list[Any]:
    found = []
    for row in deal.rows:
        if where.get("product_id") and row.product not in where["product_id"]:
            continue
        if where.get("product_section_id") and not truth.sections_of(row.product) & set(where["product_section_id"]):
            continue
        found.append(row)
    return found


def field_meets(stored: Any, op: str, wanted: Any) -> bool:
    values = [] if stored is None else list(stored) if isinstance(stored, tuple) else [stored]
    if op == "empty":
        return not values
    if op == "not_empty":
        return bool(values)
    if op == "ne":
        return not values or any(value != wanted for value in values)
    if op == "not_in":
        return not values or any(value not in wanted for value in values)
    compare: dict[str, Callable[[Any], bool]] = {
        "eq": lambda value: value == wanted,
        "in": lambda value: value in wanted,
        "gt": lambda value: value > wanted,
        "gte": lambda value: value >= wanted,
        "lt": lambda value: value < wanted,
        "lte": lambda value: value <= wanted,
        "between": lambda value: wanted[0] <= value <= wanted[1],
    }
    return any(compare[op](value) for value in values)
