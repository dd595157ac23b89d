"""Numbers cross the border of the API exactly: no binary float on either side."""

import json
from decimal import Decimal
from fractions import Fraction

import pytest

from b24app.web.api import exact


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Decimal("500000.00"), "500000"),
        (Decimal("1E+3"), "1000"),
        (Decimal("0.1"), "0.1"),
        (Fraction(5, 20) * 100, "25"),
        (Fraction(200, 3), "66.666667"),
        (Fraction(1, 8_000_000), "0"),
        (Decimal("0.0000005"), "0.000001"),
        (Decimal("-0.0000005"), "0"),
        (Decimal("-2.5"), "-2.5"),
        (123456789012345678, "123456789012345678"),
        (Decimal("9007199254740993.25"), "9007199254740993.25"),
    ],
)
def test_a_number_is_written_with_at_most_six_decimals_half_up(number: Decimal | Fraction | int, text: str) -> None:
    assert exact.dumps(number) == text


def test_everything_else_is_ordinary_json() -> None:
    value = {"name": 'Отдел "A"', "rows": [1, None, True], "none": (), 7: "key"}
    text = exact.dumps(value)
    assert json.loads(text) == {"name": 'Отдел "A"', "rows": [1, None, True], "none": [], "7": "key"}


def test_numbers_are_read_as_they_were_written() -> None:
    assert exact.loads(b"[0.1, 1200.50, 7]") == [Decimal("0.1"), Decimal("1200.50"), 7]


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[NaN]", b"[Infinity]", b"\xff", b"[1e99999999999999999999]", b"[" * 100_000]
)
def test_what_is_not_json_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):
        exact.loads(text)
