"""How much the facts are worth together, in the portal's base currency (semantics 3.5)."""

from b24app.metrics.measures import Aggregate
from b24app.metrics.rules import Plan, Unit
from b24app.metrics.types import base

key = "sum"


class Params(base.Params):
    """Nothing to choose: amounts are the only money facts have."""


def plan(params: Params, scope: base.Scope) -> Plan:
    return Plan(scope.measure(Aggregate.SUM, "amount", scale=100), Unit.MONEY, "sum", additive=True)
