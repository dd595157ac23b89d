"""What a metric type owes: a `key`, `Params` that a person may fill in, and `plan(params, scope)`.

A type is the arithmetic only, and pure; which facts it is about is the scope it is given.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Protocol, cast

from b24app.facts.credit.rules import WHOLE
from b24app.lib import registry
from b24app.lib.errors import Fault
from b24app.metrics import types
from b24app.metrics.conditions import Document
from b24app.metrics.measures import EVERYTHING, SHARE, Aggregate, Measure, Scan, Where
from b24app.metrics.rules import Plan


class Params(Document):
    """Base of the parameters of a type; the editor's form is made of the same fields."""

    def faults(self) -> Iterator[Fault]:
        """What is wrong with values that are right one by one; paths are the parameters' names."""
        return iter(())

    def dates(self, offered: Mapping[str, str]) -> Mapping[str, str]:
        """Which dates a document may choose, where the parameters decide; the first is the default."""
        return offered

    def owners(self, offered: Mapping[str, str]) -> Mapping[str, str]:
        """The same of owners."""
        return offered

    def entity(self, offered: str) -> str:
        """What is counted, where the parameters decide."""
        return offered

    def entities(self, entity: str) -> tuple[str, ...]:
        """Whose conditions apply: those of the metric's entity, unless another one is counted too."""
        return (entity,)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which facts a metric is about, for whom and when they count."""

    scan: Scan
    where: Where = EVERYTHING

    def measure(
        self, aggregate: Aggregate, field: str | None = None, also: Where = EVERYTHING, scale: int = 1
    ) -> Measure:
        """A measure over the facts of the scope, or over those of them that `also` chooses. Where deals are divided, a
        count of them is the sum of the shares."""
        if self.scan.is_shared and aggregate is Aggregate.COUNT:
            aggregate, field, scale = Aggregate.SUM, SHARE, WHOLE
        return Measure(self.scan, aggregate, field, self.where & also, scale)

    def counted_by(self, date: str, owner: str | None = None, delay: int = 0) -> "Scope":
        """The same facts by another date, counted for another owner."""
        return Scope(replace(self.scan, date=date, owner=owner or self.scan.owner, delay=delay), self.where)


class MetricType(Protocol):
    key: str
    Params: type[Params]

    def plan(self, params: Any, scope: Scope) -> Plan: ...


@cache
def metric_types() -> Mapping[str, MetricType]:
    """Every type by its key."""
    found = (cast(MetricType, module) for module in registry.modules(types))
    return {variant.key: variant for variant in found}
