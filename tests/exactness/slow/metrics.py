"""What an indicator comes to for some people in a span of time."""

from collections.abc import Callable, Collection, Iterable, Sequence
from fractions import Fraction
from statistics import median
from typing import Any

from tests.exactness.slow.days import DAY_S
from tests.exactness.slow.deals import chosen_rows, in_base, is_won, meets, owner, parts, win_number
from tests.exactness.truth import Deal, Entry, Truth

Indicator = dict[str, Any]


class Reader:
    """Reads one truth at one moment: now, or as if it were still then."""

    def __init__(self, truth: Truth, now_s: int | None = None) -> None:
        self.truth = truth
        self.now_s = truth.now_s if now_s is None else now_s
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
        if by == "shared":
            return self.shared(indicator, span, people)

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

    def shared(
        self, indicator: Indicator, span: tuple[int, int], people: Collection[int] | None
    ) -> tuple[Fraction | None, int]:
        """By split credit: of each deal the part that is these people's, and of its amount."""
        made = self.parts(lambda deal: deal.created_at, indicator, span, people)
        closed = self.parts(lambda deal: deal.closed_at, indicator, span, people)
        match indicator["metric"]:
            case "deals_lost":
                lost = [part for deal, part, _amount in closed if deal.semantic == "F"]
                return sum(lost, Fraction(0)), len(lost)
            case "repeat_sales_amount":
                again = [amount for deal, _part, amount in closed if is_won(deal) and (self.wins[deal.id] or 0) > 1]
                return sum(again, Fraction(0)), len(again)
            case "deal_conversion" if indicator["options"] == {"mode": "cohort"}:
                won = sum((part for deal, part, _amount in made if is_won(deal)), Fraction(0))
                all_of_them = sum((part for _deal, part, _amount in made), Fraction(0))
                return 100 * won / all_of_them if all_of_them else None, len(made)
        raise AssertionError(f"the slow reading does not know {indicator} by split credit")

    def parts(
        self,
        date: Callable[[Deal], int | None],
        indicator: Indicator,
        span: tuple[int, int],
        people: Collection[int] | None,
    ) -> list[tuple[Deal, Fraction, Fraction]]:
        return [
            (deal, part, amount)
            for deal in self.deals
            if (at := date(deal)) is not None and span[0] <= at < span[1]
            if meets(deal, indicator.get("where", {}), self.truth)
            for whose, (part, amount) in parts(deal, self.amounts[deal.id]).items()
            if people is None or whose in people
        ]

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
        now, stale_s = self.now_s, options.get("stale_days", 0) * DAY_S

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
            (person in parts(deal, None) if by == "shared" else owner(deal, by) == person)
            and (at := date(deal)) is not None
            and span[0] <= at < span[1]
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
