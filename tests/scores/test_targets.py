"""Targets of people, departments and the company in any period, against a slow reading of the rows (semantics 2, 6)."""

import random
from datetime import date, datetime, timedelta
from fractions import Fraction as F
from zoneinfo import ZoneInfo

import pytest

from b24app import pipeline
from b24app.lib.db import db
from b24app.periods import operations as calendars
from b24app.periods import queries as periods
from b24app.periods.queries import Away, OwnDay
from b24app.periods.rules import Kind, Period, custom, period_at
from b24app.portal.rules import COMPANY, SubjectType, department, employee
from b24app.portal.tables import Department, Membership, Portal
from b24app.scorecards import documents as parsing
from b24app.scorecards import operations as scorecards
from b24app.scores import evaluation, queries
from b24app.scores.context import Context, version_for
from tests.scorecards.documents import document, indicator
from tests.scores import world
from tests.scores.slow_targets import SlowTargets
from tests.scores.world import ANN, BOB, COMPANY_UNIT, HEAD, NOW, PORTAL, SALES, deal

NOVEMBER = Period(Kind.MONTH, date(2026, 11, 1), date(2026, 12, 1))
OCTOBER = Period(Kind.MONTH, date(2026, 10, 1), date(2026, 11, 1))
ADDITIVE = {"revenue": True, "calls": True, "conversion": False}
INDICATORS = (
    indicator("revenue", weight=40, owner="closed_by", target=1000),
    indicator("calls", metric="meetings", weight=30, target=3, target_per="working_day"),
    indicator("conversion", metric="deal_conversion", weight=30, owner="closed_by", target=50),
)


def card(**changes):
    return document(*INDICATORS, subjects={"departments": [SALES]}, **changes)


def away(id: int, first: str, last: str) -> None:
    assert calendars.set_absence(PORTAL, Away(id, date.fromisoformat(first), date.fromisoformat(last)), "user:1", NOW)


def aim(subject, value, start=None, indicator="revenue", period="month") -> None:
    item = {
        "scorecard": "sales", "indicator": indicator, "period": period, "start": start, "target": value,
        "subject": {"type": subject.type.value, "id": subject.id},
    }  # fmt: skip
    scorecards.set_targets(PORTAL, parsing.parse_targets([item]), "user:1", NOW)


def told(period=NOVEMBER, indicator="revenue", now=NOW):
    """Subject -> target and of how many people's it is made."""
    context = Context(PORTAL, now)
    version = version_for(context, context.scorecards["sales"], period)
    found = evaluation.evaluate(context, [context.work(version, period)])
    return {one.subject: (one.target, one.target_people) for one in found if one.indicator.code == indicator}


def row(id: int, period=NOVEMBER, indicator="revenue", now=NOW):
    rows = queries.results(PORTAL, period, SubjectType.EMPLOYEE, "sales", [id], now=now)
    return next(one for one in rows if one.indicator.code == indicator)


@pytest.mark.parametrize("seed", range(12))
def test_targets_agree_with_a_slow_reading(portal, seed):
    """Random people who come, go, move and are away, random targets, and periods of every kind."""
    chance = random.Random(seed)
    tenant = db.session.get_one(Portal, PORTAL)
    tenant.time_zone = chance.choice(["Europe/Moscow", "America/New_York", "Australia/Lord_Howe"])
    tenant.week_start, tenant.year_start = chance.choice([0, 6]), chance.choice([1, 4, 12])
    zone = ZoneInfo(tenant.time_zone)
    now = datetime(2026, 11, chance.randrange(1, 30), chance.randrange(24), tzinfo=zone)
    units = list(range(1, 8))
    for id in units[4:]:
        db.session.add(Department(portal_id=PORTAL, id=id, name=f"D{id}", parent_id=chance.randrange(1, id)))
    people = [HEAD, ANN, BOB, *range(20, 27)]
    for id in people:
        _live(chance, id, units, zone, now)
    for id in chance.sample(people, 6):
        for _ in range(chance.randrange(1, 3)):
            first = date(2026, 8, 1) + timedelta(days=chance.randrange(110))
            last = first + timedelta(days=chance.choice([0, 3, 12, 70]))
            calendars.set_absence(PORTAL, Away(id, first, last), "user:1", now)
    for _ in range(8):
        day = date(2026, 8, 1) + timedelta(days=chance.randrange(130))
        calendars.set_day(PORTAL, OwnDay(day, chance.random() < 0.5), "user:1", now)

    kind = chance.choice([Kind.DAY, Kind.WEEK, Kind.MONTH, Kind.MONTH, Kind.QUARTER])
    settings = periods.settings(PORTAL)
    raw = document(
        *INDICATORS,
        period=kind.value,
        prorate=chance.random() < 0.6,
        effective_from=period_at(kind, date(2026, 3, 1), settings).start.isoformat(),
        subjects={
            "departments": chance.sample(units, 2),
            "employees": chance.sample(people, 2),
            "exclude": {"departments": [], "employees": chance.sample(people, 1)},
        },
    )
    raw["indicators"] = [one | ({"target": None} if chance.random() < 0.2 else {}) for one in raw["indicators"]]
    version = world.scorecard(raw)
    subjects = [*map(employee, people), *map(department, units), COMPANY]
    for _ in range(25):
        start = period_at(kind, date(2026, 8, 1) + timedelta(days=chance.randrange(110)), settings).start.isoformat()
        code = chance.choice(list(ADDITIVE))
        aim(chance.choice(subjects), chance.randrange(60, 900), chance.choice([start, None]), code, kind.value)

    slow, context, compared = SlowTargets(raw, now), Context(PORTAL, now), 0
    for asked in _asked(chance, settings):
        work = context.work(version, asked)
        targets = evaluation.targets_of(context, version, asked)
        for one in version.indicators:
            plain = next(each for each in raw["indicators"] if each["code"] == one.code)
            for subject in work.subjects:
                found = targets.of(one, subject)
                expected = slow.of(plain, ADDITIVE[one.code], subject.type.value, subject.id, asked.start, asked.end)
                assert (found.value, found.people) == expected, (asked, one.code, subject)
                compared += found.value is not None
    assert compared > 50


def _live(chance, id, units, zone, now) -> None:
    """A life in the journal: there from its beginning or joined later, moved, dismissed, taken on again."""
    joined = chance.random() < 0.4
    moment = datetime(2026, 8, 1, tzinfo=zone) + timedelta(hours=chance.randrange(2000)) if joined else None
    since = int(moment.timestamp()) if moment else 1
    active = joined or chance.random() < 0.95
    while since <= now.timestamp():
        world.person(id, f"P{id}", *chance.sample(units, chance.choice([1, 1, 2])), active=active, since=since)
        moment = (moment or datetime(2026, 7, 20, tzinfo=zone)) + timedelta(hours=chance.randrange(1, 1500))
        since = int(moment.timestamp())
        active = chance.random() < 0.7


def _asked(chance, settings) -> list[Period]:
    days = [date(2026, 8, 3) + timedelta(days=chance.randrange(118)) for _ in range(7)]
    kinds = (Kind.DAY, Kind.WEEK, Kind.MONTH, Kind.MONTH, Kind.QUARTER, Kind.HALF_YEAR)
    asked = [period_at(kind, day, settings) for kind, day in zip(kinds, days, strict=False)]
    return [*asked, custom(days[6], days[6] + timedelta(days=chance.randrange(1, 90)))]


def test_who_is_away_all_month_has_a_value_and_nothing_else(portal):
    world.scorecard(card())
    deal(ANN, "2026-11-03", 70)
    away(ANN, "2026-10-20", "2026-12-05")
    pipeline.recompute_open(PORTAL, NOW)
    found = row(ANN)
    assert (found.value, found.target, found.attainment, found.zone) == (70, None, None, "none")
    assert (found.expected, found.forecast, found.needed_per_day, found.at_risk) == (None, None, None, False)
    assert told()[department(SALES)] == (2000, (2, 2 + 1))
    assert told(OCTOBER)[employee(ANN)] == (1000, None)


def test_an_own_target_needs_working_days_too(portal):
    world.scorecard(card())
    away(ANN, "2026-11-01", "2026-11-30")
    aim(employee(ANN), 5, "2026-11-01")
    assert told()[employee(ANN)] == (None, None)


def test_pace_is_by_the_days_somebody_is_there(portal):
    """Of Ann's 11 days before and after her week off, 5 are gone, and today counts half; of the others' 21, ten."""
    world.scorecard(card())
    away(ANN, "2026-11-02", "2026-11-06")
    away(ANN, "2026-11-04", "2026-11-04")
    away(ANN, "2026-11-23", "2026-11-27")
    for id in (ANN, BOB):
        deal(id, "2026-11-10", 220)
    pipeline.recompute_open(PORTAL, NOW)
    ann, bob = row(ANN), row(BOB)
    assert (ann.expected, ann.forecast, ann.needed_per_day) == (500, 440, F(780, 6))
    assert (bob.expected, bob.forecast, bob.needed_per_day) == (500, 440, F(780, 11))
    context = Context(PORTAL, NOW)
    assert queries.pace(context, NOVEMBER, employee(ANN)).days_left == 6
    assert (
        queries.pace(context, NOVEMBER, department(SALES)).days_left == queries.pace(context, NOVEMBER).days_left == 11
    )


def test_on_a_day_off_work_does_not_count_half(portal):
    world.scorecard(card())
    away(ANN, "2026-11-16", "2026-11-16")
    assert queries.pace(Context(PORTAL, NOW), NOVEMBER, employee(ANN)).elapsed == F(10, 20)


def test_a_target_per_working_day_is_of_the_employees_own_days(portal):
    world.scorecard(card())
    away(ANN, "2026-11-07", "2026-11-09")
    calls = told(indicator="calls")
    assert (calls[employee(ANN)], calls[employee(BOB)]) == ((60, None), (63, None))
    assert calls[department(SALES)] == (60 + 63 + 63, (3, 3))


def test_own_days_of_the_portal_count_for_everybody(portal):
    world.scorecard(card())
    calendars.set_day(PORTAL, OwnDay(date(2026, 11, 3), False, "Move"), "user:1", NOW)
    calendars.set_day(PORTAL, OwnDay(date(2026, 11, 7), True), "user:1", NOW)
    calendars.set_day(PORTAL, OwnDay(date(2026, 11, 14), True), "user:1", NOW)
    assert told(indicator="calls")[employee(ANN)] == (3 * 22, None)


def test_without_proration_a_month_is_a_month(portal):
    world.scorecard(card())
    away(ANN, "2026-11-02", "2026-11-06")
    world.person(30, "New", SALES, since=world.at("2026-11-23 09:00"))
    found = told()
    assert (found[employee(ANN)], found[employee(30)]) == ((1000, None), (1000, None))


@pytest.fixture
def prorated(portal):
    """Ann is away for a week; somebody joins on the 23rd in the morning; Bob leaves on the 3rd in the evening."""
    world.scorecard(card(prorate=True))
    away(ANN, "2026-11-02", "2026-11-06")
    world.person(30, "New", SALES, since=world.at("2026-11-13 09:00"))
    world.person(BOB, "Bob", SALES, active=False, since=world.at("2026-11-03 18:00"))


def test_targets_are_in_proportion_to_the_days_worked(prorated):
    found = told()
    assert found[employee(HEAD)] == (1000, None)
    assert found[employee(ANN)] == (F(1000) * 16 / 21, None)
    assert found[employee(30)] == (F(1000) * 12 / 21, None)
    assert found[employee(BOB)] == (F(1000) * 2 / 21, None)


def test_a_departments_target_is_the_sum_of_what_its_active_people_are_to_reach(prorated):
    assert told()[department(SALES)] == (1000 + F(1000) * 28 / 21, (3, 3))


def test_days_are_not_taken_off_a_daily_target_twice(prorated):
    calls = told(indicator="calls")
    assert [calls[employee(id)][0] for id in (HEAD, ANN, 30, BOB)] == [63, 48, 36, 6]


def test_a_ratio_is_not_prorated(prorated):
    assert {target for target, _people in told(indicator="conversion").values()} == {50}


def test_a_target_set_for_a_person_and_period_holds_as_it_is_and_a_repeating_one_is_prorated(prorated):
    aim(employee(ANN), 700)
    assert told()[employee(ANN)] == (F(700) * 16 / 21, None)
    aim(employee(ANN), 900, "2026-11-01")
    assert told()[employee(ANN)] == (900, None)
    aim(department(SALES), 4000)
    assert told()[department(SALES)] == (4000, None)


def test_before_somebody_joined_nothing_was_expected_of_them(prorated):
    assert told(OCTOBER)[employee(30)] == (None, None)
    assert told(OCTOBER)[department(SALES)] == (3000, (3, 4))


def test_whom_the_journal_knew_from_its_beginning_were_there_before(portal):
    world.scorecard(card(prorate=True))
    for id in (HEAD, ANN, BOB):
        db.session.query(Membership).filter_by(employee_id=id).update({"since": world.at("2026-11-10")})
    db.session.query(Membership).filter_by(since=1).delete()
    assert told()[employee(ANN)] == (1000, None)


def test_a_day_of_somebodys_leave_has_no_target_in_a_monthly_scorecard(portal):
    world.scorecard(card())
    away(ANN, "2026-11-02", "2026-11-06")
    week, day = (
        Period(Kind.WEEK, date(2026, 11, 2), date(2026, 11, 9)),
        Period(Kind.DAY, NOW.date(), date(2026, 11, 17)),
    )
    assert told(week)[employee(ANN)] == (None, None)
    assert told(week)[department(SALES)] == (F(3000) * 5 / 21, (3, 3))
    assert told(day)[employee(ANN)] == (F(1000) / 21, None)


def test_a_departments_quarter_adds_up_its_months_with_those_who_were_there_then(portal):
    world.scorecard(card())
    world.person(BOB, "Bob", COMPANY_UNIT, since=world.at("2026-11-05"))
    quarter = Period(Kind.QUARTER, date(2026, 10, 1), date(2027, 1, 1))
    assert told(quarter)[department(SALES)] == (3000 + 2000 + 2000, (2, 2))


def test_new_weights_do_not_rewrite_the_past(portal):
    """Each period is answered by the version in force at its start, and says so."""
    world.scorecard(card())
    deal(ANN, "2026-10-05", 1000)
    deal(ANN, "2026-11-05", 1000)
    weights = zip(INDICATORS, (80, 10, 10), strict=True)
    later = [one | {"weight": weight, "target": 2000} for one, weight in weights]
    world.scorecard(card(effective_from="2026-11-01") | {"indicators": later})
    pipeline.recompute_open(PORTAL, NOW)
    before, now = row(ANN, OCTOBER), row(ANN)
    assert (before.scorecard_version, before.weight, before.target, before.attainment) == (1, 40, 1000, 100)
    assert (now.scorecard_version, now.weight, now.target, now.attainment) == (2, 80, 2000, 50)
    year = Period(Kind.YEAR, date(2026, 1, 1), date(2027, 1, 1))
    assert row(ANN, year).scorecard_version == 1
