"""The mean amount. Facts without a known amount are among those divided by: they count (semantics 3.5).

Of divided deals it is the parts of their amounts by the shares of them: a ratio, whose two lists are told.
"""

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
        "ratio" if scope.scan.is_shared else "mean",
        denominator=scope.measure(Aggregate.COUNT),
    )
