"""Files on their way in: taken, understood, found again, moved from state to state, forgotten.

    look -> take -> choose -> check (checking.py) -> begin -> post (posting.py) -> take back

Every step may be repeated. Flushes and never commits; whose file it is, is asked here.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from itertools import islice
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import undefer

from b24app.ingest.imports import people, reading, recognised, workbooks
from b24app.ingest.imports.kinds import Kind
from b24app.ingest.imports.reading import EXCEL, SAMPLE, Layout
from b24app.ingest.imports.rules import Cell, Meaning
from b24app.ingest.imports.tables import ImportFile, ImportMeaning, ImportPerson
from b24app.lib.clock import epoch
from b24app.lib.db import db
from b24app.lib.errors import Conflict, Invalid, NotFound
from b24app.lib.errors import Fault as FieldFault
from b24app.lib.i18n import gettext as _
from b24app.portal import audit
from b24app.portal.rules import Action, Structure, Viewer, can, employee

NEW, CHECKING, CHECKED, IMPORTING, COUNTING = "new", "checking", "checked", "importing", "counting"
DONE, FAILED, UNDOING, UNDONE = "done", "failed", "undoing", "undone"
UNDER_WAY = (CHECKING, IMPORTING, COUNTING, UNDOING)

KEPT_S = 7 * 86_400
FIRST = "entries"


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


def take(viewer: Viewer, kind: Kind, name: str, content: bytes, looked: Looked, now: datetime) -> int:
    """Keep a file that can be read; a guess at its columns is made, or what was chosen for such columns before."""
    row = ImportFile(
        portal_id=viewer.portal_id,
        kind=kind.code,
        author=viewer.actor,
        is_admin=viewer.is_admin,
        name=name[-255:],
        size=len(content),
        digest=hashlib.sha256(content).hexdigest(),
        content=content,
        created_at=epoch(now),
    )
    _understand(row, kind, looked)
    db.session.add(row)
    db.session.flush()
    return row.id


def retake(viewer: Viewer, kind: Kind, import_id: int, looked: Looked) -> None:
    """From here on it is read so."""
    row = load(viewer, import_id, NEW, CHECKED, FAILED)
    _understand(row, kind, looked)
    row.state, row.found, row.error = NEW, {}, None
    db.session.flush()


def _understand(row: ImportFile, kind: Kind, looked: Looked) -> None:
    row.layout = {**asdict(looked.layout), "has_heads": looked.has_heads}
    row.head = {"rows": [list(map(_text, cells)) for cells in looked.rows], "sheets": list(looked.sheets)}
    kept = db.session.get(ImportMeaning, (row.portal_id, _fingerprint(kind, looked.heads)))
    row.meaning = kept.meaning if kept else _told(_guess(kind, looked))


def _guess(kind: Kind, looked: Looked) -> Meaning:
    found = Meaning(kind.guess(looked.heads))
    return replace(found, decimal=recognised.decimal(looked.rows[1:], found.numbers))


def _text(cell: Cell) -> str:
    return "" if cell is None else f"{cell:f}" if hasattr(cell, "normalize") else str(cell)


def _fingerprint(kind: Kind, heads: tuple[Cell, ...]) -> str:
    """Of columns with such heads. That of values has no kind in it: they were the only ones at first."""
    named = [people.plain(_text(head)) for head in heads]
    return hashlib.sha256("\x1f".join(named if kind.code == FIRST else [kind.code, *named]).encode()).hexdigest()


def _told(meaning: Meaning) -> dict[str, Any]:
    """As it is stored."""
    return {**asdict(meaning), "roles": list(meaning.roles), "day": meaning.day.isoformat() if meaning.day else None}


def meaning_of(row: ImportFile) -> Meaning:
    said = row.meaning
    day = date.fromisoformat(said["day"]) if said.get("day") else None
    return Meaning(**{**said, "roles": tuple(said["roles"]), "day": day})


def choose(viewer: Viewer, kind: Kind, import_id: int, meaning: Meaning, now: datetime) -> None:
    """What the columns are; kept for the next file with the same heads. Invalid with the code of what is missing."""
    row = claim(viewer, import_id, NEW, CHECKED, FAILED)
    if missing := kind.what_is_missing(meaning):
        raise Invalid(_("The file was not checked."), [FieldFault("meaning", missing)])
    row.meaning, row.state, row.found, row.error, row.done, row.total = _told(meaning), CHECKING, {}, None, 0, 0
    heads = tuple(row.head["rows"][0]) if row.layout["has_heads"] else (None,) * len(meaning.roles)
    kept = {**row.meaning, "day": None, "counts_again": False, "leaves_out": False}
    db.session.merge(
        ImportMeaning(portal_id=viewer.portal_id, heads=_fingerprint(kind, heads), meaning=kept, saved_at=epoch(now))
    )
    db.session.flush()


def say_who(
    viewer: Viewer, kind: Kind, import_id: int, chosen: Mapping[str, int], structure: Structure, now: datetime
) -> None:
    """Whom texts of this file mean, for this and every later one; it is to be checked again. Only of texts that nobody
    understood: what is known already is not said anew by whoever comes next."""
    row = claim(viewer, import_id, CHECKED)
    said = {
        text: employee_id
        for text, employee_id in chosen.items()
        if text in row.found.get("people", ())
        and employee_id in structure.people
        and can(viewer, kind.action, employee(employee_id))
    }
    for text, employee_id in said.items():
        db.session.merge(
            ImportPerson(portal_id=viewer.portal_id, text=people.plain(text)[:255], employee_id=employee_id)
        )
    if said:
        audit.record(viewer.portal_id, viewer.actor, "import.people", f"{row.name} {row.id}", None, said, now)
    row.state = CHECKING
    db.session.flush()


def move(portal_id: int, import_id: int, state: str, now: datetime, error: str | None = None, **told: int) -> None:
    """Another state; a file that has come to its end is not kept."""
    row = find(portal_id, import_id)
    row.state, row.error = state, error
    for name, value in told.items():
        setattr(row, name, value)
    if state in (DONE, UNDONE):
        row.content, row.ended_at = None, epoch(now)
    db.session.flush()


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


def claim(viewer: Viewer, import_id: int, *states: str) -> ImportFile:
    """The same, to go on with it: whoever is no administrator any more has it read as what they are now."""
    row = load(viewer, import_id, *states)
    if row.author == viewer.actor:
        row.is_admin = viewer.is_admin
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
