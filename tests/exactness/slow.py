"""Every number of every scorecard, read off the truth the slow and obvious way (semantics 2 to 8).

Nothing of b24app is used: neither its SQL nor its rules. One record after the other, one person after the other.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from tests.exactness.truth import Deal, Entry, Truth

DAY = timedelta(days=1)
DAY_S = 86_400

Indicator = dict[str, Any]
Subject = tuple[str, int]
"""("employee", 7), ("department", 5), ("company", 0)."""

Key = tuple[str, str, Subject, str]
"""(scorecard, start, subject, indicator)."""


@dataclass(frozen=True)
class Read:
    """What one indicator came to; None is no data, no target."""

    value: Fraction | None
    target: Fraction | None


# --- periods


def period_of(kind: str, day: date, truth: Truth) -> tuple[date, date]:
    """The local days from the first up to, not including, the last of the period that holds the day."""
    if kind == "day":
        return day, day + DAY
    if kind == "week":
        start = day
        while start.weekday() != truth.week_start:
            start -= DAY
        return start, start + 7 * DAY
    months = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}[kind]
    start = day.replace(day=1)
    while (start.month - truth.year_start) % months:
        start = (start - DAY).replace(day=1)
    end = start
    for _month in range(months):
        end = (end + 31 * DAY).replace(day=1)
    return start, end


def midnight(day: date, truth: Truth) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(truth.zone)).timestamp())


def local(at: int, truth: Truth) -> date:
    return datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(truth.zone)).date()


def works(day: date, truth: Truth, person: int | None = None) -> bool:
    if person is not None and any(first <= day <= last for first, last in truth.absences.get(person, ())):
        return False
    if day in truth.own_days:
        return truth.own_days[day]
    return day.weekday() < 5


def working_days(start: date, end: date, truth: Truth, person: int | None = None) -> int:
    days = 0
    while start < end:
        days += works(start, truth, person)
        start += DAY
    return days


# --- facts


def rate(currency: str, day: date | None, truth: Truth) -> Fraction | None:
    if currency == truth.base:
        return Fraction(1)
    copies = sorted((kept, value) for (code, kept), value in truth.rates.items() if code == currency)
    if not copies:
        return None
    if day is None:
        return Fraction(copies[-1][1])
    known = [value for kept, value in copies if kept <= day]
    return Fraction(known[-1] if known else copies[0][1])


def in_base(amount: Decimal, deal: Deal, truth: Truth) -> Fraction | None:
    """Hundredths, half up, at the rate of the closing day, of an open deal at the latest."""
    at = rate(deal.currency, local(deal.closed_at, truth) if deal.closed_at else None, truth)
    if at is None:
        return None
    exact = Fraction(amount) * at
    cents = Decimal(exact.numerator * 100) / Decimal(exact.denominator)
    return Fraction(int(cents.quantize(Decimal(1), ROUND_HALF_UP)), 100)


def win_number(deal: Deal, truth: Truth) -> int | None:
    if not is_won(deal) or client(deal) is None:
        return None
    wins = [one for one in truth.living_deals() if is_won(one) and client(one) == client(deal)]
    return 1 + sorted((one.closed_at, one.id) for one in wins).index((deal.closed_at, deal.id))


def client(deal: Deal) -> tuple[str, int] | None:
    if deal.company:
        return "company", deal.company
    return ("contact", deal.contact) if deal.contact else None


def is_won(deal: Deal) -> bool:
    return deal.semantic == "S"


def owner(deal: Deal, by: str) -> int | None:
    match by:
        case "responsible":
            return deal.responsible
        case "created_by":
            return deal.created_by
        case "closed_by":
            return deal.closer if deal.semantic in ("S", "F") else None
    return deal.fields.get(by)


# --- conditions


def meets(deal: Deal, where: dict[str, Any], truth: Truth) -> bool:
    asked: list[bool] = []
    if where.get("category_id"):
        asked.append(deal.category in where["category_id"])
    if where.get("stage_id"):
        asked.append(deal.stage in where["stage_id"])
    if where.get("source_id"):
        asked.append(deal.source in where["source_id"])
    if where.get("product_id") or where.get("product_section_id"):
        asked.append(bool(chosen_rows(deal, where, truth)))
    asked += [
        field_meets(deal.fields.get(one["field"]), one["op"], one.get("value")) for one in where.get("fields", ())
    ]
    if where.get("any"):
        asked.append(any(meets(deal, one, truth) for one in where["any"]))
    return all(asked)


def chosen_rows(deal: Deal, where: dict[str, Any], truth: Truth) -> list[Any]:
    found = []
    for row in deal.rows:
        if where.get("product_id") and row.product not in where["product_id"]:
            continue
        if where.get("product_section_id") and not truth.sections_of(row.product) & set(where["product_section_id"]):
            continue
        found.append(row)
    return found


def field_meets(stored: Any, op: str, wanted: Any) -> bool:
    values = [] if stored is None else list(stored) if isinstance(stored, tuple) else [stored]
    if op == "empty":
        return not values
    if op == "not_empty":
        return bool(values)
    if op == "ne":
        return not values or any(value != wanted for value in values)
    if op == "not_in":
        return not values or any(value not in wanted for value in values)
    compare: dict[str, Callable[[Any], bool]] = {
        "eq": lambda value: value == wanted,
        "in": lambda value: value in wanted,
        "gt": lambda value: value > wanted,
        "gte": lambda value: value >= wanted,
        "lt": lambda value: value < wanted,
        "lte": lambda value: value <= wanted,
        "between": lambda value: wanted[0] <= value <= wanted[1],
    }
    return any(compare[op](value) for value in values)


# --- metrics


class Reader:
    """Reads one truth at one moment."""

    def __init__(self, truth: Truth) -> None:
        self.truth = truth
        self.deals = truth.living_deals()
        self.wins = {deal.id: win_number(deal, truth) for deal in self.deals}
        self.amounts = {deal.id: in_base(deal.amount, deal, truth) for deal in self.deals}

    def value(
        self, indicator: Indicator, span: tuple[int, int], people: Collection[int] | None, departments: Collection[int]
    ) -> tuple[Fraction | None, int]:
        """The value of people (None: everybody) and of the departments' own entries; and of how many facts it is."""
        metric, options = indicator["metric"], indicator.get("options", {})
        where, by = indicator.get("where", {}), indicator.get("owner", "responsible")
        start, end = span

        def deals(date: Callable[[Deal], int | None], by_: str = by) -> list[Deal]:
            return [
                deal
                for deal in self.deals
                if (at := date(deal)) is not None
                and start <= at < end
                and (people is None or owner(deal, by_) in people)
                and meets(deal, where, self.truth)
            ]

        def created(deal: Deal) -> int | None:
            return deal.created_at

        def closed(deal: Deal) -> int | None:
            return deal.closed_at

        def amount(those: Iterable[Deal]) -> Fraction:
            return sum((self.worth(deal, where) for deal in those), Fraction(0))

        won = [deal for deal in deals(closed) if is_won(deal)]
        lost = [deal for deal in deals(closed) if deal.semantic == "F"]
        match metric:
            case "deals_created":
                return count(deals(created))
            case "deals_created_amount":
                return amount(deals(created)), len(deals(created))
            case "deals_won":
                return count(won)
            case "deals_lost":
                return count(lost)
            case "deals_won_amount":
                return amount(won), len(won)
            case "average_deal":
                return ratio(amount(won), len(won)), len(won)
            case "new_clients":
                return count([deal for deal in won if self.wins[deal.id] == 1])
            case "repeat_sales" | "repeat_sales_amount":
                repeat = [deal for deal in won if (self.wins[deal.id] or 0) > 1]
                if options.get("mode") == "flag":
                    repeat = [deal for deal in won if deal.is_return]
                return count(repeat) if metric == "repeat_sales" else (amount(repeat), len(repeat))
            case "average_days_to_close":
                seconds = [deal.closed_at - deal.created_at for deal in won if deal.closed_at >= deal.created_at]
                if not seconds:
                    return None, 0
                middle = Fraction(median(map(Fraction, seconds))) if options.get("stat") == "median" else None
                return (middle or Fraction(sum(seconds), len(seconds))) / DAY_S, len(seconds)
            case "deal_conversion":
                return self.conversion(options, deals, won, lost, span, created)
            case "stage_entered":
                entered = self.entered(lambda move: move.stage in options["stages"], where, span, people)
                return count(entered)
            case "return_share":
                if options.get("code"):
                    back, facts = self.entries({"code": options["code"]}, span, people, departments)
                    above = back or Fraction(0)
                else:
                    back_deals = self.entered(
                        lambda move: (
                            move.category in options.get("category_id", ()) or move.stage in options.get("stage_id", ())
                        ),
                        where, span, people,
                    )  # fmt: skip
                    above, facts = Fraction(len(back_deals)), len(back_deals)
                return ratio(100 * above, len(won)), facts + len(won)
            case "entries":
                return self.entries(options, span, people, departments)
        raise AssertionError(f"the slow reading does not know {metric}")

    def worth(self, deal: Deal, where: dict[str, Any]) -> Fraction:
        if not (where.get("product_id") or where.get("product_section_id")):
            return self.amounts[deal.id] or Fraction(0)
        rows = [in_base(row.price * row.quantity, deal, self.truth) for row in chosen_rows(deal, where, self.truth)]
        return sum((row for row in rows if row is not None), Fraction(0))

    def conversion(
        self,
        options: dict[str, Any],
        deals: Callable[..., list[Deal]],
        won: list[Deal],
        lost: list[Deal],
        span: tuple[int, int],
        created: Callable[[Deal], int | None],
    ) -> tuple[Fraction | None, int]:
        now, stale_s = self.truth.now_s, options.get("stale_days", 0) * DAY_S

        def is_stale(deal: Deal) -> bool:
            return bool(stale_s) and deal.semantic == "P" and deal.updated_at + stale_s <= now

        made = deals(created)
        match options.get("mode", "period"):
            case "period":
                stale = []
                if stale_s:
                    stale = [
                        one for one in deals(lambda deal: deal.updated_at + stale_s, "responsible") if is_stale(one)
                    ]
                decided = len(won) + len(lost) + len(stale)
                return ratio(Fraction(100 * len(won)), decided), decided
            case "cohort":
                return ratio(Fraction(100 * sum(map(is_won, made))), len(made)), len(made)
            case "resolved":
                decided = [deal for deal in made if deal.semantic in ("S", "F") or is_stale(deal)]
                return ratio(Fraction(100 * sum(map(is_won, decided))), len(decided)), len(decided)
            case "window":
                window = options["days"] * DAY_S
                ripe = [deal for deal in made if deal.created_at + window <= now]
                good = [deal for deal in ripe if is_won(deal) and deal.closed_at <= deal.created_at + window]
                return ratio(Fraction(100 * len(good)), len(ripe)), len(ripe)
        raise AssertionError(options)

    def entered(
        self,
        chosen: Callable[[Any], bool],
        where: dict[str, Any],
        span: tuple[int, int],
        people: Collection[int] | None,
    ) -> list[Deal]:
        return [
            deal
            for deal in self.deals
            if (people is None or deal.responsible in people)
            and meets(deal, where, self.truth)
            and any(chosen(move) and span[0] <= move.at < span[1] for move in deal.moves)
        ]

    def entries(
        self,
        options: dict[str, Any],
        span: tuple[int, int],
        people: Collection[int] | None,
        departments: Collection[int],
    ) -> tuple[Fraction | None, int]:
        def is_ours(entry: Entry) -> bool:
            if people is None:
                return True
            return entry.employee in people if entry.employee is not None else entry.department in departments

        found = [
            entry
            for entry in self.truth.entries
            if not entry.undone and entry.code == options["code"] and span[0] <= entry.at < span[1] and is_ours(entry)
        ]
        found.sort(key=lambda entry: (entry.at, entry.id))
        aggregate = options.get("aggregate", "sum")
        if aggregate == "count":
            return Fraction(len(found)), len(found)
        if not found:
            return None, 0
        if aggregate != "sum":
            values = [Fraction(entry.value) for entry in found]
            answers = {"last": values[-1], "mean": sum(values) / len(values), "min": min(values), "max": max(values)}
            return answers[aggregate], 1 if aggregate == "last" else len(values)
        holders = {(entry.employee, entry.department if entry.employee is None else None) for entry in found}
        counted: list[Entry] = []
        for holder in holders:
            mine = [one for one in found if (one.employee, one.department if one.employee is None else None) == holder]
            sets = [place for place, entry in enumerate(mine) if entry.kind == "set"]
            counted += mine[sets[-1] :] if sets else mine
        return sum((Fraction(entry.value) for entry in counted), Fraction(0)), len(counted)

    def is_absent(self, indicator: Indicator, span: tuple[int, int], person: int) -> bool:
        """No fact of the entity at all, by the metric's own date and owner, whatever the conditions (4.1)."""
        by = indicator.get("owner", "responsible")
        metric = indicator["metric"]
        if metric == "stage_entered":
            return not any(
                span[0] <= move.at < span[1] for one in self.deals if one.responsible == person for move in one.moves
            )
        date = (lambda deal: deal.created_at) if metric.startswith("deals_created") else (lambda deal: deal.closed_at)
        return not any(
            owner(deal, by) == person and (at := date(deal)) is not None and span[0] <= at < span[1]
            for deal in self.deals
        )


def count(those: Sequence[object]) -> tuple[Fraction, int]:
    return Fraction(len(those)), len(those)


def ratio(above: Fraction, below: int) -> Fraction | None:
    return above / below if below else None


ADDITIVE = {
    "deals_created", "deals_created_amount", "deals_won", "deals_lost", "deals_won_amount", "new_clients",
    "repeat_sales", "repeat_sales_amount", "stage_entered",
}  # fmt: skip


def is_additive(indicator: Indicator) -> bool:
    if indicator["metric"] == "entries":
        return indicator["options"].get("aggregate", "sum") in ("sum", "count")
    return indicator["metric"] in ADDITIVE


# --- people, targets, scores


def read_everything(
    truth: Truth, also: Collection[tuple[str, str]]
) -> tuple[dict[Key, Read], dict[tuple[str, str, Subject], Fraction | None]]:
    """Every result and every score of every period since the first fact, and of those that somebody looked at earlier.

    `also` are (scorecard, start) of the latter: the period before the first fact is shown, too.
    """
    reader = Reader(truth)
    results: dict[Key, Read] = {}
    scores: dict[tuple[str, str, Subject], Fraction | None] = {}
    today = local(truth.now_s, truth)
    for code, versions in truth.scorecards.items():
        kind, effective = versions[0]["period"], date.fromisoformat(versions[0]["effective_from"])
        days = [date.fromisoformat(start) for one, start in also if one == code]
        start, end = period_of(kind, max(min([truth.first_day(), today, *days]), effective), truth)
        while start <= today:
            document = [one for one in versions if one["effective_from"] <= start.isoformat()]
            if document:
                _read_period(reader, document[-1], (start, end), results, scores)
            start, end = period_of(kind, end, truth)
    return results, scores


def _read_period(
    reader: Reader,
    document: dict[str, Any],
    days: tuple[date, date],
    results: dict[Key, Read],
    scores: dict[tuple[str, str, Subject], Fraction | None],
) -> None:
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
                value = _value(reader, indicator, subject, span, at)
            target = target_of(indicator, subject, document, days, at, people, truth)
            read = named[indicator["code"]] = Read(value, target)
            results[code, start.isoformat(), subject, indicator["code"]] = read
            reached.append((Fraction(str(indicator["weight"])), read, indicator))
        scores[code, start.isoformat(), subject] = score(document, reached)


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


def _value(reader: Reader, indicator: Indicator, subject: Subject, span: tuple[int, int], at: int) -> Fraction | None:
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
