"""What advertising brought beyond its cost: 100 x (won amount - spend) / spend (semantics 4, ad_roi)."""

from fractions import Fraction

from b24app.metrics.conditions import WON
from b24app.metrics.measures import Aggregate
from b24app.metrics.rules import Plan, Unit
from b24app.metrics.types import base, spending

key = "returned"


class Params(spending.Params):
    """Which entries are spending."""


def plan(params: Params, scope: base.Scope) -> Plan:
    spent = params.spent(scope)
    return Plan(
        scope.measure(Aggregate.SUM, "amount", also=WON, scale=100),
        Unit.PERCENT,
        "ratio",
        denominator=spent,
        factor=Fraction(100),
        taken_off=spent,
    )
