"""Bitrix24's ways to write values."""

from typing import Any

import pytest

from b24app.ingest import parsing
from b24app.ingest.parsing import BadRecord


@pytest.mark.parametrize(
    ("written", "meant"),
    [("37", 37), (37, 37), ("37.0", 37), (0, 0), ("", None), (None, None), ([], None), (False, None)],
)
def test_integers(written: Any, meant: int | None) -> None:
    assert parsing.integer(written) == meant


@pytest.mark.parametrize("written", ["x", "1.5", "NaN", "1e30"])
def test_what_is_no_integer(written: str) -> None:
    with pytest.raises(BadRecord):
        parsing.integer(written)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2024-04-25T14:59:11+00:00", 1714057151),
        ("2024-04-25T17:59:11+03:00", 1714057151),
        ("2024-04-25T14:59:11Z", 1714057151),
        ("2024-04-25T14:59:11", 1714057151),
        ("", None),
        (None, None),
        ({}, None),
        ("0000-00-00 00:00:00", None),
        ("-0001-11-30T00:00:00+02:30", None),
    ],
)
def test_times(written: Any, meant: int | None) -> None:
    assert parsing.instant(written) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [("2024-04-19T03:00:00+03:00", "2024-04-19"), ("2024-04-19", "2024-04-19"), ("", None), (None, None)],
)
def test_a_date_is_the_text_before_the_t(written: Any, meant: str | None) -> None:
    assert parsing.day(written) == meant


@pytest.mark.parametrize(
    ("written", "meant"), [("Y", True), ("1", True), (True, True), ("N", False), (0, False), (None, False), ("", False)]
)
def test_flags(written: Any, meant: bool) -> None:
    assert parsing.flag(written) is meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [("19999.99", 19999_990_000), (19999.99, 19999_990_000), ("", None), (0, 0), ("1e3", 1000_000_000)],
)
def test_money(written: Any, meant: int | None) -> None:
    assert parsing.millionths(written) == meant


@pytest.mark.parametrize("written", ["a lot", "1e20", "Infinity"])
def test_what_is_no_money(written: str) -> None:
    with pytest.raises(BadRecord):
        parsing.millionths(written)


def test_text_is_cut_and_free_of_zero_bytes() -> None:
    assert parsing.text(" a\0bc ", 2) == "ab"
