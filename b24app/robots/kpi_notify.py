"""kpi_notify: write to an employee in Bitrix24's chat, with their score if wanted.

The message goes through the outbox, so a portal that is away for a while loses none and a call repeated doubles none.
"""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, StringConstraints

from b24app.lib.crypto import fingerprint
from b24app.lib.i18n import gettext as _
from b24app.outcomes.notifications import operations, queries
from b24app.outcomes.notifications.rules import CHAT, MESSAGE, Plan
from b24app.robots import base
from b24app.robots.base import NOTHING, Answer, Call, Employee, Place, Touched
from b24app.scorecards import queries as scorecards

code = "kpi_notify"
Returns = ("notification_id",)


class Params(base.Params):
    employee: Employee | None = None
    text: Annotated[str, BeforeValidator(str), StringConstraints(min_length=1, max_length=10_000)]
    attach_score: Literal["Y", "N"] = "N"


def apply(call: Call, params: Params) -> Touched:
    employee_id = base.employee_of(call, params.employee)
    place = base.place(call, employee_id, call.arrived_at, lambda version: None)
    payload: dict[str, Any] = {"text": params.text}
    if place and params.attach_score == "Y":
        payload |= _score(call, place)
    plan = Plan(
        CHAT, MESSAGE, payload, employee_id, place.scorecard if place else "", "", "employee", employee_id,
        place.period.start.isoformat() if place else "", fingerprint(call.event_token),
    )  # fmt: skip
    operations.post(call.portal_id, [plan], call.now)
    return NOTHING


def _score(call: Call, place: Place) -> dict[str, Any]:
    """As it stands now: the message tells what the workflow saw."""
    score, period = base.numbers(call, place).score, place.period
    return {
        "scorecard_name": scorecards.get(call.portal_id, place.scorecard, period.start).document.name,
        "period": [period.kind.value, period.start.isoformat(), period.end.isoformat()],
        "score": None if score is None or score.score is None else str(score.score),
    }


def answer(call: Call, params: Params) -> Answer:
    found = queries.answer_to(call.portal_id, fingerprint(call.event_token))
    if found and found.state == "sent":
        return Answer({"notification_id": found.answer})
    if found and found.state == "failed":
        return base.nothing(Returns, _("The notification could not be delivered: %(reason)s", reason=found.reason))
    return base.nothing(Returns, _("The notification has not been delivered yet. The app goes on trying."))
