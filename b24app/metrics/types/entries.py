"""What the ledger says about one code: values that came through robots, the API, imports or hands (semantics 4.7)."""

from typing import Annotated, Literal

from pydantic import Field

from b24app.metrics.measures import Aggregate, Op, Test, Where
from b24app.metrics.rules import Plan, Unit
from b24app.metrics.types import base

key = "entries"

SCALE = 1_000_000


class Params(base.Params):
    code: Annotated[str, Field(min_length=1, max_length=64)]
    aggregate: Literal["sum", "last", "mean", "min", "max", "count"] = "sum"


def plan(params: Params, scope: base.Scope) -> Plan:
    """Only the sum honours `set` rows; every other aggregate takes each row as it is."""
    code = Where((Test("code", Op.IN, (params.code,)),))
    count = scope.measure(Aggregate.COUNT, also=code)
    if params.aggregate == "count":
        return Plan(count, Unit.COUNT, "count", additive=True)
    if params.aggregate == "mean":
        total = scope.measure(Aggregate.SUM, "value", also=code, scale=SCALE)
        return Plan(total, Unit.NUMBER, "mean", denominator=count)
    aggregate = Aggregate.BALANCE if params.aggregate == "sum" else Aggregate(params.aggregate)
    return Plan(
        scope.measure(aggregate, "value", also=code, scale=SCALE),
        Unit.NUMBER,
        params.aggregate,
        additive=params.aggregate == "sum",
    )
