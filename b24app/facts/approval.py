"""Which values of the ledger need a second person, and what the portal says of their codes (semantics 14). Pure.

An administrator names a limit for all codes, another for single ones, and may have values of the API wait, too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from b24app.facts.rules import COUNTED, WAITING

LIMIT, OF_API, CODES = "approval_limit", "approval_of_api", "entry_codes"
"""Portal settings."""

MONEY = frozenset({"ad_spend", "cost"})
"""Codes that are amounts of money although nobody has said so."""

MARK, YES_NO = "mark", "yes_no"
SCALES = {MARK: (1, 5), YES_NO: (0, 1)}
"""The least and the greatest value of each; a yes is 1, a no 0, and nothing lies between them."""

ON_SCALE = {"mark": MARK, "kept": YES_NO}
"""Codes of the ready scorecard of quality, although nobody has said so."""

BY_PEOPLE = frozenset({"manual", "import"})


@dataclass(frozen=True, slots=True)
class Code:
    """What an administrator says of a code: its name for people, whether it is money, a limit of its own, and
    on which scale its values lie; none: any numbers."""

    name: str = ""
    is_money: bool = False
    limit: Decimal | None = None
    scale: str = ""

    def told(self) -> dict[str, Any]:
        """As it is stored."""
        limit = None if self.limit is None else str(self.limit)
        return {"name": self.name, "money": self.is_money, "limit": limit, "scale": self.scale}


@dataclass(frozen=True, slots=True)
class Approval:
    """What the portal has decided; without any limit nothing waits."""

    limit: Decimal | None = None
    of_api: bool = False
    codes: Mapping[str, Code] = field(default_factory=dict)

    def state(self, code: str, change: Decimal, origin: str) -> str:
        """Of an entry that changes the ledger by so much: above the limit it waits for a second person.

        Robots count at once whatever they say, for a workflow waits for the number.
        """
        known = self.codes.get(code)
        limit = self.limit if known is None or known.limit is None else known.limit
        asked = origin in BY_PEOPLE or (origin == "api" and self.of_api)
        return WAITING if asked and limit is not None and abs(change) > limit else COUNTED

    def limits(self) -> tuple[Mapping[str, Decimal], Decimal | None]:
        """Of single codes, and of all others."""
        own = {code: one.limit for code, one in self.codes.items() if one.limit is not None}
        return own, self.limit

    def is_money(self, code: str) -> bool:
        known = self.codes.get(code)
        return code in MONEY if known is None else known.is_money

    @property
    def money_codes(self) -> frozenset[str]:
        return frozenset(code for code in MONEY | self.codes.keys() if self.is_money(code))

    def scale(self, code: str) -> str:
        known = self.codes.get(code)
        return ON_SCALE.get(code, "") if known is None else known.scale

    def missed(self, code: str, value: Decimal) -> str | None:
        """The scale of the code, if such a value is not on it."""
        scale = self.scale(code)
        if scale not in SCALES:
            return None
        least, greatest = SCALES[scale]
        return None if value in (least, greatest) or (scale == MARK and least < value < greatest) else scale

    def name(self, code: str) -> str:
        known = self.codes.get(code)
        return (known.name if known else "") or code


def approval(settings: Mapping[str, Any]) -> Approval:
    """From the settings of a portal."""
    codes = {
        code: Code(
            str(said.get("name") or ""),
            bool(said.get("money")),
            decimal(said.get("limit")),
            str(said.get("scale") or ""),
        )
        for code, said in (settings.get(CODES) or {}).items()
    }
    return Approval(decimal(settings.get(LIMIT)), bool(settings.get(OF_API)), codes)


def decimal(text: object) -> Decimal | None:
    """None for nothing, and for what is no number."""
    try:
        found = Decimal(str(text)) if text not in (None, "") else None
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() else None
