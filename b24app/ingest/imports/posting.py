"""A checked file is posted, all of it or nothing, and taken back as a whole; a worker does both (jobs/imports.py).

Values are known by their keys, so that every step may be repeated.
"""

from collections.abc import Iterator
from datetime import datetime

from b24app.facts.rules import EntryDraft
from b24app.ingest.imports.checking import Source
from b24app.ingest.imports.files import CHECKED, DONE, IMPORTING, UNDOING, load
from b24app.lib.errors import Conflict, Fault, Invalid
from b24app.lib.i18n import gettext as _
from b24app.portal import audit
from b24app.portal.rules import Viewer

AT_ONCE = 1_000
"""Values posted in one transaction."""


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


def ask_back(viewer: Viewer, import_id: int, reason: str, now: datetime) -> None:
    """From here on a job takes all of it back. Whoever imported it may, and an administrator."""
    row = load(viewer, import_id, DONE)
    if not reason.strip():
        raise Invalid(_("Say why."), [Fault("reason", _("Say why."))])
    row.state, row.done, row.total = UNDOING, 0, 0
    row.found = {**row.found, "undone_by": viewer.actor, "reason": reason.strip()[:500]}
    audit.record(viewer.portal_id, viewer.actor, "import.undo", f"{row.name} {row.id}", None, reason.strip()[:500], now)
