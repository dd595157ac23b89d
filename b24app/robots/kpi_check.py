"""kpi_check: tell a workflow whether an employee has reached a limit, so that it can branch. Counts nothing."""

import operator
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Literal

from b24app.lib.i18n import gettext as _
from b24app.robots import base
from b24app.robots.base import NOTHING, Answer, Call, Code, Employee, Numbers, Quantity, Touched, written
from b24app.scorecards.rules import Version

code = "kpi_check"
Returns = ("passed", "value")

OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "ge": operator.ge,
    "gt": operator.gt,
    "le": operator.le,
    "lt": operator.lt,
    "eq": operator.eq,
}


class Params(base.Params):
    scorecard: Code | None = None
    indicator: Code | None = None
    employee: Employee | None = None
    period: Literal["current", "previous"] = "current"
    compare: Literal["attainment", "value"] = "attainment"
    operator: Literal["ge", "gt", "le", "lt", "eq"] = "ge"
    limit: Quantity


def apply(call: Call, params: Params) -> Touched:
    return NOTHING


def answer(call: Call, params: Params) -> Answer:
    """The exact number is compared, not the one a screen rounds (semantics 7). Without data nothing is passed."""

    def choose(version: Version) -> str | None:
        return params.indicator if params.indicator in [one.code for one in version.indicators] else None

    employee_id = base.employee_of(call, params.employee)
    place = base.place(call, employee_id, call.arrived_at, choose, params.scorecard, params.period)
    if place is None:
        return base.nothing(Returns, _("No scorecard is in force for this employee."))
    if params.indicator and not place.indicator:
        return base.nothing(Returns, _("The scorecard %(code)s has no such indicator.", code=place.scorecard))
    found = base.numbers(call, place)
    number = _number(found, params)
    if number is None:
        return Answer({"passed": "N", "value": ""}, _("There is no data to compare yet."))
    passed = OPERATORS[params.operator](number, Fraction(params.limit))
    is_amount = found.is_hidden and params.compare == "value"
    value, message = ("", base.hidden(found)) if is_amount else (written(number), "")
    return Answer({"passed": "Y" if passed else "N", "value": value}, message)


def _number(found: Numbers, params: Params) -> Fraction | None:
    """Of an indicator what was asked for; without one, the score."""
    if params.indicator is None:
        return found.score.score if found.score else None
    if found.result is None:
        return None
    return found.result.value if params.compare == "value" else found.result.attainment
