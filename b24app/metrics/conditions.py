"""Conditions as people write them (the `where` of an indicator, interfaces 4) and as the rules keep them. Pure.

Also the names of the few conditions that the catalogue and the metric types are made of.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from b24app.facts.kinds import kind_of
from b24app.lib.errors import Fault
from b24app.lib.i18n import gettext as _
from b24app.metrics.measures import AnyTest, FieldTest, Op, ProductTest, Test, Where

WON = Where((Test("semantic", Op.IN, ("S",)),))
LOST = Where((Test("semantic", Op.IN, ("F",)),))
DECIDED = Where((Test("semantic", Op.IN, ("S", "F")),))
OPEN = Where((Test("semantic", Op.IN, ("P",)),))

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


_COLUMNS = ("category_id", "stage_id", "source_id")
_DEAL = (*_COLUMNS, "product_id", "product_section_id", "fields")
_OTHERS = {"deal": _DEAL, "stage_move": _DEAL, "entry": ("source_id",)}


def conditions_of(entity: str) -> tuple[str, ...]:
    """What may be asked of an entity; of a stage move that of its deal, of a simple record what its kind says."""
    kind = kind_of(entity)
    return kind.conditions if kind else _OTHERS[entity]


_SAME = {"eq": Op.IN, "in": Op.IN, "ne": Op.NOT_IN, "not_in": Op.NOT_IN}
_ORDER = {"gt": Op.GT, "gte": Op.GTE, "lt": Op.LT, "lte": Op.LTE, "between": Op.BETWEEN}
_FILLED = {"empty": Op.EMPTY, "not_empty": Op.NOT_EMPTY}
OPS = (*_SAME, *_ORDER, *_FILLED)

MILLIONTHS = 1_000_000
LARGEST = 2**63 // MILLIONTHS
LONGEST_TEXT = 255


def where_of(document: WhereDocument) -> Where:
    """The conditions of a document that `faults` found nothing wrong with. An empty list asks for nothing."""
    tests: list[AnyTest] = [
        Test(name, Op.IN, tuple(dict.fromkeys(values))) for name in _COLUMNS if (values := getattr(document, name))
    ]
    if document.product_id or document.product_section_id:
        products, sections = (dict.fromkeys(ids) for ids in (document.product_id, document.product_section_id))
        tests.append(ProductTest(tuple(products), tuple(sections)))
    tests += map(_field_test, document.fields)
    return Where(tuple(tests), tuple(where_of(one) for one in document.any))


def faults(document: WhereDocument, entity: str, path: str = "where", depth: int = 1) -> Iterator[Fault]:
    """Conditions that cannot be asked of the entity, or that say nothing that can be understood, each with its path."""
    for name in _DEAL:
        if getattr(document, name) and name not in conditions_of(entity):
            yield Fault(f"{path}.{name}", _not_for(entity))
    if "fields" in conditions_of(entity):
        for number, condition in enumerate(document.fields):
            yield from _field_faults(condition, f"{path}.fields[{number}]")
    if document.any and depth == DEEPEST:
        yield Fault(f"{path}.any", _("Conditions may be nested %(levels)s levels deep.", levels=DEEPEST))
        return
    for number, one in enumerate(document.any):
        yield from faults(one, entity, f"{path}.any[{number}]", depth + 1)


def _not_for(entity: str) -> str:
    if entity == "entry":
        return _("Entries know a source only: no other condition applies to them.")
    if entity == "activity":
        return _("Calls, meetings and e-mails have no such field: this condition applies to deals.")
    return _("Records of this kind have no such field: this condition does not apply to them.")


def _field_test(condition: FieldCondition) -> FieldTest:
    if condition.op in _FILLED:
        return FieldTest(condition.field, _FILLED[condition.op])
    values = condition.value if isinstance(condition.value, list | tuple) else [condition.value]
    if condition.op in _SAME:
        return FieldTest(condition.field, _SAME[condition.op], tuple(dict.fromkeys(map(_value, values))))
    pairs = tuple(("day", limit) if isinstance(limit, str) else _value(limit) for limit in values)
    return FieldTest(condition.field, _ORDER[condition.op], pairs)


def _value(value: Any) -> tuple[str, int | str]:
    """What is compared, and with what: a text as it is, a number and a yes or no in millionths."""
    if isinstance(value, str):
        return "text", value
    return "num", int(_decimal(value) * MILLIONTHS)


def _decimal(value: Any) -> Decimal:
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def _field_faults(condition: FieldCondition, path: str) -> Iterator[Fault]:
    op, value = condition.op, condition.value
    if op not in OPS:
        yield Fault(f"{path}.op", _("One of these is expected: %(choices)s.", choices=", ".join(OPS)))
        return
    if op in _FILLED:
        if value is not None:
            yield Fault(f"{path}.value", _("empty and not_empty take no value."))
        return
    many = op in ("in", "not_in", "between")
    if many and not (isinstance(value, list | tuple) and 0 < len(value) <= MOST_VALUES):
        yield Fault(f"{path}.value", _("A list of values is expected."))
        return
    values = list(value) if many else [value]
    wrong = next((sentence for one in values if (sentence := _value_fault(one))), None)
    if wrong is None and op in _ORDER:
        wrong = _order_fault(op, values)
    if wrong:
        yield Fault(f"{path}.value", wrong)


def _value_fault(value: Any) -> str | None:
    if isinstance(value, str):
        return None if 0 < len(value) <= LONGEST_TEXT else _("A text of 1 to 255 characters is expected.")
    if not isinstance(value, bool | int | float | Decimal):
        return _("A number, a text, true or false is expected.")
    number = _decimal(value)
    if not number.is_finite() or abs(number) >= LARGEST:
        return _("This number is too large.")
    return _("At most 6 decimals are kept.") if number * MILLIONTHS % 1 else None


def _order_fault(op: str, values: list[Any]) -> str | None:
    if op == "between" and len(values) != 2:
        return _("Two values are expected: from and to.")
    days = [value for value in values if isinstance(value, str)]
    if any(isinstance(value, bool) for value in values) or len(days) not in (0, len(values)):
        return _("Two numbers or two dates are expected.") if op == "between" else _("A number or a date is expected.")
    if not all(map(_is_day, days)):
        return _("Only numbers and dates like 2026-11-01 can be compared in order.")
    return None


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
