"""What operators and functions of formulas do with numbers: exact, with empties, bounded in time and memory. Pure.

A formula is compiled into closures: each takes the values of the formula's names and gives a number or None (empty).
Truth is 1 or 0, and any number but 0 is true. `formula_syntax.py` joins the closures.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import Any

Value = Fraction | None
Run = Callable[[Sequence[Value]], Value]
Operator = Callable[[Fraction, Fraction], Value]

BITS = 4096
"""A number that needs more than so many bits above or below its fraction bar is empty: powers cannot pile up."""

EXPONENT = 10
DIGITS = 100
ZERO, ONE = Fraction(0), Fraction(1)


def bounded(number: Fraction) -> Value:
    return number if number.numerator.bit_length() <= BITS and number.denominator.bit_length() <= BITS else None


def constant(value: Value) -> Run:
    return lambda values: value


def operand(index: int) -> Run:
    def run(values: Sequence[Value]) -> Value:
        value = values[index]
        return None if value is None else bounded(value)

    return run


def add(left: Fraction, right: Fraction) -> Value:
    return bounded(left + right)


def subtract(left: Fraction, right: Fraction) -> Value:
    return bounded(left - right)


def multiply(left: Fraction, right: Fraction) -> Value:
    return bounded(left * right)


def divide(left: Fraction, right: Fraction) -> Value:
    return bounded(left / right) if right else None


def power(base: Fraction, exponent: Fraction) -> Value:
    """Empty for what Excel calls an error (0 to the power of 0 or less) and for exponents we do not take."""
    if not takes_exponent(exponent) or (not base and exponent <= 0):
        return None
    return bounded(Fraction(base ** int(exponent)))


def takes_exponent(exponent: Fraction) -> bool:
    return exponent.denominator == 1 and abs(exponent) <= EXPONENT


def half_away(number: Fraction, digits: Fraction) -> Value:
    """Rounded as Excel does: halves away from zero, `digits` cut to a whole number; negative ones round to tens."""
    if abs(digits) > DIGITS:
        return None
    unit = Fraction(10) ** int(digits)
    whole = floor(abs(number) * unit + Fraction(1, 2))
    return bounded(Fraction(whole if number > 0 else -whole) / unit)


_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _comparing(mark: str) -> Operator:
    holds = _COMPARISONS[mark]
    return lambda left, right: ONE if holds(left, right) else ZERO


OPERATORS: Mapping[str, Operator] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "^": power,
    **{mark: _comparing(mark) for mark in _COMPARISONS},
}


def compared(left: str, mark: str, right: str) -> Fraction:
    """Two texts, whatever their case, as in Excel."""
    return ONE if _COMPARISONS[mark](left.casefold(), right.casefold()) else ZERO


def never_equal(argument: Run, mark: str) -> Run:
    """A number compared with a text by = or <>; an empty one is still empty."""
    answer = ZERO if mark == "=" else ONE
    return each(argument, lambda value: answer)


def chain(first: Run, *rest: tuple[Operator, Run]) -> Run:
    """`a + b - c`, from left to right in one closure, however long: an empty operand makes the whole empty."""
    if len(rest) == 1:
        return _pair(first, *rest[0])

    def run(values: Sequence[Value]) -> Value:
        result = first(values)
        for apply, right in rest:
            if result is None:
                return None
            value = right(values)
            if value is None:
                return None
            result = apply(result, value)
        return result

    return run


def _pair(first: Run, apply: Operator, second: Run) -> Run:
    def run(values: Sequence[Value]) -> Value:
        left = first(values)
        if left is None:
            return None
        right = second(values)
        return None if right is None else apply(left, right)

    return run


def each(argument: Run, apply: Callable[[Fraction], Value]) -> Run:
    """A function of one number; empty of empty."""

    def run(values: Sequence[Value]) -> Value:
        value = argument(values)
        return None if value is None else apply(value)

    return run


def negative(argument: Run) -> Run:
    return each(argument, operator.neg)


def absolute(argument: Run) -> Run:
    return each(argument, abs)


def opposite(argument: Run) -> Run:
    return each(argument, lambda value: ZERO if value else ONE)


def all_of(*arguments: Run) -> Run:
    return _known(lambda values: ONE if all(values) else ZERO, arguments)


def any_of(*arguments: Run) -> Run:
    return _known(lambda values: ONE if any(values) else ZERO, arguments)


def _known(reduce: Callable[[list[Fraction]], Value], arguments: Sequence[Run]) -> Run:
    """Over all arguments; one empty argument makes the result empty."""

    def run(values: Sequence[Value]) -> Value:
        known: list[Fraction] = []
        for argument in arguments:
            value = argument(values)
            if value is None:
                return None
            known.append(value)
        return reduce(known)

    return run


def _present(reduce: Callable[[list[Fraction]], Value]) -> Callable[..., Run]:
    """Over the arguments that are not empty."""

    def make(*arguments: Run) -> Run:
        def run(values: Sequence[Value]) -> Value:
            present: list[Fraction] = []
            for argument in arguments:
                value = argument(values)
                if value is not None:
                    present.append(value)
            return reduce(present)

        return run

    return make


def _total(numbers: list[Fraction]) -> Value:
    """The sum; over nothing it is empty, as no data is not zero."""
    total: Value = ZERO if numbers else None
    for number in numbers:
        if total is None:
            break
        total = bounded(total + number)
    return total


def _mean(numbers: list[Fraction]) -> Value:
    total = _total(numbers)
    return None if total is None else bounded(total / len(numbers))


def _condition(test: Run, then: Run, otherwise: Run | None = None) -> Run:
    """Only the branch that was chosen is evaluated; without the second branch the other case is empty."""

    def run(values: Sequence[Value]) -> Value:
        answer = test(values)
        if answer is None:
            return None
        if answer:
            return then(values)
        return None if otherwise is None else otherwise(values)

    return run


def _if_empty(argument: Run, otherwise: Run) -> Run:
    def run(values: Sequence[Value]) -> Value:
        value = argument(values)
        return otherwise(values) if value is None else value

    return run


def _round(number: Run, digits: Run | None = None) -> Run:
    return _pair(number, half_away, digits or constant(ZERO))


@dataclass(frozen=True, slots=True)
class Function:
    """How many arguments it takes (`most` None: any number), and how it is made of them."""

    make: Callable[..., Run]
    least: int = 1
    most: int | None = None


_AND = Function(all_of)
_OR = Function(any_of)
_NOT = Function(opposite, 1, 1)
_IF = Function(_condition, 2, 3)
_MIN = Function(_present(lambda numbers: min(numbers, default=None)))
_MAX = Function(_present(lambda numbers: max(numbers, default=None)))
_SUM = Function(_present(_total))
_AVERAGE = Function(_present(_mean))
_COUNT = Function(_present(lambda numbers: Fraction(len(numbers))))
_ROUND = Function(_round, 1, 2)
_IF_EMPTY = Function(_if_empty, 2, 2)

FUNCTIONS: Mapping[str, Function] = {
    "AND": _AND,
    "И": _AND,
    "OR": _OR,
    "ИЛИ": _OR,
    "NOT": _NOT,
    "НЕ": _NOT,
    "IF": _IF,
    "ЕСЛИ": _IF,
    "MIN": _MIN,
    "МИН": _MIN,
    "MAX": _MAX,
    "МАКС": _MAX,
    "SUM": _SUM,
    "СУММ": _SUM,
    "AVERAGE": _AVERAGE,
    "СРЗНАЧ": _AVERAGE,
    "COUNT": _COUNT,
    "СЧЁТ": _COUNT,
    "СЧЕТ": _COUNT,
    "ROUND": _ROUND,
    "ОКРУГЛ": _ROUND,
    "ABS": Function(absolute, 1, 1),
    "IFEMPTY": _IF_EMPTY,
    "ЕСЛИПУСТО": _IF_EMPTY,
}
"""By name in capitals, in both languages (semantics 9)."""
