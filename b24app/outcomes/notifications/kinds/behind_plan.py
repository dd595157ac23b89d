"""An indicator is at risk: by its forecast it will miss its target by more than a tenth (semantics 10)."""

from b24app.lib.i18n import gettext as _
from b24app.outcomes.notifications.kinds import base
from b24app.outcomes.notifications.kinds.base import Payload

code = "behind_plan"


def text(payload: Payload) -> str:
    told = _(
        "%(whose)sBehind plan: %(what)s: %(of)s.",
        whose=base.whose(payload),
        what=base.what(payload),
        of=base.of(payload),
    )
    if payload["forecast"] is None:
        return told
    return f"{told} {_('At this pace the period ends with %(forecast)s.', forecast=base.shown(payload, 'forecast'))}"
