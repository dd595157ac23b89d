"""What advertising cost and brought, from entries of its spending (semantics 4, cost_per_lead and ad_roi).

Both sides are limited to the sources of the indicator; without any entry of spending in the period there is no data.
"""

from typing import Annotated

from pydantic import Field

from b24app.metrics.measures import Aggregate, Measure, Op, Scan, Test, Where
from b24app.metrics.rules import Plan, Unit
from b24app.metrics.types import base
from b24app.metrics.types.entries import SCALE

key = "spending"

SPENT = Scan("entry", "occurred", "employee")


class Params(base.Params):
    code: Annotated[str, Field(min_length=1, max_length=64)] = "ad_spend"

    def entities(self, entity: str) -> tuple[str, ...]:
        """Entries know sources only, so nothing else may be asked."""
        return (entity, "entry")

    def spent(self, scope: base.Scope) -> Measure:
        code = Where((Test("code", Op.IN, (self.code,)),))
        return Measure(SPENT, Aggregate.BALANCE, "value", code & scope.where, SCALE)


def plan(params: Params, scope: base.Scope) -> Plan:
    """What one fact cost."""
    return Plan(
        params.spent(scope),
        Unit.MONEY,
        "ratio",
        denominator=scope.measure(Aggregate.COUNT),
        needs_numerator=True,
    )
