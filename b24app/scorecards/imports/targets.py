"""The kind of import whose rows are targets: read, held against what is there, set all at once, taken back.

Whoever may edit somebody's plan imports their targets, amounts of money only if they see money. Taking back puts there
again what stood in a target's place, unless it was changed or its period locked meanwhile.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from sqlalchemy import delete, insert, select

from b24app.ingest.imports import posting
from b24app.ingest.imports.kinds import File, Found
from b24app.ingest.imports.reading import Line
from b24app.ingest.imports.rules import Fault
from b24app.lib.db import db
from b24app.lib.i18n import pick
from b24app.lib.storage import table_of
from b24app.periods.rules import Kind
from b24app.portal.rules import Action, Structure, Subject, SubjectType, Viewer, can, employee
from b24app.scorecards import operations, queries
from b24app.scorecards.documents import TargetDocument
from b24app.scorecards.imports import rules, words
from b24app.scorecards.imports.rules import Card, Planned, Reader
from b24app.scorecards.queries import MILLIONTHS
from b24app.scorecards.tables import ImportedTarget

code = "targets"
action = Action.EDIT_PLAN
needs_reason = True
roles = tuple(role.value for role in rules.ROLES)

guess = rules.guess
what_is_missing = rules.what_is_missing
fault = words.fault
missing = words.missing

Place = tuple[str, str, Subject, date | None]


def may_plan(viewer: Viewer, structure: Structure) -> bool:
    """Whether there is anybody whose plan the viewer may edit."""
    return any(can(viewer, action, employee(id)) for id in structure.people)


@dataclass(frozen=True, slots=True)
class Source:
    """A file read as targets."""

    file: File
    cards: tuple[Card, ...]
    money: frozenset[tuple[str, str]]
    locked: Collection[tuple[str, date]]
    stored: Mapping[Place, Fraction]

    def rows(self) -> Iterator[tuple[Line, tuple[Planned, ...], tuple[Fault, ...]]]:
        reader = Reader(self.file.meaning, self.file.names, self.cards, self.file.settings)
        for line in self.file.lines():
            said, faults = reader.read(line.number, line.cells)
            refused = [Fault(line.number, None, why) for one in said if (why := self._refusal(one))]
            yield line, () if refused else said, (*faults, *refused)

    def _refusal(self, said: Planned) -> str | None:
        viewer = self.file.viewer
        if not can(viewer, action, said.subject):
            return "own" if said.subject == employee(viewer.user_id or 0) else "not_allowed"
        if (said.scorecard, said.indicator) in self.money and not viewer.sees_money:
            return "money"
        return "locked" if said.start and (said.scorecard, said.start) in self.locked else None

    def count(self, found: Found, said: Planned) -> None:
        before = self.stored.get(said.place)
        if before == said.target:
            found.known += 1
        else:
            found.new += 1
            found.changed += before is not None

    def sum_up(self, found: Found) -> None:
        """Targets of different indicators do not add up."""


def source(file: File) -> Source:
    portal_id = file.viewer.portal_id
    locked = queries.locks(portal_id).keys()
    return Source(file, cards(portal_id), queries.in_money(portal_id), locked, _stored(portal_id))


def cards(portal_id: int) -> tuple[Card, ...]:
    """The scorecards whose targets may be set, each indicator as it is in its last version."""
    found = []
    for code, versions in queries.by_code(queries.versions(portal_id)).items():
        last = versions[-1].document
        if last.status != "archived":
            every = {one.code: one for version in versions for one in version.document.indicators}
            found.append(Card(code, last.name, last.kind, every))
    return tuple(found)


def named(portal_id: int) -> tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...]:
    """The scorecards to choose from, by code and name, with their indicators."""
    every = ((one, [(each.code, pick(each.name)) for each in one.indicators.values()]) for one in cards(portal_id))
    return tuple((one.code, pick(one.name), tuple(indicators)) for one, indicators in every)


def _stored(portal_id: int) -> dict[Place, Fraction]:
    rows = queries.target_rows(portal_id)
    return {(row.scorecard, row.indicator, row.subject, row.start): row.target for row in rows}


Said = tuple[tuple[Planned, TargetDocument], ...]


def said(given: Source) -> Said:
    """What the file says. Conflict if a row has become wrong that was right when it was checked."""
    every: Iterator[Planned] = (one for those in posting.said(given) for one in those)
    return tuple((one, _target(*one.place, one.kind, one.target)) for one in every)


def post(given: Source, planned: Said, reason: str) -> frozenset[str]:
    """Sets all of them, or, when one has become wrong, none. Returns the scorecards that are touched."""
    viewer = given.file.viewer
    stored = _stored(viewer.portal_id)
    new = [both for both in planned if stored.get(both[0].place) != both[0].target]
    changed = [one for one, _document in new]
    documents = [document for _one, document in new]
    operations.set_targets(viewer.portal_id, documents, viewer.actor, given.file.now, reason)
    rows = [
        {
            "portal_id": viewer.portal_id,
            "import_id": given.file.id,
            **_columns(one.place),
            "before": _millionths(stored.get(one.place)),
            "after": _millionths(one.target),
        }
        for one in changed
    ]
    if rows:
        db.session.execute(insert(table_of(ImportedTarget)), rows)
    return frozenset(one.scorecard for one in changed)


def take_back(portal_id: int, import_id: int, author: str, reason: str, now: datetime) -> tuple[frozenset[str], int]:
    """The scorecards that are touched, and how many targets stay as they are: changed or locked since, or of what is
    there no more."""
    mine = ImportedTarget.portal_id == portal_id, ImportedTarget.import_id == import_id
    rows = db.session.scalars(select(ImportedTarget).where(*mine)).all()
    kinds, stored = {one.code: one.kind for one in cards(portal_id)}, _stored(portal_id)
    documents = [
        _target(*place, kinds[row.scorecard], None if row.before is None else Decimal(row.before) / MILLIONTHS)
        for row in rows
        if row.scorecard in kinds and stored.get(place := _place(row)) == Fraction(row.after, MILLIONTHS)
    ]
    wrong = operations.target_faults(portal_id, documents)
    back = [one for index, one in enumerate(documents) if index not in wrong]
    operations.set_targets(portal_id, back, author, now, reason)
    db.session.execute(delete(ImportedTarget).where(*mine))
    return frozenset(one.scorecard for one in back), len(rows) - len(back)


def _place(row: ImportedTarget) -> Place:
    subject = Subject(SubjectType(row.subject_type), row.subject_id)
    return row.scorecard, row.indicator, subject, date.fromisoformat(row.start) if row.start else None


def _target(
    scorecard: str, indicator: str, subject: Subject, start: date | None, kind: Kind, target: Decimal | None
) -> TargetDocument:
    named = {"type": subject.type, "id": subject.id}
    return TargetDocument.model_validate(
        {
            "scorecard": scorecard,
            "indicator": indicator,
            "subject": named,
            "period": kind.value,
            "start": start.isoformat() if start else None,
            "target": target,
        }
    )


def _columns(place: Place) -> dict[str, object]:
    scorecard, indicator, subject, start = place
    return {
        "scorecard": scorecard,
        "indicator": indicator,
        "subject_type": subject.type.value,
        "subject_id": subject.id,
        "start": start.isoformat() if start else "",
    }


def _millionths(number: Fraction | Decimal | None) -> int | None:
    return None if number is None else int(number * MILLIONTHS)
