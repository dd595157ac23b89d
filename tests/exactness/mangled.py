"""A portal whose events are lost, doubled and shuffled on their way; whatever nets are left have to catch it all.

What the portal itself holds is the truth: every deal here equals the one there, and live numbers a full recompute.
"""

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import select

from b24app.demo import deals as crm
from b24app.demo.fields import native
from b24app.demo.state import DEAL
from b24app.demo.state import Portal as DemoPortal
from b24app.demo.wire import flatten
from b24app.facts import comparison, deals
from b24app.facts.tables import Deal
from b24app.ingest import inbox as rows
from b24app.ingest.sources import deals as source
from b24app.jobs import inbox, offline, scores, sync
from b24app.lib.db import db
from tests.exactness.run import stored
from tests.web.portal_site import ADMIN, Site

SELLERS = (8, 9, 10, 11)
COMPANIES = (1, 2, 3, 4, 5)


@dataclass
class Outcome:
    """What a run came to."""

    seed: int
    nets: str
    changes: int = 0
    results: int = 0
    told: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        told = ", ".join(f"{name} {times}" for name, times in sorted(self.told.items()))
        return (
            f"seed {self.seed}, {self.nets}: {self.changes} changes ({told}), "
            f"{self.results} results equal a full recompute, all deals equal the portal's"
        )


class Mangled:
    """The portal, the roads its news take, and the app at the other end."""

    def __init__(self, here: Site, redis: Redis, random: Random, monkeypatch: pytest.MonkeyPatch) -> None:
        self.here, self.redis, self.random, self.monkeypatch = here, redis, random, monkeypatch
        self.portal: DemoPortal = here.demo.state
        self.portal.limiter.enforced = False
        self.portal_id = here.portal.id
        self.killed = 0
        monkeypatch.setattr(inbox, "sleep", lambda _seconds: None)
        monkeypatch.setattr(source, "AT_ONCE", 4)  # both ways of reading deals
        self.work(sync.backfill)
        faults = self.portal.faults
        faults.drop_events, faults.double_events, faults.shuffle_events = 0.2, 0.1, 6

    def work(self, job: Any) -> None:
        """As a worker does it, with nothing in Redis."""
        self.redis.flushall()
        db.session.remove()
        job(self.portal_id)

    # --- what happens in the portal

    def act(self) -> str:
        actions = {
            self.create: 3, self.win: 4, self.lose: 2, self.reopen: 2, self.edit: 4, self.hand_over: 3,
            self.change_funnel: 2, self.delete: 1, self.merge: 1,
        }  # fmt: skip
        [action] = self.random.choices(list(actions), list(actions.values()))
        with self.portal.lock:
            action()
        return action.__name__

    def some(self) -> int:
        return self.random.choice(self.portal.deals.ids)

    def create(self) -> None:
        fields = {"title": "New", "opportunity": self.random.randrange(10_000), "assignedById": self.seller(),
                  "companyId": self.random.choice(COMPANIES)}  # fmt: skip
        crm.create(self.portal, DEAL, fields, self.seller())

    def seller(self) -> int:
        return self.random.choice(SELLERS)

    def win(self) -> None:
        crm.win(self.portal, self.some(), self.seller(), self.random.randrange(10_000))

    def lose(self) -> None:
        crm.lose(self.portal, self.some(), self.seller())

    def reopen(self) -> None:
        crm.reopen(self.portal, self.some(), self.seller())

    def edit(self) -> None:
        crm.change(self.portal, DEAL, self.some(), {"opportunity": self.random.randrange(10_000)}, ADMIN)

    def hand_over(self) -> None:
        crm.change(self.portal, DEAL, self.some(), {"assignedById": self.seller()}, ADMIN)

    def change_funnel(self) -> None:
        crm.move(self.portal, self.some(), self.random.choice(("NEW", "C1:NEW", "C1:WON")), ADMIN)

    def delete(self) -> None:
        crm.delete(self.portal, DEAL, self.some(), ADMIN)

    def merge(self) -> None:
        kept, merged = self.random.sample(COMPANIES, 2)
        if {kept, merged} <= self.portal.companies.rows.keys():
            crm.merge_companies(self.portal, kept, merged, ADMIN)

    # --- how the app hears of it

    def deliver(self) -> None:
        """What the courier lets through now."""
        for parcel in self.portal.courier.take():
            assert self.here.client.post("/b24/event", data=dict(flatten(parcel.payload))).status_code == 200

    def live(self) -> None:
        """Between changes some events arrive, and now and then a worker finds the time, or is killed at it."""
        if self.random.random() < 0.5:
            self.deliver()
        if self.random.random() < 0.2:
            self.work(inbox.drain)
        if self.random.random() < 0.05:
            self.kill()

    def kill(self) -> None:
        with self.monkeypatch.context() as killed:
            killed.setattr(rows, "done", _die)
            try:
                self.work(inbox.drain)
            except SystemExit:
                self.killed += 1

    def catch_up(self, by_queue: bool) -> None:
        """The nets: the offline queue; without one the sweep by modification time and the nightly comparison."""
        self.deliver()
        if by_queue:
            self.work(offline.poll)
            self.work(inbox.drain)
        else:
            self.work(sync.incremental)
            self.work(sync.reconcile)

    # --- whether it has

    def compare_numbers(self) -> int:
        """Live against a full recompute; returns how many there are."""
        self.work(scores.midnight)
        live = stored(self.portal_id)
        self.work(scores.recompute_everything)
        full = stored(self.portal_id)
        untouched = {key[:2] for key in full} - {key[:2] for key in live}
        assert not any(full[key][0] for key in full if key[:2] in untouched)
        assert live == {key: numbers for key, numbers in full.items() if key[:2] not in untouched}
        return len(live)

    def compare_deals(self) -> None:
        db.session.rollback()
        fields = self.portal.deals.fields.values()
        told = [
            source.translate({one.name: native(one, one.read(row), self.portal.zone) for one in fields})
            for row in self.portal.deals.rows.values()
        ]
        known = set(db.session.scalars(select(Deal.id).where(Deal.deleted_at.is_(None))))
        assert known == {draft.id for draft in told}
        facts = deals.load(self.portal_id, known)
        for draft in told:
            ours, theirs = (comparison.told(one, type(draft), ()) for one in (facts[draft.id], draft))
            assert ours == theirs, draft.id
            assert facts[draft.id].closed_at == self.closed_at(draft.id), draft.id

    def closed_at(self, id: int) -> int | None:
        """When the current streak in the current final semantic began, read off the portal's own history."""
        history = self.portal.history
        moves = sorted((history.rows[one] for one in history.matching("OWNER_ID", id)), key=lambda move: move["ID"])
        final = self.portal.deals.rows[id]["stageSemanticId"]
        began = None
        for move in reversed(moves):
            if final == "P" or move["STAGE_SEMANTIC_ID"] != final:
                break
            began = int(move["CREATED_TIME"].timestamp())
        return began


def _die(*_arguments: Any) -> None:
    raise SystemExit


def run(mangled: Mangled, seed: int, *, rounds: int, burst: int, by_queue: bool) -> Outcome:
    """So many bursts of changes, after each of them a net. AssertionError names what is not right then."""
    outcome = Outcome(seed, "caught by the offline queue" if by_queue else "caught by modification time and comparison")
    for _ in range(rounds):
        for _ in range(burst):
            outcome.kinds[mangled.act()] += 1
            mangled.live()
        mangled.catch_up(by_queue)
        outcome.changes += burst
        mangled.compare_deals()
    outcome.results = mangled.compare_numbers()
    courier = mangled.portal.courier
    outcome.told = Counter(events=mangled.portal.events.emitted, lost=courier.dropped, doubled=courier.doubled,
                           killed=mangled.killed)  # fmt: skip
    return outcome
