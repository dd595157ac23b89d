"""A million evaluations of a formula, exact, against the same arithmetic written in Python with Fractions."""

from collections.abc import Iterator
from fractions import Fraction

from b24app.metrics.formula import parse
from bench.figures import Figure, timed

FORMULA = "IF(leads > 0; ROUND(100 * won / leads; 2) - penalty * 0,5; 0)"
TIMES = 1_000_000


def million() -> Iterator[Figure]:
    formula = parse(FORMULA)
    values = {"leads": Fraction(40), "won": Fraction(13), "penalty": Fraction(3)}
    operands = [values[name.text] for name in formula.names]

    def ours() -> None:
        for _ in range(TIMES):
            formula.evaluate(operands)

    def bare() -> None:
        leads, won, penalty = values["leads"], values["won"], values["penalty"]
        half = Fraction(1, 2)
        for _ in range(TIMES):
            round(100 * won / leads, 2) - penalty * half if leads > 0 else Fraction(0)

    yield Figure("a million evaluations of a formula of three operands | bare Fractions", timed(ours), timed(bare))
