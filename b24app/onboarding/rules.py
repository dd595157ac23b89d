"""Which targets to propose, from what people reached before. Pure."""

from collections.abc import Collection
from decimal import Decimal
from fractions import Fraction
from math import ceil

from b24app.metrics.rules import Unit
from b24app.scores.rules import half_up

PERCENTILE = 60
"""Two fifths of the people reached it: demanding, and known to be possible."""


def percentile(values: Collection[Fraction], percent: int = PERCENTILE) -> Fraction | None:
    """The smallest of the values that so many percent of them do not exceed (nearest rank)."""
    if not values:
        return None
    return sorted(values)[max(ceil(len(values) * Fraction(percent, 100)), 1) - 1]


def sensible(value: Fraction, unit: Unit) -> Decimal:
    """As a person would set it: whole, with two significant digits, never 0; a percent whole."""
    if unit is Unit.PERCENT:
        return Decimal(max(int(half_up(value, 0)), 1))
    if unit not in (Unit.MONEY, Unit.COUNT) and value < 10:
        return Decimal(max(int(half_up(value, 1) * 10), 1)) / 10
    step = 10 ** max(len(str(int(value))) - 2, 0)
    return Decimal(max(int(half_up(value / step, 0)) * step, 1))
