"""One storm from beginning to end: what happened, and that nothing of it was lost, doubled or computed wrongly."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from tests.chaos import truth
from tests.chaos.storm import CALL, ENTRY, Storm, kill_the_first_reading
from tests.walks.conftest import Demo, command, eventually, started


@dataclass(frozen=True)
class Outcome:
    """The figures of a storm that was survived."""

    seed: int
    changes: int
    results: int
    deals: int
    entries: int
    calls: int
    answered: int
    notified: int
    events: Mapping[str, int]
    did: Mapping[str, int]

    def __str__(self) -> str:
        kills = ", ".join(f"{name} {times}" for name, times in sorted(self.did.items()) if " " in name)
        events = ", ".join(f"{name} {times}" for name, times in self.events.items())
        return (
            f"chaos, seed {self.seed}: {self.changes} changes (events: {events}; {kills}): {self.deals} deals as in "
            f"the portal, {self.results} results and scores as after a full recompute, {self.entries} entries and "
            f"{self.calls} robot calls once each, {self.answered} workflows answered, {self.notified} people notified"
        )


def run(seed: int, changes: int, calamities: int, *arguments: str) -> Outcome:
    with started("--deals", "300", *arguments, meanwhile=kill_the_first_reading) as demo:
        truth.prepare(demo)
        day = demo.api("/portal")["today"]
        storm = Storm(demo, Random(seed))
        storm.rage(changes, calamities)
        storm.calm_down()
        _settle(demo)
        return _compared(storm, seed, changes, day)


def _settle(demo: Demo) -> None:
    """What comes every ten minutes and every night, now. Beside a worker that is at it already it comes again."""
    for work in ("sync", "reconcile"):
        eventually(lambda work=work: command(demo, "portal", work, demo.member_id).returncode == 0, within_s=180)
    engine = truth.database(demo)
    truth.end_claims(engine)
    eventually(lambda: truth.unfinished(engine) == 0, within_s=240)


def _compared(storm: Storm, seed: int, changes: int, day: str) -> Outcome:
    demo = storm.demo
    engine = truth.database(demo)
    deals = truth.deals_in_portal(storm)
    assert truth.deals_in_app(engine) == deals

    entries = truth.entries_in_app(engine)
    assert sorted(entries[ENTRY]) == sorted(storm.entries.values())
    assert sorted(entries[CALL]) == sorted(storm.calls.values())

    assert truth.by_app(demo, day) == truth.by_hand(storm)
    live = truth.numbers(engine)
    assert command(demo, "portal", "recompute", demo.member_id).returncode == 0
    differences = truth.differences(live, truth.numbers(engine))
    assert not differences, differences

    sent, arrived = truth.notified(demo, engine)
    assert sent == arrived > 0
    assert truth.untold(demo, engine, day) == set()

    stats = storm.ask("GET", "stats")
    assert stats["limiter_violations"] == 0
    assert stats["reused_refresh_tokens"] == 0
    events = {name: stats["events"][name] for name in ("emitted", "dropped", "doubled", "failed")}
    return Outcome(
        seed=seed,
        changes=changes,
        results=sum(map(len, live.values())),
        deals=len(deals),
        entries=len(storm.entries),
        calls=len(storm.calls),
        answered=stats["robots"]["answered"],
        notified=arrived,
        events=events,
        did=storm.did,
    )
