"""Targets, attainments and scores of everybody: in a period, or in all of them."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from tests.exactness.slow.days import DAY, local, midnight, period_of, working_days, works
from tests.exactness.slow.metrics import Indicator, Reader, is_additive
from tests.exactness.truth import Read, Subject, Truth


@dataclass
class Numbers:
    """Results by (scorecard, start, subject, indicator), scores by (scorecard, start, subject)."""

    results: dict[tuple[str, str, Subject, str], Read] = field(default_factory=dict)
    scores: dict[tuple[str, str, Subject], Fraction | None] = field(default_factory=dict)

    @property
    def all(self) -> dict[tuple[Any, ...], tuple[Fraction | None, Fraction | None]]:
        """As `compare.stored` tells them."""
        return {
            **{key: (read.value, read.target) for key, read in self.results.items()},
            **{(*key, ""): (value, None) for key, value in self.scores.items()},
        }


def read_everything(truth: Truth, also: Collection[tuple[str, str]]) -> Numbers:
    """Every result and every score of every period since the first fact, and of those that somebody looked at earlier.

    `also` are (scorecard, start) of the latter: the period before the first fact is shown, too. Locked periods are as
    they were.
    """
    reader, found = Reader(truth), Numbers()
    today = local(truth.now_s, truth)
    for code, versions in truth.scorecards.items():
        kind, effective = versions[0]["period"], date.fromisoformat(versions[0]["effective_from"])
        days = [date.fromisoformat(start) for one, start in also if one == code]
        start, end = period_of(kind, max(min([truth.first_day(), today, *days]), effective), truth)
        while start <= today:
            lock = truth.locks.get((code, start.isoformat()))
            document = in_force(truth, code, start)
            if lock:
                found.results.update({(code, start.isoformat(), *key): read for key, read in lock.results.items()})
                found.scores.update({(code, start.isoformat(), of): value for of, value in lock.scores.items()})
            elif document:
                read_period(reader, document, (start, end), found)
            start, end = period_of(kind, end, truth)
    return found


def in_force(truth: Truth, code: str, start: date) -> dict[str, Any] | None:
    """The document of the last version that was effective as a period began."""
    found = [one for one in truth.scorecards[code] if one["effective_from"] <= start.isoformat()]
    return found[-1] if found else None


def read_period(reader: Reader, document: dict[str, Any], days: tuple[date, date], found: Numbers) -> None:
    """Everybody in one period, into `found`."""
    truth, (start, end), code = reader.truth, days, document["code"]
    span = midnight(start, truth), midnight(end, truth)
    at = min(span[1] - 1, truth.now_s)
    people = scored(document, at, span, truth)
    groups = {unit for person in people for unit in truth.units_above(truth.place(person, at))}
    subjects: list[Subject] = [
        ("company", 0),
        *(("employee", one) for one in people),
        *(("department", one) for one in groups),
    ]
    for subject in subjects:
        reached: list[tuple[Fraction, Read, Indicator]] = []
        named: dict[str, Read] = {}
        for indicator in document["indicators"]:
            if indicator["metric"] == "formula":
                value = FORMULAS[indicator["formula"]](named)
            else:
                value = value_of(reader, indicator, subject, span, at)
            target = target_of(indicator, subject, document, days, at, people, truth)
            read = named[indicator["code"]] = Read(value, target)
            found.results[code, start.isoformat(), subject, indicator["code"]] = read
            reached.append((Fraction(str(indicator["weight"])), read, indicator))
        found.scores[code, start.isoformat(), subject] = score(document, reached)


def _mix(named: dict[str, Read]) -> Fraction | None:
    won, revenue, new = named["won"].value, named["revenue"].value, named["new"].target
    if won is None:
        return None
    if won <= 1:
        return Fraction(7)
    return None if revenue is None or new is None else revenue / won - new / 2


FORMULAS: dict[str, Callable[[dict[str, Read]], Fraction | None]] = {
    "IF(won > 1; revenue / won - new.target * 0,5; 7)": _mix,
}
"""The formulas of the cards, written down once more; their indicators stand behind those they name."""


def scored(document: dict[str, Any], at: int, span: tuple[int, int], truth: Truth) -> set[int]:
    """The people of the card at the period's last instant: active, or dismissed during the period."""
    subjects, chosen = document["subjects"], set()
    for person in truth.people:
        units = truth.units_above(truth.place(person, at))
        is_in = person in subjects.get("employees", ()) or units & set(subjects.get("departments", ()))
        out = subjects.get("exclude", {})
        is_out = person in out.get("employees", ()) or units & set(out.get("departments", ()))
        if is_in and not is_out and (truth.is_active(person, at) or truth.left_within(person, span)):
            chosen.add(person)
    return chosen


def value_of(reader: Reader, indicator: Indicator, subject: Subject, span: tuple[int, int], at: int) -> Fraction | None:
    truth, (kind, id) = reader.truth, subject
    if kind == "company":
        value, facts = reader.value(indicator, span, None, ())
    elif kind == "employee":
        value, facts = reader.value(indicator, span, {id}, ())
        down = (
            indicator.get("direction", "up") == "down" and is_additive(indicator) and indicator["metric"] != "entries"
        )
        if down and reader.is_absent(indicator, span, id):
            value = None
            if indicator.get("empty") == "zero":
                return Fraction(0)
    else:
        below = truth.units_below(id)
        members = {person for person in truth.people if set(truth.place(person, at)) & below}
        value, facts = reader.value(indicator, span, members, below)
    if value is None:
        return Fraction(0) if indicator.get("empty") == "zero" else None
    if facts == 0 and indicator.get("empty") == "no_data":
        return None
    return value


def target_of(
    indicator: Indicator,
    subject: Subject,
    document: dict[str, Any],
    days: tuple[date, date],
    at: int,
    people: Collection[int],
    truth: Truth,
) -> Fraction | None:
    start, end = days
    kind, id = subject
    if not working_days(start, end, truth, id if kind == "employee" else None):
        return None
    for key in (start.isoformat(), None):
        own = truth.targets.get((document["code"], indicator["code"], subject, key))
        if own is not None:
            whole = Fraction(own)
            return whole * share_worked(id, days, truth) if _prorated(document, indicator, kind, key) else whole
    if kind == "employee":
        return default_target(indicator, document, id, days, truth)
    below = truth.units_below(id) if kind == "department" else None
    asked = [
        person
        for person in people
        if truth.is_active(person, at) and (below is None or set(truth.place(person, at)) & below)
    ]
    known = [
        target
        for person in asked
        if (target := target_of(indicator, ("employee", person), document, days, at, people, truth)) is not None
    ]
    if not known:
        return None
    total = sum(known, Fraction(0))
    return total if is_additive(indicator) else total / len(known)


def _prorated(document: dict[str, Any], indicator: Indicator, kind: str, key: str | None) -> bool:
    """Somebody's own repeating target is for a whole period; one set for the period itself is as it was set."""
    return bool(document.get("prorate")) and is_additive(indicator) and kind == "employee" and key is None


def default_target(
    indicator: Indicator, document: dict[str, Any], person: int, days: tuple[date, date], truth: Truth
) -> Fraction | None:
    if indicator.get("target") is None:
        return None
    whole = Fraction(str(indicator["target"]))
    if indicator.get("target_per") == "working_day":
        return whole * working_days(*days, truth, person)
    if document.get("prorate") and is_additive(indicator):
        return whole * share_worked(person, days, truth)
    return whole


def share_worked(person: int, days: tuple[date, date], truth: Truth) -> Fraction:
    """Worked days of the working days: not away, and on the staff at the day's beginning or later that day."""
    day, worked = days[0], 0
    while day < days[1]:
        worked += works(day, truth, person) and truth.is_employed_on(person, day, lambda one: midnight(one, truth))
        day += DAY
    return Fraction(worked, working_days(*days, truth))


def attainment(value: Fraction, target: Fraction, indicator: Indicator) -> Fraction | None:
    if target <= 0:
        return None
    cap = Fraction(str(indicator.get("cap", 150)))
    if indicator.get("direction", "up") == "up":
        raw = 100 * value / target
    elif value <= 0:
        return cap
    else:
        raw = 100 * target / value
    floor = indicator.get("floor")
    if floor is not None and raw < Fraction(str(floor)):
        return Fraction(0)
    return min(max(raw, Fraction(0)), cap)


def score(document: dict[str, Any], reached: Sequence[tuple[Fraction, Read, Indicator]]) -> Fraction | None:
    total = weights = Fraction(0)
    for weight, read, indicator in reached:
        if read.target is None:
            continue
        counted = None if read.value is None else attainment(read.value, read.target, indicator)
        if counted is None and read.value is None and document.get("missing") == "zero":
            counted = Fraction(0)
        if counted is not None:
            total += weight * counted
            weights += weight
    return total / weights if weights else None
