"""Which fields of deals say who gets a part of them (ADR 16): what can be chosen, and a choice, checked and kept.

The person is in a field of employees; how much they get is always the same, or in a number field of percents.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from b24app.facts import queries as facts
from b24app.facts.credit import operations
from b24app.facts.credit.rules import SETTING, FieldRule, rules_of
from b24app.ingest.sources.dictionaries import FIELD
from b24app.ingest.splits import A_PERCENT, percent_fault
from b24app.ingest.values import EMPLOYEE
from b24app.lib.errors import Fault, Invalid
from b24app.lib.i18n import gettext as _
from b24app.portal import operations as portal
from b24app.portal import queries as portals
from b24app.portal.rules import Viewer

MOST_RULES = 3
NUMBERS = frozenset({"integer", "double"})

Named = tuple[str, str]
"""A field's name in the API, and what people call it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One line of the form: a field of employees, and a percent, or else a field that holds it."""

    person: str
    percent: Decimal | None
    field: str


@dataclass(frozen=True, slots=True)
class Choices:
    people: tuple[Named, ...]
    numbers: tuple[Named, ...]


def choices(portal_id: int) -> Choices:
    """The custom fields of deals that may be named, by what people call them."""
    fields = [one for one in facts.terms(portal_id, FIELD) if one.active and one.id.lower().startswith("uf")]

    def of(types: frozenset[str]) -> tuple[Named, ...]:
        return tuple(sorted(((one.id, one.name) for one in fields if one.extra.get("type") in types), key=_by_name))

    return Choices(of(EMPLOYEE), of(NUMBERS))


def _by_name(field: Named) -> str:
    return field[1].casefold()


def rules(portal_id: int) -> tuple[FieldRule, ...]:
    return rules_of(portals.get(portal_id).settings)


def save(viewer: Viewer, asked: Sequence[Asked], now: datetime) -> bool:
    """Divide deals so from now on, and those of the past as soon as their fields have been read. Returns whether
    everything is to be computed anew already."""
    if faults := [*_faults(asked, choices(viewer.portal_id))]:
        raise Invalid(_("Nothing was saved: look at the fields marked below."), faults)
    chosen = tuple(_rule(one) for one in asked)
    if chosen == rules(viewer.portal_id):
        return False
    told = [one.told() for one in chosen]
    portal.change_settings(viewer.portal_id, {SETTING: told or None}, viewer.actor, now)
    return operations.follow(viewer.portal_id, chosen, now)


def _rule(one: Asked) -> FieldRule:
    if one.percent is not None:
        return FieldRule(one.person, share=int(one.percent * A_PERCENT))
    return FieldRule(one.person, percent=one.field)


def _faults(asked: Sequence[Asked], known: Choices) -> Iterator[Fault]:
    people, numbers = dict(known.people), dict(known.numbers)
    for place, one in enumerate(asked):
        path = f"rules[{place}]"
        if one.person not in people:
            yield Fault(f"{path}.person", _("Choose a field that holds an employee."))
        elif [other.person for other in asked].index(one.person) < place:
            yield Fault(f"{path}.person", _("This field is chosen twice."))
        if one.percent is not None and one.field:
            yield Fault(f"{path}.percent", _("Either a percent or a field that holds it, not both."))
        elif one.percent is not None and (fault := percent_fault(one.percent)):
            yield Fault(f"{path}.percent", fault)
        elif one.percent is None and one.field not in numbers:
            yield Fault(f"{path}.percent", _("Enter a percent, or choose a field that holds it."))
    if sum((one.percent or Decimal(0) for one in asked), Decimal(0)) > 100:
        yield Fault("rules", _("Together these percents are more than the whole."))
