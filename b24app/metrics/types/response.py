"""The mean or median time to the first response, in hours of 60 minutes of the chosen clock (semantics 4, 4.4)."""

from typing import Literal

from b24app.metrics.measures import Aggregate, Op, Test, Where
from b24app.metrics.rules import Near, Plan, Unit
from b24app.metrics.types import base, requests

key = "response"

CLOCKS = {"calendar": "seconds_to_response", "working": "seconds_working"}
SECONDS_AN_HOUR = 3600
ANSWERED = Where((Test("first_response_at", Op.NOT_EMPTY),))
NOT_ANSWERED = Where((Test("first_response_at", Op.EMPTY),))
BEFORE_CREATION = ANSWERED & Where((Test("seconds_to_response", Op.EMPTY),))


class Params(requests.Params):
    stat: Literal["mean", "median"] = "mean"


def plan(params: Params, scope: base.Scope) -> Plan:
    """Requests not answered, or answered before they were created, are left out and told of."""
    field = CLOCKS[params.clock]
    known = params.chosen & Where((Test(field, Op.NOT_EMPTY),))
    near = tuple(
        Near(reason, scope.measure(Aggregate.COUNT, also=params.chosen & where))
        for reason, where in (("unanswered", NOT_ANSWERED), ("answered_before", BEFORE_CREATION))
    )
    if params.stat == "median":
        median = scope.measure(Aggregate.MEDIAN, field, also=known, scale=SECONDS_AN_HOUR)
        return Plan(median, Unit.HOURS, "median", near=near)
    return Plan(
        scope.measure(Aggregate.SUM, field, also=known, scale=SECONDS_AN_HOUR),
        Unit.HOURS,
        "mean",
        denominator=scope.measure(Aggregate.COUNT, also=known),
        near=near,
    )
