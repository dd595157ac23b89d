"""What share of leads was converted (semantics 4, lead_conversion): of those created, or of those closed."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Literal

from b24app.metrics.conditions import DECIDED, WON
from b24app.metrics.measures import EVERYTHING, Aggregate
from b24app.metrics.rules import Plan, Unit
from b24app.metrics.types import base

key = "lead_conversion"


class Params(base.Params):
    mode: Literal["cohort", "period"] = "cohort"

    def dates(self, offered: Mapping[str, str]) -> Mapping[str, str]:
        return offered if self.mode == "cohort" else {"closed_at": "closed"}


def plan(params: Params, scope: base.Scope) -> Plan:
    return Plan(
        scope.measure(Aggregate.COUNT, also=WON),
        Unit.PERCENT,
        "ratio",
        denominator=scope.measure(Aggregate.COUNT, also=EVERYTHING if params.mode == "cohort" else DECIDED),
        factor=Fraction(100),
    )
