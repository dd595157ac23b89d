"""Properties as Bitrix24 writes them, and numbers as a workflow reads them."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from b24app import robots
from b24app.lib import registry
from b24app.lib.errors import Invalid
from b24app.robots import base, kpi_add, kpi_get

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def call(language: str = "ru", **properties: Any) -> base.Call:
    return base.Call(1, "token", "DEAL_12", properties, NOW, NOW, "Europe/Moscow", language)


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("user_7", 7),
        (["user_7"], 7),
        ({"0": "user_7", "1": "user_8"}, 7),
        ("7", 7),
        (7, 7),
        ("Ann Lee [7]", 7),
        (" user_7 ", 7),
    ],
)
def test_an_employee_is_read_in_every_form(text: Any, id: int) -> None:
    assert base.parse(kpi_add, call(code="visit", employee=text)).employee == id


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2", 2),
        ("2.5", "2.5"),
        ("2,5", "2.5"),
        ("1 200,50", "1200.5"),
        ("1\u00a0200", 1200),
        ("-3", -3),
        (4, 4),
        (["5"], 5),
    ],
)
def test_a_number_is_read_with_point_or_comma(text: Any, value: Any) -> None:
    assert base.parse(kpi_add, call(code="visit", value=text)).value == Decimal(value)


@pytest.mark.parametrize(
    ("text", "language", "moment"),
    [
        ("2026-11-02T23:30:00Z", "ru", "2026-11-02T23:30:00+00:00"),
        ("2026-11-02T23:30:00+05:00", "ru", "2026-11-02T18:30:00+00:00"),
        ("2026-11-02 10:00:00", "ru", "2026-11-02T07:00:00+00:00"),
        ("02.11.2026 10:00:00", "ru", "2026-11-02T07:00:00+00:00"),
        ("02.11.2026 10:00", "en", "2026-11-02T07:00:00+00:00"),
        ("02.11.2026", "ru", "2026-11-02T09:00:00+00:00"),
        ("2026-11-02", "ru", "2026-11-02T09:00:00+00:00"),
        ("11/02/2026 10:00:00 am", "en", "2026-11-02T07:00:00+00:00"),
        ("02/11/2026 10:00:00", "ru", "2026-11-02T07:00:00+00:00"),
        ("02.11.2026 12:00:00 [7200]", "ru", "2026-11-02T07:00:00+00:00"),
    ],
)
def test_a_date_is_read_in_iso_and_site_format(text: str, language: str, moment: str) -> None:
    assert base.parse(kpi_add, call(language, code="visit", date=text)).date == datetime.fromisoformat(moment)


@pytest.mark.parametrize(
    ("text", "is_day"),
    [("02.11.2026", True), ("2026-11-02", True), ("02.11.2026 10:00", False), ("2026-11-02T12:00:00+03:00", False)],
)
def test_a_day_without_a_time_is_known_as_one(text: str, is_day: bool) -> None:
    params = base.parse(kpi_add, call(code="visit", date=text))
    assert params.date is not None
    assert base.is_day(params.date) is is_day


def test_what_is_left_empty_has_its_default() -> None:
    params = base.parse(kpi_add, call(code="visit", value="", employee=[], date=None, scorecard=""))
    assert params == kpi_add.Params(code="visit")
    assert params.value == 1


@pytest.mark.parametrize(
    ("properties", "place"),
    [
        ({}, "code"),
        ({"code": "visit", "value": "many"}, "value"),
        ({"code": "visit", "value": "0.1234567"}, "value"),
        ({"code": "visit", "value": "NaN"}, "value"),
        ({"code": "visit", "value": "1e20"}, "value"),
        ({"code": "visit", "employee": "Ann"}, "employee"),
        ({"code": "visit", "date": "tomorrow"}, "date"),
        ({"code": "visit", "date": "31.02.2026"}, "date"),
    ],
)
def test_a_wrong_property_is_named(properties: dict[str, Any], place: str) -> None:
    with pytest.raises(Invalid) as error:
        base.parse(kpi_add, call(**properties))
    assert [fault.path for fault in error.value.errors] == [place]
    assert place in error.value.message


def test_a_period_is_current_or_previous() -> None:
    assert base.parse(kpi_get, call()).period == "current"
    with pytest.raises(Invalid):
        base.parse(kpi_get, call(period="next"))


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (None, ""),
        (Fraction(0), "0"),
        (Fraction(2, 3), "0.666667"),
        (Fraction(98), "98"),
        (Fraction(1_000_000), "1000000"),
        (3, "3"),
    ],
)
def test_numbers_are_written_with_a_point_and_no_data_as_nothing(number: Fraction | int | None, text: str) -> None:
    assert base.written(number) == text


def test_an_activity_is_the_robot_of_its_code() -> None:
    assert base.find("kpi_add_activity").code == base.find("kpi_add").code == "kpi_add"
    with pytest.raises(Invalid):
        base.find("kpi_dance")


def test_every_robot_owes_the_same() -> None:
    for robot in registry.modules(robots):
        assert robot.code == robot.__name__.rpartition(".")[2]
        assert issubclass(robot.Params, base.Params)
        assert robot.Returns
        assert callable(robot.apply)
        assert callable(robot.answer)
