"""The mean amount. Facts without a known amount are among those divided by: they count (semantics 3.5)."""

from b24app.metrics.measures import Aggregate
from b24app.metrics.rules import Plan, Unit
from b24app.metrics.types import base

key = "average"


class Params(base.Params):
    """Nothing to choose."""


def plan(params: Params, scope: base.Scope) -> Plan:
    return Plan(
        scope.measure(Aggregate.SUM, "amount", scale=100),
        Unit.MONEY,
        "mean",
        denominator=scope.measure(Aggregate.COUNT),
    )
