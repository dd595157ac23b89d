"""What share of the closed records that had a deadline was closed by it (semantics 4)."""

from fractions import Fraction

from b24app.metrics.measures import Aggregate, Op, Test, Where
from b24app.metrics.rules import Plan, Unit
from b24app.metrics.types import base

key = "on_time"

HAD_DEADLINE = Where((Test("seconds_late", Op.NOT_EMPTY),))
IN_TIME = Where((Test("seconds_late", Op.LTE, (0,)),))


class Params(base.Params):
    """Nothing to choose."""


def plan(params: Params, scope: base.Scope) -> Plan:
    return Plan(
        scope.measure(Aggregate.COUNT, also=IN_TIME),
        Unit.PERCENT,
        "ratio",
        denominator=scope.measure(Aggregate.COUNT, also=HAD_DEADLINE),
        factor=Fraction(100),
    )
