"""The ledger as the pages of Data show it: lines with names, what may be done with them, and whom values are entered
for."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from b24app.facts import entries
from b24app.facts.approval import Approval, approval
from b24app.facts.entries import Asked, Seen
from b24app.facts.money import MILLIONTHS
from b24app.facts.queries import EntryRow
from b24app.facts.rules import COUNTED, WAITING
from b24app.ingest.manual import field_of, subject_of
from b24app.lib.errors import Forbidden, NotFound
from b24app.lib.i18n import gettext as _
from b24app.outcomes.dashboards.choices import Named, entry_codes
from b24app.outcomes.dashboards.history import who
from b24app.portal import queries as portals
from b24app.portal.rules import COMPANY, Action, Structure, Subject, Viewer, can, department, employee
from b24app.scorecards import queries as scorecards
from b24app.scores.rows import name_of

PAGE = 50
MOST_ROWS = 200
"""So many people one form has at most."""

COUNTER = "counter"
"""The state of an entry that takes another one back."""


@dataclass(frozen=True, slots=True)
class Line:
    """One entry. `state`: counted, waiting, refused, undone, or counter; `value` None: the viewer may not see it."""

    id: int
    code: str
    name: str
    is_money: bool
    value: Fraction | None
    kind: str
    occurred_at: int
    whose: str
    comment: str
    origin: str
    by: str
    posted_at: int
    state: str
    takes_back: bool
    corrects: bool
    may_change: bool
    may_decide: bool
    decided_by: str = ""
    decided_at: int | None = None


@dataclass(frozen=True, slots=True)
class Ledger:
    """A page of it, the latest first. `before`: from where the next page goes on."""

    lines: tuple[Line, ...]
    before: int | None
    codes: tuple[Named, ...]
    people: tuple[Named, ...]
    waiting: int
    currency: str


@dataclass(frozen=True, slots=True)
class Told:
    """One entry with those that correct it or take it back, or that it does so to."""

    line: Line
    related: tuple[Line, ...]
    currency: str


@dataclass(frozen=True, slots=True)
class Row:
    """Somebody whom a value may be entered for; `field` names their number."""

    field: str
    name: str
    note: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is needed to enter values for a department; `more`: so many people do not fit into one form."""

    codes: tuple[Named, ...]
    departments: tuple[Named, ...]
    department: int | None
    rows: tuple[Row, ...]
    more: int


def ledger(viewer: Viewer, structure: Structure, asked: Asked, before_id: int | None = None) -> Ledger:
    """What the viewer may see of the ledger."""
    portal = portals.get(viewer.portal_id)
    teller = _Teller(viewer, structure, approval(portal.settings))
    seen = _seen(viewer)
    found = entries.listed(viewer.portal_id, asked, seen, before_id=before_id, limit=PAGE + 1)
    shown = found[:PAGE]
    return Ledger(
        tuple(teller.line(row) for row in shown),
        shown[-1].id if len(found) > PAGE else None,
        teller.codes(),
        _people(viewer, structure),
        entries.waiting(viewer.portal_id, seen),
        portal.base_currency,
    )


def told(viewer: Viewer, structure: Structure, entry_id: int) -> Told:
    """NotFound also for an entry of whom the viewer may not see."""
    found = entries.listed(viewer.portal_id, Asked(), _seen(viewer), before_id=entry_id + 1, limit=1)
    if not found or found[0].id != entry_id:
        raise NotFound(_("There is no such entry."))
    portal = portals.get(viewer.portal_id)
    teller = _Teller(viewer, structure, approval(portal.settings))
    related = tuple(teller.line(row) for row in entries.related(viewer.portal_id, found[0]))
    return Told(teller.line(found[0]), related, portal.base_currency)


def codes(viewer: Viewer, structure: Structure) -> tuple[Named, ...]:
    """Everything that is or may be entered, by name."""
    return _Teller(viewer, structure, approval(portals.get(viewer.portal_id).settings)).codes()


def people(viewer: Viewer, structure: Structure, action: Action = Action.ENTER) -> tuple[Named, ...]:
    """Whose values the viewer may enter, or to whom they may do something else, by name."""
    those = (one for one in structure.people.values() if one.active and can(viewer, action, employee(one.id)))
    return tuple(sorted(((str(one.id), one.name) for one in those), key=lambda one: one[1].casefold()))


def sheet(viewer: Viewer, structure: Structure, department_id: int | None) -> Sheet:
    """Forbidden for whoever may enter nothing. Without a department, the first one in the portal's order."""
    units = [
        unit
        for unit in sorted(structure.units.values(), key=lambda unit: (unit.sort, unit.id))
        if unit.active and can(viewer, Action.ENTER, department(unit.id))
    ]
    if not units and not may_enter(viewer, structure):
        raise Forbidden(_("You may not enter values here. Ask an administrator."))
    ids = [unit.id for unit in units]
    chosen = department_id if department_id in ids else (ids[0] if ids else None)
    rows = _rows(viewer, structure, chosen)
    teller = _Teller(viewer, structure, approval(portals.get(viewer.portal_id).settings))
    return Sheet(
        tuple(one for one in teller.codes() if viewer.sees_money or not teller.decided.is_money(one[0])),
        tuple((str(unit.id), unit.name) for unit in units),
        chosen,
        rows[:MOST_ROWS],
        max(len(rows) - MOST_ROWS, 0),
    )


def may_enter(viewer: Viewer, structure: Structure) -> bool:
    """Whether there is anybody whose values the viewer may enter."""
    return any(can(viewer, Action.ENTER, employee(id)) for id in structure.people)


def _rows(viewer: Viewer, structure: Structure, chosen: int | None) -> tuple[Row, ...]:
    """The people of the department and below, then it itself, then, from its top, the company."""
    members = structure.people if chosen is None else structure.members(chosen)
    people = sorted((structure.people[id] for id in members), key=lambda one: (one.name.casefold(), one.id))
    rows = [
        Row(field_of(employee(one.id)), one.name, one.position)
        for one in people
        if one.active and can(viewer, Action.ENTER, employee(one.id))
    ]
    wholes: list[Subject] = [] if chosen is None else [department(chosen)]
    if chosen is not None and structure.units[chosen].parent_id is None:
        wholes.append(COMPANY)
    notes = {COMPANY: _("The company as a whole, of no department")}
    whole = _("The department as a whole, of nobody in it")
    rows += [
        Row(field_of(one), name_of(one, structure), notes.get(one, whole))
        for one in wholes
        if can(viewer, Action.ENTER, one)
    ]
    return tuple(rows)


def _seen(viewer: Viewer) -> Seen | None:
    """None where everything may be seen."""
    if can(viewer, Action.SEE, COMPANY):
        return None
    own = {viewer.user_id} if viewer.user_id is not None else set()
    return Seen(viewer.employees | own, viewer.departments)


def _people(viewer: Viewer, structure: Structure) -> tuple[Named, ...]:
    seen = (one for one in structure.people.values() if can(viewer, Action.SEE, employee(one.id)))
    return tuple(sorted(((str(one.id), one.name) for one in seen), key=lambda one: one[1].casefold()))


@dataclass
class _Teller:
    """What lines are told with."""

    viewer: Viewer
    structure: Structure
    decided: Approval

    def __post_init__(self) -> None:
        self.named: Mapping[str, str] = _indicators(self.viewer.portal_id)

    def name(self, code: str) -> str:
        """As an administrator calls it, else as the indicator that counts it is called."""
        known = self.decided.name(code)
        return known if known != code else self.named.get(code, code)

    def codes(self) -> tuple[Named, ...]:
        """Everything that is or may be entered, by name."""
        known = {*self.decided.codes, *self.named, *entries.codes(self.viewer.portal_id)}
        return tuple(sorted(((code, self.name(code)) for code in known), key=lambda one: one[1].casefold()))

    def line(self, row: EntryRow) -> Line:
        subject = subject_of(row.employee_id, row.department_id)
        is_money = self.decided.is_money(row.code)
        is_hidden = is_money and not can(self.viewer, Action.SEE_MONEY, subject)
        may = can(self.viewer, Action.ENTER, subject) and not is_hidden
        waits = row.state == WAITING
        return Line(
            id=row.id,
            code=row.code,
            name=self.name(row.code),
            is_money=is_money,
            value=None if is_hidden else Fraction(row.value, MILLIONTHS),
            kind=row.kind,
            occurred_at=row.occurred_at,
            whose=name_of(subject, self.structure),
            comment=row.comment,
            origin=row.origin,
            by=who(row.author, self.structure),
            posted_at=row.created_at,
            state="undone" if row.undone else COUNTER if row.undoes_id and row.state == COUNTED else row.state,
            takes_back=row.undoes_id is not None,
            corrects=row.corrects_id is not None,
            may_change=may and row.state == COUNTED and not row.undone and row.undoes_id is None,
            may_decide=may and waits,
            decided_by=who(row.decided_by, self.structure) if row.decided_by else "",
            decided_at=row.decided_at,
        )


def _indicators(portal_id: int) -> dict[str, str]:
    """Codes that indicators count, by the name of the first one."""
    found: dict[str, str] = {}
    for _code, versions in sorted(scorecards.counted(portal_id).items()):
        for code, name in entry_codes(versions[-1]):
            found.setdefault(code, name)
    return found
