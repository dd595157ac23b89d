"""How customers rated the service: the mean of the ratings given in a period (semantics 4, customer_rating)."""

from b24app.metrics.measures import Aggregate, Op, Test, Where
from b24app.metrics.rules import Near, Plan, Unit
from b24app.metrics.types import base, requests
from b24app.metrics.types.entries import SCALE

key = "rating"

RATED = Where((Test("rating", Op.NOT_EMPTY),))
UNDATED = RATED & Where((Test("rated_at", Op.EMPTY),))


class Params(requests.Params):
    """Whose requests."""


def plan(params: Params, scope: base.Scope) -> Plan:
    """A rating of a request that is neither resolved nor says when it was rated is told of by its creation."""
    rated = params.chosen & RATED
    undated = scope.counted_by("created").measure(Aggregate.COUNT, also=params.chosen & UNDATED)
    return Plan(
        scope.measure(Aggregate.SUM, "rating", also=rated, scale=SCALE),
        Unit.NUMBER,
        "mean",
        denominator=scope.measure(Aggregate.COUNT, also=rated),
        near=(Near("undated_rating", undated),),
    )
