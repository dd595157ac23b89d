"""What can be done with scorecards and targets. Everything is audited; the caller has the portal's lock and commits.

Whoever saves here runs the pipeline afterwards: the saved scorecard's numbers have to be computed again; and has what
it needs of past deals read (jobs.sync.ask_watched).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any, Literal

from sqlalchemy import delete, select

from b24app.facts import operations as facts
from b24app.facts import queries as known
from b24app.facts.entities import dictionary
from b24app.facts.queries import TermRow
from b24app.facts.rules import DEAL, NOT_FIELDS
from b24app.ingest.sources.dictionaries import FIELD
from b24app.ingest.values import EMPLOYEE
from b24app.lib import storage
from b24app.lib.clock import epoch
from b24app.lib.db import db
from b24app.lib.errors import Conflict, Fault, Invalid, NotFound
from b24app.lib.i18n import gettext as _
from b24app.lib.storage import chunks
from b24app.metrics.amounts import EVERYWHERE
from b24app.metrics.needs import Need, dated, needs
from b24app.periods import queries as periods
from b24app.periods.rules import Kind, Settings, named
from b24app.portal import audit
from b24app.portal import queries as portal
from b24app.portal.rules import COMPANY, Structure, Subject, SubjectType
from b24app.scorecards import checks, documents, formulas, queries
from b24app.scorecards.documents import ScorecardDocument, TargetDocument
from b24app.scorecards.library import template as template
from b24app.scorecards.queries import MILLIONTHS
from b24app.scorecards.rules import Lock, Version, is_counted
from b24app.scorecards.tables import ScorecardVersion, Target

Status = Literal["created", "updated", "duplicate"]


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of one target of a list."""

    index: int
    status: Status
    id: int | None


def save(portal_id: int, document: ScorecardDocument, actor: str, now: datetime) -> Version:
    """Replace the version with the same `effective_from`, or add one."""
    stored = db.session.scalars(
        select(ScorecardVersion)
        .where(ScorecardVersion.portal_id == portal_id, ScorecardVersion.code == document.code)
        .order_by(ScorecardVersion.effective_from)
    ).all()
    faults = [*_faults(portal_id, document), *_unknown_names(portal_id, document), *_other_kind(document, stored)]
    if faults:
        raise Invalid(_("The scorecard has faults and was not saved."), faults)

    start = document.effective_from.isoformat()
    row = next((one for one in stored if one.effective_from == start), None)
    before = row.document if row else None
    if row is None:
        number = max((one.version for one in stored), default=0) + 1
        row = ScorecardVersion(portal_id=portal_id, code=document.code, effective_from=start, version=number)
        db.session.add(row)
    row.document, row.status = document.stored(), document.status
    if document.status == "active" and row.active_since is None:
        row.active_since = epoch(now)
    row.author, row.saved_at = actor, epoch(now)
    db.session.flush()
    if is_counted(document):
        for entity, names in _needed(document).items():
            facts.watch(portal_id, names, now, entity)
        for entity, field in sorted(frozenset[Need]().union(*map(dated, document.plans(EVERYWHERE)))):
            facts.read_instants(portal_id, entity, field, now)
    audit.record(portal_id, actor, "scorecard.save", f"{document.code} {start}", before, row.document, now)
    return queries.version(row)


def archive(portal_id: int, code: str, actor: str, now: datetime) -> None:
    """Stop computing a scorecard. Its versions stay, so that its past can be read."""
    rows = db.session.scalars(
        select(ScorecardVersion).where(ScorecardVersion.portal_id == portal_id, ScorecardVersion.code == code)
    ).all()
    if not rows:
        raise NotFound(_("There is no scorecard %(code)s.", code=code))
    before = {row.effective_from: row.status for row in rows}
    for row in rows:
        row.status = "archived"
        row.document = {**row.document, "status": "archived"}
    db.session.flush()
    audit.record(portal_id, actor, "scorecard.archive", code, before, "archived", now)


def apply_template(portal_id: int, code: str, changes: dict[str, Any], actor: str, now: datetime) -> Version:
    """Save a ready scorecard; `changes` are the fields that depend on the portal (subjects, effective_from)."""
    if queries.versions(portal_id, code):
        raise Conflict(_("There is a scorecard %(code)s already.", code=code))
    return save(portal_id, documents.parse({**template(code), **changes}), actor, now)


def set_targets(
    portal_id: int, items: Sequence[TargetDocument], actor: str, now: datetime, reason: str = ""
) -> tuple[Saved, ...]:
    """Set, change and remove targets; all of them, or, when one is wrong, none."""
    if wrong := target_faults(portal_id, items):
        faults = [Fault(f"[{index}].{one.path}", one.message) for index, those in wrong.items() for one in those]
        raise Invalid(_("No target was saved: some have faults."), faults)
    stored = _stored(portal_id, {item.scorecard for item in items})
    there: dict[Key, int | None] = {key: row.target for key, row in stored.items()}
    statuses: list[Status] = []
    changed: dict[Key, int | None] = {}
    changes: list[tuple[str, Any, Any]] = []
    for key, after in ((_key_of(item), _millionths(item)) for item in items):
        before = there.get(key)
        if before == after:
            statuses.append("duplicate")
            continue
        statuses.append("created" if before is None else "updated")
        there[key] = changed[key] = after
        changes.append(noted(key, before, after, reason))
    ids = _write(portal_id, changed, stored, actor, now)
    audit.record_all(portal_id, actor, "target.set", changes, now)
    known = [ids.get(_key_of(item)) for item in items]
    return tuple(Saved(index, *one) for index, one in enumerate(zip(statuses, known, strict=True)))


Key = tuple[str, str, str, int, str, str]
"""Scorecard, indicator, type and id of the subject, kind of period, start."""

_KEY = (Target.scorecard, Target.indicator, Target.subject_type, Target.subject_id, Target.period, Target.start)


def _stored(portal_id: int, scorecards: Collection[str]) -> dict[Key, Any]:
    query = select(*_KEY, Target.id, Target.target)
    rows = db.session.execute(query.where(Target.portal_id == portal_id, Target.scorecard.in_(scorecards)))
    return {_place(row): row for row in rows}


def _place(row: Any) -> Key:
    return row.scorecard, row.indicator, row.subject_type, row.subject_id, row.period, row.start


def _write(
    portal_id: int, changed: Mapping[Key, int | None], stored: Mapping[Key, Any], actor: str, now: datetime
) -> dict[Key, int]:
    """The ids of all that is there then, by key; None removes."""
    gone = [stored[key].id for key, target in changed.items() if target is None and key in stored]
    for part in chunks(gone):
        db.session.execute(delete(Target).where(Target.portal_id == portal_id, Target.id.in_(part)))
    names = [column.key for column in _KEY]
    same = {"portal_id": portal_id, "author": actor, "saved_at": epoch(now)}
    rows = [
        {**dict(zip(names, key, strict=True)), "target": target, **same}
        for key, target in changed.items()
        if target is not None
    ]
    ids = {key: row.id for key, row in stored.items() if changed.get(key, row.target) is not None}
    if rows:
        statement = storage.insert(Target)
        replaced = {name: statement.excluded[name] for name in ("target", "author", "saved_at")}
        written = statement.on_conflict_do_update(index_elements=["portal_id", *names], set_=replaced)
        found = db.session.execute(written.returning(*_KEY, Target.id), rows)
        ids |= {_place(row): row.id for row in found}
    return ids


def noted(key: Key, before: int | None, after: int | None, reason: str) -> tuple[str, Any, Any]:
    """What the audit log keeps of a change."""
    place, old, new = " ".join(map(str, key)).strip(), _text(before), _text(after)
    return (place, {"target": old}, {"target": new, "reason": reason}) if reason else (place, old, new)


def _millionths(item: TargetDocument) -> int | None:
    return None if item.target is None else int(item.target * MILLIONTHS)


def _text(millionths: int | None) -> str | None:
    return None if millionths is None else str(Fraction(millionths, MILLIONTHS))


def _key_of(item: TargetDocument) -> Key:
    start = item.start.isoformat() if item.start else ""
    return item.scorecard, item.indicator, str(item.subject.type), item.subject.id, item.period, start


def _faults(portal_id: int, document: ScorecardDocument) -> Iterator[Fault]:
    """What only the portal can tell: where its periods begin, and who there is."""
    yield from _start_faults("effective_from", document.kind, document.effective_from, periods.settings(portal_id))
    yield from _lock_faults("effective_from", document.code, document.effective_from, queries.locks(portal_id))
    yield from _field_faults(portal_id, document)
    structure = portal.structure(portal_id)
    for path, people in (("subjects", document.subjects), ("subjects.exclude", document.subjects.exclude)):
        for position, id in enumerate(people.departments):
            if id not in structure.units:
                yield Fault(f"{path}.departments[{position}]", _("There is no department %(id)s.", id=id))
        for position, id in enumerate(people.employees):
            if id not in structure.people:
                yield Fault(f"{path}.employees[{position}]", _("There is no employee %(id)s.", id=id))


def _needed(document: ScorecardDocument) -> dict[str, frozenset[str]]:
    """What has to be read beside the columns of what is always read, by entity."""
    return _by_entity(need for plan in document.plans(EVERYWHERE) for need in needs(plan))


def _by_entity(found: Iterable[Need]) -> dict[str, frozenset[str]]:
    names: dict[str, set[str]] = defaultdict(set)
    for entity, name in found:
        names[entity].add(name)
    return {entity: frozenset(theirs) for entity, theirs in names.items()}


def _field_faults(portal_id: int, document: ScorecardDocument) -> Iterator[Fault]:
    """Fields that records of this portal do not have; nothing is said while its dictionary of them is not known."""
    fields: dict[str, dict[str, TermRow]] = {}
    for place, owner, needed in _needed_where(document):
        for entity, names in sorted(_by_entity(needed).items()):
            if names - NOT_FIELDS and entity not in fields:
                terms = known.terms(portal_id, dictionary(FIELD, entity))
                fields[entity] = {term.id: term for term in terms if term.active}
            for name in sorted(names - NOT_FIELDS) if fields.get(entity) else ():
                yield from _field_fault(place, owner, entity, name, fields[entity].get(name))


def _field_fault(place: str, owner: str | None, entity: str, name: str, field: TermRow | None) -> Iterator[Fault]:
    path = f"{place}.{'owner' if name == owner else 'where'}"
    if field is None and entity == DEAL:
        yield Fault(path, _("Deals of this portal have no field %(field)s.", field=name))
    elif field is None:
        yield Fault(path, _("Records of this type have no field %(field)s in this portal.", field=name))
    elif name == owner and field.extra["type"] not in EMPLOYEE:
        yield Fault(path, _("The field %(field)s does not hold an employee.", field=field.name))


def _needed_where(document: ScorecardDocument) -> Iterator[tuple[str, str | None, frozenset[Need]]]:
    """(path, owner, what it needs) of everything in a document that has conditions and an owner."""
    for position, (one, plan) in enumerate(zip(document.indicators, document.plans(EVERYWHERE), strict=True)):
        path = f"indicators[{position}]"
        plans = {name: formulas.operand_plan(name, operand) for name, operand in one.operands.items()}
        operands = {name: EVERYWHERE.told_by(made) for name, made in plans.items()}
        for name, made in operands.items():
            yield f"{path}.operands.{name}", one.operands[name].owner, needs(made)
        own = [leaf for leaf in plan.own if leaf not in operands.values()]
        yield path, one.owner, frozenset[Need]().union(*map(needs, own))


def _unknown_names(portal_id: int, document: ScorecardDocument) -> Iterator[Fault]:
    """Names in formulas that could only be codes of entries, and are none."""
    named = list(formulas.entry_codes(dict(enumerate(document.indicators))))
    asked = {code for _path, _name, code in named} - formulas.codes_counted(document.indicators)
    known = queries.entry_codes(portal_id, asked) if asked else ()
    for path, name, code in named:
        if code in asked and code not in known:
            yield Fault(path, formulas.unknown(name))


def _start_faults(path: str, kind: Kind, start: date, settings: Settings) -> Iterator[Fault]:
    try:
        named(kind, start, settings)
    except Invalid as error:
        yield Fault(path, error.message)


def _lock_faults(path: str, code: str, start: date, locks: Mapping[tuple[str, date], Lock]) -> Iterator[Fault]:
    """What a locked period rests on is not changed (semantics 2.4)."""
    if (code, start) in locks:
        message = _("The period from %(day)s is locked: unlock it first, or choose another one.", day=start.isoformat())
        yield Fault(path, message)


def _other_kind(document: ScorecardDocument, stored: Sequence[ScorecardVersion]) -> Iterator[Fault]:
    """Results are kept by the start of their period, so a scorecard keeps its kind of period for life."""
    if any(row.document["period"] != document.period for row in stored):
        yield Fault("period", _("A scorecard keeps its period: make a new one with another code."))


def target_faults(portal_id: int, items: Sequence[TargetDocument]) -> dict[int, list[Fault]]:
    """What is wrong with those that cannot be saved, by their places."""
    settings, structure = periods.settings(portal_id), portal.structure(portal_id)
    scorecards = queries.by_code(queries.versions(portal_id))
    locks = queries.locks(portal_id)
    wrong: dict[int, list[Fault]] = {}
    for index, item in enumerate(items):
        found = [*_faults_of_target(item, scorecards.get(item.scorecard, ()), settings, structure)]
        if item.start:
            found += _lock_faults("start", item.scorecard, item.start, locks)
        if found:
            wrong[index] = found
    return wrong


def _faults_of_target(
    item: TargetDocument, versions: Sequence[Version], settings: Settings, structure: Structure
) -> Iterator[Fault]:
    if not versions:
        yield Fault("scorecard", _("There is no scorecard %(code)s.", code=item.scorecard))
        return
    if item.period != versions[-1].kind:
        message = _("Targets of this scorecard are per %(period)s.", period=versions[-1].kind.value)
        yield Fault("period", message)
    elif item.start:
        yield from _start_faults("start", versions[-1].kind, item.start, settings)
    indicators = [one for version in versions for one in version.document.indicators if one.code == item.indicator]
    if not indicators:
        yield Fault("indicator", _("The scorecard has no indicator %(code)s.", code=item.indicator))
    elif item.target is not None and (wrong := checks.target(indicators[-1], item.target)):
        yield Fault("target", wrong)
    if not _exists(item.subject.subject(), structure):
        yield Fault("subject.id", _("There is no such subject."))


def _exists(subject: Subject, structure: Structure) -> bool:
    match subject.type:
        case SubjectType.EMPLOYEE:
            return subject.id in structure.people
        case SubjectType.DEPARTMENT:
            return subject.id in structure.units
        case SubjectType.COMPANY:
            return subject == COMPANY
