"""Where the marks of a chart stand: columns for the whole, ticks for its plan, lines for its parts. Drawn as SVG by
templates, without a script; the numbers themselves are in the table behind it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import takewhile

from b24app.outcomes.dashboards.rules import Dynamics, Point, Series

WIDTH, HEIGHT = 760, 260
LEFT, TOP, BOTTOM = 80, 12, 28
APART = 18
LINES = 6
"""More lines than this are told apart by nobody; the table has them all."""


@dataclass(frozen=True, slots=True)
class Column:
    """One period: the column of its value, the tick of its plan (None without one), the middle for its name."""

    point: Point
    x: float
    width: float
    middle: float
    y: float | None
    height: float
    plan: float | None


@dataclass(frozen=True, slots=True)
class Line:
    """The line of one department: `pieces` broken where nothing is known, and where its number is written."""

    number: int
    name: str
    pieces: tuple[str, ...]
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Chart:
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    ticks: tuple[tuple[float, Fraction], ...]
    """(y, value) of the lines across."""
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT


def chart(shown: Dynamics) -> Chart | None:
    """None when there is no number to draw."""
    lines = [one for one in shown.departments if any(point.value is not None for point in one.points)][:LINES]
    known = [value for one in (shown.company, *lines) for point in one.points for value in (point.value, point.target)]
    values = [value for value in known if value is not None]
    if not values:
        return None
    step = _step(max(values) - min([*values, Fraction(0)]))
    low, high = _floor(min([*values, Fraction(0)]), step), -_floor(-max([*values, step]), step)

    def y(value: Fraction) -> float:
        return round(float(TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low)), 1)

    slot = (WIDTH - LEFT) / len(shown.company.points)
    middles = [round(LEFT + slot * (place + 0.5), 1) for place in range(len(shown.company.points))]
    zero = y(Fraction(0))
    return Chart(
        columns=tuple(
            Column(
                point=point,
                x=round(middle - slot * 0.3, 1),
                width=round(slot * 0.6, 1),
                middle=middle,
                y=None if point.value is None else min(zero, y(point.value)),
                height=0 if point.value is None else round(abs(zero - y(point.value)), 1),
                plan=None if point.target is None else y(point.target),
            )
            for point, middle in zip(shown.company.points, middles, strict=True)
        ),
        lines=_apart(
            _line(
                number,
                one,
                [
                    (x, None if point.value is None else y(point.value))
                    for x, point in zip(middles, one.points, strict=True)
                ],
            )
            for number, one in enumerate(lines, start=1)
        ),
        ticks=tuple((y(low + step * place), low + step * place) for place in range(int((high - low) / step) + 1)),
    )


def _line(number: int, one: Series, dots: Sequence[tuple[float, float | None]]) -> Line:
    pieces, rest = [], list(dots)
    while rest:
        piece = list(takewhile(lambda dot: dot[1] is not None, rest))
        if piece:
            pieces.append(" ".join(f"{x},{y}" for x, y in piece))
        rest = rest[len(piece) + 1 :]
    x, y = next(dot for dot in reversed(dots) if dot[1] is not None)
    return Line(number, one.name, tuple(pieces), x, y or 0)


def _apart(lines: Iterable[Line]) -> tuple[Line, ...]:
    """The numbers at the ends of lines moved so far upwards that none hides another."""
    placed: list[Line] = []
    for line in sorted(lines, key=lambda line: -line.y):
        near = [one.y for one in placed if one.x == line.x]
        placed.append(replace(line, y=min([line.y, *(round(y - APART, 1) for y in near)])))
    return tuple(sorted(placed, key=lambda line: line.number))


def _step(reach: Fraction) -> Fraction:
    """1, 2 or 5 times a power of ten, so that about four lines go across."""
    size = Fraction(1)
    while size * 10 <= reach / 4:
        size *= 10
    while size > reach / 4 and reach > 0:
        size /= 10
    return next((size * one for one in (1, 2, 5, 10) if size * one >= reach / 5), size * 10)


def _floor(value: Fraction, step: Fraction) -> Fraction:
    return value // step * step
