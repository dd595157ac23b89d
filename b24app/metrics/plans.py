"""What people write about an indicator becomes a Plan, or is refused with everything wrong in it at once. Pure.

Paths of faults are relative to the indicator: `options.mode`, `where.any[0].stage_id`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from b24app.facts.kinds import kind_of
from b24app.facts.rules import DEAL, SHARED
from b24app.lib.errors import Fault, Invalid
from b24app.lib.i18n import gettext as _
from b24app.metrics.catalogue import CATALOGUE, Miss, Ready
from b24app.metrics.conditions import WhereDocument, where_of
from b24app.metrics.conditions import faults as where_faults
from b24app.metrics.measures import ENTERED, Aggregate, AnyTest, FieldTest, Measure, ProductTest, Scan, Test, Where
from b24app.metrics.rules import Among, Near, Plan
from b24app.metrics.types.base import Scope, metric_types

Model = TypeVar("Model", bound=BaseModel)


def plan(
    metric: str,
    options: Mapping[str, Any] | None = None,
    date: str | None = None,
    owner: str | None = None,
    where: WhereDocument | Mapping[str, Any] | None = None,
) -> Plan:
    """The plan of an indicator; what is left out has the defaults of the metric (interfaces 4)."""
    ready = CATALOGUE.get(metric)
    if ready is None:
        raise Invalid(_("There is no such metric."), [Fault("metric", _("There is no such metric."))])

    faults: list[Fault] = []
    kind = metric_types()[ready.type]
    chosen, rest = _choose(ready, dict(options or {}), faults)
    params = _parse(kind.Params, rest, "options", faults)
    faults += [Fault(f"options.{fault.path}", fault.message) for fault in (params.faults() if params else ())]
    entity = params.entity(ready.entity) if params else ready.entity
    dates, owners = (params.dates(ready.dates), params.owners(ready.owners)) if params else (ready.dates, ready.owners)
    counted_by = _word(date, dates, "date", faults)
    scan = Scan(entity, counted_by, _owner(owner, entity, counted_by, owners, faults))
    asked = _conditions(where, params.entities(entity) if params else (entity,), faults)
    if scan.is_shared and asked.by_rows:
        faults.append(Fault("owner", _not_shared()))
    if faults or params is None:
        raise Invalid(_("The indicator cannot be computed as it is written."), faults)

    misses = ready.misses
    only = ready.only
    for choice in chosen:
        only, misses = only & choice.only, misses + choice.misses
    made = kind.plan(params, Scope(scan, only & asked))
    base = kind.plan(params, Scope(scan, only))
    near = (*_missed(misses, scan, asked), *made.near, *_unpriced(made), *_excluded(base, asked), *_gone(made))
    return replace(made, near=tuple(dict.fromkeys(near)))


def defaults(metric: str, options: Mapping[str, Any]) -> tuple[str, str]:
    """The words for the date and owner of a metric whose document names none; its options are right."""
    ready = CATALOGUE[metric]
    _chosen, rest = _choose(ready, dict(options), [])
    params = metric_types()[ready.type].Params.model_validate(rest)
    return next(iter(params.dates(ready.dates))), next(iter(params.owners(ready.owners)))


def _choose(ready: Ready, options: dict[str, Any], faults: list[Fault]) -> tuple[list[Any], dict[str, Any]]:
    """The options that only choose facts, and what remains for the metric type."""
    chosen = []
    for name, option in ready.options.items():
        value = options.pop(name, option.default)
        if value is None:
            continue
        choice = option.choices.get(value) if isinstance(value, str) else None
        if choice is None:
            faults.append(Fault(f"options.{name}", _one_of(option.choices)))
        else:
            chosen.append(choice)
    return chosen, options


def _word(word: str | None, allowed: Mapping[str, str], path: str, faults: list[Fault]) -> str:
    """A date or owner of a document as the facts call it; the default when the document names none."""
    if word is None:
        return next(iter(allowed.values()))
    if word not in allowed:
        faults.append(Fault(path, _one_of(allowed)))
    return allowed.get(word, "")


_USER_FIELD = re.compile("uf[A-Za-z0-9_]{1,62}", re.IGNORECASE)


def _owner(word: str | None, entity: str, date: str, owners: Mapping[str, str], faults: list[Fault]) -> str:
    """A stored owner, or the field of the records that names the employee (semantics 3.4). Moves through stages have no
    owner but the record's responsible."""
    kind = kind_of(entity)
    has_fields = (kind.has_values if kind else entity == DEAL) and date != ENTERED
    if has_fields and word is not None and _USER_FIELD.fullmatch(word):
        return word
    if word == SHARED and SHARED not in owners:
        faults.append(Fault("owner", _not_shared()))
        return ""
    return _word(word, owners, "owner", faults)


def _not_shared() -> str:
    return _(
        "Only numbers and amounts of whole deals, and ratios of them, can be counted by split credit: choose another "
        "owner, or no products."
    )


def _conditions(where: WhereDocument | Mapping[str, Any] | None, entities: Iterable[str], faults: list[Fault]) -> Where:
    document = where if isinstance(where, WhereDocument) else _parse(WhereDocument, where or {}, "where", faults)
    if document is None:
        return Where()
    wrong = {fault.path: fault for entity in entities for fault in where_faults(document, entity)}
    faults.extend(wrong.values())
    return Where() if wrong else where_of(document)


def _parse(model: type[Model], document: Any, path: str, faults: list[Fault]) -> Model | None:
    try:
        return model.model_validate(document)
    except ValidationError as wrong:
        faults.extend(Fault(_path(path, fault["loc"]), _sentence(fault)) for fault in wrong.errors())
        return None


def _path(start: str, steps: tuple[int | str, ...]) -> str:
    """("any", 0, "stage_id") inside `where` -> `where.any[0].stage_id`."""
    return start + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)


def _sentence(fault: Mapping[str, Any]) -> str:
    """A pydantic fault in the reader's language."""
    match fault["type"]:
        case "extra_forbidden":
            return _("There is no such field.")
        case "missing":
            return _("This field is required.")
        case "literal_error":
            return _one_of(str(fault["ctx"]["expected"]).replace("'", "").replace(" or ", ", ").split(", "))
        case "int_type" | "int_from_float":
            return _("A whole number is expected.")
        case "string_type":
            return _("A text is expected.")
        case "list_type":
            return _("A list is expected.")
        case "greater_than_equal" | "less_than_equal":
            return _("A whole number from 1 to 3650 is expected.")
        case "too_short" | "string_too_short":
            return _("This cannot be empty.")
        case "too_long" | "string_too_long":
            return _("This is too long.")
        case _:
            return _("This value is not right.")


def _one_of(choices: Iterable[str]) -> str:
    return _("One of these is expected: %(choices)s.", choices=", ".join(choices))


_OTHER = {"category_id": "other_funnel", "stage_id": "other_stage", "source_id": "other_source"}


def _other(test: AnyTest) -> str:
    match test:
        case FieldTest():
            return "other_field"
        case ProductTest():
            return "other_product"
        case Test(field=field):
            return _OTHER[field]


def _missed(misses: tuple[Miss, ...], scan: Scan, asked: Where) -> list[Near]:
    """Facts that meet the indicator's conditions and lack what the metric itself needs."""
    return [Near(miss.reason, _count(replace(scan, date=miss.date or scan.date), miss.only & asked)) for miss in misses]


def _unpriced(made: Plan) -> list[Near]:
    """Facts that have no amount in the base currency, wherever amounts are added up (semantics 3.5)."""
    return [Near("no_rate", made.numerator, Among.NUMBERLESS)] if made.numerator.field == "amount" else []


def _excluded(base: Plan, asked: Where) -> list[Near]:
    """Facts that only a condition of the indicator keeps out, each under the first condition it fails."""
    near = []
    for facts in _widest(base):
        passed = facts.where
        for test in asked.tests:
            near.append(Near(_other(test), _like(facts, passed & Where(none=(Where((test,)),)))))
            passed = passed & Where((test,))
        if asked.any:
            near.append(Near("other_conditions", _like(facts, passed & Where(none=(asked,)))))
    return near


def _gone(made: Plan) -> list[Near]:
    """Facts that would count if they had not been deleted, undone, replaced by a later `set`, or did not wait."""
    near = []
    for facts in _widest(made):
        if facts.scan.entity != "entry":
            near.append(Near("deleted", _like(facts, facts.where), Among.DELETED))
            continue
        if facts.aggregate is Aggregate.BALANCE:
            near.append(Near("replaced", facts, Among.REPLACED))
        near.append(Near("waiting", _count(facts.scan, facts.where), Among.WAITING))
        near.append(Near("undone", _count(facts.scan, facts.where), Among.DELETED))
    return near


def _widest(plan: Plan) -> tuple[Measure, ...]:
    """The measures that hold all facts of the plan: a numerator that shares the scan is a part of its denominator."""
    if plan.denominator is None:
        return plan.above
    return plan.below if plan.numerator.scan == plan.denominator.scan else plan.measures


def _like(facts: Measure, where: Where) -> Measure:
    """The facts that meet other conditions, counted the same way: moves by the deals they are of."""
    distinct = facts.aggregate is Aggregate.DISTINCT
    return Measure(facts.scan, Aggregate.DISTINCT if distinct else Aggregate.COUNT, where=where)


def _count(scan: Scan, where: Where) -> Measure:
    return Measure(scan, Aggregate.COUNT, where=where)
