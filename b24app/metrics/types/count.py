"""How many facts there are."""

from b24app.metrics.measures import Aggregate
from b24app.metrics.rules import Plan, Unit
from b24app.metrics.types import base

key = "count"


class Params(base.Params):
    """Nothing to choose."""


def plan(params: Params, scope: base.Scope) -> Plan:
    shown_as = "sum" if scope.scan.is_shared else "count"
    return Plan(scope.measure(Aggregate.COUNT), Unit.COUNT, shown_as, additive=True)
