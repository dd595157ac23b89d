"""How many deals entered one of some stages, by the stage history; creation and funnel change are entering too.

A deal that entered twice in a period counts once in it. It counts for its present responsible.
"""

from typing import Annotated

from pydantic import Field

from b24app.metrics.conditions import MOST_VALUES, Id
from b24app.metrics.rules import Aggregate, Op, Plan, Test, Unit, Where
from b24app.metrics.types import base

key = "entered"


class Params(base.Params):
    stages: Annotated[list[Id], Field(min_length=1, max_length=MOST_VALUES)]


def plan(params: Params, scope: base.Scope) -> Plan:
    entered = Where((Test("entered_stage_id", Op.IN, tuple(dict.fromkeys(params.stages))),))
    return Plan(scope.measure(Aggregate.DISTINCT, also=entered), Unit.COUNT, "count", additive=True)
