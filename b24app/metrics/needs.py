"""What has to be read, and looked at again, for a plan to be known. Pure."""

from collections.abc import Iterator

from b24app.facts.kinds import kind_of, named
from b24app.facts.rules import DEAL, PRODUCT_ROWS, PRODUCT_SECTIONS, RECORDS, DealFact
from b24app.metrics.measures import SHARE, FieldTest, Measure, Op, ProductTest, Test
from b24app.metrics.rules import AnyPlan

Need = tuple[str, str]
"""An entity, and what has to be watched of it: a field's name, `productRows`, `productSections`, `records`."""


def needs(plan: AnyPlan) -> frozenset[Need]:
    """What has to be read beside the columns of what is always read."""
    return frozenset((entity, name) for measure in plan.measures for entity, name in _needs(measure))


def _needs(measure: Measure) -> Iterator[Need]:
    entity = measure.scan.record
    if named(entity):
        yield entity, RECORDS
    if measure.scan.is_by_field:
        yield entity, measure.scan.owner
    if measure.scan.is_dated_by_field:
        yield entity, measure.scan.date
    if measure.field and not is_column(entity, measure.field):
        yield entity, measure.field
    for test in measure.where.leaves:
        match test:
            case FieldTest(field=field):
                yield entity, field
            case ProductTest(sections=sections):
                yield entity, PRODUCT_ROWS
                if sections:
                    yield entity, PRODUCT_SECTIONS


def is_column(entity: str, field: str) -> bool:
    """Whether what is aggregated is stored with the records, or else a field of theirs that is watched."""
    if entity == DEAL:
        return field == SHARE or field in DealFact.__dataclass_fields__
    kind = kind_of(entity)
    return kind is None or field in kind.fact.__dataclass_fields__


def dated(plan: AnyPlan) -> frozenset[Need]:
    """The fields by whose dates it counts."""
    return frozenset(
        (measure.scan.entity, measure.scan.date) for measure in plan.measures if measure.scan.is_dated_by_field
    )


def ripening(plan: AnyPlan) -> frozenset[tuple[str, str, int]]:
    """(entity, date, seconds): so long after that date of a record the number changes by itself."""
    return frozenset(
        (measure.scan.entity, test.field.removesuffix("_at"), int(test.values[0]))
        for measure in plan.measures
        for test in measure.where.leaves
        if isinstance(test, Test) and test.op is Op.OLDER
    )
