"""kpi_get: give a workflow the value, target, attainment, score, place and forecast of an employee. Counts nothing."""

from typing import Literal

from b24app.lib.i18n import gettext as _
from b24app.robots import base
from b24app.robots.base import NOTHING, Answer, Call, Code, Employee, Touched, written
from b24app.scorecards.rules import Version

code = "kpi_get"
Returns = ("value", "target", "attainment", "score", "rank", "forecast")


class Params(base.Params):
    scorecard: Code | None = None
    indicator: Code | None = None
    employee: Employee | None = None
    period: Literal["current", "previous"] = "current"


def apply(call: Call, params: Params) -> Touched:
    return NOTHING


def answer(call: Call, params: Params) -> Answer:
    """Of the indicator named, else of the scorecard's first one."""

    def choose(version: Version) -> str | None:
        codes = [one.code for one in version.indicators]
        return params.indicator if params.indicator in codes else None if params.indicator else codes[0]

    employee_id = base.employee_of(call, params.employee)
    place = base.place(call, employee_id, call.arrived_at, choose, params.scorecard, params.period)
    if place is None:
        return base.nothing(Returns, _("No scorecard is in force for this employee."))
    found = base.numbers(call, place)
    values = base.written_result(found) | {
        "rank": written(found.score.rank if found.score else None),
        "forecast": written(found.told.forecast if found.told else None),
    }
    message = (
        base.hidden(found)
        if place.indicator
        else _("The scorecard %(code)s has no such indicator.", code=place.scorecard)
    )
    return Answer(values, message)
