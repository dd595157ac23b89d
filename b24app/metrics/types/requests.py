"""How many requests for support there are, by the mappings that say what one is (semantics 4)."""

from typing import Annotated, Literal

from pydantic import Field

from b24app.metrics.measures import EVERYTHING, Aggregate, Op, Test, Where
from b24app.metrics.rules import Plan, Unit
from b24app.metrics.types import base

key = "requests"


class Params(base.Params):
    """`source` is the code of a mapping; without one the requests of all of them count. All metrics of requests take
    the same options (interfaces 4): `clock` says something of the first response only."""

    source: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    clock: Literal["calendar", "working"] = "calendar"

    @property
    def chosen(self) -> Where:
        return EVERYTHING if self.source is None else Where((Test("mapping", Op.IN, (self.source,)),))


def plan(params: Params, scope: base.Scope) -> Plan:
    return Plan(scope.measure(Aggregate.COUNT, also=params.chosen), Unit.COUNT, "count", additive=True)
