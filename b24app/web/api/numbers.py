"""Results and scores: what was reached, and what that is worth."""

from b24app.lib import clock
from b24app.metrics.rules import Unit
from b24app.periods.rules import Period
from b24app.portal.rules import Subject, SubjectType, Viewer
from b24app.scores import queries
from b24app.scores.pace import ForecastBy
from b24app.scores.rules import ResultRow, ScoreRow
from b24app.web.api import shapes
from b24app.web.api.calls import call
from b24app.web.api.paging import cut
from b24app.web.api.shapes import Page
from b24app.web.api.times import PortalClock

TAG = "Results"


@call("GET", "/results", tag=TAG, query=shapes.ResultsQuery, answer=Page[shapes.Result])
def results(viewer: Viewer, query: shapes.ResultsQuery) -> Page[shapes.Result]:
    """What every subject reached in every indicator of a period.

    For a period of another kind than the scorecard's the values are made from the facts when asked.
    """
    time = PortalClock.of(viewer.portal_id)
    rows = queries.results(*_asked(viewer, query, time), now=clock.now())
    page, next_cursor = cut(rows, lambda row: (row.scorecard, row.subject.id, row.indicator.code), query)
    return Page(items=[_result(viewer, row, time) for row in page], next_cursor=next_cursor)


@call("GET", "/scores", tag=TAG, query=shapes.ResultsQuery, answer=Page[shapes.Score])
def scores(viewer: Viewer, query: shapes.ResultsQuery) -> Page[shapes.Score]:
    """The score and place of every subject in a period. Places are among all, whatever is filtered."""
    time = PortalClock.of(viewer.portal_id)
    rows = queries.scores(*_asked(viewer, query, time), now=clock.now())
    page, next_cursor = cut(rows, lambda row: (row.scorecard, row.subject.id), query)
    return Page(items=[_score(row, time) for row in page], next_cursor=next_cursor)


def _asked(
    viewer: Viewer, query: shapes.ResultsQuery, time: PortalClock
) -> tuple[int, Period, SubjectType, str | None, list[int] | None]:
    """Whose numbers, of when: what results and scores are asked by."""
    ids = None if query.subject_id is None else [query.subject_id]
    return viewer.portal_id, time.period(query), SubjectType(query.subject), query.scorecard, ids


def _result(viewer: Viewer, row: ResultRow, time: PortalClock) -> shapes.Result:
    shown = viewer.sees_money or not row.plan.is_money
    return shapes.Result(
        scorecard=row.scorecard,
        scorecard_version=row.scorecard_version,
        indicator=row.indicator.code,
        metric=row.indicator.metric,
        unit=Unit(row.unit),
        currency=row.currency,
        direction=row.indicator.direction,
        subject=named_subject(row.subject, row.subject_name),
        period=period_shape(row.period),
        value=row.value if shown else None,
        numerator=row.numerator if shown else None,
        denominator=row.denominator if shown else None,
        facts_count=row.facts,
        target=row.target if shown else None,
        attainment=row.attainment,
        attainment_raw=row.attainment_raw,
        weight=row.weight,
        zone=row.zone,
        forecast=row.forecast if shown else None,
        forecast_by=ForecastBy(row.forecast_by) if row.forecast_by else None,
        at_risk=row.at_risk,
        complete=row.complete,
        no_data_reason=row.no_data_reason,
        locked=row.locked,
        changed_after_lock=row.changed_after_lock,
        computed_at=time.at(row.computed_at),
    )


def _score(row: ScoreRow, time: PortalClock) -> shapes.Score:
    return shapes.Score(
        scorecard=row.scorecard,
        subject=named_subject(row.subject, row.subject_name),
        period=period_shape(row.period),
        score=row.score,
        rank=row.rank,
        ranked=row.ranked,
        zone=row.zone,
        preliminary=row.preliminary,
        indicators_with_data=row.indicators_with_data,
        computed_at=time.at(row.computed_at),
    )


def named_subject(subject: Subject, name: str) -> shapes.NamedSubject:
    return shapes.NamedSubject(type=subject.type, id=subject.id, name=name)


def period_shape(period: Period) -> shapes.Period:
    return shapes.Period(kind=period.kind, start=period.start, end=period.end)
