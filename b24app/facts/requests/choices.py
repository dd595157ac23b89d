"""What a mapping may name: funnels, stages and fields of the records it is about, by the portal's own words."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from b24app.facts import queries as facts
from b24app.facts.entities import dictionary, entity_of, has_moves, is_own
from b24app.facts.kinds import kind_of
from b24app.facts.queries import TermRow
from b24app.facts.requests.records import FIELD, has
from b24app.facts.requests.rules import ANSWERED, CLOSED, VALUE
from b24app.facts.rules import DEAL, ENTRY, LEAD

FUNNEL, STAGE, TYPE = "funnel", "stage", "type"
TIMES = frozenset({"datetime", "date"})
NUMBERS = frozenset({"integer", "double", "enumeration", "string"})
PEOPLE = frozenset({"employee", "user"})

Choice = tuple[str, str]
"""What is stored, and what it is called; nothing where the page has its own word."""


@dataclass(frozen=True, slots=True)
class Choices:
    """`is_known` is False of a smart process whose fields have not been read yet: its first mapping has them read."""

    funnels: tuple[Choice, ...]
    stages: tuple[Choice, ...]
    times: tuple[Choice, ...]
    numbers: tuple[Choice, ...]
    people: tuple[Choice, ...]
    answers: tuple[Choice, ...]
    """What may tell of the first answer, where it is not one of the times."""
    has_moves: bool
    """Whether it is known when a record entered a stage."""
    is_known: bool


def entities(portal_id: int) -> tuple[Choice, ...]:
    """Kinds of records that may be requests."""
    standard = (one for one in (DEAL, LEAD, "session") if one == DEAL or kind_of(one) is not None)
    return (*((one, "") for one in standard), (ENTRY, ""), *processes(portal_id).items())


def processes(portal_id: int) -> Mapping[str, str]:
    """What the portal's smart processes are called, by entity."""
    found = ((entity_of(int(one.id)), one.name) for one in facts.terms(portal_id, TYPE) if one.active)
    return {entity: name for entity, name in found if entity and is_own(entity)}


def choices(portal_id: int, entity: str) -> Choices:
    """Only what people have made: fields of the portal itself say nothing of a rating, and of an answer only those that
    are instants of their own."""
    if entity == ENTRY:
        value = ((VALUE, ""),)
        return Choices((), (), (), value, (), answers=value, has_moves=False, is_known=True)
    built_in = tuple((name, "") for name in (ANSWERED, CLOSED) if has(entity, name))
    if entity not in (DEAL, LEAD) and not is_own(entity):
        return Choices((), (), built_in, (), (), answers=(), has_moves=False, is_known=True)
    funnels = {one.id: one.name for one in _terms(portal_id, FUNNEL, entity)}
    fields = _terms(portal_id, FIELD, entity)
    own = [one for one in fields if one.extra.get("custom")]
    return Choices(
        funnels=tuple(funnels.items()),
        stages=tuple(_stages(portal_id, entity, funnels)),
        times=built_in + _of_types(own, TIMES),
        numbers=_of_types(own, NUMBERS),
        people=_of_types(own, PEOPLE),
        answers=(),
        has_moves=has_moves(entity),
        is_known=bool(fields) or not is_own(entity),
    )


def _terms(portal_id: int, word: str, entity: str) -> list[TermRow]:
    return [one for one in facts.terms(portal_id, dictionary(word, entity)) if one.active]


def _stages(portal_id: int, entity: str, funnels: Mapping[str, str]) -> Iterator[Choice]:
    """With their funnels, where there are several. The stages of smart processes come before their funnels."""
    for one in _terms(portal_id, STAGE, entity):
        funnel = funnels.get(str(one.extra.get("category_id")))
        if funnel is not None or not funnels:
            yield one.id, f"{funnel}: {one.name}" if len(funnels) > 1 else one.name


def _of_types(fields: Collection[TermRow], types: Collection[str]) -> tuple[Choice, ...]:
    return tuple((one.id, one.name) for one in fields if one.extra.get("type") in types)
