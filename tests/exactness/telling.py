"""Tells the app what happened, as its jobs and its API do; and lets the clock's own jobs run.

On the way it holds scheduled indicators against their hours, and locks against those that should be there.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from random import Random
from typing import Any

import pytest
from sqlalchemy import update

from b24app import pipeline
from b24app.facts import ledger
from b24app.facts import operations as facts
from b24app.facts.credit import operations as credit
from b24app.facts.credit.rules import SETTING, Share
from b24app.facts.rules import DealDraft, EntryDraft, MoveDraft, ProductDraft, RateDraft, RowDraft, ValueDraft
from b24app.facts.tables import Watch
from b24app.ingest.tables import SyncCursor
from b24app.jobs import scores as score_jobs
from b24app.lib import clock
from b24app.lib.db import db, write
from b24app.lib.errors import Invalid
from b24app.periods import operations as periods
from b24app.periods.queries import Away, OwnDay
from b24app.periods.rules import Kind, Period
from b24app.portal import operations as portals
from b24app.portal.rules import Person, Unit
from b24app.portal.tables import Portal
from b24app.scorecards import documents
from b24app.scorecards import operations as scorecards
from b24app.scorecards import queries as stored_scorecards
from b24app.scores import locks
from b24app.scores.rules import Cause, CauseKind
from tests.exactness import cards
from tests.exactness.cards import FIELDS
from tests.exactness.compare import differences, stored_of, written
from tests.exactness.slow import days
from tests.exactness.slow import locks as slow_locks
from tests.exactness.slow import scores as slow_scores
from tests.exactness.slow.metrics import Reader
from tests.exactness.truth import PRODUCTS, Deal, Entry, Truth

PORTAL = 1
START = datetime(2026, 3, 3, 9, tzinfo=UTC)
WATCHED = (*FIELDS, "productRows")
PEOPLE, UNITS = range(1, 8), {1: None, 2: 1, 3: 1, 4: 2}


class Told:
    """The truth, and the app's portal that is told of it. `set_clock` sets the app's present."""

    def __init__(self, random: Random, set_clock: Callable[[datetime], None]) -> None:
        self.random = random
        self.truth = Truth(START)
        self.set_clock = set_clock
        self.ids = count(1)
        self.refreshed: int | None = None
        self.held: dict[Any, Any] = {}
        self.set_clock(START)
        self.settle()

    def settle(self) -> None:
        truth = self.truth
        with write() as session:
            session.add(
                Portal(
                    id=PORTAL, member_id="exact", domain="", client_endpoint="", oauth_server="", status="active",
                    time_zone=truth.zone, base_currency=truth.base, created_at=0,
                    settings={SETTING: [{"person": cards.ENGINEER, "percent": str(cards.HELPERS_PERCENT)}]},
                )
            )  # fmt: skip
            session.flush()
            for source in ("backfill", "staff", "deals", "activities", "stage_history", "dictionaries"):
                session.add(SyncCursor(portal_id=PORTAL, source=source, complete=True, synced_at=1))
            facts.save_products(
                PORTAL,
                [ProductDraft(id, f"Product {id}", frozenset(truth.sections_of(id))) for id in PRODUCTS],
            )
        truth.units = dict(UNITS)
        for person in PEOPLE:
            truth.people[person] = [(truth.now_s, (self.random.choice((2, 3, 4)),), True)]
        self.tell_staff()
        self.tell_rate("USD", Decimal(90))
        for document in cards.CARDS:
            self.tell_scorecard(json.loads(json.dumps(document)))
        with write() as session:
            session.execute(update(Watch).values(complete=True))
        self.recompute_everything()
        self.tick()

    # --- time, and the clock's own jobs

    def pass_time(self, seconds: int) -> None:
        """The portal's midnight does not wait for anybody to look."""
        day = days.local(self.truth.now_s, self.truth)
        self.truth.now += timedelta(seconds=seconds)
        self.set_clock(self.truth.now)
        if days.local(self.truth.now_s, self.truth) != day:
            score_jobs.midnight(PORTAL)
            self.hold()

    def tick(self) -> None:
        """What the clock runs every few minutes: by now, that is, all of it."""
        self.ripen()
        self.strike()
        self.lock_due()

    def ripen(self) -> None:
        with self.only_live():
            score_jobs.ripen(PORTAL)

    def strike(self) -> None:
        """The hours of indicators that are computed at certain times: those whose hour has come are what a slow
        reading makes of them, the others what they were."""
        truth, since = self.truth, self.refreshed
        struck = {
            key
            for key, refresh in cards.SCHEDULED.items()
            if since is not None and days.has_struck(refresh, since, truth.now_s, truth)
        }
        before = self.scheduled()
        score_jobs.refresh(PORTAL)
        self.hold()
        if struck or since is None:
            self.refreshed = truth.now_s
        slowly = slow_scores.Numbers()
        for code in {code for code, _indicator in struck}:
            for start in self.running(code) - {start for one, start in truth.locks if one == code}:
                document = slow_scores.in_force(truth, code, date.fromisoformat(start))
                if document:
                    period = days.period_of(document["period"], date.fromisoformat(start), truth)
                    slow_scores.read_period(Reader(truth), document, period, slowly)
        read = {key: slowly.all[key] for key in before if (key[0], key[3]) in struck and key in slowly.all}
        if read:
            found = stored_of(PORTAL, struck, self.all_running())
            now = {key: pair for key, pair in found.items() if key in read}
            assert now == read, differences("what the hour made of it", now, read)
        others = {key: row for key, row in before.items() if key not in read}
        still = {key: row for key, row in self.held.items() if key in others}
        assert still == others, differences("before, and its hour has not struck", still, others)

    def running(self, code: str) -> set[str]:
        """The starts of the period a scorecard is in, and of the one before: those that its hours compute."""
        truth, kind = self.truth, self.truth.scorecards[code][0]["period"]
        start, _end = days.period_of(kind, days.local(truth.now_s, truth), truth)
        return {start.isoformat(), days.period_of(kind, start - days.DAY, truth)[0].isoformat()}

    def scheduled(self) -> dict[Any, Any]:
        """What is stored of scheduled indicators in running periods."""
        return written(PORTAL, cards.SCHEDULED, self.all_running())

    def all_running(self) -> dict[str, set[str]]:
        return {code: self.running(code) for code in self.truth.scorecards}

    def hold(self) -> None:
        """Everything was computed anew, whatever its hour."""
        self.held = self.scheduled()

    @contextmanager
    def only_live(self) -> Iterator[None]:
        """Records move inside: what is computed at certain times stays as it is."""
        yield
        now = self.scheduled()
        before = {key: pair for key, pair in self.held.items() if key[1] in self.running(key[0])}
        kept = {key: pair for key, pair in now.items() if key in before}
        assert kept == before, differences("before, and no hour has struck", kept, before)
        self.held = now

    # --- locks

    def lock_due(self) -> None:
        due = slow_locks.due(self.truth)
        score_jobs.lock_due(PORTAL)
        self.locked(due)

    def tell_lock(self, code: str, start: date) -> None:
        with write():
            portals.lock(PORTAL)
            locks.lock(PORTAL, self.period(code, start), code, "user:1", clock.now())
        self.locked([(code, start)])

    def locked(self, periods: Iterable[tuple[str, date]]) -> None:
        for code, start in periods:
            key = code, start.isoformat()
            self.truth.locks[key] = slow_locks.frozen(self.truth, code, start)
            self.truth.ever_locked.add(key)
        db.session.rollback()
        known = {(code, start.isoformat()) for code, start in stored_scorecards.locks(PORTAL)}
        assert known == self.truth.locks.keys()
        self.hold()

    def tell_unlock(self, code: str, start: date) -> None:
        with write():
            portals.lock(PORTAL)
            locks.unlock(PORTAL, self.period(code, start), code, "a reason", "user:1", clock.now())
        del self.truth.locks[code, start.isoformat()]
        self.hold()

    def period(self, code: str, start: date) -> Period:
        kind = Kind(self.truth.scorecards[code][0]["period"])
        return Period(kind, *days.period_of(kind.value, start, self.truth))

    # --- what happened

    def tell_deals(self, *deals: Deal) -> None:
        moves = [
            MoveDraft(move.id, deal.id, move.kind, move.category, move.stage, move.semantic, move.at)
            for deal in deals
            for move in deal.moves
        ]
        drafts = [_draft(deal) for deal in deals]
        now = clock.now()
        with self.only_live(), write():
            portals.lock(PORTAL)
            cells = facts.upsert_deals(PORTAL, drafts, moves, now, WATCHED)
            pipeline.recompute(PORTAL, cells, now)

    def tell_gone(self, deal: Deal) -> None:
        now = clock.now()
        with self.only_live(), write():
            portals.lock(PORTAL)
            pipeline.recompute(PORTAL, facts.forget(PORTAL, "deal", [deal.id], now), now)

    def tell_split(self, deal: Deal, shares: dict[int, Decimal]) -> None:
        if shares != (deal.splits[-1] if deal.splits else {}):
            deal.splits.append(shares)
        millionths = [Share(id, int(percent * 10_000)) for id, percent in shares.items()]
        now = clock.now()
        with self.only_live(), write():
            portals.lock(PORTAL)
            cells = credit.divide(PORTAL, deal.id, millionths, "user:1", "", now)
            pipeline.recompute(PORTAL, cells, now, Cause(CauseKind.CREDIT))

    def tell_undone_split(self, deal: Deal) -> None:
        now = clock.now()
        with self.only_live(), write():
            portals.lock(PORTAL)
            pipeline.recompute(PORTAL, credit.undo(PORTAL, deal.id, "user:1", "", now), now)

    def tell_staff(self) -> None:
        truth, now = self.truth, clock.now()
        people = [
            Person(id, f"Person {id}", department_ids=journal[-1][1], active=journal[-1][2])
            for id, journal in truth.people.items()
        ]
        units = [Unit(id, f"Unit {id}", above) for id, above in truth.units.items()]
        with write():
            portals.lock(PORTAL)
            changed = portals.sync_staff(PORTAL, people, units, now)
        if changed:
            self.recompute_everything()

    def tell_rate(self, currency: str, rate: Decimal) -> None:
        today = days.local(self.truth.now_s, self.truth)
        self.truth.rates[currency, today] = rate
        now = clock.now()
        with self.only_live(), write():
            portals.lock(PORTAL)
            pipeline.recompute(PORTAL, facts.save_rates(PORTAL, [RateDraft(currency, rate)], today), now)

    def tell_scorecard(self, document: dict[str, Any]) -> None:
        """A document that rests on a locked period is refused."""
        if (document["code"], document["effective_from"]) in self.truth.locks:
            with pytest.raises(Invalid), write():
                scorecards.save(PORTAL, documents.parse(document), "user:1", clock.now())
            return
        self.truth.active_since.setdefault(document["code"], self.truth.now_s)
        versions = self.truth.scorecards.setdefault(document["code"], [])
        versions[:] = [one for one in versions if one["effective_from"] != document["effective_from"]] + [document]
        versions.sort(key=lambda one: one["effective_from"])
        with write():
            portals.lock(PORTAL)
            scorecards.save(PORTAL, documents.parse(document), "user:1", clock.now())
        self.recompute_everything(document["code"])

    def tell_target(
        self, scorecard: str, indicator: str, subject: tuple[str, int], start: str | None, value: Any
    ) -> None:
        key = (scorecard, indicator, subject, start)
        self.truth.targets.pop(key, None)
        if value is not None:
            self.truth.targets[key] = Decimal(value)
        kind = self.truth.scorecards[scorecard][0]["period"]
        item = {
            "scorecard": scorecard, "indicator": indicator, "subject": {"type": subject[0], "id": subject[1]},
            "period": kind, "start": start, "target": value,
        }  # fmt: skip
        with write():
            portals.lock(PORTAL)
            scorecards.set_targets(PORTAL, documents.parse_targets([item]), "user:1", clock.now())
        self.recompute_everything(scorecard)

    def recompute_everything(self, scorecard: str | None = None) -> None:
        """What the jobs do after a change of definitions, people or days; of one scorecard in one transaction."""
        if scorecard is None:
            score_jobs.recompute_everything(PORTAL)
        else:
            with write():
                portals.lock(PORTAL)
                for slice_ in pipeline.slices(PORTAL, clock.now(), scorecards=[scorecard]):
                    pipeline.recompute_slice(PORTAL, slice_, clock.now())
        self.hold()

    def tell_entry(self, entry: Entry) -> None:
        """Twice, as impatient programs do."""
        draft, now = (
            EntryDraft(
                key=f"key{next(self.ids)}", code=entry.code, kind=entry.kind, value=entry.value, occurred_at=entry.at,
                employee_id=entry.employee, department_id=entry.department,
            ),
            clock.now(),
        )  # fmt: skip
        with self.only_live(), write():
            portals.lock(PORTAL)
            posted = ledger.post_entries(PORTAL, [draft, draft], now)
            pipeline.recompute(PORTAL, posted.cells, now)
        entry.id = posted.items[0].id or 0

    def tell_undone(self, entry: Entry) -> None:
        now = clock.now()
        with self.only_live(), write():
            portals.lock(PORTAL)
            pipeline.recompute(PORTAL, ledger.undo_entry(PORTAL, entry.id, "user:1", now), now)

    def tell_day(self, day: date, working: bool) -> None:
        with write():
            portals.lock(PORTAL)
            periods.set_day(PORTAL, OwnDay(day, working, ""), "user:1", clock.now())
        self.recompute_everything()

    def tell_absence(self, person: int, first: date, last: date) -> None:
        with write():
            portals.lock(PORTAL)
            periods.set_absence(PORTAL, Away(person, first, last), "user:1", clock.now())
        self.recompute_everything()


def _draft(deal: Deal) -> DealDraft:
    values: list[ValueDraft] = []
    for name in FIELDS:
        value = deal.fields.get(name)
        if value is None:
            continue
        match name:
            case "ufCrm_1":
                values.append(ValueDraft(name, num=int(value * 1_000_000), text=format(value, "f")))
            case "ufCrm_2":
                values += [ValueDraft(name, place, text=one) for place, one in enumerate(value)]
            case "ufCrm_3":
                values.append(ValueDraft(name, text=str(value), ref=value))
            case _:
                values.append(ValueDraft(name, text=value, day=value))
    return DealDraft(
        id=deal.id, title=f"Deal {deal.id}", category_id=deal.category, stage_id=deal.stage, semantic=deal.semantic,
        source_id=deal.source, company_id=deal.company, contact_id=deal.contact, responsible_id=deal.responsible,
        created_by_id=deal.created_by, currency=deal.currency, amount_original=int(deal.amount * 1_000_000),
        created_at=deal.created_at, updated_at=deal.updated_at, moved_at=deal.closed_at, close_day=None,
        is_return=deal.is_return, is_recurring=False, values=tuple(values),
        rows=tuple(
            RowDraft(row.id, row.product, "", int(row.price * row.quantity * 1_000_000)) for row in deal.rows
        ),
    )  # fmt: skip
