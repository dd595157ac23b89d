"""The seasonal curve: the share that had come by this day in the last twelve periods, against a slow reading of it."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction as F
from random import Random

import pytest

from b24app import pipeline
from b24app.facts.tables import Deal, Entry
from b24app.jobs import scores as jobs
from b24app.lib.db import db
from b24app.periods.rules import Calendar, Kind, Period, custom, mark, period_at
from b24app.periods.tables import Absence
from b24app.portal.rules import COMPANY, Subject, SubjectType, department, employee
from b24app.scores import queries, season
from b24app.scores.context import Context
from b24app.scores.rules import Cause, CauseKind
from tests.scorecards.documents import document, indicator
from tests.scores import world
from tests.scores.world import ANN, BOB, HEAD, NOW, PORTAL, SALES, deal, entry

CARD = document(
    indicator("revenue", weight=40, owner="closed_by", target=100_000),
    indicator("won", metric="deals_won", weight=30, owner="closed_by", target=10),
    indicator("calls", metric="entries", weight=20, options={"code": "calls"}, target=100),
    indicator("conversion", metric="deal_conversion", weight=10, owner="closed_by", target=50),
    subjects={"departments": [SALES]},
)
WEEKDAYS = Calendar()
NOVEMBER = Period(Kind.MONTH, date(2026, 11, 1), date(2026, 12, 1))
MONTHS = [date(2025, 11, 1), *(date(2026, month, 1) for month in range(1, 11)), date(2025, 12, 1)]
WON = {HEAD: F(2), ANN: F(3), BOB: F(1)}


@pytest.mark.parametrize(
    ("elapsed", "day", "share"),
    [
        (F(21, 42), "2026-11-16", F(1, 2)),  # the 11th working day of 21, as today counts half
        (F(10, 21), "2026-11-16", 0),  # ten are gone: the weekend before the eleventh, too
        (F(0), "2026-11-02", 0),
        (F(1), "2026-12-01", 0),
    ],
)
def test_a_mark_is_where_a_share_of_the_working_days_is_gone(elapsed, day, share):
    found = mark(WEEKDAYS, NOVEMBER, elapsed)
    assert (found.day, found.share) == (date.fromisoformat(day), share)


def test_there_is_no_mark_where_nobody_works():
    assert mark(WEEKDAYS, custom(date(2026, 11, 7), date(2026, 11, 9)), F(1, 2)) is None


@pytest.fixture
def sold(portal):
    """Every month of a year, and what of November there is so far; the same numbers come each time."""
    chance = Random(7)
    db.session.add(Absence(portal_id=PORTAL, employee_id=ANN, first="2026-03-09", last="2026-03-20", kind="vacation"))
    db.session.add(Absence(portal_id=PORTAL, employee_id=ANN, first="2026-11-05", last="2026-11-06", kind="vacation"))
    world.scorecard({**CARD, "effective_from": "2025-01-01"})
    for start in [*MONTHS, NOVEMBER.start]:
        for person, often in WON.items():
            for _one in range(int(often) + 1):
                day = start + timedelta(days=chance.randrange(28 if start != NOVEMBER.start else 15))
                deal(person, day.isoformat(), chance.randrange(1, 900))
                entry("calls", chance.randrange(1, 9), day.isoformat(), person)
    pipeline.recompute_open(PORTAL, NOW)
    db.session.commit()


def rows(now=NOW, subject_type=SubjectType.EMPLOYEE):
    period = period_at(Kind.MONTH, date(2026, 11, 1), Context(PORTAL, now).settings)
    found = queries.results(PORTAL, period, subject_type, "sales", now=now)
    return {(row.subject.id, row.indicator.code): row for row in found}


def keep(now=NOW):
    db.session.commit()
    season.keep(PORTAL, season.find(Context(PORTAL, now), "sales"))
    db.session.commit()


def slow_shares(code: str, subject: Subject) -> list[F]:
    """Day by day: half of the day on which half of the share is gone, all of the days before."""
    context = Context(PORTAL, NOW)
    calendar, shares = context.calendar_of(subject), []
    gone = _working(calendar, NOVEMBER.start, context.today) + F(1, 2)
    elapsed = gone / _working(calendar, NOVEMBER.start, NOVEMBER.end)
    for start in MONTHS:
        period = period_at(Kind.MONTH, start, context.settings)
        left, reached = elapsed * _working(calendar, period.start, period.end), F(0)
        values = _values_by_day(period, subject, code)
        day = period.start
        while day < period.end:
            if calendar.is_working(day):
                reached += min(max(left, F(0)), F(1)) * values.get(day, 0)
                left -= 1
            elif left >= 0:
                reached += values.get(day, 0)
            day += timedelta(days=1)
        shares.append(reached / sum(values.values()))
    return shares


def _working(calendar: Calendar, first: date, end: date) -> F:
    return F(sum(calendar.is_working(first + timedelta(days=one)) for one in range((end - first).days)))


def _values_by_day(period: Period, subject: Subject, code: str) -> dict[date, F]:
    whose = {COMPANY: set(WON), department(SALES): set(WON)}.get(subject, {subject.id})
    found: dict[date, F] = {}
    for table in (Entry,) if code == "calls" else (Deal,):
        for row in db.session.query(table).all():
            at = row.occurred_at if code == "calls" else row.closed_at
            owner = row.employee_id if code == "calls" else row.closed_by_id
            day = datetime.fromtimestamp(at, UTC).date()  # all of them are at noon
            number = {"calls": lambda row: F(row.value, 10**6), "won": lambda row: F(1)}.get(
                code, lambda row: F(row.amount, 100)
            )
            if owner in whose and day in period:
                found[day] = found.get(day, F(0)) + number(row)
    return found


@pytest.mark.parametrize("code", ["revenue", "won", "calls"])
def test_the_season_is_that_of_a_slow_reading(sold, code):
    found = season.find(Context(PORTAL, NOW), "sales").shares
    for subject in (employee(ANN), employee(BOB), employee(HEAD), department(SALES), COMPANY):
        slow = slow_shares(code, subject)
        assert found[subject, code] == sum(slow) / 12, subject


def test_a_forecast_goes_by_the_season_of_today_and_says_so(sold):
    before = rows()[BOB, "revenue"]
    assert (before.forecast_by, before.forecast_share) == ("line", F(1, 2))
    keep()
    shares = season.find(Context(PORTAL, NOW), "sales").shares
    row = rows()[BOB, "revenue"]
    assert (row.forecast_by, row.forecast) == ("season", row.value / shares[employee(BOB), "revenue"])
    assert rows()[BOB, "conversion"].forecast_by is None
    assert rows(now=NOW + timedelta(days=1))[BOB, "revenue"].forecast_by == "line"


def test_a_season_stays_when_the_number_moves_and_goes_with_what_it_was_made_by(sold):
    keep()
    seen = rows()[BOB, "won"]
    deal(BOB, "2026-11-12", 5)
    pipeline.recompute_open(PORTAL, NOW)
    assert (rows()[BOB, "won"].value, rows()[BOB, "won"].forecast_share) == (seen.value + 1, seen.forecast_share)
    pipeline.recompute_open(PORTAL, NOW, cause=Cause(CauseKind.DEFINITION))
    assert rows()[BOB, "won"].forecast_by == "line"


def test_one_month_without_a_value_leaves_the_straight_line(sold):
    keep()
    assert rows()[HEAD, "won"].forecast_by == "season"
    for one in db.session.query(Deal).filter_by(closed_by_id=HEAD):
        if one.closed_at < world.at("2026-01-01"):
            one.deleted_at = 1
    keep()
    assert {rows()[HEAD, "won"].forecast_by, rows()[BOB, "won"].forecast_by} == {"line", "season"}


def test_risk_goes_by_the_same_forecast(sold):
    keep()
    context = Context(PORTAL, NOW)
    version = context.scorecards["sales"][-1]
    board = queries.board(context, version, NOVEMBER, {employee(ANN), employee(BOB), employee(HEAD)})
    risky = {subject for subject in (employee(ANN), employee(BOB), employee(HEAD)) if _risky(rows(), subject)}
    assert board.at_risk == risky


def _risky(found, subject):
    return any(row.forecast < row.target * 9 / 10 for (id, _code), row in found.items() if id == subject.id)


def test_what_is_found_again_and_when(sold, monkeypatch):
    assert season.stale(Context(PORTAL, NOW)) == ("sales",)
    db.session.commit()
    monkeypatch.setattr("b24app.lib.clock.now", lambda: NOW + timedelta(minutes=5))
    jobs.seasons(PORTAL)
    later = NOW + timedelta(minutes=6)
    assert season.stale(Context(PORTAL, later)) == ()
    assert season.stale(Context(PORTAL, NOW + timedelta(days=1))) == ("sales",)
    deal(BOB, "2026-04-14", 5)
    for slice_ in pipeline.slices(PORTAL, later):
        pipeline.recompute_slice(PORTAL, slice_, later)
    assert season.stale(Context(PORTAL, later)) == ("sales",)
