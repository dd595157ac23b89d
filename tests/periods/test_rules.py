"""Periods and working days: tables of cases, and properties over every day and zone."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24app.lib.errors import Invalid
from b24app.periods.rules import (
    REGULAR,
    Calendar,
    Hours,
    Kind,
    Period,
    Settings,
    covering,
    custom,
    elapsed_share,
    following,
    inside,
    local_day,
    midnight,
    named,
    parse_kind,
    period_at,
    previous,
    span,
    working_days,
    working_days_left,
    working_seconds,
)

UTC_ONLY = Settings("UTC")
ZONES = ("UTC", "Europe/Moscow", "Europe/Berlin", "America/New_York", "America/Havana", "Asia/Beirut", "Africa/Cairo",
         "America/Santiago", "Asia/Kolkata", "Pacific/Apia", "Australia/Lord_Howe")  # fmt: skip

days = st.dates(date(2016, 1, 1), date(2030, 12, 31))
settings = st.builds(Settings, st.sampled_from(ZONES), st.integers(0, 6), st.integers(1, 12))
regular = st.sampled_from(REGULAR)


def d(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("kind", "day", "start", "end"),
    [
        (Kind.DAY, "2024-02-29", "2024-02-29", "2024-03-01"),
        (Kind.WEEK, "2024-01-01", "2024-01-01", "2024-01-08"),
        (Kind.WEEK, "2023-12-31", "2023-12-25", "2024-01-01"),
        (Kind.MONTH, "2024-12-31", "2024-12-01", "2025-01-01"),
        (Kind.QUARTER, "2024-05-17", "2024-04-01", "2024-07-01"),
        (Kind.HALF_YEAR, "2024-05-17", "2024-01-01", "2024-07-01"),
        (Kind.YEAR, "2024-05-17", "2024-01-01", "2025-01-01"),
    ],
)
def test_period_that_holds_a_day(kind: Kind, day: str, start: str, end: str) -> None:
    assert period_at(kind, d(day), UTC_ONLY) == Period(kind, d(start), d(end))


@pytest.mark.parametrize(
    ("kind", "day", "start", "end"),
    [
        (Kind.MONTH, "2024-01-15", "2024-01-01", "2024-02-01"),
        (Kind.QUARTER, "2024-01-15", "2024-01-01", "2024-04-01"),
        (Kind.HALF_YEAR, "2024-01-15", "2023-10-01", "2024-04-01"),
        (Kind.YEAR, "2024-03-31", "2023-04-01", "2024-04-01"),
        (Kind.YEAR, "2024-04-01", "2024-04-01", "2025-04-01"),
    ],
)
def test_quarters_and_years_follow_the_portals_first_month(kind: Kind, day: str, start: str, end: str) -> None:
    assert period_at(kind, d(day), Settings("UTC", year_start=4)) == Period(kind, d(start), d(end))


def test_a_quarter_follows_a_year_that_begins_in_february() -> None:
    assert period_at(Kind.QUARTER, d("2024-01-31"), Settings("UTC", year_start=2)).start == d("2023-11-01")


def test_week_may_begin_on_sunday() -> None:
    assert period_at(Kind.WEEK, d("2024-01-06"), Settings("UTC", week_start=6)).start == d("2023-12-31")


@given(regular, days, settings)
def test_periods_of_a_kind_tile_the_calendar(kind: Kind, day: date, settings: Settings) -> None:
    period = period_at(kind, day, settings)
    assert day in period
    assert following(period, settings).start == period.end
    assert previous(following(period, settings), settings) == period
    assert named(kind, period.start, settings) == period


def test_a_start_that_begins_no_period_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(Invalid) as refusal:
        named(Kind.MONTH, d("2024-05-17"), UTC_ONLY)
    assert refusal.value.errors[0].path == "start"
    assert "2024-05-01" in refusal.value.errors[0].message


@pytest.mark.parametrize(("start", "end"), [("2024-05-01", "2024-05-01"), ("2024-05-02", "2024-05-01"),
                                            ("2019-05-01", "2024-05-02"), ("2020-02-29", "2025-03-02")])  # fmt: skip
def test_custom_period_must_end_after_it_starts_and_within_five_years(start: str, end: str) -> None:
    with pytest.raises(Invalid):
        custom(d(start), d(end))


@pytest.mark.parametrize(("start", "end"), [("2019-05-01", "2024-05-01"), ("2020-02-29", "2025-03-01")])
def test_custom_period_of_exactly_five_years_is_accepted(start: str, end: str) -> None:
    assert custom(d(start), d(end)).end == d(end)


@pytest.mark.parametrize("day", ["0001-01-01", "1969-12-01", "2101-01-01", "9999-12-01"])
def test_days_beyond_any_plan_are_refused_in_plain_words(day: str) -> None:
    with pytest.raises(Invalid):
        named(Kind.MONTH, d(day), UTC_ONLY)
    with pytest.raises(Invalid):
        custom(d(day), d(day) + timedelta(days=1))


def test_custom_period_moves_by_its_own_length() -> None:
    period = custom(d("2024-05-10"), d("2024-05-20"))
    assert previous(period, UTC_ONLY) == custom(d("2024-04-30"), d("2024-05-10"))
    assert following(period, UTC_ONLY) == custom(d("2024-05-20"), d("2024-05-30"))


def test_custom_is_refused_where_a_regular_kind_is_needed() -> None:
    with pytest.raises(Invalid):
        period_at(Kind.CUSTOM, d("2024-05-10"), UTC_ONLY)
    with pytest.raises(Invalid):
        parse_kind("custom", REGULAR)
    with pytest.raises(Invalid):
        parse_kind("fortnight")
    assert parse_kind("half_year") is Kind.HALF_YEAR


def test_own_periods_that_overlap_the_one_asked_for() -> None:
    asked = custom(d("2024-01-15"), d("2024-03-01"))
    assert [own.start for own in inside(asked, Kind.MONTH, UTC_ONLY)] == [d("2024-01-01"), d("2024-02-01")]
    assert covering(Kind.MONTH, d("2024-02-01"), d("2024-01-31"), UTC_ONLY) == ()


@pytest.mark.parametrize(
    ("zone", "day", "first_instant", "hours"),
    [
        ("Europe/Moscow", "2024-03-31", "2024-03-30T21:00", 24),
        ("Europe/Berlin", "2024-03-31", "2024-03-30T23:00", 23),
        ("Europe/Berlin", "2024-10-27", "2024-10-26T22:00", 25),
        ("Asia/Beirut", "2024-03-31", "2024-03-30T22:00", 23),  # the clock jumps from 00:00 to 01:00: no midnight
        ("America/Havana", "2024-11-03", "2024-11-03T04:00", 25),  # 01:00 goes back to 00:00: midnight twice
    ],
)
def test_a_local_day_begins_with_its_first_instant_in_summer_time_too(
    zone: str, day: str, first_instant: str, hours: int
) -> None:
    instants = span(period_at(Kind.DAY, d(day), Settings(zone)), Settings(zone))
    assert instants.start == datetime.fromisoformat(first_instant).replace(tzinfo=UTC).timestamp()
    assert instants.end - instants.start == hours * 3600


@given(st.datetimes(datetime(2016, 1, 1), datetime(2030, 12, 31)), regular, settings)
def test_an_instant_lies_in_exactly_the_period_of_its_local_day(at: datetime, kind: Kind, settings: Settings) -> None:
    moment = int(at.replace(tzinfo=UTC).timestamp())
    period = period_at(kind, local_day(moment, settings), settings)
    assert moment in span(period, settings)
    assert moment not in span(following(period, settings), settings)
    assert span(period, settings).end == midnight(period.end, settings)


calendars = st.builds(
    Calendar,
    st.sampled_from([frozenset({5, 6}), frozenset({4, 5}), frozenset({6}), frozenset()]),
    st.frozensets(st.dates(date(2024, 1, 1), date(2024, 3, 31)), max_size=20),
    st.frozensets(st.dates(date(2024, 1, 1), date(2024, 3, 31)), max_size=10),
)


@given(calendars, st.dates(date(2023, 12, 1), date(2024, 5, 1)), st.integers(-3, 120))
def test_working_days_are_counted_as_one_would_on_fingers(calendar: Calendar, start: date, length: int) -> None:
    by_hand = sum(calendar.is_working(start + timedelta(days=n)) for n in range(max(length, 0)))
    assert working_days(calendar, start, start + timedelta(days=length)) == by_hand


JANUARY = period_at(Kind.MONTH, date(2024, 1, 1), UTC_ONLY)
HOLIDAYS = Calendar(
    days_off=frozenset({date(2024, 1, 1), date(2024, 1, 6)}), extra_working=frozenset({date(2024, 1, 7)})
)


def test_a_holiday_at_the_weekend_takes_no_working_day_and_a_moved_one_gives_one() -> None:
    assert working_days(Calendar(), JANUARY.start, JANUARY.end) == 23
    assert working_days(HOLIDAYS, JANUARY.start, JANUARY.end) == 23  # 1 January off, Sunday the 7th worked


@pytest.mark.parametrize(
    ("today", "share", "left"),
    [
        ("2023-12-31", Fraction(0), 23),
        ("2024-01-01", Fraction(1, 46), 23),  # today counts half
        ("2024-01-06", Fraction(5, 23), 18),  # a Saturday adds nothing
        ("2024-01-31", Fraction(45, 46), 1),
        ("2024-02-01", Fraction(1), 0),
    ],
)
def test_elapsed_share_and_days_left(today: str, share: Fraction, left: int) -> None:
    assert elapsed_share(Calendar(), JANUARY, d(today)) == share
    assert working_days_left(Calendar(), JANUARY, d(today)) == left


def test_a_period_without_working_days_has_no_elapsed_share() -> None:
    sunday = period_at(Kind.DAY, d("2024-01-07"), UTC_ONLY)
    assert elapsed_share(Calendar(), sunday, sunday.start) is None


@pytest.mark.parametrize(
    ("since", "until", "hours"),
    [
        ("2024-03-30T20:00", "2024-03-31T10:00", 0),  # a Saturday evening and the Sunday when the clock jumps
        ("2024-03-29T16:30", "2024-04-01T07:30", 1),  # half an hour on Friday until 18:00, half an hour on Monday
        ("2024-07-01T05:00", "2024-07-01T20:00", 9),
    ],
)
def test_working_time_is_told_by_the_clock_on_the_wall(since: str, until: str, hours: int) -> None:
    moments = (int(datetime.fromisoformat(one).replace(tzinfo=UTC).timestamp()) for one in (since, until))
    assert working_seconds(Calendar(), Hours(), *moments, Settings("Europe/Berlin")) == hours * 3600


@given(st.integers(0, 2 * 10**9), st.integers(0, 10**6), settings)
def test_working_time_of_parts_adds_up_and_is_never_longer_than_the_whole(
    since: int, lasts: int, settings: Settings
) -> None:
    def worked(start: int, end: int) -> int:
        return working_seconds(Calendar(), Hours(), start, end, settings)

    middle, until = since + lasts // 3, since + lasts
    assert worked(since, middle) + worked(middle, until) == worked(since, until) <= lasts
    assert working_seconds(Calendar(frozenset()), Hours(0, 1440), since, until, settings) == lasts
