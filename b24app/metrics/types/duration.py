"""The mean or median time between two moments of a record, in days of 24 hours."""

from typing import Literal

from b24app.metrics.measures import Aggregate, Op, Test, Where
from b24app.metrics.rules import Plan, Unit
from b24app.metrics.types import base

key = "duration"

FIELD = "seconds_to_close"
KNOWN = Where((Test(FIELD, Op.NOT_EMPTY),))
SECONDS_A_DAY = 86_400


class Params(base.Params):
    stat: Literal["mean", "median"] = "mean"


def plan(params: Params, scope: base.Scope) -> Plan:
    """Facts whose time is not known, or negative, are left out (semantics 3.2, 4.4)."""
    if params.stat == "median":
        return Plan(scope.measure(Aggregate.MEDIAN, FIELD, also=KNOWN, scale=SECONDS_A_DAY), Unit.DAYS, "median")
    return Plan(
        scope.measure(Aggregate.SUM, FIELD, also=KNOWN, scale=SECONDS_A_DAY),
        Unit.DAYS,
        "mean",
        denominator=scope.measure(Aggregate.COUNT, also=KNOWN),
    )
