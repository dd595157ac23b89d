"""What a file's columns are taken for, and what its rows say or have wrong."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from b24app.ingest.imports import recognised
from b24app.ingest.imports.people import ADDRESS, AMBIGUOUS, UNKNOWN, People, plain
from b24app.ingest.imports.rules import Meaning, Reader, Role, what_is_missing

PEOPLE = People(
    {7: "Иван Иванов", 8: "Анна Петрова", 9: "Анна Петрова", 10: "Пётр Семёнов"}, {5: "Отдел продаж"}, {"vanya": 7}
)
TODAY = date(2026, 11, 16)
DAY = date(2026, 11, 1)
MEANING = Meaning(("day", "employee", "value", "comment"), code="visit")


def read(*cells: Any, meaning: Meaning = MEANING, row: int = 2) -> tuple[Any, Any]:
    return Reader(meaning, PEOPLE, TODAY).read(row, cells)


@pytest.mark.parametrize(
    ("text", "whom"),
    [
        ("7", 7), ("Иван Иванов", 7), ("ИВАНОВ  ИВАН", 7), ("Иванов Иван Петрович", 7), ("Петр Семенов", 10),
        ("VANYA", 7), ("Анна Петрова", AMBIGUOUS), ("Сидоров", UNKNOWN), ("99", UNKNOWN), ("Иванов", UNKNOWN),
        ("ivanov@firm.ru", ADDRESS),
    ],
)  # fmt: skip
def test_people_are_found_by_id_or_name_and_never_guessed(text: str, whom: int | str) -> None:
    assert PEOPLE.find(text) == whom


def test_nobody_says_that_the_name_of_somebody_means_another() -> None:
    said = {plain("Иван Иванов"): 10, plain("Анна Петрова"): 8, plain("Сидоров"): 10}
    people = replace(PEOPLE, chosen=said, _found={})
    assert [people.find(name) for name in ("Иванов Иван", "Анна Петрова", "Сидоров")] == [7, 8, 10]


def test_a_row_says_a_value_for_somebody_on_a_day() -> None:
    (value,), faults = read("01.11.2026", "Иванов Иван", "1 200,50", "Ярмарка")
    assert faults == ()
    assert (value.code, value.value, value.day, value.employee_id) == (
        "visit",
        Decimal("1200.50"),
        datetime(2026, 11, 1).date(),
        7,
    )
    assert value.comment == "Ярмарка"


@pytest.mark.parametrize(
    ("cells", "faults"),
    [
        (("32.01.2026", "7", "1"), ["day"]),
        ((None, "7", "1"), ["no_day"]),
        (("17.11.2026", "7", "1"), ["future"]),
        (("01.11.2026", "Анна Петрова", "1"), ["ambiguous_person"]),
        (("01.11.2026", "a@b.ru", "1"), ["address"]),
        (("01.11.2026", "7", "много"), ["number"]),
        (("01.11.2026", "7", "=1+1"), ["number"]),
        (("01.11.2026", "7", Decimal("0.0000001")), ["decimals"]),
        (("01.11.2026", "7", "100000000000"), ["too_large"]),
        (("01.11.2026", "7"), ["no_value"]),
        (("вчера", "никто", "много"), ["day", "unknown_person", "number"]),
    ],
)
def test_everything_that_is_wrong_with_a_row_is_told_at_once(cells: tuple[Any, ...], faults: list[str]) -> None:
    values, found = read(*cells)
    assert values == ()
    assert [one.code for one in found] == faults
    assert {one.row for one in found} == {2}


def test_the_same_file_has_the_same_keys_and_a_longer_one_only_new_ones() -> None:
    rows = [("01.11.2026", "7", "1"), ("01.11.2026", "Иван Иванов", "1,0"), ("02.11.2026", "7", "1")]

    def keys(meaning: Meaning, *more: Any) -> list[str]:
        reader = Reader(meaning, PEOPLE, TODAY, "file")
        return [value.key for number, row in enumerate([*rows, *more]) for value in reader.read(number, row)[0]]

    once = keys(MEANING)
    assert len(set(once)) == 3, "two equal visits of a day are two"
    assert keys(MEANING, ("03.11.2026", "7", "1"))[:3] == once
    assert not set(keys(replace(MEANING, counts_again=True))) & set(once)


def test_a_key_column_tells_rows_apart_and_twice_in_a_file_is_a_mistake() -> None:
    meaning = Meaning(("day", "value", "key"), code="sale")
    reader = Reader(meaning, PEOPLE, TODAY)
    (value,), _none = reader.read(2, ("01.11.2026", "5", "00-17"))
    assert value.key == "import:sale:00-17"
    assert [one.code for one in reader.read(3, ("02.11.2026", "6", "00-17"))[1]] == ["key_twice"]


def test_one_row_may_have_several_values_of_their_own_kinds() -> None:
    meaning = Meaning(("day", "value:ad_spend", "value:ad_clicks", "source"))
    values, _none = read("2026-11-01", "1500.10", "30", "WEB", meaning=replace(meaning, decimal="."))
    assert [(one.code, one.value, one.source) for one in values] == [
        ("ad_spend", Decimal("1500.10"), "WEB"), ("ad_clicks", Decimal(30), "WEB"),
    ]  # fmt: skip


def test_dates_of_a_workbook_and_times_are_taken_as_they_are() -> None:
    assert read(datetime(2026, 11, 1), "7", Decimal(1))[0][0].day == DAY
    assert read(datetime(2026, 11, 1, 9, 30), "7", Decimal(1))[0][0].day == datetime(2026, 11, 1, 9, 30)
    assert read("11/01/2026", "7", "1", meaning=replace(MEANING, month_first=True))[0][0].day == DAY


@pytest.mark.parametrize(
    ("meaning", "missing"),
    [
        (MEANING, None),
        (Meaning(("day",), code="x"), "no_value_column"),
        (Meaning(("day", "value")), "no_code"),
        (Meaning(("day", "value", "code")), None),
        (Meaning(("day", "value:x")), None),
        (Meaning(("value",), code="x"), "no_day"),
        (Meaning(("value",), code="x", day=DAY), None),
        (Meaning(("day", "day", "value"), code="x"), "role_twice"),
    ],
)
def test_a_mapping_that_says_too_little_is_refused(meaning: Meaning, missing: str | None) -> None:
    assert what_is_missing(meaning) == missing


@pytest.mark.parametrize(
    ("heads", "roles"),
    [
        (("Дата", "Сотрудник", "Сумма", "Прочее"), ("day", "employee", "value", "")),
        (("Кампания", "Дата", "Показы", "Клики", "Расход (руб.)"),
         ("comment", "day", "value:ad_shows", "value:ad_clicks", "value:ad_spend")),
        (("Day", "Campaign", "Cost", "Impr.", "Clicks"),
         ("day", "comment", "value:ad_spend", "value:ad_shows", "value:ad_clicks")),
        (("Reporting starts", "Campaign name", "Amount spent (USD)", "Impressions"),
         ("day", "comment", "value:ad_spend", "value:ad_shows")),
        (("Номер документа", "Дата документа", "Менеджер", "Сумма документа"), ("key", "day", "employee", "value")),
        (("x", None, "y"), ("", "", "")),
    ],
)  # fmt: skip
def test_known_heads_are_recognised(heads: tuple[str | None, ...], roles: tuple[str, ...]) -> None:
    assert recognised.roles(heads) == roles
    assert all(one in set(Role) or one.startswith("value:") for one in roles)


def test_a_first_row_with_numbers_or_days_is_no_row_of_heads() -> None:
    assert recognised.has_heads(("Дата", None, "Сумма"))
    assert not recognised.has_heads(("01.11.2026", "Иванов", "5"))
    assert not recognised.has_heads((datetime(2026, 11, 1), "a"))


@pytest.mark.parametrize(
    ("texts", "sign"), [(["1,5", "2"], ","), (["1.5", "2,000.10"], "."), (["1 000"], ","), (["1.234,5"], ",")]
)
def test_the_decimal_sign_is_read_off_the_numbers(texts: list[str], sign: str) -> None:
    assert recognised.decimal([(text,) for text in texts], [0]) == sign
