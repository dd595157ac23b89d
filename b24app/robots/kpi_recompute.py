"""kpi_recompute: compute an employee's scorecards of a period anew from the records, and return the score.

A scorecard's period is computed as a whole: places and departments rest on everybody in it.
"""

from typing import Literal

from b24app.lib.i18n import gettext as _
from b24app.robots import base
from b24app.robots.base import Answer, Call, Employee, Touched, written
from b24app.scores.rules import Slice

code = "kpi_recompute"
Returns = ("score",)


class Params(base.Params):
    employee: Employee | None = None
    period: Literal["current", "previous"] = "current"


def apply(call: Call, params: Params) -> Touched:
    places = base.places(call, base.employee_of(call, params.employee), call.arrived_at, period=params.period)
    return Touched(slices=tuple(Slice(one.scorecard, (one.period.start,)) for one in places))


def answer(call: Call, params: Params) -> Answer:
    """The score of the first scorecard, by code."""
    employee_id = base.employee_of(call, params.employee)
    place = base.place(call, employee_id, call.arrived_at, lambda version: None, period=params.period)
    if place is None:
        return base.nothing(Returns, _("No scorecard is in force for this employee."))
    found = base.numbers(call, place)
    return Answer({"score": written(found.score.score if found.score else None)})
