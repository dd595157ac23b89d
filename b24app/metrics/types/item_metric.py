"""Any type of CRM records, by a field, a date and an owner that people choose (semantics 4, item_metric).

Fields are named as crm.item.fields does; of a multi-valued one the first value counts. Only `opportunity`
is converted to the base currency (semantics 3.5); every other field is the number it holds, also one of money.
`money` says that the numbers of a field are amounts of the base currency, whatever its type: they are shown as such,
and to those only who see money. Without it the type says so, and a field of amounts stays one.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field

from b24app.facts.entities import entity_of
from b24app.lib.errors import Fault
from b24app.lib.i18n import gettext as _
from b24app.metrics.measures import Aggregate
from b24app.metrics.rules import Among, Near, Plan, Unit
from b24app.metrics.types import base

key = "item_metric"

MILLIONTHS, HUNDREDTHS = 1_000_000, 100
AMOUNT = "opportunity"
DATES = {"createdTime": "created", "closed_at": "closed"}
OWNERS = {"assignedById": "responsible", "createdBy": "created_by"}
"""Fields whose dates and people are columns of the facts; `closed_at` is no field but what semantics 3.2 says."""

COUNTS = frozenset({"count", "distinct"})

Name = Annotated[str, Field(min_length=1, max_length=64)]


class Params(base.Params):
    entity_type_id: int
    aggregate: Literal["count", "sum", "mean", "min", "max", "distinct"] = "count"
    field: Name | None = None
    date_field: Name = "createdTime"
    owner_field: Name = "assignedById"
    money: bool = False

    def faults(self) -> Iterator[Fault]:
        if entity_of(self.entity_type_id) is None:
            yield Fault("entity_type_id", _("There is no such type of CRM records."))
        if self.field is None and self.aggregate != "count":
            yield Fault("field", _("This field is required."))
        if self.field is not None and self.aggregate == "count":
            yield Fault("field", _("A count takes no field: a condition can ask for records where it is filled."))
        if self.money and self.aggregate in COUNTS:
            yield Fault("money", _("A count is no amount of money."))

    def entity(self, offered: str) -> str:
        return entity_of(self.entity_type_id) or offered

    def dates(self, offered: Mapping[str, str]) -> Mapping[str, str]:
        return _chosen(self.date_field, DATES, offered)

    def owners(self, offered: Mapping[str, str]) -> Mapping[str, str]:
        return _chosen(self.owner_field, OWNERS, offered)


def _chosen(field: str, stored: Mapping[str, str], offered: Mapping[str, str]) -> dict[str, str]:
    """The field that the options name; the date or owner of the indicator itself, if it says one, goes before it."""
    return {field: stored.get(field, field), **offered}


def plan(params: Params, scope: base.Scope) -> Plan:
    if params.field is None:
        return Plan(scope.measure(Aggregate.COUNT), Unit.COUNT, "count", additive=True)
    field, scale, unit = params.field, MILLIONTHS, Unit.MONEY if params.money else Unit.NUMBER
    if field == AMOUNT:
        field, scale, unit = "amount", HUNDREDTHS, Unit.MONEY
    if params.aggregate == "distinct":
        numerator, unit = scope.measure(Aggregate.VALUES, field), Unit.COUNT
    else:
        how = Aggregate.SUM if params.aggregate == "mean" else Aggregate(params.aggregate)
        numerator = scope.measure(how, field, scale=scale)
    without = () if field == "amount" else (Near("no_number", numerator, Among.NUMBERLESS),)
    return Plan(
        numerator,
        unit,
        params.aggregate,
        denominator=scope.measure(Aggregate.COUNT, field) if params.aggregate == "mean" else None,
        additive=params.aggregate == "sum",
        near=without,
    )
