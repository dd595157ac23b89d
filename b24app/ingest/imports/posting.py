"""A checked file is posted, all of it or nothing, and taken back as a whole; a worker does both (jobs/imports.py).

Values are known by their keys, so that every step may be repeated. How targets are posted: scorecards/imports.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from b24app.facts.rules import EntryDraft
from b24app.ingest.imports import entries
from b24app.ingest.imports.files import CHECKED, DONE, IMPORTING, UNDOING, claim, load
from b24app.ingest.imports.kinds import Kind, Source
from b24app.lib.errors import Conflict, Fault, Invalid
from b24app.lib.i18n import gettext as _
from b24app.portal import audit
from b24app.portal.rules import Viewer

AT_ONCE = 1_000
"""Values posted in one transaction."""

LONGEST_REASON = 500


def begin(viewer: Viewer, kind: Kind, import_id: int, leaves_out: bool, now: datetime, reason: str = "") -> None:
    """From here on a job posts it. Conflict where something is wrong and was not said to be left out."""
    row = claim(viewer, import_id, CHECKED)
    if row.found["wrong"] and not leaves_out:
        raise Conflict(_("Some rows have mistakes: put them right in the file, or have them left out."))
    if not row.found["new"]:
        raise Conflict(_("There is nothing new to import in this file."))
    why = _why(reason) if kind.needs_reason else ""
    row.meaning = {**row.meaning, "leaves_out": leaves_out}
    row.state, row.done, row.total = IMPORTING, 0, row.found["values"]
    after = {name: row.found[name] for name in ("rows", "new", "wrong", "totals")}
    if why:
        row.found = {**row.found, "why": why}
        after["reason"] = why
    audit.record(viewer.portal_id, viewer.actor, "import.begin", f"{row.name} {row.id}", None, after, now)


def said(given: Source) -> Iterator[tuple[Any, ...]]:
    """What the rows say, row by row. Conflict if one has become wrong that was right when it was checked."""
    to_leave_out = given.file.wrong if given.file.meaning.leaves_out else 0
    for line, those, faults in given.rows():
        to_leave_out -= bool(faults)
        if to_leave_out < 0:
            raise Conflict(
                _(
                    "Row %(number)s is wrong now, and was right when it was checked: check the file again.",
                    number=line.number,
                )
            )
        yield those


def portions(given: entries.Source) -> Iterator[list[EntryDraft]]:
    """All values to be posted, some at a time."""
    portion: list[EntryDraft] = []
    for values in said(given):
        portion += map(given.draft, values)
        if len(portion) >= AT_ONCE:
            yield portion
            portion = []
    if portion:
        yield portion


def ask_back(viewer: Viewer, import_id: int, reason: str, now: datetime) -> None:
    """From here on a job takes all of it back. Whoever imported it may, and an administrator."""
    row = load(viewer, import_id, DONE)
    why = _why(reason)
    row.state, row.done, row.total = UNDOING, 0, 0
    row.found = {**row.found, "undone_by": viewer.actor, "reason": why}
    audit.record(viewer.portal_id, viewer.actor, "import.undo", f"{row.name} {row.id}", None, why, now)


def _why(reason: str) -> str:
    if not reason.strip():
        raise Invalid(_("Say why."), [Fault("reason", _("Say why."))])
    return reason.strip()[:LONGEST_REASON]
