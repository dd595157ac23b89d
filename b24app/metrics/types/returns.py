"""What share of won deals came back (semantics 4, return_share): by a stage, a funnel, or entries of a code."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from b24app.lib.errors import Fault
from b24app.lib.i18n import gettext as _
from b24app.metrics.conditions import MOST_VALUES, WON, Id
from b24app.metrics.measures import Aggregate, Measure, Op, Scan, Test, Where
from b24app.metrics.rules import Plan, Unit
from b24app.metrics.types import base
from b24app.metrics.types.entries import SCALE

key = "returns"

CREATED, FUNNEL_CHANGED = 1, 5
"""Kinds of moves that bring a deal into a funnel; others move it inside."""


class Params(base.Params):
    category_id: Annotated[list[int], Field(max_length=MOST_VALUES)] = []
    stage_id: Annotated[list[Id], Field(max_length=MOST_VALUES)] = []
    code: Annotated[str, Field(max_length=64)] = ""

    def faults(self) -> Iterator[Fault]:
        ways = [name for name in ("category_id", "stage_id", "code") if getattr(self, name)]
        if len(ways) != 1:
            told = _("Say what a return is in exactly one way: category_id, stage_id or code.")
            yield from (Fault(name, told) for name in ways[1:] or ["code"])

    def entities(self, entity: str) -> tuple[str, ...]:
        return (entity, "entry") if self.code else (entity,)


def plan(params: Params, scope: base.Scope) -> Plan:
    """100 x returned / won. A returned deal counts for its responsible, an entry for its employee."""
    return Plan(
        _returned(params, scope),
        Unit.PERCENT,
        "ratio",
        denominator=scope.measure(Aggregate.COUNT, also=WON),
        factor=Fraction(100),
    )


def _returned(params: Params, scope: base.Scope) -> Measure:
    if params.code:
        code = Where((Test("code", Op.IN, (params.code,)),))
        return Measure(Scan("entry", "occurred", "employee"), Aggregate.BALANCE, "value", code & scope.where, SCALE)
    if params.stage_id:
        entered = Where((Test("entered_stage_id", Op.IN, tuple(dict.fromkeys(params.stage_id))),))
    else:
        funnels = Test("entered_category_id", Op.IN, tuple(dict.fromkeys(params.category_id)))
        entered = Where((funnels, Test("entered_kind", Op.IN, (CREATED, FUNNEL_CHANGED))))
    return Measure(Scan("stage_move", "entered", "responsible"), Aggregate.DISTINCT, where=entered & scope.where)
