"""How a deal is divided between people, so that their parts are the deal again: to the millionth and to the cent. Pure.

A deal that nobody divided counts whole for whoever closed it, and while it is open for its responsible. Fields of deals
may say who else gets a part (`FieldRule`); what somebody says by hand goes before that.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from b24app.facts.money import plain

WHOLE = 1_000_000
"""A deal in millionths of itself (architecture, decision 2)."""
A_PERCENT = WHOLE // 100
PERCENT = 100
"""A field that holds 40 keeps 40 000 000, which are 400 000 millionths of a deal."""


@dataclass(frozen=True, slots=True, order=True)
class Share:
    """What part of a deal counts for an employee, in millionths of it."""

    employee_id: int
    share: int


@dataclass(frozen=True, slots=True, order=True)
class Credit(Share):
    """The same as it counts; `amount` is that part of the deal's, in hundredths, None where the deal has none."""

    amount: int | None
    by_hand: bool = True
    """Somebody divided the deal; otherwise fields of it did."""


def credits(shares: Iterable[Share], amount: int | None, *, by_hand: bool = True) -> tuple[Credit, ...]:
    """The shares with their parts of an amount, in the order of the people's ids."""
    ordered = sorted(shares)
    parts = [None] * len(ordered) if amount is None else divided(amount, [one.share for one in ordered])
    return tuple(Credit(one.employee_id, one.share, part, by_hand) for one, part in zip(ordered, parts, strict=True))


def divided(amount: int, shares: Sequence[int]) -> list[int]:
    """Whole parts of a whole amount that come to it exactly: each rounded down, and what is left goes one by one to
    those that lost most by it, of equal ones to the first."""
    parts = [amount * share // WHOLE for share in shares]
    lost = [amount * share % WHOLE for share in shares]
    left = amount - sum(parts)
    for place in sorted(range(len(shares)), key=lambda place: (-lost[place], place))[:left]:
        parts[place] += 1
    return parts


SETTING = "credit_fields"
"""The portal's setting that holds the rules."""


@dataclass(frozen=True, slots=True)
class FieldRule:
    """The employee in the field `person` gets a part of the deal: always the same `share`, or as many percent as the
    number field `percent` says. The rest stays with whoever the deal counts for without it."""

    person: str
    share: int | None = None
    percent: str | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        return (self.person,) if self.percent is None else (self.person, self.percent)

    def told(self) -> dict[str, Any]:
        """As it is stored: people read it in the audit log."""
        if self.share is None:
            return {"person": self.person, "percent_field": self.percent}
        return {"person": self.person, "percent": plain(Decimal(self.share) / A_PERCENT)}


def rules_of(settings: Mapping[str, Any]) -> tuple[FieldRule, ...]:
    return tuple(map(_rule, settings.get(SETTING) or ()))


def _rule(told: Mapping[str, Any]) -> FieldRule:
    if "percent" in told:
        return FieldRule(told["person"], share=int(Decimal(told["percent"]) * A_PERCENT))
    return FieldRule(told["person"], percent=told["percent_field"])


class Value(Protocol):
    """What is kept of a field of a deal: the employee it names, or its number in millionths."""

    @property
    def field(self) -> str: ...

    @property
    def place(self) -> int: ...

    @property
    def ref(self) -> int | None: ...

    @property
    def num(self) -> int | None: ...


def by_fields(rules: Iterable[FieldRule], values: Iterable[Value], whole_for: int | None) -> tuple[Share, ...]:
    """Nothing where the fields give nobody else a part, where they give more than there is, and where the rest would be
    nobody's."""
    first = {one.field: one for one in values if one.place == 0}
    given: dict[int, int] = {}
    for rule in rules:
        person, number = first.get(rule.person), first.get(rule.percent or "")
        share = rule.share if rule.percent is None else number and number.num and number.num // PERCENT
        if person and person.ref and share and share > 0:
            given[person.ref] = given.get(person.ref, 0) + share
    rest = WHOLE - sum(given.values())
    if not given or rest < 0 or (rest and whole_for is None):
        return ()
    if rest and whole_for is not None:
        given[whole_for] = given.get(whole_for, 0) + rest
    return () if given.keys() == {whole_for} else tuple(Share(id, share) for id, share in sorted(given.items()))


def credited(
    before: tuple[Credit, ...],
    rules: Iterable[FieldRule],
    values: Iterable[Value],
    whole_for: int | None,
    amount: int | None,
) -> tuple[Credit, ...]:
    """Between whom a deal is divided now: as somebody said by hand, else as its fields say."""
    if before and before[0].by_hand:
        return credits(before, amount)
    return credits(by_fields(rules, values, whole_for), amount, by_hand=False)


def owners(credits: Sequence[Share], closed_by_id: int | None, responsible_id: int | None) -> tuple[int | None, ...]:
    """Whom a deal counts for by `shared`."""
    if credits:
        return tuple(one.employee_id for one in credits)
    return (responsible_id if closed_by_id is None else closed_by_id,)
