"""Explain: the records a number was made of, and those that nearly counted, from the plan that made the number.

`outcomes/dashboards/explain.py` tells the same story to people, in sentences.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from b24app.facts.titles import page_of
from b24app.lib import clock
from b24app.lib.errors import NotFound
from b24app.lib.i18n import gettext as _
from b24app.metrics import queries as metrics
from b24app.metrics.queries import FactRow
from b24app.metrics.rules import FormulaPlan
from b24app.periods.rules import Span, span
from b24app.portal import queries as portals
from b24app.portal.rules import Subject, SubjectType, Viewer
from b24app.scores import behind
from b24app.scores import queries as scores
from b24app.scores.context import Context, Members
from b24app.scores.queries import Sheet
from b24app.scores.rules import ResultRow
from b24app.web.api import shapes
from b24app.web.api.calls import call
from b24app.web.api.times import PortalClock

TAG = "Results"


@call("GET", "/explain", tag=TAG, query=shapes.ExplainQuery, answer=shapes.Explanation)
def explain(viewer: Viewer, query: shapes.ExplainQuery) -> shapes.Explanation:
    """The records a value was made of, newest first; applying `aggregate` to their numbers gives the value again.

    Of a ratio each operand lists its records, told apart by `part`; a record of both is listed twice. `ratio` of a
    percent is 100 x numerator / denominator. `operands` of a `formula` are the numbers it names, its records those of
    all of them. Of a locked period they are the records as they were counted then (`of_lock`).
    """
    asked = Question.of(viewer, query)
    result = asked.result
    page = behind.facts(asked.context, asked.sheet, result, limit=query.limit, cursor=query.cursor)
    return shapes.Explanation(
        value=result.value if asked.shows_number else None,
        aggregate=result.plan.shown_as,
        operands=asked.operands(),
        total=page.total,
        items=[shapes.Fact(**asked.fact(row)) for row in page.items],
        next_cursor=page.next_cursor,
        of_lock=page.of_lock,
    )


@call("GET", "/not-counted", tag=TAG, query=shapes.ExplainQuery, answer=shapes.Uncounted)
def not_counted(viewer: Viewer, query: shapes.ExplainQuery) -> shapes.Uncounted:
    """The records that nearly counted, each with the code of its reason."""
    asked = Question.of(viewer, query)
    page = metrics.not_counted(*asked.facts, **asked.page)
    items = [shapes.UncountedFact(**asked.fact(row), reason=row.reason or "") for row in page.items]
    return shapes.Uncounted(total=page.total, items=items, next_cursor=page.next_cursor)


@dataclass(frozen=True, slots=True)
class Question:
    """A number that is there, and whose facts it is made of."""

    viewer: Viewer
    query: shapes.ExplainQuery
    context: Context
    sheet: Sheet
    result: ResultRow
    span: Span
    members: Members
    time: PortalClock
    portal_url: str

    @classmethod
    def of(cls, viewer: Viewer, query: shapes.ExplainQuery) -> "Question":
        """NotFound when the indicator, the subject or a result of both in the period is not there."""
        time = PortalClock.of(viewer.portal_id)
        period, subject = time.period(query), Subject(SubjectType(query.subject), query.subject_id)
        context = Context(viewer.portal_id, clock.now())
        for sheet in scores.sheets(context, period, query.scorecard, (subject,)):
            for result in sheet.results:
                if result.indicator.code == query.indicator:
                    members = context.work(sheet.version, period).members(subject)
                    portal_url = portals.get(viewer.portal_id).client_endpoint
                    within = span(period, time.settings)
                    return cls(viewer, query, context, sheet, result, within, members, time, portal_url)
        raise NotFound(_("There is no such number: the subject has no result of this indicator in the period."))

    @property
    def facts(self) -> tuple[Any, ...]:
        return self.viewer.portal_id, self.result.plan, self.span, self.members.people

    @property
    def page(self) -> dict[str, Any]:
        return {
            "now": clock.epoch(self.context.now),
            "departments": self.members.departments,
            "limit": self.query.limit,
            "cursor": self.query.cursor,
        }

    @property
    def shows_number(self) -> bool:
        return self.viewer.sees_money or not self.result.plan.is_money

    def operands(self) -> list[shapes.Operand]:
        """What was divided by what, or what a formula was computed from; nothing of a count or a sum."""
        result = self.result
        if isinstance(result.plan, FormulaPlan):
            found = scores.operands(self.context, self.sheet, result.subject, result.indicator.code)
            return [
                shapes.Operand(name=one.name, value=one.value if self.viewer.sees_money or not one.is_money else None)
                for one in found
            ]
        if result.plan.denominator is None:
            return []
        sides = {"numerator": result.numerator, "denominator": result.denominator}
        return [shapes.Operand(name=name, value=one if self.shows_number else None) for name, one in sides.items()]

    def fact(self, row: FactRow) -> dict[str, Any]:
        shown = self.viewer.sees_money
        entity, id = row.made_of or (row.entity, row.id)
        page = page_of(entity)
        return {
            "entity": row.entity,
            "id": row.id,
            "title": row.title,
            "number": row.number if self.shows_number else None,
            "share": row.share,
            "amount": row.amount if shown else None,
            "amount_original": row.amount_original if shown else None,
            "currency": row.currency,
            "rate": row.rate,
            "date": self.time.at(row.date),
            "employee_id": row.employee_id,
            "url": urljoin(self.portal_url, page.format(id=id)) if page else None,
            "part": row.part,
        }
