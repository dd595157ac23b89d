"""A file is checked: all its rows are read, and nothing is written but what was found.

Who may enter whose values is asked for every row, of the structure and roles of now. Before and after: files.py,
posting.py.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from b24app.facts import ledger
from b24app.facts.approval import Approval, approval
from b24app.facts.rules import EntryDraft
from b24app.ingest.imports import people, reading
from b24app.ingest.imports.files import CHECKED, CHECKING, content_of, find, layout_of, meaning_of
from b24app.ingest.imports.reading import Layout, Line
from b24app.ingest.imports.rules import Fault, Meaning, Reader, Value
from b24app.ingest.imports.tables import ImportPerson
from b24app.ingest.manual import moment, subject_of
from b24app.lib.clock import epoch
from b24app.lib.db import db
from b24app.periods import queries as periods
from b24app.periods.rules import Settings, local_day
from b24app.portal import queries as portals
from b24app.portal.rules import Action, Structure, Viewer, can, employee

FAULTS_KEPT, PEOPLE_KEPT = 200, 50
AT_ONCE = 1_000
"""Rows read between two looks at how far it has come."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Source:
    """All that is needed to read a file's rows as values, gathered before reading."""

    viewer: Viewer
    structure: Structure
    meaning: Meaning
    layout: Layout
    has_heads: bool
    content: bytes
    digest: str
    names: people.People
    decided: Approval
    settings: Settings
    now: datetime

    def rows(self) -> Iterator[tuple[Line, tuple[Value, ...], tuple[Fault, ...]]]:
        """Every row behind the heads, with its values or all that is wrong with it."""
        today = local_day(epoch(self.now), self.settings)
        reader = Reader(self.meaning, self.names, today, self.digest[:16])
        allowed: dict[tuple[int | None, int | None, str], str | None] = {}
        for place, line in enumerate(reading.lines(self.content, self.layout)):
            if place == 0 and self.has_heads:
                continue
            values, faults = reader.read(line.number, line.cells)
            refused = []
            for value in values:
                key = value.employee_id, value.department_id, value.code
                if key not in allowed:
                    allowed[key] = self._refusal(*key)
                if code := allowed[key]:
                    refused.append(Fault(line.number, None, code, value.code if code == "money" else ""))
                elif scale := self.decided.missed(value.code, value.value):
                    refused.append(Fault(line.number, None, scale, value.code))
            yield line, () if refused else values, (*faults, *dict.fromkeys(refused))

    def _refusal(self, employee_id: int | None, department_id: int | None, code: str) -> str | None:
        subject = subject_of(employee_id, department_id)
        if not can(self.viewer, Action.ENTER, subject):
            return "own" if subject == employee(self.viewer.user_id or 0) else "not_allowed"
        return "money" if self.decided.is_money(code) and not self.viewer.sees_money else None

    def draft(self, value: Value, import_id: int) -> EntryDraft:
        return EntryDraft(
            key=value.key,
            code=value.code,
            kind=self.meaning.kind,
            value=value.value,
            occurred_at=self._at(value.day),
            employee_id=value.employee_id,
            department_id=value.department_id,
            source_id=value.source or None,
            comment=value.comment,
            origin="import",
            author=self.viewer.actor,
            state=self.decided.state(value.code, value.value, "import"),
            import_id=import_id,
        )

    def _at(self, day: date | datetime) -> int:
        if not isinstance(day, datetime):
            return moment(day, self.meaning.kind, self.now, self.settings)
        local = day if day.tzinfo else day.replace(tzinfo=ZoneInfo(self.settings.time_zone))
        return epoch(local)


def source(portal_id: int, import_id: int, now: datetime) -> Source:
    """What the author of the file may is asked anew: of the structure and roles of now."""
    row = find(portal_id, import_id)
    portal = portals.get(portal_id)
    user_id = int(row.author.removeprefix("user:"))
    structure = portals.structure(portal_id)
    chosen = db.session.execute(
        select(ImportPerson.text, ImportPerson.employee_id).where(ImportPerson.portal_id == portal_id)
    )
    names = people.People(
        {id: one.name for id, one in structure.people.items()},
        {id: unit.name for id, unit in structure.units.items()},
        {text: id for text, id in chosen},  # noqa: C416
    )
    return Source(
        portals.viewer(portal_id, user_id, row.is_admin, portal.language, now),
        structure,
        meaning_of(row),
        layout_of(row),
        row.layout["has_heads"],
        content_of(portal_id, import_id),
        row.digest,
        names,
        approval(portal.settings),
        periods.settings(portal_id),
        now,
    )


@dataclass
class Found:
    """What checking a file has found; as it is stored."""

    rows: int = 0
    values: int = 0
    new: int = 0
    known: int = 0
    waiting: int = 0
    wrong: int = 0
    """Rows with a mistake."""
    faults: list[list[Any]] = field(default_factory=list)
    people: dict[str, str] = field(default_factory=dict)
    """Texts that mean nobody or several -> why."""
    totals: dict[str, str] = field(default_factory=dict)
    """code -> sum of its values"""


def check(given: Source, report: Progress) -> Found:
    """Reads the whole file; writes nothing."""
    found, keys = Found(), set[str]()
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for line, values, faults in given.rows():
        found.rows += 1
        found.wrong += bool(faults)
        for fault in faults:
            if len(found.faults) < FAULTS_KEPT:
                found.faults.append([fault.row, fault.column, fault.code, fault.text[:100]])
            if fault.code in (people.UNKNOWN, people.AMBIGUOUS, people.ADDRESS) and len(found.people) < PEOPLE_KEPT:
                found.people.setdefault(fault.text[:255], fault.code)
        for value in values:
            found.values += 1
            keys.add(value.key)
            sums[value.code] += value.value
            found.waiting += given.decided.state(value.code, value.value, "import") != "counted"
        if found.rows % AT_ONCE == 0:
            report(line.number, 0)
    found.known = len(ledger.known_keys(given.viewer.portal_id, keys))
    found.new = len(keys) - found.known
    found.totals = {code: f"{total:f}" for code, total in sorted(sums.items())}
    return found


def keep_found(portal_id: int, import_id: int, result: Found) -> None:
    row = find(portal_id, import_id)
    if row.state == CHECKING:
        row.state, row.found, row.done, row.total = CHECKED, asdict(result), 0, result.values
        db.session.flush()
