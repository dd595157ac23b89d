"""Conditions as people write them (the `where` of an indicator, interfaces 4) and as the rules keep them. Pure.

Also the names of the few conditions that the catalogue and the metric types are made of.
"""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from b24app.lib.errors import Fault
from b24app.lib.i18n import gettext as _
from b24app.metrics.rules import Op, Test, Where

WON = Where((Test("semantic", Op.IN, ("S",)),))
LOST = Where((Test("semantic", Op.IN, ("F",)),))
DECIDED = Where((Test("semantic", Op.IN, ("S", "F")),))

Id = Annotated[str, Field(min_length=1, max_length=64)]
MOST_VALUES = 500
DEEPEST = 5


class Document(BaseModel):
    """Base of what strangers write: unknown keys and wrong types are refused, nothing is guessed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class FieldCondition(Document):
    field: Id
    op: str
    value: Any = None


class WhereDocument(Document):
    """Parts are joined by AND; `any` is a list of whole conditions joined by OR (semantics 4.5)."""

    category_id: list[int] = Field(default_factory=list, max_length=MOST_VALUES)
    stage_id: list[Id] = Field(default_factory=list, max_length=MOST_VALUES)
    source_id: list[Id] = Field(default_factory=list, max_length=MOST_VALUES)
    product_id: list[int] = Field(default_factory=list, max_length=MOST_VALUES)
    product_section_id: list[int] = Field(default_factory=list, max_length=MOST_VALUES)
    fields: list[FieldCondition] = Field(default_factory=list, max_length=MOST_VALUES)
    any: list["WhereDocument"] = Field(default_factory=list, max_length=MOST_VALUES)


CONDITIONS = {"deal": ("category_id", "stage_id", "source_id"), "activity": (), "entry": ("source_id",)}
"""What may be asked of each entity."""

_LATER = ("product_id", "product_section_id", "fields")
"""Known, and refused until product rows and field values are stored."""


def where_of(document: WhereDocument) -> Where:
    """The conditions of a document that `faults` found nothing wrong with. An empty list asks for nothing."""
    tests = tuple(
        Test(name, Op.IN, tuple(dict.fromkeys(values)))
        for name in ("category_id", "stage_id", "source_id")
        if (values := getattr(document, name))
    )
    return Where(tests, tuple(where_of(one) for one in document.any))


def faults(document: WhereDocument, entity: str, path: str = "where", depth: int = 1) -> Iterator[Fault]:
    """Conditions that cannot be asked of the entity, each with its path."""
    for name in ("category_id", "stage_id", "source_id"):
        if getattr(document, name) and name not in CONDITIONS[entity]:
            yield Fault(f"{path}.{name}", _not_for(entity))
    for name in _LATER:
        if getattr(document, name):
            known = entity == "deal"
            yield Fault(f"{path}.{name}", _("This condition is not available yet.") if known else _not_for(entity))
    if document.any and depth == DEEPEST:
        yield Fault(f"{path}.any", _("Conditions may be nested %(levels)s levels deep.", levels=DEEPEST))
        return
    for number, one in enumerate(document.any):
        yield from faults(one, entity, f"{path}.any[{number}]", depth + 1)


def _not_for(entity: str) -> str:
    if entity == "entry":
        return _("Entries know a source only: no other condition applies to them.")
    return _("Calls, meetings and e-mails have no such field: this condition applies to deals.")
