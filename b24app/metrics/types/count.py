"""How many facts there are. Of divided deals it is the sum of their shares, which is no whole number."""

from b24app.metrics.measures import Aggregate
from b24app.metrics.rules import Plan, Unit
from b24app.metrics.types import base

key = "count"


class Params(base.Params):
    """Nothing to choose."""


def plan(params: Params, scope: base.Scope) -> Plan:
    unit, shown_as = (Unit.NUMBER, "sum") if scope.scan.is_shared else (Unit.COUNT, "count")
    return Plan(scope.measure(Aggregate.COUNT), unit, shown_as, additive=True)
