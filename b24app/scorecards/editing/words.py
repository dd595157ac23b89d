"""What an indicator may name on a portal: types of records, their fields, funnels and stages, by its own words.

What may be named in a mapping of requests is said in facts/requests/choices.py.
"""

from collections.abc import Collection

from b24app.facts import entries
from b24app.facts import queries as facts
from b24app.facts.approval import approval
from b24app.facts.entities import COMPANY, CONTACT, INVOICE, QUOTE, dictionary, has_moves, type_id_of
from b24app.facts.queries import TermRow
from b24app.facts.requests import queries as mappings
from b24app.facts.requests.choices import FUNNEL, PEOPLE, STAGE, TIMES, processes
from b24app.facts.requests.records import FIELD
from b24app.facts.rules import DEAL, LEAD
from b24app.metrics.types.item_metric import AMOUNT, DATES, OWNERS
from b24app.portal import queries as portals

Choice = tuple[str, str]
"""What is stored, and what it is called; nothing where the page has its own word."""

Group = tuple[str, tuple[Choice, ...]]
"""Choices that belong together, under the name of what they belong to; nothing where there is only one such."""

NUMBERS = frozenset({"integer", "double", "money"})
STANDARD = (DEAL, LEAD, INVOICE, QUOTE, CONTACT, COMPANY)


def types(portal_id: int, *, with_moves: bool = False) -> tuple[Choice, ...]:
    """Types of CRM records by their numbers; `with_moves` those whose history of stages is known."""
    named = [*((one, "") for one in STANDARD), *processes(portal_id).items()]
    return tuple((str(type_id_of(one)), name) for one, name in named if has_moves(one) or not with_moves)


def stages(portal_id: int, entity: str) -> tuple[Group, ...]:
    """The stages of a type, those of a funnel together. Those of smart processes are known before their funnels."""
    names = dict(funnels(portal_id, entity))
    found: dict[str, list[Choice]] = {funnel: [] for funnel in names or ("",)}
    for one in _terms(portal_id, STAGE, entity):
        some = found.get(str(one.extra.get("category_id")) if names else "")
        if some is not None:
            some.append((one.id, one.name))
    return tuple((names[funnel] if len(found) > 1 else "", tuple(some)) for funnel, some in found.items())


def funnels(portal_id: int, entity: str) -> tuple[Choice, ...]:
    return tuple((one.id, one.name) for one in _terms(portal_id, FUNNEL, entity))


def requests(portal_id: int) -> tuple[Choice, ...]:
    """What the portal's mappings say is a request."""
    return tuple((one.mapping.code, one.document.name) for one in mappings.mappings(portal_id))


def codes(portal_id: int) -> tuple[Choice, ...]:
    """Codes of entries that are there or have been told of, with their names."""
    told = approval(portals.get(portal_id).settings).codes
    known = dict.fromkeys(entries.codes(portal_id), "") | {code: one.name for code, one in told.items()}
    return tuple(sorted(known.items(), key=lambda one: (one[1] or one[0]).casefold()))


def is_known(portal_id: int, entity: str) -> bool:
    """Whether the fields of a type have been read: those of most types are once something names them."""
    return bool(_terms(portal_id, FIELD, entity))


def numbers(portal_id: int, entity: str) -> tuple[Choice, ...]:
    """Fields that hold numbers, the amount of a record first."""
    return _first({AMOUNT: ""}, _fields(portal_id, entity, NUMBERS))


def anything(portal_id: int, entity: str) -> tuple[Choice, ...]:
    """All fields: of any of them different values can be counted."""
    return _first({AMOUNT: ""}, _fields(portal_id, entity, None))


def times(portal_id: int, entity: str) -> tuple[Choice, ...]:
    return _first(dict.fromkeys(DATES, ""), _fields(portal_id, entity, TIMES))


def people(portal_id: int, entity: str) -> tuple[Choice, ...]:
    return _first(dict.fromkeys(OWNERS, ""), _fields(portal_id, entity, PEOPLE))


def own_people(portal_id: int, entity: str) -> tuple[Choice, ...]:
    """Fields of employees that the portal's people have made."""
    return tuple((one.id, one.name) for one in _fields(portal_id, entity, PEOPLE) if one.extra.get("custom"))


def _first(ours: dict[str, str], fields: Collection[TermRow]) -> tuple[Choice, ...]:
    """Those that every record has, whatever is known of its type, in our words; then the portal's."""
    return (*ours.items(), *((one.id, one.name) for one in fields if one.id not in ours))


def _fields(portal_id: int, entity: str, types: Collection[str] | None) -> tuple[TermRow, ...]:
    """Sorted by what people call them."""
    known = (one for one in _terms(portal_id, FIELD, entity) if one.id != "id")
    found = (one for one in known if types is None or one.extra.get("type") in types)
    return tuple(sorted(found, key=lambda one: one.name.casefold()))


def _terms(portal_id: int, word: str, entity: str) -> list[TermRow]:
    return [one for one in facts.terms(portal_id, dictionary(word, entity)) if one.active]
