"""What share of the deals that were decided was won (semantics 4, deal_conversion)."""

from fractions import Fraction
from typing import Literal

from b24app.metrics.conditions import DECIDED, WON
from b24app.metrics.rules import Aggregate, Plan, Unit
from b24app.metrics.types import base

key = "conversion"


class Params(base.Params):
    mode: Literal["period"] = "period"


def plan(params: Params, scope: base.Scope) -> Plan:
    """100 x won / (won + lost), both closed in the period."""
    return Plan(
        scope.measure(Aggregate.COUNT, also=WON),
        Unit.PERCENT,
        "ratio",
        denominator=scope.measure(Aggregate.COUNT, also=DECIDED),
        factor=Fraction(100),
    )
