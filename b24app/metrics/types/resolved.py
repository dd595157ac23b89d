"""What share of the requests of a period has been resolved by now (semantics 4, requests_resolved_share)."""

from fractions import Fraction

from b24app.metrics.measures import Aggregate, Op, Test, Where
from b24app.metrics.rules import Plan, Unit
from b24app.metrics.types import base, requests

key = "resolved"

RESOLVED = Where((Test("resolved_at", Op.NOT_EMPTY),))


class Params(requests.Params):
    """Whose requests."""


def plan(params: Params, scope: base.Scope) -> Plan:
    return Plan(
        scope.measure(Aggregate.COUNT, also=params.chosen & RESOLVED),
        Unit.PERCENT,
        "ratio",
        denominator=scope.measure(Aggregate.COUNT, also=params.chosen),
        factor=Fraction(100),
    )
