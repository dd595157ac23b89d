"""What share of records with a deadline was done after it, or is still open past it (semantics 4, 4.3)."""

from fractions import Fraction

from b24app.metrics.measures import Aggregate, Op, Test, Where
from b24app.metrics.rules import Plan, Unit
from b24app.metrics.types import base

key = "overdue"

LATE = Where((Test("seconds_late", Op.GT, (0,)),))
STILL_OPEN = Where((Test("seconds_late", Op.EMPTY), Test("due_at", Op.OLDER, (1,))))
"""A second after its deadline a record is past it."""


class Params(base.Params):
    """Nothing to choose."""


def plan(params: Params, scope: base.Scope) -> Plan:
    return Plan(
        scope.measure(Aggregate.COUNT, also=Where(any=(LATE, STILL_OPEN))),
        Unit.PERCENT,
        "ratio",
        denominator=scope.measure(Aggregate.COUNT),
        factor=Fraction(100),
    )
