"""A metric as data: how measures make a value (Plan) or a formula makes one of several (FormulaPlan), what came out
(Part). Pure.

What is counted is in `measures.py`. `compile/` turns measures into SQL, `plans.py` makes plans of what people write,
`queries.py` evaluates them, `parts.py` sums up what they gave over people.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from b24app.metrics.formula import Formula
from b24app.metrics.measures import Aggregate, Measure, Scan


class Unit(StrEnum):
    MONEY = "money"
    COUNT = "count"
    PERCENT = "percent"
    DAYS = "days"
    HOURS = "hours"
    NUMBER = "number"


class Among(StrEnum):
    """Which rows a near miss is looked for among."""

    LIVING = "living"
    NUMBERLESS = "numberless"
    """Those that count but lack the number that is added up."""
    DELETED = "deleted"
    """Deleted records, undone entries."""
    REPLACED = "replaced"
    """Entries before the last `set` of their holder."""
    WAITING = "waiting"
    """Entries that a second person has not approved yet."""


@dataclass(frozen=True, slots=True)
class Near:
    """Facts that nearly counted, and the code of the reason why they did not (semantics 13)."""

    reason: str
    measure: Measure
    among: Among = Among.LIVING


@dataclass(frozen=True, slots=True)
class Plan:
    """A measure, or the ratio of two: value = factor x numerator / denominator.

    `numerator_more` are measures of other facts whose numbers are added to the numerator of a plan without denominator,
    `denominator_more` such as are added to the denominator; `taken_off` is one whose number is taken off the numerator,
    in the finer scale of the two. `needs_numerator`: nothing above the line is no data, not 0. `of_money`: the portal
    says that its facts tell amounts of money (`amounts.py`). `shown_as` is the aggregate that gives the value again
    from the listed facts. A numerator that shares the scan of its denominator is about a part of the facts of the
    denominator.
    """

    numerator: Measure
    unit: Unit
    shown_as: str
    denominator: Measure | None = None
    factor: Fraction = Fraction(1)
    additive: bool = False
    near: tuple[Near, ...] = ()
    denominator_more: tuple[Measure, ...] = ()
    numerator_more: tuple[Measure, ...] = ()
    taken_off: Measure | None = None
    needs_numerator: bool = False
    of_money: bool = False

    @property
    def measures(self) -> tuple[Measure, ...]:
        off = () if self.taken_off is None else (self.taken_off,)
        return (*self.above, *off, *self.below)

    @property
    def above(self) -> tuple[Measure, ...]:
        """What the numerator is the sum of."""
        return (self.numerator, *self.numerator_more)

    @property
    def scale(self) -> int:
        """Stored units of the numerator per unit of it."""
        return self.numerator.scale if self.taken_off is None else self.taken_off.scale

    def balance(self, top: int | None, off: int | None) -> int | None:
        """The numerator: what is above the line, less what is taken off it."""
        if self.taken_off is None or (top is None and off is None):
            return top
        return (top or 0) * (self.scale // self.numerator.scale) - (off or 0)

    @property
    def below(self) -> tuple[Measure, ...]:
        """What the denominator is the sum of."""
        return () if self.denominator is None else (self.denominator, *self.denominator_more)

    @property
    def scans(self) -> frozenset[Scan]:
        """Where a change of facts may touch the value."""
        return frozenset(measure.scan for measure in self.measures)

    @property
    def leaves(self) -> tuple["Plan", ...]:
        """The plans whose facts the value is made of: this one."""
        return (self,)

    @property
    def own(self) -> tuple["Plan", ...]:
        """The plans that it says itself what to count by: this one."""
        return (self,)

    @property
    def siblings(self) -> frozenset[str]:
        """The indicators it names: none."""
        return frozenset()

    @property
    def is_money(self) -> bool:
        """Whether the value is for those only who may see money, or is made of money alone."""
        return self.of_money or self.unit is Unit.MONEY or self.numerator.field == "amount"

    def part(self, of: "Measured", number_of: "Numbers") -> "Part":
        return of(self)

    def value(self, part: "Part") -> Fraction | None:
        return value_of(self, part.numerator, part.denominator)

    def has_value(self, part: "Part") -> bool:
        """Whether `value` is one, told without working it out."""
        return part.numerator is not None if self.denominator is None else bool(part.denominator)

    def told(self, part: "Part") -> tuple[Fraction | None, Fraction | None]:
        """Numerator and denominator as people are told them, in the units of their measures; a median has neither."""
        if part.numerator is None or self.numerator.aggregate is Aggregate.MEDIAN:
            top = None
        else:
            top = Fraction(part.numerator, self.scale)
        if self.denominator is None or part.denominator is None:
            return top, None
        return top, Fraction(part.denominator, self.denominator.scale)


@dataclass(frozen=True, slots=True)
class Sibling:
    """A number of another indicator of the same scorecard."""

    code: str
    part: str
    """value, target or attainment (percent, as it goes into the score)."""
    unit: Unit
    is_money: bool = False


TOO_LARGE = 10**18
"""A formula that comes to so much has no result: nobody could read it, and a slip like ^ for * is likelier."""


@dataclass(frozen=True, slots=True)
class FormulaPlan:
    """A value computed from others (semantics 9). It has what is asked of a `Plan` too, and no numerator.

    `leaves` are all plans whose facts are in the value: those of its own operands and those of the indicators it names.
    """

    formula: Formula
    operands: tuple[Plan | Sibling, ...]
    """In the order of `formula.names`."""
    leaves: tuple[Plan, ...]
    is_money: bool
    """Whether an amount of money is among the operands, from which it could be worked out."""
    unit: Unit = Unit.NUMBER
    shown_as: str = "formula"
    additive: bool = False

    @property
    def measures(self) -> tuple[Measure, ...]:
        return tuple(dict.fromkeys(measure for leaf in self.leaves for measure in leaf.measures))

    @property
    def scans(self) -> frozenset[Scan]:
        """Where a change of facts may touch the value, also through the indicators it names."""
        return frozenset(measure.scan for measure in self.measures)

    @property
    def own(self) -> tuple[Plan, ...]:
        return tuple(one for one in self.operands if isinstance(one, Plan))

    @property
    def siblings(self) -> frozenset[str]:
        return frozenset(one.code for one in self.operands if isinstance(one, Sibling))

    def part(self, of: "Measured", number_of: "Numbers") -> "Part":
        """Computed from what `of` tells of its plans and `number_of` of other indicators."""
        values = tuple(number_of(one) if isinstance(one, Sibling) else one.value(of(one)) for one in self.operands)
        facts = sum(of(leaf).facts for leaf in self.leaves)
        value = self.formula.evaluate(values)
        return Part(None, None, facts, value if value is None or abs(value) < TOO_LARGE else None, values)

    def value(self, part: "Part") -> Fraction | None:
        return part.value

    def has_value(self, part: "Part") -> bool:
        return part.value is not None

    def told(self, part: "Part") -> tuple[Fraction | None, Fraction | None]:
        return None, None


AnyPlan = Plan | FormulaPlan

Measured = Callable[[Plan], "Part"]
"""What a plan gave for the subject and span that are looked at."""

Numbers = Callable[[Sibling], Fraction | None]


@dataclass(frozen=True, slots=True)
class Side:
    """A list of facts: those of `measure`, each with the number in its `field`, or 1 without a field."""

    part: str
    measure: Measure
    field: str | None
    scale: int


def sides(plan: AnyPlan) -> tuple[Side, ...]:
    """The lists of facts a value is made of (semantics 13).

    A ratio has one list per operand, so that a won deal is in both lists of a conversion. A mean has one list: the
    facts that were averaged, each with its number; one without an amount is there with 0, as it counts in the mean.
    A formula has the lists of its operands, each once.
    """
    if isinstance(plan, FormulaPlan):
        every = (dataclasses.replace(side, part="value") for leaf in plan.leaves for side in sides(leaf))
        return tuple(dict.fromkeys(every))
    top, bottom = plan.numerator, plan.denominator
    if bottom is None:
        return tuple(Side("value", one, one.field, _shown_in(one)) for one in plan.above)
    if plan.shown_as == "mean":
        return (Side("value", bottom, top.field, top.scale),)
    off = plan.taken_off
    return (
        Side("numerator", top, top.field, top.scale),
        *((Side("numerator", off, off.field, -off.scale),) if off else ()),
        *(Side("denominator", one, one.field, one.scale) for one in plan.below),
    )


def _shown_in(measure: Measure) -> int:
    """The scale of the numbers of its facts: of a count of different ones it is not the scale of the count."""
    if measure.aggregate is not Aggregate.VALUES:
        return measure.scale
    return 100 if measure.field == "amount" else 1_000_000


class Part(NamedTuple):
    """What a plan gave for one subject and span, in stored units. `facts` = how many different facts made it.

    A formula gives a value and what its operands were; a fact in two of them is two facts.
    """

    numerator: int | None
    denominator: int | None
    facts: int
    value: Fraction | None = None
    operands: tuple[Fraction | None, ...] = ()


def value_of(plan: Plan, numerator: int | None, denominator: int | None) -> Fraction | None:
    """The exact value in the plan's unit; None is no data: nothing to divide by, nothing to take (semantics 4.1)."""
    times, over = plan.factor.as_integer_ratio()
    if plan.denominator is None:
        twice = 2 if plan.numerator.aggregate is Aggregate.MEDIAN else 1
        return None if numerator is None else Fraction(times * numerator, over * twice * plan.scale)
    if not denominator:
        return None
    above = times * (numerator or 0) * plan.denominator.scale
    return Fraction(above, over * denominator * plan.scale)


@dataclass(frozen=True, slots=True)
class Settled:
    """The value an indicator shows, or the code of the reason why it has none."""

    value: Fraction | None
    reason: str | None = None


def settle(
    plan: AnyPlan,
    part: Part,
    *,
    direction: str = "up",
    empty: str | None = None,
    min_count: int | None = None,
    has_any_fact: bool = True,
) -> Settled:
    """The value under the indicator's own rules (semantics 4.1, 10)."""
    reason = why_empty(plan, part, direction=direction, empty=empty, min_count=min_count, has_any_fact=has_any_fact)
    if reason:
        return Settled(None, reason)
    value = plan.value(part)
    return Settled(Fraction(0) if value is None else value)


def why_empty(
    plan: AnyPlan,
    part: Part,
    *,
    direction: str = "up",
    empty: str | None = None,
    min_count: int | None = None,
    has_any_fact: bool = True,
) -> str | None:
    """The code of the reason why an indicator shows no value.

    `has_any_fact` answers `presence(plan)` and matters for employees under direction `down`: absent is not excellent.
    `empty` overrides what nothing means; `min_count` is the smallest sample that is a value at all.
    """
    has_value = plan.has_value(part)
    if min_count is not None and part.facts and sample(plan, part) < min_count:
        return "few_facts"
    absent = direction == "down" and not has_any_fact and presence(plan) is not None
    counts_nothing = part.facts == 0 and (empty == "no_data" or min_count is not None)
    if empty == "zero" or (has_value and not absent and not counts_nothing):
        return None
    if absent:
        return "absent"
    if not has_value and isinstance(plan, FormulaPlan):
        return "empty_operand" if None in part.operands else "no_result"
    return "no_facts"


def presence(plan: AnyPlan) -> Plan | None:
    """Whether there was any fact of the entity by the same date and owner, whatever the conditions: the `down` rule.

    None where the rule does not apply: ratios are no data by themselves, and no entries may be a good thing (4.1). To
    a formula it applies through the indicators it names.
    """
    if isinstance(plan, FormulaPlan):
        return None
    scan = plan.numerator.scan
    if plan.denominator is not None or not plan.additive or scan.entity == "entry":
        return None
    aggregate = Aggregate.DISTINCT if plan.numerator.aggregate is Aggregate.DISTINCT else Aggregate.COUNT
    first, *more = (Measure(one.scan, aggregate) for one in plan.above)
    return Plan(first, Unit.COUNT, "count", additive=True, numerator_more=tuple(more))


SMALL_SAMPLE = 10


def sample(plan: AnyPlan, part: Part) -> Fraction:
    """n: what a ratio divides by, or how many facts a count or a sum has."""
    if isinstance(plan, FormulaPlan) or plan.denominator is None:
        return Fraction(part.facts)
    return Fraction(part.denominator or 0, plan.denominator.scale)


def is_small_sample(plan: AnyPlan, part: Part) -> bool:
    """Ratios, means and medians over fewer than ten are marked (semantics 10)."""
    if isinstance(plan, FormulaPlan):
        return False
    judged = plan.denominator is not None or plan.numerator.aggregate is Aggregate.MEDIAN
    return judged and part.facts > 0 and sample(plan, part) < SMALL_SAMPLE
