"""What may happen to the portal, by chance: to deals, entries, people, definitions, days, and locks."""

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.exactness.cards import DAY, ENGINEER, FIELDS, LIST, NUMBER
from tests.exactness.slow import days
from tests.exactness.slow import scores as slow_scores
from tests.exactness.telling import PEOPLE, UNITS, Told
from tests.exactness.truth import CURRENCIES, FUNNELS, PRODUCTS, SOURCES, STAGES, Deal, Entry, Move, Row

HOUR = 3600


class World(Told):
    """A portal in which things happen."""

    def act(self) -> str:
        actions = {
            self.create: 14, self.move: 22, self.edit: 10, self.hand_over: 6, self.change_client: 5, self.merge: 2,
            self.delete: 3, self.change_funnel: 3, self.back_date: 3, self.set_field: 8, self.set_rows: 6,
            self.post: 12, self.undo: 3, self.set_target: 4, self.reweigh: 1, self.new_version: 1, self.transfer: 2,
            self.dismiss: 1, self.change_rate: 2, self.own_day: 1, self.absence: 2, self.wait: 6,
            self.lock: 2, self.unlock: 1, self.split: 6,
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

    def split(self) -> None:
        """Between two or three people; or nobody any more, or as it was before the last time."""
        if deal := self.some_deal():
            how = self.random.random()
            if how < 0.2 and deal.splits:
                deal.splits.append(deal.splits[-2] if len(deal.splits) > 1 else {})
                self.tell_undone_split(deal)
                return
            people = self.random.sample(PEOPLE, 0 if how < 0.4 else self.random.choice((2, 2, 3)))
            rest, shares = Decimal(100), {}
            for person in people[1:]:
                shares[person] = Decimal(self.random.randrange(1, 490_000)) / 10_000
                rest -= shares[person]
            self.tell_split(deal, {**shares, people[0]: rest} if people else {})

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
        random, truth = self.random, self.truth
        employee, department = random.choice(
            ((self.someone(), None), (self.someone(), 3), (None, random.choice([*UNITS])), (None, None))
        )
        code = random.choice(("calls", "nps"))
        entry = Entry(
            id=0, code=code, kind=random.choice(("add", "add", "set")),
            value=Decimal(random.randrange(-500, 2000)) / 100,
            at=truth.now_s - random.randrange(40 * 86_400), employee=employee, department=department,
        )  # fmt: skip
        self.tell_entry(entry)
        truth.entries.append(entry)

    def undo(self) -> None:
        standing = [entry for entry in self.truth.entries if not entry.undone]
        if standing:
            entry = self.random.choice(standing)
            entry.undone = True
            self.tell_undone(entry)

    def set_target(self) -> None:
        code = self.random.choice([*self.truth.scorecards])
        document = self.truth.scorecards[code][-1]
        indicator = self.random.choice(document["indicators"])
        kind = self.random.choice(("employee", "employee", "department", "company"))
        subject = (kind, {"employee": self.someone(), "department": self.random.choice([*UNITS]), "company": 0}[kind])
        today = days.local(self.truth.now_s, self.truth)
        start = self.random.choice((None, days.period_of(document["period"], today, self.truth)[0].isoformat()))
        self.tell_target(code, indicator["code"], subject, start, self.random.choice((None, 7, 1250.5)))

    def reweigh(self) -> None:
        """Another curve and other weights, in the version that is in force."""
        document = json.loads(json.dumps(self.random.choice([*self.truth.scorecards.values()])[-1]))
        self.change(document)
        self.tell_scorecard(document)

    def new_version(self) -> None:
        document = json.loads(json.dumps(self.random.choice([*self.truth.scorecards.values()])[-1]))
        today = days.local(self.truth.now_s, self.truth)
        document["effective_from"] = days.period_of(document["period"], today, self.truth)[0].isoformat()
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
        self.tell_day(day, self.truth.own_days[day])

    def absence(self) -> None:
        person, first = self.someone(), self.some_day()
        last = first + timedelta(days=self.random.randrange(40))
        known = self.truth.absences.setdefault(person, [])
        if any(first <= end and start <= last for start, end in known):
            return
        known.append((first, last))
        self.tell_absence(person, first, last)

    def some_day(self) -> date:
        return days.local(self.truth.now_s, self.truth) - timedelta(days=self.random.randrange(-10, 60))

    def wait(self) -> None:
        """Hours or days pass; the clock's own jobs run."""
        self.pass_time(self.random.choice((HOUR, 20 * HOUR, 5 * 24 * HOUR)))
        self.tick()

    def lock(self) -> None:
        """A closed period: the last one, or the one before."""
        code = self.random.choice([*self.truth.scorecards])
        kind = self.truth.scorecards[code][0]["period"]
        start, _end = days.period_of(kind, days.local(self.truth.now_s, self.truth), self.truth)
        for _ago in range(self.random.randrange(1, 3)):
            start, _end = days.period_of(kind, start - days.DAY, self.truth)
        if (code, start.isoformat()) not in self.truth.locks and slow_scores.in_force(self.truth, code, start):
            self.tell_lock(code, start)

    def unlock(self) -> None:
        if self.truth.locks:
            code, start = self.random.choice(sorted(self.truth.locks))
            self.tell_unlock(code, date.fromisoformat(start))
