"""How a deal is divided between people, so that their parts are the deal again: to the millionth and to the cent. Pure.

A deal that nobody divided counts whole for whoever closed it, and while it is open for its responsible.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WHOLE = 1_000_000
"""A deal in millionths of itself (architecture, decision 2)."""


@dataclass(frozen=True, slots=True, order=True)
class Share:
    """What part of a deal counts for an employee, in millionths of it."""

    employee_id: int
    share: int


@dataclass(frozen=True, slots=True, order=True)
class Credit(Share):
    """The same as it counts; `amount` is that part of the deal's, in hundredths, None where the deal has none."""

    amount: int | None
    by_hand: bool = True
    """Somebody divided the deal; otherwise fields of it did."""


def credits(shares: Iterable[Share], amount: int | None, *, by_hand: bool = True) -> tuple[Credit, ...]:
    """The shares with their parts of an amount, in the order of the people's ids."""
    ordered = sorted(shares)
    parts = [None] * len(ordered) if amount is None else divided(amount, [one.share for one in ordered])
    return tuple(Credit(one.employee_id, one.share, part, by_hand) for one, part in zip(ordered, parts, strict=True))


def revalued(stored: tuple[Credit, ...], amount: int | None) -> tuple[Credit, ...]:
    """The same shares of another amount."""
    return credits(stored, amount, by_hand=stored[0].by_hand) if stored else ()


def divided(amount: int, shares: Sequence[int]) -> list[int]:
    """Whole parts of a whole amount that come to it exactly: each rounded down, and what is left goes one by one to
    those that lost most by it, of equal ones to the first."""
    parts = [amount * share // WHOLE for share in shares]
    lost = [amount * share % WHOLE for share in shares]
    left = amount - sum(parts)
    for place in sorted(range(len(shares)), key=lambda place: (-lost[place], place))[:left]:
        parts[place] += 1
    return parts


def owners(credits: Sequence[Share], closed_by_id: int | None, responsible_id: int | None) -> tuple[int | None, ...]:
    """Whom a deal counts for by `shared`."""
    if credits:
        return tuple(one.employee_id for one in credits)
    return (responsible_id if closed_by_id is None else closed_by_id,)
