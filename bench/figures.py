"""What a measurement came to: two sides in one run, and the ratio between them, which is what may be quoted.

Absolute times belong to the machine of the day. Both sides take turns, so that whatever else the machine does falls
on both; medians of each.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

REPEAT = 5


@dataclass(frozen=True, slots=True)
class Figure:
    """`goal`: the ratio it should stay below (or, where `at_least`, reach); None where nothing was promised."""

    name: str
    ours: float
    base: float
    unit: str = "ms"
    goal: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def ratio(self) -> float:
        return self.ours / self.base if self.base else float("nan")

    @property
    def is_met(self) -> bool | None:
        if self.goal is None:
            return None
        return self.ratio >= self.goal if self.at_least else self.ratio <= self.goal

    def line(self) -> str:
        met = {None: "", True: "ok", False: "NOT MET"}[self.is_met]
        goal = "" if self.goal is None else f"({'>=' if self.at_least else '<='} {self.goal:g}) {met}"
        sides = f"{self.ours:>12,.1f} {self.unit:<4} {self.base:>12,.1f} {self.unit:<4}"
        return f"{self.name:<86} {sides} x{self.ratio:<7.2f} {goal} {self.note}".rstrip()

    def stored(self) -> dict[str, object]:
        return {
            "name": self.name, "ours": self.ours, "base": self.base, "unit": self.unit, "ratio": self.ratio,
            "goal": self.goal, "met": self.is_met, "note": self.note,
        }  # fmt: skip


def compare(
    name: str,
    ours: Callable[[], object],
    base: Callable[[], object],
    *,
    repeat: int = REPEAT,
    goal: float | None = None,
    note: str = "",
) -> Figure:
    """One warm-up of each side, then both in turns."""
    ours(), base()
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeat):
        for side, work in zip(times, (ours, base), strict=True):
            side.append(timed(work))
    return Figure(name, statistics.median(times[0]), statistics.median(times[1]), goal=goal, note=note)


def timed(work: Callable[[], object]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)


def percentile(times: Sequence[float], share: float) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
