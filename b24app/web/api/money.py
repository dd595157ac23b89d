"""What a token without the scope `money` is not shown, and may therefore not write over."""

from collections.abc import Iterable
from typing import Any

from b24app.lib.errors import Fault, Forbidden
from b24app.lib.i18n import gettext as _
from b24app.metrics.rules import Unit
from b24app.portal.rules import Viewer
from b24app.scorecards.documents import IndicatorDocument, ScorecardDocument

HIDDEN = {"target": None, "baseline": None}


def is_money(indicator: IndicatorDocument) -> bool:
    return indicator.plan().unit is Unit.MONEY


def shown(viewer: Viewer, document: ScorecardDocument) -> dict[str, Any]:
    """The document as JSON; sums of money are null for those who may not see them."""
    answer = document.as_json()
    if not viewer.sees_money:
        pairs = zip(answer["indicators"], document.indicators, strict=True)
        answer["indicators"] = [one | HIDDEN if is_money(indicator) else one for one, indicator in pairs]
    return answer


def refuse(viewer: Viewer, indicators: Iterable[tuple[str, IndicatorDocument]]) -> None:
    """Forbidden for those who would write over sums they are not shown. Takes (path, indicator)."""
    if viewer.sees_money:
        return
    hidden = [Fault(path, _("This is a sum of money.")) for path, indicator in indicators if is_money(indicator)]
    if hidden:
        raise Forbidden(_("This token may not write sums of money: it lacks the scope “money”."), hidden)
