"""What a token without the scope `money` is not shown, and may therefore not write over."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from b24app.lib.errors import Fault, Forbidden
from b24app.lib.i18n import gettext as _
from b24app.portal.rules import Viewer
from b24app.scorecards import queries
from b24app.scorecards.documents import ScorecardDocument

HIDDEN = {"target": None, "baseline": None}


def of(portal_id: int, documents: Sequence[ScorecardDocument]) -> list[dict[str, bool]]:
    """Of each document by indicator whether its numbers are sums of money, or tell of some."""
    known = queries.amounts(portal_id, documents)
    every = (zip(one.indicators, one.plans(known), strict=True) for one in documents)
    return [{indicator.code: plan.is_money for indicator, plan in those} for those in every]


def shown(viewer: Viewer, *documents: ScorecardDocument) -> list[dict[str, Any]]:
    """The documents as JSON; sums of money are null for those who may not see them."""
    if viewer.sees_money:
        return [one.as_json() for one in documents]
    return [_without(*one) for one in zip(documents, of(viewer.portal_id, documents), strict=True)]


def _without(document: ScorecardDocument, is_money: Mapping[str, bool]) -> dict[str, Any]:
    answer = document.as_json()
    answer["indicators"] = [one | HIDDEN if is_money[one["code"]] else one for one in answer["indicators"]]
    return answer


def refuse(viewer: Viewer, indicators: Iterable[tuple[str, bool]]) -> None:
    """Forbidden for those who would write over sums they are not shown. Takes (path, whether it is money)."""
    if viewer.sees_money:
        return
    hidden = [Fault(path, _("This is a sum of money.")) for path, is_money in indicators if is_money]
    if hidden:
        raise Forbidden(_("This token may not write sums of money: it lacks the scope “money”."), hidden)
