"""How long people talked, in minutes: the durations of calls added up and divided by 60 once."""

from b24app.metrics.measures import Aggregate
from b24app.metrics.rules import Plan, Unit
from b24app.metrics.types import base, calls

key = "call_minutes"

SECONDS_A_MINUTE = 60


class Params(calls.Params):
    """Those of calls."""


def plan(params: Params, scope: base.Scope) -> Plan:
    logged, dialled = calls.sources(params, scope)
    return Plan(
        logged.measure(Aggregate.SUM, "seconds", scale=SECONDS_A_MINUTE),
        Unit.NUMBER,
        "sum",
        additive=True,
        numerator_more=(dialled.measure(Aggregate.SUM, "seconds", scale=SECONDS_A_MINUTE),),
        near=tuple(calls.missed(params, scope)),
    )
