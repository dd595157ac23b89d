"""How many deals, or other records, entered one of some stages, by the stage history; creation and funnel change are
entering too (semantics 4, stage_entered).

A record that entered twice in a period counts once in it. It counts for its present responsible.
"""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from b24app.facts.entities import entity_of, has_moves
from b24app.facts.rules import DEAL
from b24app.lib.errors import Fault
from b24app.lib.i18n import gettext as _
from b24app.metrics.conditions import MOST_VALUES, Id
from b24app.metrics.measures import Aggregate, Op, Test, Where
from b24app.metrics.rules import Plan, Unit
from b24app.metrics.types import base

key = "entered"


class Params(base.Params):
    stages: Annotated[list[Id], Field(min_length=1, max_length=MOST_VALUES)]
    entity_type_id: int = 2

    def faults(self) -> Iterator[Fault]:
        entity = entity_of(self.entity_type_id)
        if entity is None:
            yield Fault("entity_type_id", _("There is no such type of CRM records."))
        elif not has_moves(entity):
            yield Fault("entity_type_id", _("Bitrix24 keeps no history of stages of these records."))

    def entity(self, offered: str) -> str:
        """Of deals what the metric offers: their moves."""
        entity = entity_of(self.entity_type_id)
        return offered if entity in (None, DEAL) else str(entity)


def plan(params: Params, scope: base.Scope) -> Plan:
    entered = Where((Test("entered_stage_id", Op.IN, tuple(dict.fromkeys(params.stages))),))
    return Plan(scope.measure(Aggregate.DISTINCT, also=entered), Unit.COUNT, "count", additive=True)
