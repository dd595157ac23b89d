"""Scorecards and targets: documents in and out. What is saved is computed before it is answered, its past by a job."""

from collections.abc import Iterable, Iterator
from typing import Any

from flask import Response

from b24app.jobs import scores, sync
from b24app.lib import clock
from b24app.lib.db import write
from b24app.lib.errors import Fault, Invalid
from b24app.lib.i18n import gettext as _
from b24app.periods.rules import Kind
from b24app.portal import operations as portals
from b24app.portal.rules import Viewer
from b24app.scorecards import documents, operations, queries, rules
from b24app.scorecards.documents import ScorecardDocument, TargetDocument
from b24app.scorecards.queries import TargetRow
from b24app.scorecards.rules import Version
from b24app.scores.rules import Cause, CauseKind
from b24app.web.api import money, shapes
from b24app.web.api.calls import call
from b24app.web.api.paging import cut
from b24app.web.api.shapes import Page

TAG = "Scorecards and targets"


@call("GET", "/scorecards", tag=TAG, query=shapes.ScorecardsQuery, answer=Page[ScorecardDocument])
def scorecards(viewer: Viewer, query: shapes.ScorecardsQuery) -> dict[str, Any]:
    """The scorecards as documents, by code: of each the latest version; archived ones are left out.

    `as_of` gives the versions in force on a day, `versions=1` every version by the day it comes into force.
    """
    found: list[Version] = []
    for versions in queries.by_code(queries.versions(viewer.portal_id)).values():
        if query.versions == "1":
            found += versions
        else:
            chosen = rules.as_of(versions, query.as_of) if query.as_of else versions[-1]
            found += [chosen] if chosen and chosen.document.status != "archived" else []
    page, next_cursor = cut(found, lambda version: (version.code, version.effective_from.isoformat()), query)
    return {"items": money.shown(viewer, *(version.document for version in page)), "next_cursor": next_cursor}


@call(
    "GET",
    "/scorecards/<code>",
    tag=TAG,
    query=shapes.ScorecardQuery,
    answer=ScorecardDocument | Page[ScorecardDocument],
)
def scorecard(viewer: Viewer, code: str, query: shapes.ScorecardQuery) -> dict[str, Any]:
    """One scorecard as a document that can be changed and put back: its latest version, or the one of a day.

    `versions=1` answers a list of all its versions instead.
    """
    latest = queries.get(viewer.portal_id, code, query.as_of)
    if query.versions == "0":
        return money.shown(viewer, latest.document)[0]
    versions = queries.versions(viewer.portal_id, code)
    return {"items": money.shown(viewer, *(version.document for version in versions)), "next_cursor": None}


@call("PUT", "/scorecards/<code>", tag=TAG, body=ScorecardDocument, parse=documents.parse, answer=ScorecardDocument)
def put_scorecard(viewer: Viewer, code: str, body: ScorecardDocument) -> dict[str, Any]:
    """Save a scorecard.

    The `effective_from` of a stored version replaces that version, another one adds a version. The present period is
    computed before the answer, earlier ones soon after.
    """
    if body.code != code:
        message = _("The code of the document is not the one of the address.")
        raise Invalid(message, [Fault("code", message)])
    (is_money,) = money.of(viewer.portal_id, [body])
    money.refuse(viewer, ((f"indicators[{place}]", one) for place, one in enumerate(is_money.values())))
    now = clock.now()
    with write():
        portals.lock(viewer.portal_id)
        saved = operations.save(viewer.portal_id, body, viewer.actor, now)
        scores.compute(viewer.portal_id, {code}, now, Cause(CauseKind.DEFINITION, viewer.actor))
    scores.ask(viewer.portal_id)
    sync.ask_watched(viewer.portal_id)
    return money.shown(viewer, saved.document)[0]


@call("DELETE", "/scorecards/<code>", tag=TAG, status=204)
def delete_scorecard(viewer: Viewer, code: str) -> Response:
    """Archive a scorecard: it is computed no more, its versions stay readable."""
    with write():
        portals.lock(viewer.portal_id)
        operations.archive(viewer.portal_id, code, viewer.actor, clock.now())
    return Response(status=204)


@call("GET", "/targets", tag=TAG, query=shapes.TargetsQuery, answer=Page[shapes.Target])
def targets(viewer: Viewer, query: shapes.TargetsQuery) -> Page[shapes.Target]:
    """The targets somebody set, in the order they were first set. Defaults of indicators are in the scorecards."""
    chosen = None if query.scorecard is None else [query.scorecard]
    rows = [row for row in queries.target_rows(viewer.portal_id, chosen, query.indicator) if _is_asked(row, query)]
    page, next_cursor = cut(rows, lambda row: (row.id,), query)
    hidden = frozenset() if viewer.sees_money else queries.in_money(viewer.portal_id)
    items = [_target(row, (row.scorecard, row.indicator) not in hidden) for row in page]
    return Page(items=items, next_cursor=next_cursor)


@call(
    "PUT",
    "/targets",
    tag=TAG,
    body=list[TargetDocument],
    parse=documents.parse_targets,
    answer=shapes.DoneList,
)
def put_targets(viewer: Viewer, body: tuple[TargetDocument, ...]) -> shapes.DoneList:
    """Set, change and remove (`target` null) targets: all of them or, when one is wrong, none.

    `start` null repeats in every period. A target that is as it was is answered `duplicate`.
    """
    money.refuse(viewer, _targeted(viewer.portal_id, body))
    now = clock.now()
    with write():
        portals.lock(viewer.portal_id)
        saved = operations.set_targets(viewer.portal_id, body, viewer.actor, now)
        cause = Cause(CauseKind.TARGET, viewer.actor)
        scores.compute(viewer.portal_id, {item.scorecard for item in body}, now, cause)
    scores.ask(viewer.portal_id)
    return shapes.DoneList(items=[shapes.Done(index=one.index, status=one.status, id=one.id) for one in saved])


def _is_asked(row: TargetRow, query: shapes.TargetsQuery) -> bool:
    asked = (query.subject, query.subject_id, query.period, query.start)
    found = (row.subject.type.value, row.subject.id, row.period, row.start)
    return all(want in (None, have) for want, have in zip(asked, found, strict=True))


def _target(row: TargetRow, is_shown: bool) -> shapes.Target:
    return shapes.Target(
        scorecard=row.scorecard,
        indicator=row.indicator,
        subject=shapes.Subject(type=row.subject.type, id=row.subject.id),
        period=Kind(row.period),
        start=row.start,
        target=row.target if is_shown else None,
    )


def _targeted(portal_id: int, items: Iterable[TargetDocument]) -> Iterator[tuple[str, bool]]:
    """The path of each target, and whether it is a sum of money."""
    hidden = queries.in_money(portal_id)
    return ((f"[{place}].target", (item.scorecard, item.indicator) in hidden) for place, item in enumerate(items))
