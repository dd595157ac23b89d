"""What a metric type owes: a `key`, `Params` that a person may fill in, and `plan(params, scope)`.

A type is the arithmetic only, and pure; which facts it is about is the scope it is given.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol, cast

from b24app.lib import registry
from b24app.metrics import types
from b24app.metrics.conditions import Document
from b24app.metrics.rules import EVERYTHING, Aggregate, Measure, Plan, Scan, Where


class Params(Document):
    """Base of the parameters of a type; the editor's form is made of the same fields."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which facts a metric is about, for whom and when they count."""

    scan: Scan
    where: Where = EVERYTHING

    def measure(
        self, aggregate: Aggregate, field: str | None = None, also: Where = EVERYTHING, scale: int = 1
    ) -> Measure:
        """A measure over the facts of the scope, or over those of them that `also` chooses."""
        return Measure(self.scan, aggregate, field, self.where & also, scale)


class MetricType(Protocol):
    key: str
    Params: type[Params]

    def plan(self, params: Any, scope: Scope) -> Plan: ...


@cache
def metric_types() -> Mapping[str, MetricType]:
    """Every type by its key."""
    found = (cast(MetricType, module) for module in registry.modules(types))
    return {variant.key: variant for variant in found}
