"""kpi_add: post an entry from a workflow and return where the employee stands with it.

The entry's key is made of the event token, so a call counts once however often it is delivered.
"""

from decimal import Decimal
from fractions import Fraction

from b24app.facts import ledger
from b24app.facts.approval import approval
from b24app.facts.rules import EntryDraft
from b24app.lib.clock import epoch
from b24app.lib.crypto import fingerprint
from b24app.lib.errors import Invalid
from b24app.lib.i18n import gettext as _
from b24app.periods import queries as periods
from b24app.periods.rules import on_wall
from b24app.portal import queries as staff
from b24app.robots import base
from b24app.robots.base import Answer, Call, Code, Comment, Employee, Moment, Quantity, Touched
from b24app.scorecards.rules import Indicator, Version

code = "kpi_add"
Returns = ("value", "target", "attainment", "score")


class Params(base.Params):
    code: Code
    value: Quantity = Decimal(1)
    employee: Employee | None = None
    date: Moment | None = None
    comment: Comment = ""
    scorecard: Code | None = None
    indicator: Code | None = None


def apply(call: Call, params: Params) -> Touched:
    return post(call, params, "add")


def post(call: Call, params: Params, kind: str) -> Touched:
    """Append the value to the ledger as `add` or `set`; Invalid with a sentence of one that is not on its scale."""
    decided = approval(staff.get(call.portal_id).settings)
    if scale := decided.missed(params.code, params.value):
        told = {"name": decided.name(params.code), "value": base.written(Fraction(params.value))}
        raise Invalid(_("%(name)s: the value %(value)s is not counted.", **told) + " " + ledger.off_scale(scale))
    at = params.date or call.arrived_at
    is_day = params.date is not None and base.is_day(params.date)
    draft = EntryDraft(
        key=f"robot:{fingerprint(call.event_token)}",
        code=params.code,
        kind=kind,
        value=params.value,
        occurred_at=epoch(at),
        local_at=on_wall(epoch(at), periods.settings(call.portal_id)) if is_day else None,
        employee_id=base.employee_of(call, params.employee),
        department_id=None,
        source_id=None,
        comment=params.comment,
        origin="robot",
        author="system",
    )
    posted = ledger.post_entries(call.portal_id, [draft], call.now)
    if posted.items[0].status == "error":
        raise Invalid(posted.items[0].error or _("The value was not counted."))
    return Touched(posted.cells)


def answer(call: Call, params: Params) -> Answer:
    """Of the indicator named, else of the one that counts entries with this code."""

    def choose(version: Version) -> str | None:
        return next((one.code for one in version.indicators if _fits(one, params)), None)

    employee_id = base.employee_of(call, params.employee)
    place = base.place(call, employee_id, params.date or call.arrived_at, choose, params.scorecard)
    if place is None:
        return base.nothing(Returns, _("The value is counted, but no scorecard is in force for this employee."))
    found = base.numbers(call, place)
    message = (
        base.hidden(found)
        if place.indicator
        else _("The value is counted, but no indicator of the scorecard %(code)s shows it.", code=place.scorecard)
    )
    return Answer(base.written_result(found), message)


def _fits(indicator: Indicator, params: Params) -> bool:
    if params.indicator:
        return indicator.code == params.indicator
    return indicator.document.metric == "entries" and indicator.document.options.get("code") == params.code
