"""Random changes, told to the app as its jobs and API tell it; compared after every burst (semantics 5).

live results == a full recompute of everything == the slow reading
"""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import count
from random import Random
from typing import Any

from sqlalchemy import select, update

from b24app import pipeline
from b24app.facts import operations as facts
from b24app.facts.rules import DealDraft, EntryDraft, MoveDraft, ProductDraft, RateDraft, RowDraft, ValueDraft
from b24app.facts.tables import Watch
from b24app.ingest.tables import SyncCursor
from b24app.jobs import scores as score_jobs
from b24app.lib import clock
from b24app.lib.db import db, write
from b24app.metrics.rules import Plan, value_of
from b24app.periods import operations as periods
from b24app.periods.queries import Away, OwnDay
from b24app.portal import operations as portals
from b24app.portal.rules import Person, Unit
from b24app.portal.tables import Portal
from b24app.scorecards import documents
from b24app.scorecards import operations as scorecards
from b24app.scorecards import queries as stored_scorecards
from b24app.scorecards.rules import in_force
from b24app.scores.tables import Result, Score
from tests.exactness import slow
from tests.exactness.truth import (
    CURRENCIES,
    FUNNELS,
    PRODUCTS,
    SOURCES,
    STAGES,
    Deal,
    Entry,
    Move,
    Row,
    Truth,
)

PORTAL = 1
BURST = 20
"""So many changes between two comparisons."""

START = datetime(2026, 3, 3, 9, tzinfo=UTC)
HOUR = 3600
NUMBER, LIST, ENGINEER, DAY = "ufCrm_1", "ufCrm_2", "ufCrm_3", "ufCrm_4"
FIELDS = (NUMBER, LIST, ENGINEER, DAY)
WATCHED = (*FIELDS, "productRows")
PEOPLE, UNITS = range(1, 8), {1: None, 2: 1, 3: 1, 4: 2}

SALES = {
    "code": "sales", "name": "Sales", "period": "month", "effective_from": "2026-01-01",
    "subjects": {"departments": [2], "employees": [7], "exclude": {"employees": [6]}},
    "indicators": [
        {"code": "revenue", "name": "R", "metric": "deals_won_amount", "owner": "closed_by", "target": 5000,
         "weight": 20},
        {"code": "won", "name": "W", "metric": "deals_won", "owner": "closed_by", "where": {"category_id": [0]},
         "target": 3, "weight": 10},
        {"code": "lost", "name": "L", "metric": "deals_lost", "owner": "closed_by", "direction": "down", "target": 2,
         "weight": 5},
        {"code": "conversion", "name": "C", "metric": "deal_conversion", "owner": "closed_by", "target": 50,
         "options": {"stale_days": 20}, "weight": 10},
        {"code": "new", "name": "N", "metric": "new_clients", "owner": "closed_by", "target": 2, "weight": 10},
        {"code": "days", "name": "D", "metric": "average_days_to_close", "owner": "closed_by", "direction": "down",
         "options": {"stat": "median"}, "target": 9, "weight": 10},
        {"code": "calls", "name": "E", "metric": "entries", "options": {"code": "calls"}, "target": 20,
         "target_per": "working_day", "weight": 10},
        {"code": "web", "name": "Web", "metric": "deals_created_amount", "target": 3000, "floor": 10,
         "where": {"any": [{"source_id": ["WEB"]}, {"fields": [{"field": NUMBER, "op": "gte", "value": 5}]}]},
         "weight": 15},
        {"code": "product", "name": "P", "metric": "average_deal", "where": {"product_section_id": [21]},
         "target": 700, "weight": 5},
        {"code": "mix", "name": "Mix", "metric": "formula", "target": 1500, "weight": 5,
         "formula": "IF(won > 1; revenue / won - new.target * 0,5; 7)"},
    ],
}  # fmt: skip
TEAM = {
    "code": "team", "name": "Team", "period": "week", "effective_from": "2026-02-02", "missing": "zero",
    "prorate": True, "subjects": {"departments": [1]},
    "indicators": [
        {"code": "made", "name": "M", "metric": "deals_created", "owner": "created_by", "target": 4, "weight": 20,
         "where": {"fields": [{"field": LIST, "op": "not_in", "value": ["A"]}]}},
        {"code": "cohort", "name": "C", "metric": "deal_conversion", "options": {"mode": "cohort"}, "target": 40,
         "weight": 15},
        {"code": "window", "name": "Wi", "metric": "deal_conversion", "options": {"mode": "window", "days": 10},
         "target": 30, "weight": 15},
        {"code": "entered", "name": "En", "metric": "stage_entered", "options": {"stages": ["TALK", "C3:BACK"]},
         "where": {"source_id": ["WEB", "CALL"]}, "target": 3, "empty": "no_data", "weight": 20},
        {"code": "engineer", "name": "Eng", "metric": "deals_won", "owner": ENGINEER, "target": 1, "weight": 20},
        {"code": "nps", "name": "Nps", "metric": "entries", "options": {"code": "nps", "aggregate": "last"},
         "target": 8, "weight": 10},
    ],
}  # fmt: skip
QUARTER = {
    "code": "quarter", "name": "Quarter", "period": "quarter", "effective_from": "2026-01-01",
    "subjects": {"departments": [3, 4]},
    "indicators": [
        {"code": "repeat", "name": "Rep", "metric": "repeat_sales_amount", "owner": "closed_by", "target": 4000,
         "weight": 30},
        {"code": "resolved", "name": "Res", "metric": "deal_conversion",
         "options": {"mode": "resolved", "stale_days": 15}, "target": 60, "weight": 20},
        {"code": "returned", "name": "Ret", "metric": "return_share", "direction": "down",
         "options": {"stage_id": ["C3:BACK"]}, "target": 10, "weight": 20},
        {"code": "dated", "name": "Dat", "metric": "deals_won_amount",
         "where": {"fields": [{"field": DAY, "op": "between", "value": ["2026-03-01", "2026-06-30"]}]}, "target": 900,
         "weight": 20},
        {"code": "flag", "name": "Fla", "metric": "repeat_sales", "options": {"mode": "flag"}, "target": 2,
         "weight": 10},
    ],
}  # fmt: skip


@dataclass
class Outcome:
    """What a run came to."""

    seed: int
    changes: int = 0
    bursts: int = 0
    results: int = 0
    kinds: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        kinds = ", ".join(f"{name} {times}" for name, times in sorted(self.kinds.items()))
        return (
            f"seed {self.seed}: {self.changes} changes in {self.bursts} bursts, {self.results} results compared "
            f"with a full recompute and with the slow reading ({kinds})"
        )


class World:
    """The truth, and the app's portal that is told of it. `clock` sets the app's present."""

    def __init__(self, random: Random, set_clock: Callable[[datetime], None]) -> None:
        self.random = random
        self.truth = Truth(START)
        self.set_clock = set_clock
        self.ids = count(1)
        self.set_clock(START)
        self.settle()

    # --- telling the app

    def settle(self) -> None:
        truth = self.truth
        with write() as session:
            session.add(
                Portal(
                    id=PORTAL, member_id="exact", domain="", client_endpoint="", oauth_server="", status="active",
                    time_zone=truth.zone, base_currency=truth.base, created_at=0,
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
        for document in (SALES, TEAM, QUARTER):
            self.tell_scorecard(json.loads(json.dumps(document)))
        with write() as session:
            session.execute(update(Watch).values(complete=True))
        self.recompute_everything()

    def pass_time(self, seconds: int) -> None:
        self.truth.now += timedelta(seconds=seconds)
        self.set_clock(self.truth.now)

    def tell_deals(self, *deals: Deal) -> None:
        moves = [
            MoveDraft(move.id, deal.id, move.kind, move.category, move.stage, move.semantic, move.at)
            for deal in deals
            for move in deal.moves
        ]
        drafts = [_draft(deal) for deal in deals]
        now = clock.now()
        with write():
            portals.lock(PORTAL)
            cells = facts.upsert_deals(PORTAL, drafts, moves, now, WATCHED)
            pipeline.recompute(PORTAL, cells, now)

    def tell_gone(self, deal: Deal) -> None:
        now = clock.now()
        with write():
            portals.lock(PORTAL)
            pipeline.recompute(PORTAL, facts.forget(PORTAL, "deal", [deal.id], now), now)

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
        today = slow.local(self.truth.now_s, self.truth)
        self.truth.rates[currency, today] = rate
        now = clock.now()
        with write():
            portals.lock(PORTAL)
            pipeline.recompute(PORTAL, facts.save_rates(PORTAL, [RateDraft(currency, rate)], today), now)

    def tell_scorecard(self, document: dict[str, Any]) -> None:
        versions = self.truth.scorecards.setdefault(document["code"], [])
        versions[:] = [one for one in versions if one["effective_from"] != document["effective_from"]] + [document]
        versions.sort(key=lambda one: one["effective_from"])
        with write():
            portals.lock(PORTAL)
            scorecards.save(PORTAL, documents.parse(document), "user:1", clock.now())
        self.recompute_everything()

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
        self.recompute_everything()

    def recompute_everything(self) -> None:
        """What the API and the jobs do after a change of definitions, people or days: the job they enqueue."""
        score_jobs.recompute_everything(PORTAL)

    # --- what may happen

    def act(self) -> str:
        actions = {
            self.create: 14, self.move: 22, self.edit: 10, self.hand_over: 6, self.change_client: 5, self.merge: 2,
            self.delete: 3, self.change_funnel: 3, self.back_date: 3, self.set_field: 8, self.set_rows: 6,
            self.post: 12, self.undo: 3, self.set_target: 4, self.reweigh: 1, self.new_version: 1, self.transfer: 2,
            self.dismiss: 1, self.change_rate: 2, self.own_day: 1, self.absence: 2, self.wait: 6,
        }  # fmt: skip
        [action] = self.random.choices(list(actions), list(actions.values()))
        self.pass_time(self.random.randrange(1, 4 * HOUR))
        action()
        return action.__name__

    def some_deal(self) -> Deal | None:
        living = self.truth.living_deals()
        return self.random.choice(living) if living else None

    def someone(self) -> int:
        return self.random.choice(PEOPLE)

    def create(self) -> None:
        random, now = self.random, self.truth.now_s
        created = now - random.choice((0, 0, random.randrange(60 * 86_400)))
        category = random.choice(FUNNELS)
        deal = Deal(
            id=next(self.ids), category=category, stage=STAGES[category]["P"][0], semantic="P",
            source=random.choice(SOURCES), company=random.choice((None, 1, 2, 3)), contact=random.choice((None, 8, 9)),
            responsible=self.someone(), created_by=self.someone(), currency=random.choice(CURRENCIES),
            amount=self.money(), created_at=created, updated_at=now, is_return=random.random() < 0.3,
        )  # fmt: skip
        deal.moves.append(Move(next(self.ids), 1, category, deal.stage, "P", created))
        deal.fields = {NUMBER: random.choice((None, Decimal(4), Decimal(5), Decimal("7.5"))), LIST: None,
                       ENGINEER: random.choice((None, *PEOPLE)), DAY: None}  # fmt: skip
        self.truth.deals[deal.id] = deal
        self.tell_deals(deal)

    def money(self) -> Decimal:
        return Decimal(self.random.randrange(1, 300_000)) / 100

    def move(self) -> None:
        """To another stage, often a final one; from a final one it is reopened or changes sides."""
        if deal := self.some_deal():
            semantic = self.random.choice("PSSFPS" if deal.semantic == "P" else "PSF")
            stage = self.random.choice(STAGES[deal.category][semantic])
            if stage != deal.stage:
                self.enter(deal, deal.category, stage, semantic, kind=2 if semantic == "P" else 3)
                self.tell_deals(deal)

    def enter(self, deal: Deal, category: int, stage: str, semantic: str, kind: int) -> None:
        now = self.truth.now_s
        if semantic == "P":
            deal.closed_at = deal.closer = None
        elif semantic != deal.semantic:
            deal.closed_at, deal.closer = now, deal.responsible
        deal.category, deal.stage, deal.semantic, deal.updated_at = category, stage, semantic, now
        deal.moves.append(Move(next(self.ids), kind, category, stage, semantic, now))

    def change_funnel(self) -> None:
        if deal := self.some_deal():
            category = 3 if deal.category == 0 else 0
            stage = self.random.choice(STAGES[category]["P"])
            self.enter(deal, category, stage, "P", kind=5)
            self.tell_deals(deal)

    def back_date(self) -> None:
        """Stage history read late: the current streak began earlier than we knew."""
        deal = self.some_deal()
        if deal and deal.closed_at and deal.closed_at - 3 * 86_400 > max(one.at for one in deal.moves[:-1]):
            first = next(move for move in deal.moves if move.at == deal.closed_at)
            earlier = deal.closed_at - self.random.randrange(1, 3 * 86_400)
            position = deal.moves.index(first)
            deal.moves.insert(position, Move(next(self.ids), 3, deal.category, deal.stage, deal.semantic, earlier))
            deal.closed_at, deal.updated_at = earlier, self.truth.now_s
            self.tell_deals(deal)

    def edit(self) -> None:
        if deal := self.some_deal():
            deal.amount, deal.currency = self.money(), self.random.choice(CURRENCIES)
            deal.source, deal.updated_at = self.random.choice(SOURCES), self.truth.now_s
            deal.is_return = self.random.random() < 0.3
            self.tell_deals(deal)

    def hand_over(self) -> None:
        if deal := self.some_deal():
            deal.responsible, deal.updated_at = self.someone(), self.truth.now_s
            self.tell_deals(deal)

    def change_client(self) -> None:
        if deal := self.some_deal():
            deal.company, deal.contact = self.random.choice((None, 1, 2, 3)), self.random.choice((None, 8, 9))
            deal.updated_at = self.truth.now_s
            self.tell_deals(deal)

    def merge(self) -> None:
        """All deals of one company become another's."""
        loser, winner = self.random.sample((1, 2, 3), 2)
        merged = [deal for deal in self.truth.living_deals() if deal.company == loser]
        for deal in merged:
            deal.company, deal.updated_at = winner, self.truth.now_s
        if merged:
            self.tell_deals(*merged)

    def delete(self) -> None:
        if deal := self.some_deal():
            deal.deleted = True
            self.tell_gone(deal)

    def set_field(self) -> None:
        if deal := self.some_deal():
            values: dict[str, Any] = {
                NUMBER: self.random.choice((None, Decimal("4.999999"), Decimal(5), Decimal(6))),
                LIST: self.random.choice((None, ("A",), ("B",), ("A", "B"))),
                ENGINEER: self.random.choice((None, *PEOPLE)),
                DAY: self.random.choice((None, "2026-02-28", "2026-03-01", "2026-06-30", "2026-07-01")),
            }
            name = self.random.choice(FIELDS)
            deal.fields[name], deal.updated_at = values[name], self.truth.now_s
            self.tell_deals(deal)

    def set_rows(self) -> None:
        if deal := self.some_deal():
            deal.rows = tuple(
                Row(
                    next(self.ids),
                    self.random.choice((*PRODUCTS, None)),
                    self.money(),
                    Decimal(self.random.randrange(1, 4)),
                )
                for _row in range(self.random.randrange(4))
            )
            deal.updated_at = self.truth.now_s
            self.tell_deals(deal)

    def post(self) -> None:
        random, truth, now = self.random, self.truth, clock.now()
        employee, department = random.choice(
            ((self.someone(), None), (self.someone(), 3), (None, random.choice([*UNITS])), (None, None))
        )
        code = random.choice(("calls", "nps"))
        entry = Entry(
            id=0, code=code, kind=random.choice(("add", "add", "set")),
            value=Decimal(random.randrange(-500, 2000)) / 100,
            at=truth.now_s - random.randrange(40 * 86_400), employee=employee, department=department,
        )  # fmt: skip
        draft = EntryDraft(
            key=f"key{next(self.ids)}", code=entry.code, kind=entry.kind, value=entry.value, occurred_at=entry.at,
            employee_id=employee, department_id=department,
        )  # fmt: skip
        with write():
            portals.lock(PORTAL)
            posted = facts.post_entries(PORTAL, [draft, draft], now)
            pipeline.recompute(PORTAL, posted.cells, now)
        entry.id = posted.items[0].id or 0
        truth.entries.append(entry)

    def undo(self) -> None:
        standing = [entry for entry in self.truth.entries if not entry.undone]
        if standing:
            entry, now = self.random.choice(standing), clock.now()
            entry.undone = True
            with write():
                portals.lock(PORTAL)
                pipeline.recompute(PORTAL, facts.undo_entry(PORTAL, entry.id, "user:1", now), now)

    def set_target(self) -> None:
        code = self.random.choice([*self.truth.scorecards])
        document = self.truth.scorecards[code][-1]
        indicator = self.random.choice(document["indicators"])
        kind = self.random.choice(("employee", "employee", "department", "company"))
        subject = (kind, {"employee": self.someone(), "department": self.random.choice([*UNITS]), "company": 0}[kind])
        today = slow.local(self.truth.now_s, self.truth)
        start = self.random.choice((None, slow.period_of(document["period"], today, self.truth)[0].isoformat()))
        self.tell_target(code, indicator["code"], subject, start, self.random.choice((None, 7, 1250.5)))

    def reweigh(self) -> None:
        """Another curve and other weights, in the version that is in force."""
        document = json.loads(json.dumps(self.random.choice([*self.truth.scorecards.values()])[-1]))
        self.change(document)
        self.tell_scorecard(document)

    def new_version(self) -> None:
        document = json.loads(json.dumps(self.random.choice([*self.truth.scorecards.values()])[-1]))
        today = slow.local(self.truth.now_s, self.truth)
        document["effective_from"] = slow.period_of(document["period"], today, self.truth)[0].isoformat()
        self.change(document)
        self.tell_scorecard(document)

    def change(self, document: dict[str, Any]) -> None:
        indicators = document["indicators"]
        weights = [one["weight"] for one in indicators]
        self.random.shuffle(weights)
        for indicator, weight in zip(indicators, weights, strict=True):
            indicator["weight"] = weight
            indicator["cap"] = self.random.choice((110, 150))

    def transfer(self) -> None:
        person = self.someone()
        self.note(person, (self.random.choice((2, 3, 4)),), self.truth.people[person][-1][2])

    def dismiss(self) -> None:
        """Or take on again."""
        person = self.someone()
        _since, units, active = self.truth.people[person][-1]
        self.note(person, units, not active)

    def note(self, person: int, units: tuple[int, ...], active: bool) -> None:
        if self.truth.people[person][-1][1:] != (units, active):
            self.truth.people[person].append((self.truth.now_s, units, active))
            self.tell_staff()

    def change_rate(self) -> None:
        self.tell_rate(self.random.choice(("USD", "EUR")), Decimal(self.random.randrange(8000, 11_000)) / 100)

    def own_day(self) -> None:
        day = self.some_day()
        self.truth.own_days[day] = self.random.random() < 0.5
        with write():
            portals.lock(PORTAL)
            periods.set_day(PORTAL, OwnDay(day, self.truth.own_days[day], ""), "user:1", clock.now())
        self.recompute_everything()

    def absence(self) -> None:
        person, first = self.someone(), self.some_day()
        last = first + timedelta(days=self.random.randrange(40))
        known = self.truth.absences.setdefault(person, [])
        if any(first <= end and start <= last for start, end in known):
            return
        known.append((first, last))
        with write():
            portals.lock(PORTAL)
            periods.set_absence(PORTAL, Away(person, first, last), "user:1", clock.now())
        self.recompute_everything()

    def some_day(self) -> date:
        return slow.local(self.truth.now_s, self.truth) - timedelta(days=self.random.randrange(-10, 60))

    def wait(self) -> None:
        """Hours or days pass; the clock's own jobs run."""
        self.pass_time(self.random.choice((HOUR, 20 * HOUR, 5 * 24 * HOUR)))
        self.tick()

    def tick(self) -> None:
        score_jobs.midnight(PORTAL)
        score_jobs.ripen(PORTAL)

    # --- comparing

    def compare(self) -> int:
        """Live against a full recompute, then against the slow reading. Returns how many results were compared."""
        self.tick()
        live = stored()
        self.recompute_everything()
        full = stored()
        # A period between two facts that nothing happened in is computed when somebody asks, or by a full recompute.
        untouched = {key[:2] for key in full} - {key[:2] for key in live}
        assert not any(full[key][0] for key in full if key[:2] in untouched)
        present = {key: numbers for key, numbers in full.items() if key[:2] not in untouched}
        assert live == present, _differences("a full recompute", live, present)
        results, scores = slow.read_everything(self.truth, {key[:2] for key in full})
        slowly = {
            **{key: (read.value, read.target) for key, read in results.items()},
            **{(*key, ""): (value, None) for key, value in scores.items()},
        }
        assert full == slowly, _differences("the slow reading", full, slowly)
        return len(results)


def run(seed: int, changes: int, set_clock: Callable[[datetime], None], burst: int = BURST) -> Outcome:
    """So many changes from one seed. AssertionError names what differs."""
    random = Random(seed)
    world, outcome = World(random, set_clock), Outcome(seed)
    while outcome.changes < changes:
        for _ in range(burst):
            outcome.kinds[world.act()] += 1
            outcome.changes += 1
        outcome.results += world.compare()
        outcome.bursts += 1
    return outcome


def stored() -> dict[tuple[Any, ...], tuple[Fraction | None, Fraction | None]]:
    """Every stored result and score as exact numbers; scores under the indicator ''."""
    db.session.rollback()
    versions = stored_scorecards.by_code(stored_scorecards.versions(PORTAL))
    found: dict[tuple[Any, ...], tuple[Fraction | None, Fraction | None]] = {}
    for row in db.session.execute(select(*Result.__table__.columns)):
        version = in_force(versions[row.scorecard], date.fromisoformat(row.start))
        indicator = version.indicator(row.indicator) if version else None
        assert indicator is not None, row
        value = None if row.reason or row.value is None else Fraction(row.value)
        if isinstance(indicator.plan, Plan) and not row.reason:
            value = value_of(indicator.plan, row.numerator, row.denominator)
        if not row.reason and value is None and indicator.document.empty == "zero":
            value = Fraction(0)
        key = (row.scorecard, row.start, (row.subject_type, row.subject_id), row.indicator)
        found[key] = value, None if row.target is None else Fraction(row.target)
    for row in db.session.execute(select(*Score.__table__.columns)):
        key = (row.scorecard, row.start, (row.subject_type, row.subject_id), "")
        found[key] = None if row.exact is None else Fraction(row.exact), None
    return found


def _differences(other: str, ours: dict[Any, Any], theirs: dict[Any, Any]) -> str:
    keys = sorted((key for key in ours.keys() | theirs.keys() if ours.get(key, "-") != theirs.get(key, "-")), key=str)
    lines = [f"{key}: {ours.get(key, 'not there')} here, {theirs.get(key, 'not there')} there" for key in keys[:15]]
    return "\n".join([f"{len(keys)} of {len(theirs)} numbers differ from {other}:", *lines])


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
