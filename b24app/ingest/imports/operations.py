"""The way of a file into the ledger: taken, understood, checked, posted, and taken back.

    look -> take -> choose -> check (a job: nothing is written but what was found) -> begin -> post (a job: in portions
    that are held, then all of it counts at once) -> take_back

Every step may be repeated: values are known by their keys. Flushes and never commits; who may enter whose values is
asked for every row.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.orm import undefer

from b24app.facts import ledger
from b24app.facts.approval import Approval, approval
from b24app.facts.rules import EntryDraft
from b24app.ingest.imports import people, reading, recognised, workbooks
from b24app.ingest.imports.reading import EXCEL, SAMPLE, Layout, Line
from b24app.ingest.imports.rules import Cell, Fault, Meaning, Reader, Value, what_is_missing
from b24app.ingest.imports.tables import ImportFile, ImportMeaning, ImportPerson
from b24app.ingest.manual import moment, subject_of
from b24app.lib.clock import epoch
from b24app.lib.db import db
from b24app.lib.errors import Conflict, Invalid, NotFound
from b24app.lib.errors import Fault as FieldFault
from b24app.lib.i18n import gettext as _
from b24app.periods import queries as periods
from b24app.periods.rules import Settings, local_day
from b24app.portal import audit
from b24app.portal import queries as portals
from b24app.portal.rules import Action, Structure, Viewer, can, employee

NEW, CHECKING, CHECKED, IMPORTING, COUNTING = "new", "checking", "checked", "importing", "counting"
DONE, FAILED, UNDOING, UNDONE = "done", "failed", "undoing", "undone"
UNDER_WAY = (CHECKING, IMPORTING, COUNTING, UNDOING)

FAULTS_KEPT, PEOPLE_KEPT = 200, 50
AT_ONCE = 1_000
"""Rows read or values posted between two looks at how far it has come."""

KEPT_S = 7 * 86_400

Progress = Callable[[int, int], None]


# --- taken and understood


@dataclass(frozen=True, slots=True)
class Looked:
    """What was seen of a file before anything of it is kept."""

    layout: Layout
    rows: tuple[tuple[Cell, ...], ...]
    """The first ones."""
    sheets: tuple[str, ...]
    has_heads: bool

    @property
    def heads(self) -> tuple[Cell, ...]:
        """Of every column; None for those that have none."""
        width = max(len(row) for row in self.rows)
        named = self.rows[0] if self.has_heads else ()
        return named + (None,) * (width - len(named))


def look(name: str, content: bytes) -> Looked:
    """Reads the beginning, not in a transaction: a workbook takes long. Unreadable if it is no file of ours."""
    return _look(content, reading.look(name, content))


def look_again(viewer: Viewer, import_id: int, encoding: str, separator: str, sheet: str) -> Looked:
    """The same file in another encoding, with another separator, or another sheet of it."""
    before = layout_of(load(viewer, import_id, NEW, CHECKED, FAILED))
    content = content_of(viewer.portal_id, import_id)
    if before.kind == EXCEL:
        names = workbooks.sheets(content)
        return _look(content, replace(before, sheet=sheet if sheet in names else names[0]))
    known = {*reading.ENCODINGS, before.encoding}
    changed = replace(
        before,
        encoding=encoding if encoding in known else before.encoding,
        separator=separator if separator in reading.SEPARATORS else before.separator,
    )
    return _look(content, changed)


def _look(content: bytes, layout: Layout) -> Looked:
    first = tuple(line.cells for line in islice(reading.lines(content, layout), SAMPLE))
    if not first:
        raise workbooks.Unreadable(_("The file is empty."))
    sheets = workbooks.sheets(content) if layout.kind == EXCEL else ()
    return Looked(layout, first, sheets, recognised.has_heads(first[0]))


def take(viewer: Viewer, name: str, content: bytes, looked: Looked, now: datetime) -> int:
    """Keep a file that can be read; a guess at its columns is made, or what was chosen for such columns before."""
    row = ImportFile(
        portal_id=viewer.portal_id,
        author=viewer.actor,
        is_admin=viewer.is_admin,
        name=name[-255:],
        size=len(content),
        digest=hashlib.sha256(content).hexdigest(),
        content=content,
        created_at=epoch(now),
    )
    _understand(row, looked)
    db.session.add(row)
    db.session.flush()
    return row.id


def retake(viewer: Viewer, import_id: int, looked: Looked) -> None:
    """From here on it is read so."""
    row = load(viewer, import_id, NEW, CHECKED, FAILED)
    _understand(row, looked)
    row.state, row.found, row.error = NEW, {}, None
    db.session.flush()


def _understand(row: ImportFile, looked: Looked) -> None:
    row.layout = {**asdict(looked.layout), "has_heads": looked.has_heads}
    row.head = {"rows": [list(map(_text, cells)) for cells in looked.rows], "sheets": list(looked.sheets)}
    kept = db.session.get(ImportMeaning, (row.portal_id, _fingerprint(looked.heads)))
    row.meaning = kept.meaning if kept else _told(_guess(looked))


def _guess(looked: Looked) -> Meaning:
    found = Meaning(recognised.roles(looked.heads))
    places = [place for place, _code in found.values]
    return replace(found, decimal=recognised.decimal(looked.rows[1:], places))


def _text(cell: Cell) -> str:
    return "" if cell is None else f"{cell:f}" if hasattr(cell, "normalize") else str(cell)


def _fingerprint(heads: tuple[Cell, ...]) -> str:
    return hashlib.sha256("\x1f".join(people.plain(_text(head)) for head in heads).encode()).hexdigest()


def _told(meaning: Meaning) -> dict[str, Any]:
    """As it is stored."""
    return {**asdict(meaning), "roles": list(meaning.roles), "day": meaning.day.isoformat() if meaning.day else None}


def meaning_of(row: ImportFile) -> Meaning:
    said = row.meaning
    day = date.fromisoformat(said["day"]) if said.get("day") else None
    return Meaning(**{**said, "roles": tuple(said["roles"]), "day": day})


def choose(viewer: Viewer, import_id: int, meaning: Meaning, now: datetime) -> None:
    """What the columns are; kept for the next file with the same heads. Invalid with the code of what is missing."""
    row = load(viewer, import_id, NEW, CHECKED, FAILED)
    if missing := what_is_missing(meaning):
        raise Invalid(_("The file was not checked."), [FieldFault("meaning", missing)])
    row.meaning, row.state, row.found, row.error, row.done, row.total = _told(meaning), CHECKING, {}, None, 0, 0
    heads = tuple(row.head["rows"][0]) if row.layout["has_heads"] else (None,) * len(meaning.roles)
    kept = {**row.meaning, "day": None, "counts_again": False, "leaves_out": False}
    db.session.merge(
        ImportMeaning(portal_id=viewer.portal_id, heads=_fingerprint(heads), meaning=kept, saved_at=epoch(now))
    )
    db.session.flush()


def say_who(viewer: Viewer, import_id: int, chosen: Mapping[str, int], structure: Structure) -> None:
    """Whom texts of this file mean, for this and every later one; it is to be checked again."""
    row = load(viewer, import_id, CHECKED)
    for text, employee_id in chosen.items():
        if text and employee_id in structure.people and can(viewer, Action.ENTER, employee(employee_id)):
            db.session.merge(
                ImportPerson(portal_id=viewer.portal_id, text=people.plain(text)[:255], employee_id=employee_id)
            )
    row.state = CHECKING
    db.session.flush()


# --- checked and posted


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


def begin(viewer: Viewer, import_id: int, leaves_out: bool, now: datetime) -> None:
    """From here on a job posts it. Conflict where something is wrong and was not said to be left out."""
    row = load(viewer, import_id, CHECKED)
    if row.found["wrong"] and not leaves_out:
        raise Conflict(_("Some rows have mistakes: put them right in the file, or have them left out."))
    if not row.found["new"]:
        raise Conflict(_("There is nothing new to import in this file."))
    row.meaning = {**row.meaning, "leaves_out": leaves_out}
    row.state, row.done, row.total = IMPORTING, 0, row.found["values"]
    after = {name: row.found[name] for name in ("rows", "new", "wrong", "totals")}
    audit.record(viewer.portal_id, viewer.actor, "import.begin", f"{row.name} {row.id}", None, after, now)


def portions(given: Source, import_id: int) -> Iterator[list[EntryDraft]]:
    """All values to be posted, some at a time. Conflict if rows have become wrong that were right when checked."""
    portion: list[EntryDraft] = []
    for line, values, faults in given.rows():
        if faults and not given.meaning.leaves_out:
            raise Conflict(
                _(
                    "Row %(number)s is wrong now, and was right when it was checked: check the file again.",
                    number=line.number,
                )
            )
        portion += (given.draft(value, import_id) for value in values)
        if len(portion) >= AT_ONCE:
            yield portion
            portion = []
    if portion:
        yield portion


def move(portal_id: int, import_id: int, state: str, now: datetime, error: str | None = None, **told: int) -> None:
    """Another state; a file that has come to its end is not kept."""
    row = find(portal_id, import_id)
    row.state, row.error = state, error
    for name, value in told.items():
        setattr(row, name, value)
    if state in (DONE, UNDONE):
        row.content, row.ended_at = None, epoch(now)
    db.session.flush()


def ask_back(viewer: Viewer, import_id: int, reason: str, now: datetime) -> None:
    """From here on a job takes all of it back. Whoever imported it may, and an administrator."""
    row = load(viewer, import_id, DONE)
    if not reason.strip():
        raise Invalid(_("Say why."), [FieldFault("reason", _("Say why."))])
    row.state, row.done, row.total = UNDOING, 0, 0
    row.found = {**row.found, "undone_by": viewer.actor, "reason": reason.strip()[:500]}
    audit.record(viewer.portal_id, viewer.actor, "import.undo", f"{row.name} {row.id}", None, reason.strip()[:500], now)


def forget(viewer: Viewer, import_id: int) -> None:
    """A file that was not imported goes."""
    db.session.delete(load(viewer, import_id, NEW, CHECKED, FAILED))
    db.session.flush()


def load(viewer: Viewer, import_id: int, *states: str) -> ImportFile:
    """A file of the viewer's own, or to an administrator anybody's. Conflict in another state than these."""
    row = find(viewer.portal_id, import_id)
    if row.author != viewer.actor and not can(viewer, Action.ADMINISTER, employee(0)):
        raise NotFound(_("There is no such import."))
    if states and row.state not in states:
        raise Conflict(_("The import has gone on meanwhile: look at its page again."))
    return row


def find(portal_id: int, import_id: int) -> ImportFile:
    query = select(ImportFile).where(ImportFile.portal_id == portal_id, ImportFile.id == import_id)
    row = db.session.scalar(query.execution_options(populate_existing=True))
    if row is None:
        raise NotFound(_("There is no such import."))
    return row


def content_of(portal_id: int, import_id: int) -> bytes:
    query = select(ImportFile).options(undefer(ImportFile.content))
    row = db.session.scalar(query.where(ImportFile.portal_id == portal_id, ImportFile.id == import_id))
    if row is None or row.content is None:
        raise Conflict(_("The file is not kept any more: choose it again."))
    return row.content


def layout_of(row: ImportFile) -> Layout:
    return Layout(*(row.layout[name] for name in Layout.__slots__))


def purge(portal_id: int, now: datetime) -> None:
    """Files that nobody went on with for a week go."""
    idle = ImportFile.state.in_((NEW, CHECKED, FAILED)), ImportFile.created_at < epoch(now) - KEPT_S
    db.session.execute(delete(ImportFile).where(ImportFile.portal_id == portal_id, *idle))


def under_way(portal_id: int) -> tuple[int, ...]:
    """Imports that a job is at or should be at."""
    query = select(ImportFile.id).where(ImportFile.portal_id == portal_id, ImportFile.state.in_(UNDER_WAY))
    return tuple(db.session.scalars(query.order_by(ImportFile.id)))


def listed(viewer: Viewer, limit: int = 20) -> tuple[ImportFile, ...]:
    """The latest first; an administrator sees everybody's."""
    query = select(ImportFile).where(ImportFile.portal_id == viewer.portal_id)
    if not viewer.is_admin:
        query = query.where(ImportFile.author == viewer.actor)
    return tuple(db.session.scalars(query.order_by(ImportFile.id.desc()).limit(limit)))
