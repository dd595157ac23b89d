"""How many calls there were, of the source that the portal counts them from when they began: never of both.

Of activities completed calls count; they know no "not answered", so `answered` asks nothing of them.
"""

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from b24app.facts.rules import ACTIVITY, CALL, CALLS_FROM_ACTIVITIES, CALLS_FROM_TELEPHONY
from b24app.metrics.measures import Aggregate, Op, Test, Where
from b24app.metrics.rules import Near, Plan, Unit
from b24app.metrics.types import base

key = "calls"

LOGGED = Where(
    (
        Test("kind", Op.IN, ("call",)),
        Test("completed", Op.IN, (True,)),
        Test("start_at", Op.COUNTED_FROM, (CALLS_FROM_ACTIVITIES,)),
    )
)
DIALLED = Where((Test("start_at", Op.COUNTED_FROM, (CALLS_FROM_TELEPHONY,)),))
ANSWERED = Where((Test("answered", Op.IN, (True,)),))


class Params(base.Params):
    answered: bool | None = None
    min_seconds: Annotated[int, Field(ge=1, le=3650)] | None = None


def plan(params: Params, scope: base.Scope) -> Plan:
    logged, dialled = sources(params, scope)
    return Plan(
        logged.measure(Aggregate.COUNT),
        Unit.COUNT,
        "count",
        additive=True,
        numerator_more=(dialled.measure(Aggregate.COUNT),),
        near=tuple(missed(params, scope)),
    )


def sources(params: Params, scope: base.Scope) -> tuple[base.Scope, base.Scope]:
    """The calls among activities and those of telephony, as far as they count."""
    logged, dialled = _of(scope)
    long = _long(params)
    return (
        base.Scope(logged.scan, logged.where & long),
        base.Scope(dialled.scan, dialled.where & long & (ANSWERED if params.answered else Where())),
    )


def missed(params: Params, scope: base.Scope) -> list[Near]:
    """Calls that the options leave out, and why."""
    logged, dialled = _of(scope)
    near = []
    if params.answered:
        near.append(Near("not_answered", dialled.measure(Aggregate.COUNT, also=Where(none=(ANSWERED,)))))
    if params.min_seconds is not None:
        short = Where(none=(_long(params),))
        taken = ANSWERED if params.answered else Where()
        near += [
            Near("too_short", logged.measure(Aggregate.COUNT, also=short)),
            Near("too_short", dialled.measure(Aggregate.COUNT, also=short & taken)),
        ]
    return near


def _of(scope: base.Scope) -> tuple[base.Scope, base.Scope]:
    return (
        base.Scope(replace(scope.scan, entity=ACTIVITY), LOGGED & scope.where),
        base.Scope(replace(scope.scan, entity=CALL), DIALLED & scope.where),
    )


def _long(params: Params) -> Where:
    least = params.min_seconds
    return Where() if least is None else Where((Test("seconds", Op.GTE, (least,)),))
