"""What a kind of import owes: a module with these names says what its rows mean; all else is shared.

entries.py is the kind of values for the ledger, `scorecards/imports/targets.py` that of targets; `jobs/imports.py` has
the list, for what becomes of a checked file is done there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

from b24app.ingest.imports import reading
from b24app.ingest.imports.people import People
from b24app.ingest.imports.reading import Layout, Line
from b24app.ingest.imports.rules import Cell, Fault, Meaning
from b24app.lib.clock import epoch
from b24app.periods.rules import Settings, local_day
from b24app.portal.rules import Action, Structure, Viewer


@dataclass(frozen=True, slots=True)
class File:
    """A file as its kind reads it, with what its author may, gathered before reading."""

    id: int
    viewer: Viewer
    structure: Structure
    meaning: Meaning
    layout: Layout
    has_heads: bool
    content: bytes
    digest: str
    names: People
    settings: Settings
    now: datetime
    wrong: int
    """How many of its rows have a mistake, as its author was told; while it is checked nobody knows."""

    @property
    def today(self) -> date:
        return local_day(epoch(self.now), self.settings)

    def lines(self) -> Iterator[Line]:
        """Every row behind the heads."""
        every = reading.lines(self.content, self.layout)
        if self.has_heads:
            next(every, None)
        return every


@dataclass
class Found:
    """What checking a file has found; as it is stored."""

    rows: int = 0
    values: int = 0
    new: int = 0
    known: int = 0
    changed: int = 0
    """Of the new ones those in whose place there is another."""
    removed: int = 0
    """Of the new ones those that only take away what is there."""
    waiting: int = 0
    wrong: int = 0
    """Rows with a mistake."""
    faults: list[list[Any]] = field(default_factory=list)
    people: dict[str, str] = field(default_factory=dict)
    """Texts that mean nobody or several -> why."""
    totals: dict[str, str] = field(default_factory=dict)
    """What is added up -> its sum."""


class Source(Protocol):
    """A file read as its kind reads it."""

    @property
    def file(self) -> File: ...

    def rows(self) -> Iterator[tuple[Line, tuple[Any, ...], tuple[Fault, ...]]]:
        """Every row with what it says, or all that is wrong with it: also what its author may not."""

    def count(self, found: Found, said: Any) -> None:
        """One thing that a row says."""

    def sum_up(self, found: Found) -> None:
        """After the last row."""


class Kind(Protocol):
    code: str
    action: Action
    """What its author must be able to do to whomever a row is about."""
    needs_reason: bool
    """Whether importing it has to be explained."""
    roles: tuple[str, ...]

    def guess(self, heads: Sequence[Cell]) -> tuple[str, ...]:
        """The roles of columns with such heads."""

    def what_is_missing(self, meaning: Meaning) -> str | None:
        """Why a file cannot be read so at all, as the code of a sentence."""

    def source(self, file: File) -> Source: ...

    def fault(self, code: str, text: str) -> str:
        """What is wrong with a row, as a sentence."""

    def missing(self, code: str) -> str:
        """What is wrong with a mapping, as a sentence."""
