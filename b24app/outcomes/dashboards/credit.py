"""The page on which the credit of a deal is split: who gets what part of it, who said so, and what may be done."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from b24app.facts.credit import queries as changes
from b24app.facts.credit.queries import Change
from b24app.facts.credit.rules import WHOLE, Share, owners
from b24app.facts.rules import DealFact
from b24app.ingest import splits
from b24app.lib.errors import Forbidden
from b24app.lib.i18n import gettext as _
from b24app.metrics.rules import Unit
from b24app.outcomes.dashboards.choices import Named
from b24app.outcomes.dashboards.figures import percent
from b24app.outcomes.dashboards.history import who
from b24app.outcomes.dashboards.ledger import people
from b24app.outcomes.dashboards.rules import Number
from b24app.outcomes.dashboards.tabs import DEAL_STATES
from b24app.portal import queries as portals
from b24app.portal.rules import Action, Structure, Viewer, can, employee
from b24app.scores.rows import name_of

DIGITS = 4
SPARE_ROWS = 2
"""Empty lines that the form has for more people."""


@dataclass(frozen=True, slots=True)
class Line:
    """What one person gets. `amount` None: the viewer may not see it."""

    employee_id: int
    name: str
    percent: Fraction
    amount: Number | None


@dataclass(frozen=True, slots=True)
class Step:
    """One change of the split, as people read it; `shares` is empty where the deal was put together again."""

    number: int
    shares: str
    undoes: int | None
    by: str
    reason: str
    at: int


@dataclass(frozen=True, slots=True)
class Split:
    """A deal, whom it is divided between (nobody: it counts whole for `whole_for`), and how that came about."""

    deal_id: int
    title: str
    state: str
    amount: Number | None
    lines: tuple[Line, ...]
    whole_for: str
    by_hand: bool
    history: tuple[Step, ...]
    may_change: bool
    people: tuple[Named, ...]
    """Whom the form offers."""

    @property
    def rows(self) -> int:
        """How many lines the form has."""
        return min(max(len(self.lines), 1) + SPARE_ROWS, splits.MOST_PEOPLE)


def split(viewer: Viewer, structure: Structure, deal_id: int) -> Split:
    """NotFound without such a deal; Forbidden unless the viewer may see somebody it counts for."""
    deal = splits.find(viewer.portal_id, deal_id)
    concerned = {deal.responsible_id, deal.created_by_id, deal.closed_by_id, *(one.employee_id for one in deal.credits)}
    if not any(id is not None and can(viewer, Action.SEE, employee(id)) for id in concerned):
        raise Forbidden(_("This deal counts for people whose numbers you may not see."))
    currency = portals.get(viewer.portal_id).base_currency
    (whole,) = owners((), deal.closed_by_id, deal.responsible_id)
    return Split(
        deal_id=deal.id,
        title=deal.title,
        state=DEAL_STATES[deal.semantic],
        amount=_money(deal.amount, currency) if viewer.sees_money else None,
        lines=tuple(_lines(viewer, structure, deal, currency)),
        whole_for=_("others") if whole is None else name_of(employee(whole), structure),
        by_hand=any(one.by_hand for one in deal.credits),
        history=tuple(_step(one, structure) for one in changes.history(viewer.portal_id, deal_id)),
        may_change=splits.may(viewer, owners(deal.credits, deal.closed_by_id, deal.responsible_id)),
        people=_offered(viewer, structure, deal),
    )


def _lines(viewer: Viewer, structure: Structure, deal: DealFact, currency: str) -> list[Line]:
    return [
        Line(
            one.employee_id,
            name_of(employee(one.employee_id), structure),
            _percent(one),
            _money(one.amount, currency) if can(viewer, Action.SEE_MONEY, employee(one.employee_id)) else None,
        )
        for one in deal.credits
    ]


def _step(change: Change, structure: Structure) -> Step:
    told = (
        f"{name_of(employee(one.employee_id), structure)} {percent(_percent(one), DIGITS)}" for one in change.shares
    )
    return Step(change.number, ", ".join(told), change.undoes, who(change.author, structure), change.reason, change.at)


def _offered(viewer: Viewer, structure: Structure, deal: DealFact) -> tuple[Named, ...]:
    """Whose values the viewer may enter, and who has a share already."""
    named: Mapping[str, str] = dict(people(viewer, structure)) | {
        str(one.employee_id): name_of(employee(one.employee_id), structure) for one in deal.credits
    }
    return tuple(sorted(named.items(), key=lambda one: one[1].casefold()))


def _percent(one: Share) -> Fraction:
    return Fraction(100 * one.share, WHOLE)


def _money(amount: int | None, currency: str) -> Number:
    return Number(None if amount is None else Fraction(amount, 100), Unit.MONEY, currency)
