"""Results and scores as they are asked for: stored for the own kind, computed for any other (semantics 2.5, 12)."""

from datetime import UTC, date, datetime
from fractions import Fraction as F

import pytest

from b24app import pipeline
from b24app.lib.db import db
from b24app.periods import queries as periods
from b24app.periods.rules import Kind, Period, custom, period_at
from b24app.portal.rules import COMPANY, SubjectType
from b24app.portal.tables import Portal
from b24app.scorecards import documents as parsing
from b24app.scorecards import operations as scorecards
from b24app.scores import queries
from tests.scorecards.documents import document, indicator
from tests.scores import world
from tests.scores.world import ANN, BOB, HEAD, NOW, OTHER, PORTAL, SALES, deal

EMPLOYEE, DEPARTMENT = SubjectType.EMPLOYEE, SubjectType.DEPARTMENT
CARD = document(
    indicator("revenue", weight=50, owner="closed_by", target=1000),
    indicator("conversion", metric="deal_conversion", weight=50, owner="closed_by", target=50),
    subjects={"departments": [SALES]},
)


def period(kind: Kind, day: str) -> Period:
    return period_at(kind, date.fromisoformat(day), periods.settings(PORTAL))


NOVEMBER = "2026-11-01"


@pytest.fixture
def sold(portal):
    world.scorecard(CARD)
    deal(ANN, "2026-11-03", 600)
    deal(ANN, "2026-11-04", 0, won=False)
    deal(BOB, "2026-10-20", 500)
    deal(HEAD, "2026-11-05", 300)
    pipeline.recompute_open(PORTAL, NOW)


def results(kind=Kind.MONTH, day=NOVEMBER, subject_type=EMPLOYEE, ids=None, asked=None, now=NOW):
    rows = queries.results(PORTAL, asked or period(kind, day), subject_type, "sales", ids, now=now)
    return {(row.subject.id, row.indicator.code): row for row in rows}


def scores(kind=Kind.MONTH, day=NOVEMBER, subject_type=EMPLOYEE, ids=None, asked=None):
    rows = queries.scores(PORTAL, asked or period(kind, day), subject_type, "sales", ids, now=NOW)
    return {row.subject.id: row for row in rows}


def test_a_stored_result_with_its_pace(sold):
    row = results()[ANN, "revenue"]
    assert (row.value, row.target, row.attainment, row.zone, row.weight) == (600, 1000, 60, "behind", 50)
    # 10 of 21 working days are gone and today counts half
    assert (row.expected, row.forecast) == (F(1000) * F(21, 2) / 21, F(600) / F(1, 2))
    assert (row.needed_per_day, row.at_risk, row.small_sample) == (F(400, 11), False, False)
    assert (row.unit, row.currency, row.subject_name, row.scorecard_version) == ("money", "RUB", "Ann", 1)
    assert row.computed_at == NOW


def test_a_ratio_keeps_its_parts(sold):
    row = results()[ANN, "conversion"]
    assert (row.value, row.numerator, row.denominator, row.facts, row.small_sample) == (50, 1, 2, 2, True)
    assert (row.expected, row.forecast, row.needed_per_day) == (None, 50, None)
    empty = results()[BOB, "conversion"]
    assert (empty.value, empty.no_data_reason, empty.attainment, empty.zone) == (None, "no_facts", None, "none")


def test_a_median_is_stored_exactly_and_shows_no_parts(portal):
    options = {"stat": "median"}
    world.scorecard(
        document(
            indicator("days", metric="average_days_to_close", options=options, owner="closed_by", direction="down"),
            subjects={"departments": [SALES]},
        )
    )
    for seconds in (86_400, 2 * 86_400 + 1):
        deal(ANN, "2026-11-05", 1, seconds_to_close=seconds)
    pipeline.recompute_open(PORTAL, NOW)
    stored = results()[ANN, "days"]
    assert stored.value == F(3 * 86_400 + 1, 2 * 86_400)
    assert (stored.numerator, stored.denominator, stored.facts, stored.small_sample) == (None, None, 2, True)
    assert results(Kind.QUARTER, "2026-10-01")[ANN, "days"].value == stored.value


def test_places_are_among_everybody_whoever_is_asked_for(sold):
    found = scores()
    assert {id: row.rank for id, row in found.items()} == {HEAD: 1, ANN: 2, BOB: 3}
    assert {id: (row.rank, row.ranked) for id, row in scores(ids=[HEAD]).items()} == {HEAD: (1, 3)}
    assert set(results(ids=[HEAD])) == {(HEAD, "revenue"), (HEAD, "conversion")}


def test_departments_have_places_among_departments(sold):
    found = scores(subject_type=DEPARTMENT)
    assert {row.rank for row in found.values()} == {1}
    assert found[SALES].ranked == 2


def test_a_closed_period_forecasts_what_it_came_to(sold):
    row = results(day="2026-10-01")[BOB, "revenue"]
    assert (row.value, row.forecast, row.expected, row.needed_per_day, row.at_risk) == (500, 500, None, None, False)


def test_a_quarter_is_computed_from_the_facts_and_its_months(sold):
    row = results(Kind.QUARTER, "2026-10-01")[ANN, "revenue"]
    assert (row.value, row.target) == (600, 3000)
    assert results(Kind.QUARTER, "2026-10-01")[BOB, "conversion"].target == 50
    assert scores(Kind.QUARTER, "2026-10-01")[BOB].score == (F(500, 30) + 150) / 2


def test_a_week_of_a_monthly_scorecard_has_a_share_of_the_target_and_no_score(sold):
    row = results(Kind.WEEK, "2026-11-02")[ANN, "revenue"]
    assert (row.value, row.target) == (600, F(1000) * 5 / 21)
    assert scores(Kind.WEEK, "2026-11-02")[ANN].score is None
    # a week over two months takes of each
    assert results(Kind.WEEK, "2026-09-28")[ANN, "revenue"].target == F(1000) * 3 / 22 + F(1000) * 2 / 22


def test_a_sunday_has_a_value_and_no_target(sold):
    deal(ANN, "2026-11-15", 70)
    row = results(Kind.DAY, "2026-11-15")[ANN, "revenue"]
    assert (row.value, row.target, row.attainment, row.forecast) == (70, None, None, None)


def test_a_custom_period_spans_what_it_names_even_before_the_scorecard(sold):
    deal(BOB, "2025-06-01", 10)
    asked = custom(date(2025, 1, 1), date(2026, 12, 1))
    assert results(asked=asked)[BOB, "revenue"].value == 510
    assert scores(asked=asked)[BOB].score is None
    half_open = custom(date(2026, 11, 1), date(2026, 11, 3))
    assert results(asked=half_open)[ANN, "revenue"].value == 0


def test_an_own_period_that_is_not_stored_is_computed(sold):
    deal(ANN, "2026-05-05", 42)
    assert results(day="2026-05-01")[ANN, "revenue"].value == 42
    assert scores(day="2026-05-01")[ANN].rank == 1


def test_before_its_first_version_a_scorecard_has_no_own_periods(sold):
    assert results(day="2025-12-01") == {}


def test_an_own_target_of_a_month_is_in_its_quarter(sold):
    subject = {"type": "employee", "id": ANN}
    item = {
        "scorecard": "sales",
        "indicator": "revenue",
        "subject": subject,
        "period": "month",
        "start": NOVEMBER,
        "target": 5,
    }
    scorecards.set_targets(PORTAL, parsing.parse_targets([item]), "user:1", NOW)
    assert results(Kind.QUARTER, "2026-10-01")[ANN, "revenue"].target == 2005


def test_the_company_is_one_subject_with_its_own_arithmetic(sold):
    found = results(subject_type=SubjectType.COMPANY)
    assert found[0, "revenue"].value == 900
    assert found[0, "conversion"].value == F(200, 3)
    assert found[0, "revenue"].subject == COMPANY


def test_results_say_whether_everything_has_been_read(sold):
    assert all(row.complete for row in results().values())


def test_another_portal_sees_nothing_of_it(sold):
    asked = period(Kind.MONTH, NOVEMBER)
    assert queries.results(OTHER, asked, EMPLOYEE, now=NOW) == ()
    assert queries.scores(OTHER, asked, SubjectType.COMPANY, now=NOW) == ()


def test_a_period_ends_at_the_portals_midnight(sold):
    db.session.get(Portal, PORTAL).time_zone = "Asia/Vladivostok"
    db.session.flush()
    deal(ANN, "2026-11-30 16:59", 1)  # Moscow time: 23:59 in Vladivostok
    deal(ANN, "2026-11-30 17:00", 10)
    later = datetime(2027, 1, 15, tzinfo=UTC)
    pipeline.recompute_open(PORTAL, later)
    assert results(day="2026-12-01", now=later)[ANN, "revenue"].value == 10
