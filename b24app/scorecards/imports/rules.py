"""What a row of a file says of targets: whose, of which indicator, in which period; or what is wrong with it. Pure.

Scorecards and indicators are named by code or by name in any language; a period by any of its days, or as a month.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import TypeVar

from b24app.ingest.imports import recognised
from b24app.ingest.imports.people import People, plain
from b24app.ingest.imports.recognised import Heads
from b24app.ingest.imports.rules import Cell, Fault, Meaning, Role, at, number_of, shown, twice
from b24app.lib import typed
from b24app.periods.rules import YEARS, Kind, Settings, period_at
from b24app.portal.rules import COMPANY, Subject, department, employee
from b24app.scorecards import checks
from b24app.scorecards.documents import DIGITS, IndicatorDocument, Name

ROLES = (
    *(Role.NOTHING, Role.SCORECARD, Role.INDICATOR, Role.EMPLOYEE, Role.DEPARTMENT, Role.DAY, Role.TARGET),
    Role.COMMENT,
)

HEADS: Heads = {
    Role.SCORECARD: ("карта", "карта показателей", "код карты", "scorecard", "scorecard code"),
    Role.INDICATOR: ("показатель", "код показателя", "kpi", "indicator", "indicator code", "metric"),
    Role.DAY: (
        "период", "начало периода", "месяц", "начало", "дата", "period", "period start", "month", "start", "date",
    ),
    Role.TARGET: ("план", "цель", "план на период", "значение", "target", "plan", "goal", "value"),
    Role.EMPLOYEE: recognised.HEADS[Role.EMPLOYEE],
    Role.DEPARTMENT: (*recognised.HEADS[Role.DEPARTMENT], "отдел или компания", "department or company"),
    Role.COMMENT: recognised.HEADS[Role.COMMENT],
}  # fmt: skip

WHOLE = frozenset({"компания", "вся компания", "company", "whole company", "0"})
"""What stands in the column of departments where the company is meant."""

REPEATING = frozenset({"каждый", "каждый период", "every", "every period"})
"""What stands in the column of periods where the target is that of every period."""

NOTHING = frozenset({"", "-", "\u2013", "\u2014"})
"""What stands in the column of targets, where none is to be there any more; so does an empty cell."""

_MONTH = re.compile(r"(?:(\d{1,2})[./-](\d{4})|(\d{4})[./-](\d{1,2}))")
_NAMED = re.compile(r"([^\W\d]{3,})\.?\s+(\d{4})(?:\s*(?:г\.?|года?))?")
_MONTHS = (
    *("янв", "фев", "мар", "апр", "мая", "июн", "июл", "авг", "сен", "окт", "ноя", "дек"),
    *("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
)


@dataclass(frozen=True, slots=True)
class Card:
    """A scorecard as files name it, with each of its indicators as it was last."""

    code: str
    name: Name
    kind: Kind
    indicators: Mapping[str, IndicatorDocument]


@dataclass(frozen=True, slots=True)
class Planned:
    """A target that a row says; `start` None repeats in every period, `target` None removes what is there."""

    row: int
    scorecard: str
    indicator: str
    subject: Subject
    kind: Kind
    start: date | None
    target: Decimal | None

    @property
    def place(self) -> tuple[str, str, Subject, date | None]:
        return self.scorecard, self.indicator, self.subject, self.start


def guess(heads: Sequence[Cell]) -> tuple[str, ...]:
    return recognised.once(heads, lambda name: recognised.by_head(name, HEADS))


def what_is_missing(meaning: Meaning) -> str | None:
    asked = (
        (Role.TARGET, True, "no_target_column"),
        (Role.SCORECARD, not meaning.scorecard, "no_scorecard"),
        (Role.INDICATOR, not meaning.code, "no_indicator"),
        (Role.DAY, meaning.day is None, "no_period"),
    )
    for role, is_needed, code in asked:
        if is_needed and meaning.place(role) is None:
            return code
    if meaning.place(Role.EMPLOYEE) is None and meaning.place(Role.DEPARTMENT) is None:
        return "no_whose_column"
    return twice(meaning)


@dataclass
class Reader:
    """Reads the rows of one file one after the other; remembers what they were about."""

    meaning: Meaning
    people: People
    cards: Sequence[Card]
    settings: Settings
    _seen: dict[tuple[str, str, Subject, date | None], int] = field(default_factory=dict)

    def read(self, row: int, cells: Sequence[Cell]) -> tuple[tuple[Planned, ...], tuple[Fault, ...]]:
        """The target of a row, or all that is wrong with it."""
        faults: list[Fault] = []
        card = self._card(row, cells, faults)
        indicator = self._indicator(row, cells, card, faults) if card else None
        subject = self._whose(row, cells, faults)
        day = self._day(row, cells, faults)
        target = self._target(row, cells, indicator, faults)
        if faults or card is None or indicator is None or subject is None:
            return (), tuple(faults)
        start = None if day is None else period_at(card.kind, day, self.settings).start
        said = Planned(row, card.code, indicator.code, subject, card.kind, start, target)
        if said.place in self._seen:
            return (), (Fault(row, None, "twice", str(self._seen[said.place])),)
        self._seen[said.place] = row
        return (said,), ()

    def _card(self, row: int, cells: Sequence[Cell], faults: list[Fault]) -> Card | None:
        place = self.meaning.place(Role.SCORECARD)
        text = shown(at(cells, place)) or self.meaning.scorecard
        found = self._named.get(plain(text), ())
        return _only(found, Fault(row, place, "scorecard", text), faults)

    def _indicator(self, row: int, cells: Sequence[Cell], card: Card, faults: list[Fault]) -> IndicatorDocument | None:
        place = self.meaning.place(Role.INDICATOR)
        text = shown(at(cells, place)) or self.meaning.code
        if text in card.indicators:
            return card.indicators[text]
        found = [one for one in card.indicators.values() if plain(text) in _names(one.code, one.name)]
        return _only(found, Fault(row, place, "indicator", text), faults)

    def _whose(self, row: int, cells: Sequence[Cell], faults: list[Fault]) -> Subject | None:
        of_employee, of_department = self.meaning.place(Role.EMPLOYEE), self.meaning.place(Role.DEPARTMENT)
        person, unit = shown(at(cells, of_employee)), shown(at(cells, of_department))
        if bool(person) == bool(unit):
            faults.append(Fault(row, of_employee, "whose_twice" if person else "no_whose"))
            return None
        found = self.people.find(person or unit, is_employee=bool(person))
        if isinstance(found, int):
            return employee(found) if person else department(found)
        if unit and plain(unit) in WHOLE:
            return COMPANY
        faults.append(Fault(row, of_employee if person else of_department, found, person or unit))
        return None

    def _day(self, row: int, cells: Sequence[Cell], faults: list[Fault]) -> date | None:
        """A day of the period; None is every period, or nothing where that is a fault."""
        place = self.meaning.place(Role.DAY)
        cell = at(cells, place)
        if cell is None:
            if self.meaning.day is None:
                faults.append(Fault(row, place, "no_start"))
            return self.meaning.day
        if plain(shown(cell)) in REPEATING:
            return None
        found = day_of(cell, month_first=self.meaning.month_first)
        if found is None or found.year not in YEARS:
            faults.append(Fault(row, place, "period", shown(cell)))
        return found

    def _target(
        self, row: int, cells: Sequence[Cell], indicator: IndicatorDocument | None, faults: list[Fault]
    ) -> Decimal | None:
        place = self.meaning.place(Role.TARGET)
        cell = at(cells, place)
        if cell is None or shown(cell) in NOTHING:
            return None
        found = number_of(cell, self.meaning.decimal)
        if isinstance(found, Decimal) and len(found.normalize().as_tuple().digits) > DIGITS:
            found = "too_large"
        wrong = found if isinstance(found, str) else checks.wrong_target(indicator, found) if indicator else None
        if wrong:
            faults.append(Fault(row, place, wrong, shown(cell)))
        return None if isinstance(found, str) else found

    @cached_property
    def _named(self) -> Mapping[str, Sequence[Card]]:
        codes = {plain(one.code): [one] for one in self.cards}
        names: dict[str, list[Card]] = {}
        for one in self.cards:
            for name in _names(one.code, one.name):
                names.setdefault(name, []).append(one)
        return names | codes


def _names(code: str, name: Name) -> set[str]:
    return {plain(code), *map(plain, name.values() if isinstance(name, dict) else (name,))}


One = TypeVar("One")


def _only(found: Sequence[One], fault: Fault, faults: list[Fault]) -> One | None:
    """The only one; else it is a fault that none or several are called so."""
    if len(found) == 1:
        return found[0]
    how = "several" if found else "unknown" if fault.text else "no"
    faults.append(Fault(fault.row, fault.column, f"{how}_{fault.code}", fault.text))
    return None


def day_of(cell: Cell, *, month_first: bool) -> date | None:
    """The day in a cell, or the first of the month it names: 01.11.2026, 11.2026, November 2026."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    text = shown(cell)
    if found := _MONTH.fullmatch(text):
        month, year = (found[1], found[2]) if found[1] else (found[4], found[3])
        return _first(int(year), int(month))
    if found := _NAMED.fullmatch(text.casefold()):
        name = "мая" if found[1] == "май" else found[1][:3]
        return _first(int(found[2]), _MONTHS.index(name) % 12 + 1) if name in _MONTHS else None
    return typed.day(text, month_first=month_first)


def _first(year: int, month: int) -> date | None:
    return date(year, month, 1) if 1 <= month <= 12 and year in YEARS else None
