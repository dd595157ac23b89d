"""What share of deals was won (semantics 4, deal_conversion): of those decided, or of those created.

A lost or won deal counts for whom the indicator names. An open one has nobody who closed it: where owners are
`closed_by`, it counts for its responsible.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field

from b24app.lib.errors import Fault
from b24app.lib.i18n import gettext as _
from b24app.metrics.conditions import DECIDED, OPEN, WON
from b24app.metrics.measures import Aggregate, Measure, Op, Test, Where
from b24app.metrics.rules import Near, Plan, Unit
from b24app.metrics.types import base

key = "conversion"

SECONDS_A_DAY = 86_400
Days = Annotated[int, Field(ge=1, le=3650)]


class Params(base.Params):
    mode: Literal["period", "cohort", "resolved", "window"] = "period"
    days: Days | None = None
    stale_days: Days | None = None

    def faults(self) -> Iterator[Fault]:
        if self.mode == "window" and self.days is None:
            yield Fault("days", _("The mode window needs the number of days."))
        if self.mode != "window" and self.days is not None:
            yield Fault("days", _("Only the mode window has a number of days."))
        if self.mode in ("cohort", "window") and self.stale_days is not None:
            yield Fault("stale_days", _("Open deals are not won in this mode anyway: stale days would change nothing."))

    def dates(self, offered: Mapping[str, str]) -> Mapping[str, str]:
        return offered if self.mode == "period" else {"created": "created"}


def plan(params: Params, scope: base.Scope) -> Plan:
    won = WON
    near: tuple[Near, ...] = ()
    match params.mode:
        case "window":
            limit = (params.days or 0) * SECONDS_A_DAY
            ripe = Where((Test("created_at", Op.OLDER, (limit,)),))
            young = Near("not_ripe", scope.measure(Aggregate.COUNT, also=Where(none=(ripe,))))
            won = WON & ripe & Where((Test("closed_at", Op.WITHIN, (limit,)),))
            below, near = _created(scope, ripe), (young,)
        case "cohort":
            below = _created(scope)
        case _:
            below = (scope.measure(Aggregate.COUNT, also=DECIDED), *_stale(params, scope))
    return Plan(
        scope.measure(Aggregate.COUNT, also=won),
        Unit.PERCENT,
        "ratio",
        denominator=below[0],
        denominator_more=below[1:],
        factor=Fraction(100),
        near=near,
    )


def _created(scope: base.Scope, also: Where = Where()) -> tuple[Measure, ...]:
    """All deals created, whatever became of them."""
    if scope.scan.owner != "closed_by":
        return (scope.measure(Aggregate.COUNT, also=also),)
    open_ = scope.counted_by(scope.scan.date, "responsible")
    return (
        scope.measure(Aggregate.COUNT, also=DECIDED & also),
        open_.measure(Aggregate.COUNT, also=OPEN & also),
    )


def _stale(params: Params, scope: base.Scope) -> tuple[Measure, ...]:
    """Open deals that nobody has touched for so long count as lost: by the instant that happened, or while it is so."""
    if params.stale_days is None:
        return ()
    seconds = params.stale_days * SECONDS_A_DAY
    stale = OPEN & Where((Test("updated_at", Op.OLDER, (seconds,)),))
    owner = "responsible" if scope.scan.owner == "closed_by" else scope.scan.owner
    if params.mode == "period":
        return (scope.counted_by("updated", owner, seconds).measure(Aggregate.COUNT, also=stale),)
    return (scope.counted_by(scope.scan.date, owner).measure(Aggregate.COUNT, also=stale),)
