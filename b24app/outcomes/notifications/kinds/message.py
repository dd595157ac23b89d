"""What a workflow's author has a person told, with the person's score if they want it there."""

from b24app.lib import i18n
from b24app.lib.i18n import gettext as _
from b24app.outcomes.dashboards.figures import percent
from b24app.outcomes.notifications.kinds import base
from b24app.outcomes.notifications.kinds.base import Payload
from b24app.outcomes.notifications.rules import number

code = "message"


def text(payload: Payload) -> str:
    told = str(payload["text"])
    if payload.get("scorecard_name") is None:
        return told
    name = base.quoted(i18n.pick(payload["scorecard_name"]))
    score = percent(number(payload, "score"), 2, limits=(100,))
    line = _("%(scorecard)s, %(period)s: score %(score)s", scorecard=name, period=base.period(payload), score=score)
    return f"{told}\n{line}"
