"""The kind of import whose rows are targets: read, held against what is there, set all at once (staged.py), taken back.

Whoever may edit somebody's plan imports their targets, amounts of money only if they see money. Taking back puts there
again what stood in a target's place, unless it was changed or its period locked meanwhile.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import islice

from b24app.ingest.imports import posting
from b24app.ingest.imports.kinds import File, Found
from b24app.ingest.imports.reading import Line
from b24app.ingest.imports.rules import Fault
from b24app.lib.clock import epoch
from b24app.lib.errors import Conflict
from b24app.lib.i18n import gettext as _
from b24app.lib.i18n import pick
from b24app.periods.rules import Kind
from b24app.portal import audit
from b24app.portal.rules import Action, Structure, Subject, SubjectType, Viewer, can, employee
from b24app.scorecards import operations, queries
from b24app.scorecards.documents import TargetDocument
from b24app.scorecards.imports import rules, staged, words
from b24app.scorecards.imports.rules import Card, Planned, Reader
from b24app.scorecards.imports.staged import Place
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

EVERY = 1_000_000
"""More targets than one file has."""


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
            found.removed += said.target is None
            found.changed += before is not None and said.target is not None

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


def lay_ready(given: Source) -> Iterator[int]:
    """Portion by portion, each in a transaction of its caller's; how many by then. Conflict if a row has become wrong
    that was right when it was checked."""
    every = (one for those in posting.said(given) for one in those)
    done = 0
    while part := [(one.place, _millionths(one.target)) for one in islice(every, staged.AT_ONCE)]:
        staged.lay_ready(given.file.viewer.portal_id, given.file.id, part)
        done += len(part)
        yield done


def exchange(given: Source) -> int:
    """All of them stand in the plan. Conflict if what they were checked by is not what it was; returns how many are
    other targets than before."""
    portal_id, import_id, author = given.file.viewer.portal_id, given.file.id, given.file.viewer.actor
    if (cards(portal_id), queries.locks(portal_id).keys()) != (given.cards, given.locked):
        raise Conflict(_("A scorecard was changed or a period locked meanwhile: check the file again."))
    staged.exchange(portal_id, import_id, _kinds(given.cards, portal_id, import_id), author, epoch(given.file.now))
    return staged.count(portal_id, import_id)


def _kinds(known: Iterable[Card], portal_id: int, import_id: int) -> dict[str, Kind]:
    used = staged.scorecards_of(portal_id, import_id)
    return {one.code: one.kind for one in known if one.code in used}


def unrestorable(portal_id: int, import_id: int) -> tuple[Place, ...]:
    """Those in whose place what stood there would be wrong now: of what is there no more."""
    kinds = _kinds(cards(portal_id), portal_id, import_id)
    places = [(_place(row), row) for row in staged.portion(portal_id, import_id, 0, EVERY) if row.scorecard in kinds]
    documents = [
        _target(*place, kinds[row.scorecard], None if row.before is None else Decimal(row.before) / MILLIONTHS)
        for place, row in places
    ]
    return tuple(places[index][0] for index in operations.target_faults(portal_id, documents))


def turn_back(portal_id: int, import_id: int, wrong: Iterable[Place], author: str, now: datetime) -> tuple[int, int]:
    """How many targets are as they were before, and how many stay as they are: changed or locked since, or of what is
    there no more."""
    had = staged.count(portal_id, import_id)
    staged.forget(portal_id, import_id, wrong)
    kinds = _kinds(cards(portal_id), portal_id, import_id)
    locked = {(code, start.isoformat()) for code, start in queries.locks(portal_id)}
    staged.turn_back(portal_id, import_id, kinds, locked, author, epoch(now))
    back = staged.count(portal_id, import_id)
    return back, had - back


def note(portal_id: int, import_id: int, first: int, author: str, reason: str, now: datetime) -> int:
    """The next of them are in the audit log; how many there were."""
    rows = staged.portion(portal_id, import_id, first, staged.AT_ONCE)
    kinds = {one.code: one.kind for one in cards(portal_id)}
    changes = [operations.noted(_key(row, kinds[row.scorecard]), row.before, row.after, reason) for row in rows]
    audit.record_all(portal_id, author, "target.set", changes, now)
    return len(rows)


def _key(row: ImportedTarget, kind: Kind) -> operations.Key:
    return row.scorecard, row.indicator, row.subject_type, row.subject_id, kind.value, row.start


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


def _millionths(number: Decimal | None) -> int | None:
    return None if number is None else int(number * MILLIONTHS)
