"""The rate limit of a cloud portal: a leaky bucket per caller's address, 2 requests a second draining, 50 deep."""

from dataclasses import dataclass, field

DRAIN_PER_S = 2.0
CAPACITY = 50


@dataclass(slots=True)
class Limiter:
    """`violations` counts the refused requests."""

    enforced: bool = True
    violations: int = 0
    peak: float = 0.0
    _levels: dict[str, tuple[float, float]] = field(default_factory=dict)  # source -> (level, moment)

    def admit(self, source: str, now_s: float) -> bool:
        level, since = self._levels.get(source, (0.0, now_s))
        level = max(0.0, level - (now_s - since) * DRAIN_PER_S)
        fits = level + 1 <= CAPACITY
        if fits or not self.enforced:
            level += 1
        else:
            self.violations += 1
        self._levels[source] = (level, now_s)
        self.peak = max(self.peak, level)
        return fits or not self.enforced
