"""Values that people enter are not there, and their period is about to end: told to who may enter them."""

from datetime import date

from babel import dates

from b24app.lib.i18n import gettext as _
from b24app.lib.i18n import ngettext
from b24app.outcomes.dashboards.figures import locale
from b24app.outcomes.notifications.kinds import base
from b24app.outcomes.notifications.kinds.base import Payload

code = "values_due"


def text(payload: Payload) -> str:
    names, more = [base.quoted(name) for name in payload["people"]], payload["missing"] - len(payload["people"])
    if more:
        names.append(ngettext("%(num)s more person", "%(num)s more people", more))
    return _(
        "%(what)s: no value is entered yet for %(people)s. Enter it by %(day)s in the app, on Data > Enter values.",
        what=base.what(payload),
        people=", ".join(names),
        day=dates.format_date(date.fromisoformat(payload["until"]), "long", locale=locale()),
    )
