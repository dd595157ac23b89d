"""What the pages of a person, a team and the company show, as plain view models filled by queries.py and company.py.

What stands beside a number is in panel.py, the tabs of records in tabs.py. Numbers stay exact (`Fraction`) and are
formatted by templates; sentences are in the viewer's language.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from b24app.periods.rules import Kind, Period
from b24app.portal.rules import Subject
from b24app.scores.rules import Zones, in_size


class Number(NamedTuple):
    """A quantity with its unit: money | count | percent | days | hours | number. `value` None = no data, never zero."""

    value: Fraction | None
    unit: str
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """One earlier period of a row's sparkline, oldest first."""

    period: Period
    value: Fraction | None
    target: Fraction | None


class Row(NamedTuple):
    """One indicator of one subject in one period."""

    code: str
    name: str
    rule: str
    """What is counted, as a sentence in the viewer's language."""
    number: Number
    target: Number | None
    attainment: Fraction | None
    """Percent that went into the score: floored, capped, stepped."""
    attainment_raw: Fraction | None
    """Percent before floor, cap and steps."""
    weight: Decimal
    zone: str
    """done | close | behind | none"""
    direction: str
    """up | down"""
    expected_share: Fraction | None
    """The pace mark: the share (0..1) of the target expected by today; None when there is no pace."""
    forecast: Number | None
    needed_per_day: Number | None
    to_go: Number | None
    """What is missing to the target; None once it is reached or when there is no target."""
    at_risk: bool
    small_sample: bool
    """A ratio over fewer than 10 records."""
    reason: str | None
    """Why there is no data, as a sentence; None when there is data."""
    facts: int
    capped: bool = False
    """The cap cut the attainment: show `attainment_raw` and mark it."""
    target_people: tuple[int, int] | None = None
    """(3, 5): the target is made of the targets of 3 of 5 people."""
    history: tuple[Point, ...] = ()
    before: Number | None = None
    """The value of the period before; None when it is not known."""
    change: Number | None = None
    """What is more (or less) than before: of the value, and while the period is open of the forecast."""

    forecast_by: str | None = None
    """line | season: what the forecast goes by; None where it is the value itself, or there is none."""

    @property
    def trend(self) -> str:
        return trend_of(self.change)


class Cell(NamedTuple):
    """What a table of many people shows of a `Row`: its parts are named and mean the same."""

    code: str
    name: str
    number: Number
    target: Number | None
    attainment_raw: Fraction | None
    zone: str
    facts: int
    change: Number | None

    @property
    def trend(self) -> str:
        return trend_of(self.change)


def trend_of(change: Number | None) -> str:
    """more | less | same, empty when it cannot be told."""
    if change is None or change.value is None:
        return ""
    return "more" if change.value > 0 else "less" if change.value < 0 else "same"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What every page about a scorecard and a period has."""

    scorecard_code: str | None
    """None: no scorecard applies to whom the page is about; then there are no numbers."""
    scorecard_name: str
    scorecards: tuple[tuple[str, str], ...]
    """(code, name) of every scorecard that does in this period, to choose from."""
    period: Period
    previous: Period | None
    following: Period | None
    """None when it would begin in the future."""
    period_kinds: tuple[Kind, ...]
    own_kind: Kind | None
    working_days_left: int
    complete: bool
    """False while the first sync runs: numbers may still grow."""
    computed_at: datetime | None
    is_open: bool
    zones: Zones = field(default_factory=Zones)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card(Page):
    """My KPI: one subject, one scorecard, one period."""

    subject: Subject
    subject_name: str
    photo_url: str | None
    score: Fraction | None
    zone: str
    rank: int | None
    ranked: int
    preliminary: bool
    rows: tuple[Row, ...]
    headline: Row | None
    """The indicator that is worth a sentence on top: the heaviest one still to reach."""


class TeamRow(NamedTuple):
    """One person, department or the company in the table; `cells` in the order of `Team.indicators`."""

    subject: Subject
    name: str
    photo_url: str | None
    score: Fraction | None
    zone: str
    rank: int | None
    preliminary: bool
    at_risk: bool
    cells: tuple[Row | Cell, ...]
    """In full of the one that stands above the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Team(Page):
    """The people of a department, or everybody the viewer may see."""

    department: int | None
    """None: everybody the viewer may see."""
    department_name: str
    departments: tuple[tuple[int, str, int], ...]
    """(id, name, depth) of the departments the viewer may choose, in the order of the tree."""
    indicators: tuple[tuple[str, str, str], ...]
    """(code, name, unit)"""
    people: tuple[TeamRow, ...]
    """In the order asked for; of a long list the first ones."""
    departments_rows: tuple[TeamRow, ...]
    total: TeamRow | None
    """The chosen department, or the company."""
    ranked: int
    found: int = 0
    """How many people have the name looked for; `people` are the first of them."""
    everybody: int = 0
    """How many people there are, whatever name is looked for."""
    at_risk: int = 0
    """How many of everybody are at risk."""
    subjects: tuple[Subject, ...] = ()
    """Everybody, shown or not, where no total stands for them."""


def in_order(people: Iterable[TeamRow], sort: str) -> tuple[TeamRow, ...]:
    """As the reader wants them: best first, by name, else those at risk first and then the lowest score first.

    Nobody is first without a score.
    """
    match sort:
        case "score":
            return tuple(
                sorted(people, key=lambda row: (row.score is None, in_size(-(row.score or Fraction(0))), row.name))
            )
        case "name":
            return tuple(sorted(people, key=lambda row: row.name.casefold()))
        case _:
            return tuple(
                sorted(people, key=lambda row: (not row.at_risk, row.score is None, in_size(row.score), row.name))
            )


def named_like(people: Iterable[TeamRow], text: str) -> tuple[TeamRow, ...]:
    """Those in whose names every word of the text is found, however it is written."""
    words = _plainly(text).split()
    return tuple(row for row in people if all(word in _plainly(row.name) for word in words))


def _plainly(text: str) -> str:
    """As people type it: without capitals, and Russian without the dots of \N{CYRILLIC SMALL LETTER IO}."""
    return text.casefold().replace("\N{CYRILLIC SMALL LETTER IO}", "\N{CYRILLIC SMALL LETTER IE}")


@dataclass(frozen=True, slots=True)
class DepartmentRow:
    """One department of the company; `shares` in the order of `row.cells`."""

    row: TeamRow
    depth: int
    shares: tuple[Fraction | None, ...]
    """Percent of the company's value; None where parts do not add up: ratios, means, a company without a value."""


@dataclass(frozen=True, slots=True)
class Others:
    """What of the company's value belongs to nobody in its departments."""

    name: str
    number: Number
    share: Fraction | None
    facts: int


@dataclass(frozen=True, slots=True)
class Series:
    """One indicator of one subject over the periods of `Dynamics`; None where nothing is known."""

    subject: Subject
    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Dynamics:
    code: str
    name: str
    unit: str
    currency: str | None
    company: Series
    departments: tuple[Series, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Company(Page):
    """One level up from a team: the whole, its departments, and how an indicator went."""

    indicators: tuple[tuple[str, str, str], ...]
    """(code, name, unit)"""
    total: TeamRow | None
    departments: tuple[DepartmentRow, ...]
    """In the order of the tree; without those that hold nobody the scorecard scores."""
    others: tuple[Others, ...]
    dynamics: Dynamics | None
    """None where the period is not one of the scorecard's own kind: only those are stored."""
