"""What the columns of a file mean, and what each row says: values for somebody on a day, or what is wrong. Pure.

A mapping gives every column a role; which there are is the business of the kind of import (kinds.py). Of values: they
may stand in several columns of one row, each of its own kind. A row that came before is known by its key: the one in
its key column, else what it says and the how-manieth of its like it is.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum

from b24app.ingest.imports.people import People
from b24app.lib import typed
from b24app.lib.typed import COMMA

Cell = str | Decimal | date | datetime | None

LONGEST_KEY = 150
LONGEST_CODE, LONGEST_SOURCE, LONGEST_COMMENT = 64, 64, 2000
LARGEST_VALUE = 10**10
DECIMALS = 6


class Role(StrEnum):
    """What a column may be in any kind of import; a column of values of one kind is `value:<code>`."""

    NOTHING = ""
    DAY = "day"
    EMPLOYEE = "employee"
    DEPARTMENT = "department"
    CODE = "code"
    VALUE = "value"
    SOURCE = "source"
    KEY = "key"
    COMMENT = "comment"
    SCORECARD = "scorecard"
    INDICATOR = "indicator"
    TARGET = "target"


OF_KIND = "value:"


@dataclass(frozen=True, slots=True)
class Meaning:
    """How a file is understood. `code` (of targets: the indicator), `scorecard`, `day` and `source` are of rows in
    which no column says them."""

    roles: tuple[str, ...]
    code: str = ""
    scorecard: str = ""
    day: date | None = None
    source: str = ""
    kind: str = "add"
    decimal: str = COMMA
    month_first: bool = False
    counts_again: bool = False
    """Rows that came before are new ones this time."""
    leaves_out: bool = False
    """Rows with a mistake are left out; otherwise one of them stops the import."""

    def place(self, role: Role) -> int | None:
        return next((place for place, one in enumerate(self.roles) if one == role), None)

    @property
    def values(self) -> tuple[tuple[int, str], ...]:
        """(column, code) of the columns of values; no code: the row's own, or that of all rows."""
        return tuple(
            (place, one.removeprefix(OF_KIND) if one.startswith(OF_KIND) else "")
            for place, one in enumerate(self.roles)
            if one == Role.VALUE or one.startswith(OF_KIND)
        )

    @property
    def numbers(self) -> tuple[int, ...]:
        """The columns that hold numbers."""
        targets = tuple(place for place, one in enumerate(self.roles) if one == Role.TARGET)
        return (*(place for place, _code in self.values), *targets)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a row: a code for the sentence (words.py), and the text that is meant."""

    row: int
    column: int | None
    code: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a row. `day` is a local day, or a local moment where the file says a time."""

    row: int
    code: str
    value: Decimal
    day: date | datetime
    employee_id: int | None
    department_id: int | None
    source: str
    comment: str
    key: str


def what_is_missing(meaning: Meaning) -> str | None:
    """Why a file cannot be read so at all, as the code of a sentence."""
    values = meaning.values
    if not values:
        return "no_value_column"
    if any(not code for _place, code in values) and not meaning.code and meaning.place(Role.CODE) is None:
        return "no_code"
    if meaning.day is None and meaning.place(Role.DAY) is None:
        return "no_day"
    return twice(meaning)


def twice(meaning: Meaning) -> str | None:
    """Where two columns have the same role, but that of values."""
    single = [one for one in meaning.roles if one and one != Role.VALUE and not one.startswith(OF_KIND)]
    return "role_twice" if len(single) != len(set(single)) else None


@dataclass
class Reader:
    """Reads the rows of one file one after the other; remembers keys and the likes of rows it has seen."""

    meaning: Meaning
    people: People
    today: date
    file_key: str = ""
    """What makes the rows of this very file new ones, where they are to count again."""
    _seen: Counter[str] = field(default_factory=Counter)
    _keys: dict[str, int] = field(default_factory=dict)

    def read(self, row: int, cells: Sequence[Cell]) -> tuple[tuple[Value, ...], tuple[Fault, ...]]:
        """The values of a row, or all that is wrong with it."""
        faults: list[Fault] = []
        day = self._day(row, cells, faults)
        employee_id = self._whom(row, cells, Role.EMPLOYEE, faults)
        department_id = self._whom(row, cells, Role.DEPARTMENT, faults)
        code = self._text(cells, Role.CODE) or self.meaning.code
        source = self._text(cells, Role.SOURCE) or self.meaning.source
        comment = self._text(cells, Role.COMMENT)[:LONGEST_COMMENT]
        key = self._text(cells, Role.KEY)
        if len(source) > LONGEST_SOURCE:
            faults.append(Fault(row, self.meaning.place(Role.SOURCE), "too_long", source[:LONGEST_SOURCE]))
        if len(key) > LONGEST_KEY:
            faults.append(Fault(row, self.meaning.place(Role.KEY), "too_long", key[:LONGEST_KEY]))
        numbers = list(self._numbers(row, cells, code, faults))
        if not numbers and not faults:
            faults.append(Fault(row, None, "no_value"))
        values = []
        for place, own, number in numbers:
            if day is None:
                break
            said = f"{own}|{day.isoformat()}|{employee_id}|{department_id}|{number.normalize():f}|{source}|{comment}"
            made = self._key(row, place, own, key, said, faults)
            values.append(Value(row, own, number, day, employee_id, department_id, source, comment, made))
        return ((), tuple(faults)) if faults else (tuple(values), ())

    def _day(self, row: int, cells: Sequence[Cell], faults: list[Fault]) -> date | datetime | None:
        place = self.meaning.place(Role.DAY)
        if place is None:
            return self.meaning.day
        cell = at(cells, place)
        match cell:
            case datetime() | date():
                found: date | datetime | None = cell
            case str():
                found = typed.moment(cell, month_first=self.meaning.month_first)
            case _:
                found = None
        if found is None:
            faults.append(Fault(row, place, "no_day" if cell is None else "day", shown(cell)))
            return None
        day = found.date() if isinstance(found, datetime) else found
        if day > self.today:
            faults.append(Fault(row, place, "future", shown(cell)))
        elif day.year < 1971:
            faults.append(Fault(row, place, "day", shown(cell)))
        if isinstance(found, datetime) and found.tzinfo is None and found.time() == time():
            return day
        return found

    def _whom(self, row: int, cells: Sequence[Cell], role: Role, faults: list[Fault]) -> int | None:
        place = self.meaning.place(role)
        cell = at(cells, place)
        if cell is None:
            return None
        text = shown(cell)
        found = self.people.find(text, is_employee=role is Role.EMPLOYEE)
        if isinstance(found, str):
            faults.append(Fault(row, place, found, text))
            return None
        return found

    def _numbers(
        self, row: int, cells: Sequence[Cell], code: str, faults: list[Fault]
    ) -> Iterator[tuple[int, str, Decimal]]:
        for place, of_column in self.meaning.values:
            cell, own = at(cells, place), of_column or code
            if cell is None:
                continue
            number = number_of(cell, self.meaning.decimal)
            if isinstance(number, str):
                faults.append(Fault(row, place, number, shown(cell)))
            elif not own or len(own) > LONGEST_CODE:
                faults.append(Fault(row, self.meaning.place(Role.CODE), "code", own[:LONGEST_CODE]))
            else:
                yield place, own, number

    def _key(self, row: int, place: int, code: str, key: str, said: str, faults: list[Fault]) -> str:
        if key:
            made = f"import:{code}:{key}"
            if made in self._keys:
                faults.append(Fault(row, self.meaning.place(Role.KEY), "key_twice", f"{key} ({self._keys[made]})"))
            self._keys[made] = row
            return made
        if self.meaning.counts_again:
            return f"import:{code}:#{self.file_key}:{row}:{place}"
        self._seen[said] += 1
        like = hashlib.sha256(f"{said}|{self._seen[said]}".encode()).hexdigest()[:40]
        return f"import:{code}:#{like}"

    def _text(self, cells: Sequence[Cell], role: Role) -> str:
        return shown(at(cells, self.meaning.place(role)))


def number_of(cell: Cell, decimal: str) -> Decimal | str:
    """The number in a cell, or the code of what is wrong with it."""
    number = cell if isinstance(cell, Decimal) else None
    if isinstance(cell, str):
        number = typed.number(cell, decimal)
    if number is None:
        return "number"
    if abs(number) > LARGEST_VALUE:
        return "too_large"
    exponent = number.normalize().as_tuple().exponent
    return "decimals" if isinstance(exponent, int) and exponent < -DECIMALS else number


def at(cells: Sequence[Cell], place: int | None) -> Cell:
    return cells[place] if place is not None and place < len(cells) else None


def shown(cell: Cell) -> str:
    """As its writer sees it: 7 and not 7.0."""
    match cell:
        case None:
            return ""
        case Decimal():
            return f"{cell:f}"
        case datetime() | date():
            return cell.isoformat()
        case _:
            return cell.strip()
