"""What the form of an indicator asks of a metric: one input for each of its options, made of the metric's own `Params`.

An option that names something of the portal offers what there is (words.py); a new option without such a meaning needs
nothing here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from b24app.facts.entities import entity_of
from b24app.facts.kinds import kind_of
from b24app.facts.rules import DEAL, MOVE
from b24app.metrics.catalogue import CATALOGUE, Ready
from b24app.metrics.types.base import metric_types
from b24app.scorecards.editing import words
from b24app.scorecards.editing.words import Choice, Group

Shape = Literal["one", "many", "tick", "number", "text"]


@dataclass(frozen=True, slots=True)
class Input:
    """`default` is meant where nothing is chosen; None: then it is left out. `asks_again`: what else there is to choose
    depends on it."""

    name: str
    shape: Shape
    choices: tuple[Group, ...] = ()
    default: str | None = None
    asks_again: bool = False


def inputs(portal_id: int, metric: str, options: Mapping[str, Any]) -> tuple[Input, ...]:
    """Of a metric of the catalogue, as far as `options` have been chosen, what others depend on first; none of a
    formula."""
    ready = CATALOGUE.get(metric)
    if ready is None:
        return ()
    choosing = [Input(name, "one", _plain(one.choices), one.default) for name, one in ready.options.items()]
    entity = counted(ready, options)
    fields = metric_types()[ready.type].Params.model_fields
    aggregate = options.get("aggregate", "count") if ready.type == _ITEMS else ""
    left_out = {"count": ("field", "money"), "distinct": ("money",)}.get(str(aggregate), ())
    named = {name: _named(portal_id, name, entity, ready, options) for name in fields if name not in left_out}
    asked = [*choosing, *(one or _of_type(name, fields[name]) for name, one in named.items())]
    return tuple(sorted(asked, key=lambda one: not one.asks_again))


def counted(ready: Ready, options: Mapping[str, Any]) -> str:
    """The type of the records: what the metric counts, unless the options name another."""
    chosen = options.get("entity_type_id")
    entity = entity_of(chosen) if isinstance(chosen, int) else None
    if entity is None:
        return DEAL if ready.type in _OF_ANY_TYPE else ready.entity
    return entity


def dates(ready: Ready) -> tuple[str, ...]:
    """The dates that an indicator may be counted by, where it is not an option that says so."""
    return tuple(ready.dates) if len(ready.dates) > 1 and ready.type not in _OF_ANY_TYPE else ()


def owners(portal_id: int, ready: Ready, options: Mapping[str, Any]) -> tuple[Choice, ...]:
    """For whom it may count, where it is not an option that says so."""
    if ready.type == _ITEMS:
        return ()
    entity = counted(ready, options)
    kind = kind_of(entity)
    has_fields = (kind.has_values if kind else entity == DEAL) and ready.type != _MOVES
    fields = words.own_people(portal_id, entity) if has_fields else ()
    found = (*((one, "") for one in ready.owners), *fields)
    return found if len(found) > 1 else ()


_ITEMS, _MOVES = "item_metric", "entered"
_OF_ANY_TYPE = (_ITEMS, _MOVES)


def _named(portal_id: int, name: str, entity: str, ready: Ready, options: Mapping[str, Any]) -> Input | None:
    """The input of an option that names something of the portal."""
    entity = DEAL if entity == MOVE else entity
    match name:
        case "entity_type_id":
            offered = words.types(portal_id, with_moves=ready.type == _MOVES)
            return Input(name, "one", (("", offered),), offered[0][0], asks_again=True)
        case "field":
            is_any = options.get("aggregate") == "distinct"
            return Input(name, "one", (("", (words.anything if is_any else words.numbers)(portal_id, entity)),))
        case "date_field":
            return Input(name, "one", (("", words.times(portal_id, entity)),), "createdTime")
        case "owner_field":
            return Input(name, "one", (("", words.people(portal_id, entity)),), "assignedById")
        case "stages" | "stage_id":
            return Input(name, "many", words.stages(portal_id, entity))
        case "category_id":
            return Input(name, "many", (("", words.funnels(portal_id, entity)),))
        case "source":
            return Input(name, "one", (("", words.requests(portal_id)),))
        case "code":
            return Input(name, "text", (("", words.codes(portal_id)),))
        case "aggregate" if ready.type == _ITEMS:
            return replace(_of_type(name, metric_types()[_ITEMS].Params.model_fields[name]), asks_again=True)
        case _:
            return None


def _of_type(name: str, one: FieldInfo) -> Input:
    """The input of an option by what its values are."""
    kind = _bare(one.annotation)
    if get_origin(kind) is Literal:
        return Input(name, "one", _plain(get_args(kind)), one.default)
    return Input(name, "tick" if kind is bool else "number" if kind is int else "text")


def _bare(annotation: Any) -> Any:
    """Without what may be beside the type: that it can be left out, and its limits."""
    if get_origin(annotation) in (Union, UnionType):
        return _bare(next(one for one in get_args(annotation) if one is not type(None)))
    return _bare(get_args(annotation)[0]) if get_origin(annotation) is Annotated else annotation


def _plain(values: Sequence[str] | Mapping[str, Any]) -> tuple[Group, ...]:
    return (("", tuple((value, "") for value in values)),)
