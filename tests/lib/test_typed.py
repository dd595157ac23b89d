"""Numbers and days as people write them, in Russian and in English."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from b24app.lib.typed import COMMA, DOT, day, moment, number


@pytest.mark.parametrize(
    ("text", "russian", "english"),
    [
        ("1200", "1200", "1200"),
        ("1 234,50", "1234.50", "1234.50"),
        ("1\u00a0234\u202f567,5", "1234567.5", "1234567.5"),
        ("1,234.50", "1234.50", "1234.50"),
        ("1.234,50", "1234.50", "1234.50"),
        ("1,234", "1.234", "1234"),
        ("1.234", "1234", "1.234"),
        ("0.5", "0.5", "0.5"),
        (",5", "0.5", "0.5"),
        ("1,234,567", "1234567", "1234567"),
        ("-3", "-3", "-3"),
        ("−3,5", "-3.5", "-3.5"),
        ("(120)", "-120", "-120"),
        ("+7", "7", "7"),
        ("12 000 ₽", "12000", "12000"),
        ("12 000 руб.", "12000", "12000"),
        ("$99.90", "99.90", "99.90"),
        ("15 %", "15", "15"),
        ("0", "0", "0"),
    ],
)
def test_a_number_is_read_as_its_writer_meant_it(text: str, russian: str, english: str) -> None:
    assert (number(text, COMMA), number(text, DOT)) == (Decimal(russian), Decimal(english))


@pytest.mark.parametrize(
    "text", ["", " ", "-", "twelve", "1e5", "1.2.3", "1,23,456", "1 2x", "NaN", "Infinity", "٣", "=1+1", "1,2.3,4", "("]
)
def test_what_is_no_number_is_none(text: str) -> None:
    assert number(text, COMMA) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-01", date(2026, 11, 1)),
        ("01.11.2026", date(2026, 11, 1)),
        ("1.11.26", date(2026, 11, 1)),
        ("01/11/2026", date(2026, 11, 1)),
        ("01.11.2026 14:30", date(2026, 11, 1)),
        ("2026-11-01T23:59:59+03:00", date(2026, 11, 1)),
        ("31.02.2026", None),
        ("32.01.2026", None),
        ("2026", None),
        ("11.2026", None),
        ("tomorrow", None),
        ("01.11.2026 25:00", None),
        ("", None),
    ],
)
def test_a_day_is_read_day_first_or_iso(text: str, expected: date | None) -> None:
    assert day(text) == expected


def test_where_the_month_stands_first_it_is_said() -> None:
    assert day("11/01/2026", month_first=True) == date(2026, 11, 1)
    assert moment("01.11.2026 14:30:05") == datetime(2026, 11, 1, 14, 30, 5)
