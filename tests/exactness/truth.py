"""What is so: deals, entries, people, targets, rates, days off, scorecards, as plain Python. And what may happen to it.

Nothing here is b24app's. `telling.py` tells the app what happened, `slow/` reads numbers off it.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

FUNNELS = (0, 3)
STAGES = {
    0: {"P": ("NEW", "TALK"), "S": ("WON",), "F": ("LOSE",)},
    3: {"P": ("C3:NEW", "C3:BACK"), "S": ("C3:WON",), "F": ("C3:LOSE",)},
}
"""Open, won and lost stages of each funnel; C3:BACK is where returned deals go."""

SOURCES = ("WEB", "CALL", None)
CURRENCIES = ("RUB", "USD", "EUR")
PRODUCTS = {11: 21, 12: 22, 13: 23}
"""Product -> its section."""
SECTIONS = {21: None, 22: 21, 23: None}
"""Section -> the one above it."""


@dataclass
class Move:
    id: int
    kind: int
    category: int
    stage: str
    semantic: str
    at: int


@dataclass(frozen=True)
class Row:
    id: int
    product: int | None
    price: Decimal
    quantity: Decimal


@dataclass
class Deal:
    id: int
    category: int
    stage: str
    semantic: str
    source: str | None
    company: int | None
    contact: int | None
    responsible: int
    created_by: int
    currency: str
    amount: Decimal
    created_at: int
    updated_at: int
    closed_at: int | None = None
    closer: int | None = None
    """Who was responsible as the current streak in a final semantic began."""
    is_return: bool = False
    deleted: bool = False
    moves: list[Move] = field(default_factory=list)
    fields: dict[str, Any] = field(default_factory=dict)
    rows: tuple[Row, ...] = ()
    splits: list[dict[int, Decimal]] = field(default_factory=list)
    """Who got what percent each time somebody divided it, the latest last; nobody: it was put together again."""


@dataclass
class Entry:
    id: int
    code: str
    kind: str
    value: Decimal
    at: int
    employee: int | None
    department: int | None
    undone: bool = False


Subject = tuple[str, int]
"""("employee", 7), ("department", 5), ("company", 0)."""


@dataclass(frozen=True)
class Read:
    """What one indicator came to; None is no data, no target."""

    value: Fraction | None
    target: Fraction | None


@dataclass
class Lock:
    """A period as it was when it was locked, with what answered for it."""

    document: dict[str, Any]
    at: int
    results: dict[tuple[Subject, str], Read]
    scores: dict[Subject, Fraction | None]


Place = tuple[int, tuple[int, ...], bool]
"""Since when, in which departments, and whether still employed."""


@dataclass
class Truth:
    now: datetime
    zone: str = "Europe/Moscow"
    base: str = "RUB"
    week_start: int = 0
    year_start: int = 1
    deals: dict[int, Deal] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    people: dict[int, list[Place]] = field(default_factory=dict)
    """The journal of each person, oldest first."""
    units: dict[int, int | None] = field(default_factory=dict)
    """Department -> the one above it."""
    targets: dict[tuple[str, str, tuple[str, int], str | None], Decimal] = field(default_factory=dict)
    rates: dict[tuple[str, date], Decimal] = field(default_factory=dict)
    own_days: dict[date, bool] = field(default_factory=dict)
    absences: dict[int, list[tuple[date, date]]] = field(default_factory=dict)
    scorecards: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Versions of each, oldest first."""
    active_since: dict[str, int] = field(default_factory=dict)
    locks: dict[tuple[str, str], Lock] = field(default_factory=dict)
    """By scorecard and start."""
    ever_locked: set[tuple[str, str]] = field(default_factory=set)

    @property
    def now_s(self) -> int:
        return int(self.now.timestamp())

    def living_deals(self) -> list[Deal]:
        return [deal for deal in self.deals.values() if not deal.deleted]

    def first_day(self) -> date:
        """The local day of the first fact; today without any."""
        first = [deal.created_at for deal in self.deals.values()] + [entry.at for entry in self.entries]
        return datetime.fromtimestamp(min(first, default=self.now_s), UTC).astimezone(ZoneInfo(self.zone)).date()

    def sections_of(self, product: int | None) -> set[int]:
        found: set[int] = set()
        section = PRODUCTS.get(product) if product is not None else None
        while section is not None:
            found.add(section)
            section = SECTIONS[section]
        return found

    def state(self, person: int, at: int) -> Place:
        """The last known state not after the instant; before the journal begins, the first."""
        journal = self.people[person]
        return ([place for place in journal if place[0] <= at] or journal[:1])[-1]

    def place(self, person: int, at: int) -> tuple[int, ...]:
        return self.state(person, at)[1]

    def is_active(self, person: int, at: int) -> bool:
        return self.state(person, at)[2]

    def left_within(self, person: int, span: tuple[int, int]) -> bool:
        """Dismissed inside the span, having worked before."""
        journal = self.people[person]
        return any(
            before[2] and not after[2] and span[0] < after[0] < span[1]
            for before, after in zip(journal, journal[1:], strict=False)
        )

    def is_employed_on(self, person: int, day: date, midnight: Callable[[date], int]) -> bool:
        """For any part of the day."""
        start, end = midnight(day), midnight(day + timedelta(days=1))
        if self.is_active(person, start):
            return True
        return any(start < since < end and active for since, _units, active in self.people[person])

    def units_above(self, units: Collection[int]) -> set[int]:
        found: set[int] = set()
        for unit in units:
            above: int | None = unit
            while above is not None:
                found.add(above)
                above = self.units[above]
        return found

    def units_below(self, unit: int) -> set[int]:
        return {one for one in self.units if unit in self.units_above([one])}
