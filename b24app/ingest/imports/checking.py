"""A file is checked: all its rows are read, and nothing is written but what was found.

Who may do what to whom is asked for every row, of the structure and roles of now. Before and after: files.py,
posting.py.
"""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import select

from b24app.ingest.imports import people
from b24app.ingest.imports.files import CHECKED, CHECKING, content_of, find, layout_of, meaning_of
from b24app.ingest.imports.kinds import File, Found, Source
from b24app.ingest.imports.tables import ImportPerson
from b24app.lib.db import db
from b24app.periods import queries as periods
from b24app.portal import queries as portals

FAULTS_KEPT, PEOPLE_KEPT = 200, 50
AT_ONCE = 1_000
"""Rows read between two looks at how far it has come."""

Progress = Callable[[int, int], None]


def opened(portal_id: int, import_id: int, now: datetime) -> File:
    """What the author of the file may is asked anew."""
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
        {text: id for text, id in chosen},  # noqa: C416 - dict() would take a result for a mapping
    )
    return File(
        import_id,
        portals.viewer(portal_id, user_id, row.is_admin, portal.language, now),
        structure,
        meaning_of(row),
        layout_of(row),
        row.layout["has_heads"],
        content_of(portal_id, import_id),
        row.digest,
        names,
        periods.settings(portal_id),
        now,
        row.found.get("wrong", 0),
    )


def check(given: Source, report: Progress) -> Found:
    """Reads the whole file; writes nothing."""
    found = Found()
    for line, said, faults in given.rows():
        found.rows += 1
        found.wrong += bool(faults)
        for fault in faults:
            if len(found.faults) < FAULTS_KEPT:
                found.faults.append([fault.row, fault.column, fault.code, fault.text[:100]])
            if fault.code in (people.UNKNOWN, people.AMBIGUOUS, people.ADDRESS) and len(found.people) < PEOPLE_KEPT:
                found.people.setdefault(fault.text[:255], fault.code)
        for one in said:
            found.values += 1
            given.count(found, one)
        if found.rows % AT_ONCE == 0:
            report(line.number, 0)
    given.sum_up(found)
    return found


def keep_found(portal_id: int, import_id: int, result: Found) -> None:
    row = find(portal_id, import_id)
    if row.state == CHECKING:
        row.state, row.found, row.done, row.total = CHECKED, asdict(result), 0, result.values
        db.session.flush()
