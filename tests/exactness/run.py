"""Random changes, told to the app as its jobs and API tell it; compared after every burst (semantics 5).

live results == a full recompute of everything == the slow reading

What is computed at certain times is held against its hours while the changes are made (telling.py); locked periods are
as they were when they were locked, and whatever would have moved them is counted.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from random import Random

from tests.exactness import cards
from tests.exactness.changes import World
from tests.exactness.compare import Key, Pair, differences, late, stored
from tests.exactness.slow import locks as slow_locks
from tests.exactness.slow import scores as slow
from tests.exactness.telling import PORTAL
from tests.exactness.truth import Read

BURST = 25
"""So many changes between two comparisons."""

LOOKED_AT = 3
"""So many locked periods, at most, are read anew after a burst."""


@dataclass
class Outcome:
    """What a run came to."""

    seed: int
    changes: int = 0
    bursts: int = 0
    results: int = 0
    locked: int = 0
    late: int = 0
    kinds: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        kinds = ", ".join(f"{name} {times}" for name, times in sorted(self.kinds.items()))
        return (
            f"seed {self.seed}: {self.changes} changes in {self.bursts} bursts, {self.results} results compared "
            f"with a full recompute and with the slow reading, {self.locked} of them locked, {self.late} counted as "
            f"changed after the lock ({kinds})"
        )


def run(seed: int, changes: int, set_clock: Callable[[datetime], None], burst: int = BURST) -> Outcome:
    """So many changes from one seed. AssertionError names what differs."""
    random = Random(seed)
    world, outcome = World(random, set_clock), Outcome(seed)
    while outcome.changes < changes:
        for _ in range(burst):
            outcome.kinds[world.act()] += 1
            outcome.changes += 1
        _compare(world, outcome)
        outcome.bursts += 1
    return outcome


def _compare(world: World, outcome: Outcome) -> None:
    """Live against a full recompute, then against the slow reading, and locks against what was and what changed."""
    world.ripen()
    live = stored(PORTAL)
    _scores_are_of_what_is_shown(world, live)
    world.recompute_everything()
    full = stored(PORTAL)
    # A period between two facts that nothing happened in is computed when somebody asks, or by a full recompute.
    untouched = {key[:2] for key in full} - {key[:2] for key in live}
    assert not any(full[key][0] for key in full if key[:2] in untouched)
    waiting = _waiting(world, full)
    present = {key: pair for key, pair in full.items() if key[:2] not in untouched and key not in waiting}
    at_once = {key: pair for key, pair in live.items() if key not in waiting}
    assert at_once == present, differences("a full recompute", at_once, present)
    slowly = slow.read_everything(world.truth, {key[:2] for key in full})
    assert full == slowly.all, differences("the slow reading", full, slowly.all)
    outcome.results += len(slowly.results)
    outcome.locked += sum(key[:2] in world.truth.locks for key in slowly.results)
    outcome.late += _late_is_counted(world)


def _waiting(world: World, full: dict[Key, Pair]) -> set[Key]:
    """What waits for its hour in running periods, and the scores it is in."""
    running = {code: world.running(code) for code, _indicator in cards.SCHEDULED}
    return {
        key
        for key in full
        if key[1] in running.get(key[0], ()) and (key[3] == "" or (key[0], key[3]) in cards.SCHEDULED)
    }


def _scores_are_of_what_is_shown(world: World, live: dict[Key, Pair]) -> None:
    """Also while some of it waits for its hour."""
    for code in {code for code, _indicator in cards.SCHEDULED}:
        for start in world.running(code):
            document = slow.in_force(world.truth, code, date.fromisoformat(start))
            if document is None or (code, start) in world.truth.locks:
                continue
            scores = {key: pair for key, pair in live.items() if key[:2] == (code, start) and key[3] == ""}
            shown = {key: (_score(document, live, key), None) for key in scores}
            assert scores == shown, differences("the score of what is shown", scores, shown)


def _score(document: dict[str, object], live: dict[Key, Pair], key: Key) -> Fraction | None:
    indicators: list[slow.Indicator] = document["indicators"]  # type: ignore[assignment]
    reached = [(Fraction(str(one["weight"])), Read(*live[(*key[:3], one["code"])]), one) for one in indicators]
    return slow.score(document, reached)


def _late_is_counted(world: World) -> int:
    """Every number of a locked period that its records would give otherwise by now has records that changed."""
    truth, counted = world.truth, late(PORTAL)
    assert {key[:2] for key in counted} <= truth.locks.keys(), "late changes of a period that is not locked"
    looked_at = sorted(truth.locks) if len(truth.locks) <= LOOKED_AT else world.random.sample(sorted(truth.locks), 3)
    for code, start in looked_at:
        lock = truth.locks[code, start]
        for subject, indicator, value in slow_locks.moved(truth, code, date.fromisoformat(start), lock):
            key = code, start, subject, indicator
            assert counted.get(key), f"{key} would be {value} by now, and nothing was counted"
    return len(counted)
