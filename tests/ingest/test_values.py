"""Values of fields as Bitrix24 writes them."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from b24app.facts.rules import ValueDraft
from b24app.ingest.values import values
from b24app.periods.rules import Settings

MOSCOW = Settings("Europe/Moscow")
Columns = tuple[int | None, str | None, str | None, int | None]


@pytest.mark.parametrize(
    ("kind", "raw", "expected"),
    [
        ("string", "  A-7 ", (None, "A-7", None, None)),
        ("string", "0", (None, "0", None, None)),
        ("string", "x" * 300, (None, "x" * 255, None, None)),
        ("a type of an app", "7", (None, "7", None, None)),
        ("crm_status", "SALE", (None, "SALE", None, None)),
        ("integer", 0, (0, "0", None, None)),
        ("integer", "12", (12_000_000, "12", None, None)),
        ("double", Decimal("12.50"), (12_500_000, "12.5", None, None)),
        ("double", Decimal("-0.0000005"), (-1, "-0.0000005", None, None)),
        ("money", "1200.5|USD", (1200_500_000, "1200.5", None, None)),
        ("money", 7, (7_000_000, "7", None, None)),
        ("boolean", "Y", (1_000_000, "Y", None, None)),
        ("boolean", "1", (1_000_000, "Y", None, None)),
        ("boolean", False, (0, "N", None, None)),
        ("boolean", 0, (0, "N", None, None)),
        ("char", "N", (0, "N", None, None)),
        ("date", "2026-11-05T03:00:00+03:00", (None, "2026-11-05", "2026-11-05", None)),
        ("datetime", "2026-11-05T22:30:00+00:00", (None, "2026-11-06", "2026-11-06", None)),
        ("enumeration", "103", (103_000_000, "103", None, None)),
        ("enumeration", 103, (103_000_000, "103", None, None)),
        ("crm_company", 5, (5_000_000, "5", None, None)),
        ("crm", "C_5", (None, "C_5", None, None)),
        ("employee", "12", (12_000_000, "12", None, 12)),
        ("user", 12, (12_000_000, "12", None, 12)),
    ],
)
def test_a_value_is_kept_by_its_type(kind: str, raw: Any, expected: Columns) -> None:
    num, text, day, ref = expected
    assert [replace(one, at=None) for one in values("f", kind, raw, MOSCOW)] == [
        ValueDraft("f", 0, num, text, day, ref)
    ]


@pytest.mark.parametrize(
    ("kind", "raw", "at"),
    [
        ("datetime", "2026-11-05T22:30:00+00:00", "2026-11-05T22:30:00+00:00"),
        ("date", "2026-11-05T03:00:00+03:00", "2026-11-05T00:00:00+03:00"),
        ("string", "2026-11-05", None),
    ],
)
def test_a_time_is_kept_as_an_instant_and_a_date_as_its_midnight(kind: str, raw: str, at: str | None) -> None:
    instant = None if at is None else int(datetime.fromisoformat(at).timestamp())
    assert [one.at for one in values("f", kind, raw, MOSCOW)] == [instant]


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        *((kind, nothing) for kind in ("string", "integer", "money", "date", "employee") for nothing in (None, "", [])),
        *(("boolean", nothing) for nothing in (None, "", [], "perhaps")),
        *((kind, nothing) for kind in ("enumeration", "employee", "crm_contact") for nothing in (0, "0")),
        ("integer", "many"),
        ("double", "1e30"),
        ("money", "|USD"),
        ("date", "soon"),
        ("datetime", "0000-00-00"),
        ("employee", "Ann"),
        ("string", {"id": 7, "url": "a file"}),
    ],
)
def test_nothing_and_what_cannot_be_read_is_left_out(kind: str, raw: Any) -> None:
    assert values("f", kind, raw, MOSCOW) == ()


def test_a_field_with_many_values_keeps_their_order() -> None:
    found = values("f", "enumeration", [121, "", "123"], MOSCOW)
    assert [(value.place, value.text) for value in found] == [(0, "121"), (1, "123")]


@pytest.mark.parametrize(("zone", "day"), [("America/New_York", "2026-11-05"), ("Asia/Tokyo", "2026-11-06")])
def test_the_day_of_a_time_is_the_portals(zone: str, day: str) -> None:
    (value,) = values("f", "datetime", "2026-11-05T21:30:00+00:00", Settings(zone))
    assert value.day == day
