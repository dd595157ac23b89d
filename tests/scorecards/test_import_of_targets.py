"""What the rows of a file say of targets, and what is wrong with them. Pure."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from b24app.ingest.imports import reading
from b24app.ingest.imports.people import People
from b24app.ingest.imports.rules import Meaning
from b24app.lib.i18n import LANGUAGES, speaking
from b24app.periods.rules import Kind, Settings
from b24app.portal.rules import COMPANY, department, employee
from b24app.scorecards import documents
from b24app.scorecards.imports import words
from b24app.scorecards.imports.rules import ROLES, Card, Reader, day_of, guess, what_is_missing
from tests.scorecards.documents import document, indicator

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
PEOPLE = People({7: "Иван Иванов", 8: "Анна Петрова"}, {5: "Отдел продаж"})


def card(code: str, name: Any, kind: Kind, *indicators: dict[str, Any]) -> Card:
    parsed = documents.parse(document(*indicators, status="draft"))
    return Card(code, name, kind, {one.code: one for one in parsed.indicators})


CARDS = (
    card(
        "sales", {"ru": "Отдел продаж", "en": "Sales"}, Kind.MONTH,
        indicator("revenue", name={"ru": "Выручка", "en": "Revenue"}),
        indicator("days", metric="average_days_to_close", direction="down", name="Дни"),
        indicator("second", name="Дни"),
    ),
    card("quarter", "Квартал", Kind.QUARTER, indicator("won", metric="deals_won")),
    card("other", "Квартал", Kind.MONTH, indicator()),
)  # fmt: skip
MEANING = Meaning(("scorecard", "indicator", "employee", "department", "day", "target"))


def read(*cells: Any, meaning: Meaning = MEANING) -> tuple[Any, Any]:
    return Reader(meaning, PEOPLE, CARDS, Settings("Europe/Moscow")).read(2, cells)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (("sales", "revenue", "7", None, "01.11.2026", "500 000,50"),
         ("sales", "revenue", employee(7), date(2026, 11, 1), "500000.5")),
        (("Отдел продаж", "выручка", None, "Отдел продаж", "ноябрь 2026", "5"),
         ("sales", "revenue", department(5), date(2026, 11, 1), "5")),
        (("SALES", "Revenue", "Иванов Иван", None, "15.11.2026", Decimal(7)),
         ("sales", "revenue", employee(7), date(2026, 11, 1), "7")),
        (("quarter", "won", None, "Компания", "11.2026", "3"),
         ("quarter", "won", COMPANY, date(2026, 10, 1), "3")),
        (("sales", "revenue", "8", None, "каждый", "1"), ("sales", "revenue", employee(8), None, "1")),
    ],
)  # fmt: skip
def test_a_row_says_whose_target_it_is_of_what_and_when(cells: tuple[Any, ...], said: tuple[Any, ...]) -> None:
    (found,), faults = read(*cells)
    assert faults == ()
    assert (*found.place, found.target) == (*said[:4], Decimal(said[4]))


@pytest.mark.parametrize("cell", [None, "-", " – ", "—"])
def test_nothing_in_place_of_a_target_removes_it(cell: str | None) -> None:
    (found,), faults = read("sales", "revenue", "7", None, "11.2026", cell)
    assert (found.target, faults) == (None, ())


@pytest.mark.parametrize(
    ("cells", "faults"),
    [
        (("nothing", "revenue", "7", None, "11.2026", "5"), ["unknown_scorecard"]),
        (("Квартал", "won", "7", None, "11.2026", "5"), ["several_scorecard"]),
        ((None, "won", "7", None, "11.2026", "5"), ["no_scorecard"]),
        (("sales", "won", "7", None, "11.2026", "5"), ["unknown_indicator"]),
        (("sales", "дни", "7", None, "11.2026", "5"), ["several_indicator"]),
        (("sales", "revenue", None, None, "11.2026", "5"), ["no_whose"]),
        (("sales", "revenue", "7", "5", "11.2026", "5"), ["whose_twice"]),
        (("sales", "revenue", "Сидоров", None, "11.2026", "5"), ["unknown_person"]),
        (("sales", "revenue", None, "Склад", "11.2026", "5"), ["unknown_department"]),
        (("sales", "revenue", "7", None, None, "5"), ["no_start"]),
        (("sales", "revenue", "7", None, "осень", "5"), ["period"]),
        (("sales", "revenue", "7", None, "13.2026", "5"), ["period"]),
        (("sales", "revenue", "7", None, "11.2026", "=1+1"), ["number"]),
        (("sales", "revenue", "7", None, "11.2026", "1234567890,123456"), ["too_large"]),
        (("sales", "days", "7", None, "11.2026", "0"), ["zero_target"]),
        (("x", "y", "никто", None, "вчера", "много"), ["unknown_scorecard", "unknown_person", "period", "number"]),
    ],
)
def test_everything_that_is_wrong_with_a_row_is_told_at_once(cells: tuple[Any, ...], faults: list[str]) -> None:
    said, found = read(*cells)
    assert (said, [one.code for one in found]) == ((), faults)
    for language in LANGUAGES:
        with speaking(language):
            assert all(words.fault(one.code, one.text) for one in found)


def test_the_same_target_twice_in_a_file_is_a_mistake_that_names_the_other_row() -> None:
    reader = Reader(MEANING, PEOPLE, CARDS, Settings("Europe/Moscow"))
    reader.read(2, ("quarter", "won", "7", None, "10.2026", "5"))
    ((), (fault,)) = reader.read(3, ("quarter", "won", "7", None, "11.2026", "6"))
    assert (fault.code, fault.text) == ("twice", "2")


def test_what_no_column_says_is_said_for_all_rows() -> None:
    meaning = Meaning(("employee", "target"), code="revenue", scorecard="sales", day=date(2026, 11, 5))
    ((said,), _none) = read("7", "5", meaning=meaning)
    assert said.place == ("sales", "revenue", employee(7), date(2026, 11, 1))


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2026-11-01", date(2026, 11, 1)), ("2026-11", date(2026, 11, 1)), ("11/2026", date(2026, 11, 1)),
        ("Nov 2026", date(2026, 11, 1)), ("мая 2026 г.", date(2026, 5, 1)), ("май 2026", date(2026, 5, 1)),
        (datetime(2026, 11, 1), date(2026, 11, 1)), ("qqq 2026", None), ("2026", None),
    ],
)  # fmt: skip
def test_a_period_is_named_by_a_day_or_a_month(cell: Any, day: date | None) -> None:
    assert day_of(cell, month_first=False) == day


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({}, None),
        ({"roles": ("scorecard", "indicator", "employee", "day")}, "no_target_column"),
        ({"roles": ("indicator", "employee", "day", "target")}, "no_scorecard"),
        ({"roles": ("scorecard", "employee", "day", "target")}, "no_indicator"),
        ({"roles": ("scorecard", "indicator", "employee", "target")}, "no_period"),
        ({"roles": ("scorecard", "indicator", "day", "target")}, "no_whose_column"),
        ({"roles": ("scorecard", "indicator", "employee", "employee", "day", "target")}, "role_twice"),
    ],
)
def test_a_mapping_that_says_too_little_is_refused(changes: dict[str, Any], missing: str | None) -> None:
    assert what_is_missing(replace(MEANING, **changes)) == missing
    assert missing is None or words.missing(missing)


def test_known_heads_are_recognised() -> None:
    heads = ("Карта показателей", "Показатель", "Сотрудник", "Отдел", "Месяц", "План", "Примечание", "x")
    assert guess(heads) == ("scorecard", "indicator", "employee", "department", "day", "target", "comment", "")
    assert guess(("Scorecard", "KPI", "Employee", "Period", "Target")) == (
        "scorecard", "indicator", "employee", "day", "target",
    )  # fmt: skip
    assert set(guess(heads)) <= set(ROLES)


@pytest.mark.parametrize(("language", "decimal"), [("ru", ","), ("en", ".")])
def test_the_example_files_can_be_read_as_they_are(language: str, decimal: str) -> None:
    content = (EXAMPLES / f"targets.{language}.csv").read_bytes()
    heads, *rows = reading.lines(content, reading.look("targets.csv", content))
    reader = Reader(Meaning(guess(heads.cells), decimal=decimal), PEOPLE, CARDS, Settings("Europe/Moscow"))
    read = [reader.read(row.number, row.cells) for row in rows]
    assert [faults for _said, faults in read] == [()] * 5
    assert [said.target for (said,), _none in read] == [500_000, Decimal("450000.5"), 1_200_000, 3_000_000, 400_000]
