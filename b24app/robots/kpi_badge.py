"""kpi_badge: give an employee a badge, once per period of their first scorecard (a month where there is none)."""

from typing import Annotated

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from b24app.lib.crypto import fingerprint
from b24app.lib.errors import Conflict, Invalid
from b24app.lib.i18n import gettext as _
from b24app.lib.i18n import pick
from b24app.outcomes.recognition import operations, queries
from b24app.outcomes.recognition.operations import Giving
from b24app.outcomes.recognition.rules import Badge, badge, badges
from b24app.robots import base
from b24app.robots.base import NOTHING, Answer, Call, Comment, Employee, Touched

code = "kpi_badge"
Returns = ("awarded",)


def _known(value: object) -> Badge:
    """By code or by name."""
    found = badge(str(value))
    if found is None:
        known = ", ".join(f"{one.code} ({pick(one.name)})" for one in badges())
        raise PydanticCustomError("badge", _("there is no such badge; there are: %(known)s", known=known))
    return found


class Params(base.Params):
    badge: Annotated[Badge, BeforeValidator(_known)]
    employee: Employee | None = None
    comment: Comment = ""


def apply(call: Call, params: Params) -> Touched:
    employee_id = base.employee_of(call, params.employee)
    giving = Giving("system", fingerprint(call.event_token), params.comment)
    try:
        period = queries.period_of(call.portal_id, employee_id, call.arrived_at)
        operations.award(call.portal_id, params.badge, employee_id, period, giving, call.now)
    except Conflict as error:
        raise Invalid(error.message) from error
    return NOTHING


def answer(call: Call, params: Params) -> Answer:
    employee_id = base.employee_of(call, params.employee)
    if queries.was_given(call.portal_id, employee_id, fingerprint(call.event_token)):
        return Answer({"awarded": "Y"})
    return Answer({"awarded": "N"}, _("The employee has this badge already in this period."))
