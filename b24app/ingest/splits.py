"""Splitting the credit of a deal by hand: who may, and which shares are right (semantics 3.4, 14; ADR 16).

Whoever may enter values of everybody concerned, before and after: so nobody gives credit to themselves. Each change is
audited, and answers with the cells it touched; the caller has the portal's lock, recomputes and commits.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from b24app.facts import queries as facts
from b24app.facts.credit import operations
from b24app.facts.credit import queries as credit
from b24app.facts.credit.rules import A_PERCENT as A_PERCENT
from b24app.facts.credit.rules import Share, owners
from b24app.facts.money import plain
from b24app.facts.rules import Cell, DealFact
from b24app.ingest.manual import LONGEST_REASON
from b24app.lib.errors import Fault, Forbidden, Invalid, NotFound
from b24app.lib.i18n import gettext as _
from b24app.portal import audit
from b24app.portal.rules import COMPANY, Action, Structure, Subject, Viewer, can, employee

MOST_PEOPLE = 20
DECIMALS = 4
"""Of a percent: a millionth is 0.0001 %."""


@dataclass(frozen=True, slots=True)
class Part:
    """A share as people say it."""

    employee_id: int
    percent: Decimal


def split(
    viewer: Viewer, deal_id: int, parts: Sequence[Part], reason: str, structure: Structure, now: datetime
) -> frozenset[Cell]:
    """Divide the deal between these people. Invalid with a sentence at each part that is wrong."""
    deal = find(viewer.portal_id, deal_id)
    _must(viewer, {*_owners(deal), *(one.employee_id for one in parts)})
    faults = [*_faults(parts, structure, frozenset(one.employee_id for one in deal.credits))]
    given = _reason(viewer, reason, faults)
    if faults:
        raise Invalid(_("Nothing was changed: look at the fields marked below."), faults)
    shares = [Share(one.employee_id, int(one.percent * A_PERCENT)) for one in parts]
    before = credit.by_hand(viewer.portal_id, deal_id)
    cells = operations.divide(viewer.portal_id, deal_id, shares, viewer.actor, given, now)
    _audit(viewer, "credit.split", deal_id, before, given, now)
    return cells


def join(viewer: Viewer, deal_id: int, reason: str, now: datetime) -> frozenset[Cell]:
    """Let the deal count whole for one person again."""
    deal = find(viewer.portal_id, deal_id)
    _must(viewer, {*_owners(deal), *owners((), deal.closed_by_id, deal.responsible_id)})
    given = _checked(viewer, reason)
    before = credit.by_hand(viewer.portal_id, deal_id)
    cells = operations.divide(viewer.portal_id, deal_id, (), viewer.actor, given, now)
    _audit(viewer, "credit.join", deal_id, before, given, now)
    return cells


def undo(viewer: Viewer, deal_id: int, reason: str, now: datetime) -> frozenset[Cell]:
    """Make it as it was before the last change."""
    deal = find(viewer.portal_id, deal_id)
    history = credit.history(viewer.portal_id, deal_id, limit=2)
    earlier = history[1].shares if len(history) > 1 else ()
    _must(viewer, {*_owners(deal), *owners(earlier, deal.closed_by_id, deal.responsible_id)})
    given, before = _checked(viewer, reason), credit.by_hand(viewer.portal_id, deal_id)
    cells = operations.undo(viewer.portal_id, deal_id, viewer.actor, given, now)
    _audit(viewer, "credit.undo", deal_id, before, given, now)
    return cells


def find(portal_id: int, deal_id: int) -> DealFact:
    deal = facts.deal(portal_id, deal_id)
    if deal is None:
        raise NotFound(_("This deal has not been read from Bitrix24 yet."))
    return deal


def may(viewer: Viewer, people: Collection[int | None]) -> bool:
    """Whether the viewer may give credit to all of these and take it from them; None is nobody we know."""
    return all(can(viewer, Action.ENTER, _subject(id)) for id in people)


def _must(viewer: Viewer, people: Collection[int | None]) -> None:
    if may(viewer, people):
        return
    if viewer.user_id is not None and viewer.user_id in people:
        raise Forbidden(_("Nobody gives or takes credit of their own: ask your head or an administrator."))
    raise Forbidden(_("You may split credit only between people whose values you may enter. Ask an administrator."))


def _subject(id: int | None) -> Subject:
    return COMPANY if id is None else employee(id)


def _owners(deal: DealFact) -> tuple[int | None, ...]:
    return owners(deal.credits, deal.closed_by_id, deal.responsible_id)


def _faults(parts: Sequence[Part], structure: Structure, known: Collection[int]) -> Iterator[Fault]:
    """`known`: who has a share already, and so may keep one when they have left."""
    times = Counter(one.employee_id for one in parts)
    for place, part in enumerate(parts):
        person, path = structure.people.get(part.employee_id), f"shares[{place}]"
        if person is None:
            yield Fault(f"{path}.employee_id", _("There is no employee %(id)s.", id=part.employee_id))
        elif not person.active and person.id not in known:
            message = _("%(name)s does not work here any more: choose somebody else.", name=person.name)
            yield Fault(f"{path}.employee_id", message)
        elif times[part.employee_id] > 1:
            yield Fault(f"{path}.employee_id", _("This person is named twice."))
        if fault := percent_fault(part.percent):
            yield Fault(f"{path}.percent", fault)
    total = sum((one.percent for one in parts), Decimal(0))
    if not parts:
        yield Fault("shares", _("Name somebody who gets the credit."))
    elif len(parts) > MOST_PEOPLE:
        yield Fault("shares", _("At most %(count)s people can share a deal.", count=MOST_PEOPLE))
    elif total != 100:
        yield Fault(
            "shares", _("The shares come to %(total)s %%, and must come to exactly 100 %%.", total=plain(total))
        )


def percent_fault(percent: Decimal) -> str | None:
    if not 0 < percent <= 100:
        return _("A share is more than nothing and no more than the whole.")
    if percent * A_PERCENT != int(percent * A_PERCENT):
        return _("At most %(decimal_places)s decimals are allowed.", decimal_places=DECIMALS)
    return None


def _checked(viewer: Viewer, reason: str) -> str:
    faults: list[Fault] = []
    given = _reason(viewer, reason, faults)
    if faults:
        raise Invalid(_("Say why."), faults)
    return given


def _reason(viewer: Viewer, reason: str, faults: list[Fault]) -> str:
    """A person says why, a program need not."""
    if viewer.user_id is not None and not reason.strip():
        faults.append(Fault("reason", _("Say why.")))
    return reason.strip()[:LONGEST_REASON]


def _audit(viewer: Viewer, action: str, deal_id: int, before: Sequence[Share], reason: str, now: datetime) -> None:
    after = credit.by_hand(viewer.portal_id, deal_id)
    if before != after:
        told = {"shares": _told(after), "reason": reason}
        audit.record(viewer.portal_id, viewer.actor, action, f"deal:{deal_id}", {"shares": _told(before)}, told, now)


def _told(shares: Sequence[Share]) -> dict[str, str]:
    """Employees and percents."""
    return {f"employee:{one.employee_id}": plain(Decimal(one.share) / A_PERCENT) for one in shares}
