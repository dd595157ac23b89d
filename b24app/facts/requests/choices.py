"""What a mapping may name: funnels, stages and fields of the records it is about, by the portal's own words."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from b24app.facts import queries as facts
from b24app.facts.kinds import kind_of
from b24app.facts.queries import TermRow
from b24app.facts.requests.records import FIELD, has
from b24app.facts.requests.rules import ANSWERED, CLOSED
from b24app.facts.rules import DEAL, LEAD

FUNNEL, STAGE = "funnel", "stage"
TIMES = frozenset({"datetime", "date"})
NUMBERS = frozenset({"integer", "double", "enumeration", "string"})
PEOPLE = frozenset({"employee", "user"})

Choice = tuple[str, str]
"""What is stored, and what it is called; nothing where the page has its own word."""


@dataclass(frozen=True, slots=True)
class Choices:
    funnels: tuple[Choice, ...]
    stages: tuple[Choice, ...]
    times: tuple[Choice, ...]
    numbers: tuple[Choice, ...]
    people: tuple[Choice, ...]


def entities() -> tuple[str, ...]:
    """Kinds of records that may be requests."""
    return tuple(one for one in (DEAL, LEAD, "session") if one == DEAL or kind_of(one) is not None)


def choices(portal_id: int, entity: str) -> Choices:
    """Only what people have made: fields of the portal itself say nothing of a rating, and of an answer only those that
    are instants of their own."""
    built_in = tuple((name, "") for name in (ANSWERED, CLOSED) if has(entity, name))
    if entity != DEAL:
        return Choices((), (), built_in, (), ())
    funnels = {one.id: one.name for one in facts.terms(portal_id, FUNNEL) if one.active}
    fields = [one for one in facts.terms(portal_id, FIELD) if one.active and one.extra.get("custom")]
    return Choices(
        funnels=tuple(funnels.items()),
        stages=tuple(_stages(portal_id, funnels)),
        times=built_in + _of_types(fields, TIMES),
        numbers=_of_types(fields, NUMBERS),
        people=_of_types(fields, PEOPLE),
    )


def _stages(portal_id: int, funnels: dict[str, str]) -> Iterator[Choice]:
    """With their funnels, where there are several."""
    for one in facts.terms(portal_id, STAGE):
        funnel = funnels.get(str(one.extra.get("category_id")))
        if one.active and funnel is not None:
            yield one.id, f"{funnel}: {one.name}" if len(funnels) > 1 else one.name


def _of_types(fields: Collection[TermRow], types: Collection[str]) -> tuple[Choice, ...]:
    return tuple((one.id, one.name) for one in fields if one.extra.get("type") in types)
