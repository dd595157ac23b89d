"""How numbers, money and periods are written; semantics 7 on rounding."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from b24app.lib.i18n import speaking
from b24app.outcomes.dashboards.rules import Point
from b24app.periods.rules import Kind, Period, Settings, period_at
from b24app.web import formats

PORTAL = Settings("Europe/Moscow")


def spaced(text: str) -> str:
    """Without the difference between the kinds of spaces that locales use."""
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("value", "digits", "limits", "shown"),
    [
        (Fraction("99.996"), 2, (100,), "99.99"),
        (Fraction("99.994"), 2, (100,), "99.99"),
        (Fraction("99.996"), 2, (), "100.00"),
        (Fraction("100"), 2, (100,), "100.00"),
        (Fraction("100.004"), 2, (100,), "100.00"),
        (Fraction("79.95"), 1, (100, 80), "79.9"),
        (Fraction("0.5"), 0, (None,), "1"),
        (Fraction("-0.5"), 0, (), "0"),
        (Decimal("2.675"), 2, (), "2.68"),
    ],
)
def test_rounds_half_up_but_never_up_to_a_limit_that_was_not_reached(value, digits, limits, shown):
    assert formats.rounded(value, digits, limits) == Decimal(shown)


@pytest.mark.parametrize(
    ("language", "value", "unit", "currency", "shown"),
    [
        ("ru", 1234567, "money", "RUB", "1 234 567 ₽"),
        ("en", 1234567, "money", "RUB", "1,234,567 ₽"),
        ("en", 1234567, "money", "USD", "$1,234,567"),
        ("ru", Fraction("12.5"), "money", "RUB", "12,50 ₽"),
        ("ru", 12, "money", "RUB", "12 ₽"),
        ("ru", Fraction("63.1499"), "percent", None, "63,15 %"),
        ("en", Fraction("63.1499"), "percent", None, "63.15%"),
        ("en", Fraction("51.78"), "days", None, "51.78 days"),
        ("ru", 3, "days", None, "3 дн."),
        ("ru", -100, "percent", None, "−100 %"),
        ("en", Fraction("-12.5"), "money", "USD", "−$12.50"),
        ("en", 4238, "count", None, "4,238"),
        ("en", None, "money", "RUB", "—"),
        ("en", 0, "count", None, "0"),
        ("en", Fraction(2, 21), "count", None, "0.1"),
    ],
)
def test_a_figure_is_written_in_its_unit_and_language(language, value, unit, currency, shown):
    with speaking(language):
        assert spaced(formats.figure(value, unit, currency)) == shown


def test_money_to_be_added_up_keeps_its_cents():
    with speaking("ru"):
        assert spaced(formats.money(Fraction("54992.10"), "RUB", exact=True)) == "54 992,10 ₽"
        assert spaced(formats.money(Fraction("54992.10"), "RUB")) == "54 992 ₽"


def test_money_short_of_its_target_is_not_shown_as_the_target():
    with speaking("en"):
        assert formats.figure(Fraction("499999.6"), "money", "USD", (500000,)) == "$499,999"


@pytest.mark.parametrize(
    ("language", "kind", "shown"),
    [
        ("en", Kind.DAY, "Monday, November 23, 2026"),
        ("ru", Kind.DAY, "Понедельник, 23 ноября 2026 г."),
        ("ru", Kind.WEEK, "23–29 нояб. 2026 г."),
        ("ru", Kind.MONTH, "Ноябрь 2026"),
        ("en", Kind.QUARTER, "4th quarter 2026"),
        ("ru", Kind.QUARTER, "4-й квартал 2026"),
        ("ru", Kind.YEAR, "2026"),
    ],
)
def test_a_period_has_the_name_people_use(language, kind, shown):
    with speaking(language):
        assert spaced(formats.period(period_at(kind, date(2026, 11, 23), PORTAL))) == shown


def test_a_year_that_begins_in_april_is_named_by_its_days():
    with speaking("en"):
        year = period_at(Kind.YEAR, date(2026, 11, 23), Settings("UTC", year_start=4))
        assert spaced(formats.period(year)) == "Apr 1, 2026 – Mar 31, 2027"


def test_a_moment_is_told_by_the_clock_of_the_portal():
    with speaking("ru"):
        shown = formats.moment(datetime(2026, 11, 23, 21, 30, tzinfo=UTC), "Europe/Moscow")
        assert spaced(shown) == "24 нояб. 2026 г., 00:30"


def test_a_sparkline_needs_two_values_and_skips_periods_without_data():
    month = Period(Kind.MONTH, date(2026, 10, 1), date(2026, 11, 1))
    points = [Point(month, value and Fraction(value), None) for value in (10, None, 20)]
    line = formats.spark(points)
    assert line is not None
    assert line.points == "4.0,14.0 84.0,4.0"
    assert formats.spark(points[:2]) is None
