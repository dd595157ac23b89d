"""What an amount in another currency is worth in the portal's own, by the daily copies of its rates. Pure."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

MILLIONTHS = 1_000_000
HUNDREDTHS = 100


@dataclass(frozen=True, slots=True)
class Rates:
    """The daily copies of the portal's rates, oldest first: (day, base units for one unit)."""

    base: str
    copies: Mapping[str, Sequence[tuple[str, Decimal]]] = field(default_factory=dict)

    def on(self, currency: str | None, day: date | None) -> Decimal | None:
        """The rate of a local day; None asks for the latest. Days before the first copy use it (semantics 3.5)."""
        if not currency or currency == self.base:
            return Decimal(1)
        copies = self.copies.get(currency)
        if not copies:
            return None
        if day is None:
            return copies[-1][1]
        place = bisect_right(copies, day.isoformat(), key=lambda copy: copy[0])
        return copies[max(place - 1, 0)][1]

    def is_first(self, currency: str, day: date) -> bool:
        """Whether a copy of this day would be the first, which holds for all days before it, too."""
        copies = self.copies.get(currency)
        return not copies or day.isoformat() <= copies[0][0]


def convert(amount: int | None, rate: Decimal | None) -> int | None:
    """Millionths of a currency -> hundredths of the base currency, half up."""
    if amount is None or rate is None:
        return None
    exact = Decimal(amount) * rate * HUNDREDTHS / MILLIONTHS
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def plain(number: Decimal) -> str:
    """Without an exponent and without zeros at the end, short enough for its column."""
    return f"{number.normalize():f}"[:40]
