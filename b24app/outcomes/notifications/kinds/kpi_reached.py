"""An indicator has reached its target: the congratulation."""

from b24app.lib.i18n import gettext as _
from b24app.outcomes.notifications.kinds import base
from b24app.outcomes.notifications.kinds.base import Payload

code = "kpi_reached"


def text(payload: Payload) -> str:
    return _(
        "%(whose)sThe target is reached! %(what)s: %(of)s",
        whose=base.whose(payload),
        what=base.what(payload),
        of=base.of(payload),
    )
