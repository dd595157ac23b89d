"""The formula language (semantics 9): parse a formula once, then evaluate it for many subjects. Pure and exact.

What a name means is decided by whoever evaluates: `Formula.names` tells which values are wanted. A formula is parsed by
`formula_syntax.py` and computed by `formula_arithmetic.py`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter

from b24app.metrics.formula_arithmetic import Run, Value
from b24app.metrics.formula_syntax import FormulaError, Name, compiled

__all__ = ["Formula", "FormulaError", "Name", "cycle", "order", "parse"]


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula that can be computed, from any thread."""

    source: str
    names: tuple[Name, ...]
    """Every distinct name and part, in order of first appearance."""
    _run: Run = field(repr=False, compare=False)

    def evaluate(self, values: Sequence[Value]) -> Value:
        """The result for these values of `names`; None is empty. Never fails, whatever the numbers are."""
        if len(values) != len(self.names):
            raise ValueError(f"{len(values)} values for {len(self.names)} names")
        return self._run(values)


@lru_cache(maxsize=2048)
def parse(source: str) -> Formula:
    """Raises FormulaError with the first fault. What was parsed is remembered, so calling it again costs nothing."""
    return Formula(source, *compiled(source))


def cycle(references: Mapping[str, Collection[str]]) -> tuple[str, ...] | None:
    """Formulas that need one another (`a`, `b`, `a`: a needs b, b needs a), given what each one names; None if none."""
    try:
        _sorter(references).prepare()
    except CycleError as error:
        around: list[str] = error.args[1][:0:-1]
        start = around.index(min(around))
        return (*around[start:], *around[: start + 1])
    return None


def order(references: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """The formulas so that each stands after those it names. There must be no `cycle`."""
    return tuple(code for code in _sorter(references).static_order() if code in references)


def _sorter(references: Mapping[str, Collection[str]]) -> TopologicalSorter[str]:
    return TopologicalSorter({code: sorted(names) for code, names in references.items()})
