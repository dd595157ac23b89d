"""Values by hand: entered for one or many, corrected, taken back, approved by a second person (semantics 14).

Who may is asked here, of `can`; whether a change has to wait is asked of the portal's decisions. Each change is
audited, and answers with the cells it touched; the caller has the portal's lock, recomputes and commits.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from b24app.facts import ledger
from b24app.facts.approval import Approval, approval
from b24app.facts.rules import WAITING, Cell, EntryDraft
from b24app.facts.tables import Entry
from b24app.lib.clock import epoch
from b24app.lib.errors import Fault, Forbidden, Invalid
from b24app.lib.i18n import gettext as _
from b24app.periods import queries as periods
from b24app.periods.rules import ONE_DAY, Settings, local_day, midnight, on_wall
from b24app.portal import audit
from b24app.portal import queries as portals
from b24app.portal.rules import COMPANY, Action, Structure, Subject, SubjectType, Viewer, can, department, employee

HALF_A_DAY_S = 12 * 3600
LONGEST_REASON = 2000


@dataclass(frozen=True, slots=True)
class Form:
    """Values of one code and day for some subjects. Sent twice with the same `key` they count once."""

    key: str
    code: str
    day: date
    values: tuple[tuple[Subject, Decimal], ...]
    kind: str = "add"
    comment: str = ""
    source_id: str | None = None


@dataclass(frozen=True, slots=True)
class Entered:
    """How many values are new, and how many of them wait for a second person."""

    new: int
    waiting: int
    cells: frozenset[Cell]


def enter(viewer: Viewer, form: Form, structure: Structure, now: datetime) -> Entered:
    """All of them or none. Invalid with a sentence at each field that is wrong."""
    decided = _decided(viewer)
    settings = periods.settings(viewer.portal_id)
    at = moment(form.day, form.kind, now, settings)
    drafts = [
        EntryDraft(
            key=f"manual:{form.key}:{subject.type.value}:{subject.id}",
            code=form.code,
            kind=form.kind,
            value=value,
            occurred_at=at,
            local_at=on_wall(at, settings),
            employee_id=subject.id if subject.type is SubjectType.EMPLOYEE else None,
            department_id=subject.id if subject.type is SubjectType.DEPARTMENT else None,
            source_id=form.source_id,
            comment=form.comment,
            origin="manual",
            author=viewer.actor,
            state=decided.state(form.code, value, "manual"),
        )
        for subject, value in form.values
    ]
    faults = [*_form_faults(viewer, form, decided, local_day(epoch(now), settings))]
    for (subject, _value), draft in zip(form.values, drafts, strict=True):
        scale = decided.missed(form.code, draft.value)
        if fault := subject_fault(viewer, subject, structure) or ledger.fault_of(draft):
            faults.append(Fault(field_of(subject), fault))
        elif scale:
            faults.append(Fault(field_of(subject), ledger.off_scale(scale)))
    if faults:
        raise Invalid(_("Nothing was saved: look at the fields marked below."), faults)
    posted = ledger.post_entries(viewer.portal_id, drafts, now)
    new = [drafts[item.index] for item in posted.items if item.status == "created"]
    if new:
        told = {field_of(subject): str(value) for subject, value in form.values}
        after = {"day": form.day.isoformat(), "kind": form.kind, "values": told}
        audit.record(viewer.portal_id, viewer.actor, "entry.enter", form.code, None, after, now)
    return Entered(len(new), sum(one.state == WAITING for one in new), posted.cells)


def moment(day: date, kind: str, now: datetime, settings: Settings) -> int:
    """When a value of a day occurred: now if it is today, else at its noon; what a total stands at, at its end."""
    if day == local_day(epoch(now), settings):
        return epoch(now)
    return midnight(day + ONE_DAY, settings) - 1 if kind == "set" else midnight(day, settings) + HALF_A_DAY_S


def field_of(subject: Subject) -> str:
    """The name of a subject's field: `employee-7`."""
    return f"{subject.type.value}-{subject.id}"


def subject_fault(viewer: Viewer, subject: Subject, structure: Structure) -> str | None:
    """Why the viewer may not enter values of this subject, as a sentence."""
    known = structure.people if subject.type is SubjectType.EMPLOYEE else structure.units
    if subject != COMPANY and subject.id not in known:
        return _("Choose a person or a department.")
    if can(viewer, Action.ENTER, subject):
        return None
    if subject == employee(viewer.user_id or 0):
        return _("Nobody enters or corrects their own numbers: ask your head or an administrator.")
    return _("You may not enter values here. Ask an administrator.")


def _form_faults(viewer: Viewer, form: Form, decided: Approval, today: date) -> list[Fault]:
    found = []
    if not form.code:
        found.append(Fault("code", _("Choose what is entered.")))
    elif decided.is_money(form.code) and not viewer.sees_money:
        found.append(Fault("code", _("These are amounts of money, which you may not see.")))
    if form.day > today:
        found.append(Fault("day", _("The day lies in the future.")))
    if not form.values:
        found.append(Fault("values", _("Enter a number for somebody.")))
    return found


def correct(viewer: Viewer, entry_id: int, value: Decimal, reason: str, now: datetime) -> frozenset[Cell]:
    """Another value in the place of an entry's. What is compared with the limit is by how much it changes."""
    decided, entry = _decided(viewer), _mine(viewer, entry_id)
    before = ledger.draft_of(entry).value
    if scale := decided.missed(entry.code, value):
        raise Invalid(ledger.off_scale(scale), [Fault("value", ledger.off_scale(scale))])
    state = decided.state(entry.code, value - before, "manual")
    cells = ledger.correct_entry(viewer.portal_id, entry_id, value, _reason(reason), viewer.actor, now, state=state)
    after = {"value": str(value), "reason": reason, "state": state}
    _audit(viewer, "entry.correct", entry, {"value": str(before)}, after, now)
    return cells


def undo(viewer: Viewer, entry_id: int, reason: str, now: datetime, origin: str = "manual") -> frozenset[Cell]:
    """Take an entry back. A person gives a reason, a program (`origin` api) need not."""
    decided, entry = _decided(viewer), _mine(viewer, entry_id)
    draft = ledger.draft_of(entry)
    state = decided.state(entry.code, draft.value, origin)
    given = _reason(reason) if origin == "manual" else reason
    cells = ledger.undo_entry(viewer.portal_id, entry_id, viewer.actor, now, given, state)
    if origin == "manual":
        _audit(viewer, "entry.undo", entry, {"value": str(draft.value)}, {"reason": given, "state": state}, now)
    return cells


def approve(viewer: Viewer, entry_id: int, now: datetime) -> frozenset[Cell]:
    entry = _mine(viewer, entry_id)
    cells = ledger.approve(viewer.portal_id, entry_id, viewer.actor, now)
    _audit(viewer, "entry.approve", entry, None, {"value": str(ledger.draft_of(entry).value)}, now)
    return cells


def refuse(viewer: Viewer, entry_id: int, now: datetime) -> frozenset[Cell]:
    entry = _mine(viewer, entry_id)
    ledger.refuse(viewer.portal_id, entry_id, viewer.actor, now)
    _audit(viewer, "entry.refuse", entry, None, {"value": str(ledger.draft_of(entry).value)}, now)
    return frozenset()


Decide = Callable[[Viewer, int, datetime], frozenset[Cell]]


def subject_of(employee_id: int | None, department_id: int | None) -> Subject:
    """Whom an entry counts for (semantics 4.7)."""
    if employee_id is not None:
        return employee(employee_id)
    return department(department_id) if department_id is not None else COMPANY


def _mine(viewer: Viewer, entry_id: int) -> Entry:
    """An entry that the viewer may change."""
    entry = ledger.load(viewer.portal_id, entry_id)
    subject = subject_of(entry.employee_id, entry.department_id)
    if not can(viewer, Action.ENTER, subject):
        if subject == employee(viewer.user_id or 0):
            raise Forbidden(_("Nobody enters or corrects their own numbers: ask your head or an administrator."))
        raise Forbidden(_("You may not enter values here. Ask an administrator."))
    if _decided(viewer).is_money(entry.code) and not viewer.sees_money and viewer.user_id is not None:
        raise Forbidden(_("These are amounts of money, which you may not see."))
    return entry


def _decided(viewer: Viewer) -> Approval:
    return approval(portals.get(viewer.portal_id).settings)


def _reason(text: str) -> str:
    if not text.strip():
        raise Invalid(_("Say why."), [Fault("reason", _("Say why."))])
    return text.strip()[:LONGEST_REASON]


def _audit(viewer: Viewer, action: str, entry: Entry, before: object, after: object, now: datetime) -> None:
    audit.record(viewer.portal_id, viewer.actor, action, f"{entry.code} {entry.id}", before, after, now)
