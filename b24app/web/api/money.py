"""What a token without the scope `money` is not shown, and may therefore not write over."""

from collections.abc import Iterable
from typing import Any

from b24app.lib.errors import Fault, Forbidden
from b24app.lib.i18n import gettext as _
from b24app.portal.rules import Viewer
from b24app.scorecards.documents import ScorecardDocument

HIDDEN = {"target": None, "baseline": None}


def of(document: ScorecardDocument) -> dict[str, bool]:
    """By indicator whether its numbers are sums of money, or tell of some."""
    return {one.code: plan.is_money for one, plan in zip(document.indicators, document.plans(), strict=True)}


def shown(viewer: Viewer, document: ScorecardDocument) -> dict[str, Any]:
    """The document as JSON; sums of money are null for those who may not see them."""
    answer = document.as_json()
    if not viewer.sees_money:
        is_money = of(document)
        answer["indicators"] = [one | HIDDEN if is_money[one["code"]] else one for one in answer["indicators"]]
    return answer


def refuse(viewer: Viewer, indicators: Iterable[tuple[str, bool]]) -> None:
    """Forbidden for those who would write over sums they are not shown. Takes (path, whether it is money)."""
    if viewer.sees_money:
        return
    hidden = [Fault(path, _("This is a sum of money.")) for path, is_money in indicators if is_money]
    if hidden:
        raise Forbidden(_("This token may not write sums of money: it lacks the scope “money”."), hidden)
