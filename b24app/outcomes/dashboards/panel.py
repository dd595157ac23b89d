"""What stands beside a number, as plain view models: why it is what it is, what moved it, and its lock. Pure.

`explain.py` and `history.py` fill them; sentences are in the viewer's language.
"""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from b24app.outcomes.dashboards.rules import Number, Row
from b24app.periods.rules import Period
from b24app.portal.rules import Subject


@dataclass(frozen=True, slots=True)
class WhyShare:
    """Somebody's part of a deal by split credit; amounts in the base currency, None where money is hidden."""

    percent: Fraction
    amount: Number | None
    whole: Number | None


@dataclass(frozen=True, slots=True)
class WhyFact:
    """One record a number was made of (or nearly)."""

    entity: str
    id: int
    title: str
    number: Fraction | None
    """What was aggregated, in the indicator's unit."""
    amount: Fraction | None
    amount_original: Fraction | None
    currency: str | None
    rate: str | None
    date: datetime | None
    owner_name: str
    portal_path: str | None
    """Path of the record's page in the portal, None when it has none."""
    part: str
    """numerator | denominator | value"""
    reason: str | None = None
    """Not counted: why, as a sentence."""
    share: WhyShare | None = None
    """What part of it counts, where deals are counted by split credit."""


@dataclass(frozen=True, slots=True)
class WhyOperand:
    """One number that a formula was computed from."""

    name: str
    number: Number | None
    """None: an amount of money that is hidden from the viewer."""
    indicator: str | None
    """The code of the indicator it is of, whose own Why tells more."""


@dataclass(frozen=True, slots=True)
class Question:
    """Which number is asked for; `cursor` is what an earlier answer gave to go on with."""

    scorecard: str
    indicator: str
    subject: Subject
    period: Period
    cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """What every side of a number has; `next_cursor` asks for the rows behind those shown."""

    subject: Subject
    subject_name: str
    scorecard_code: str
    period: Period
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Why(Panel):
    """A number taken apart: the rule, the arithmetic, the records."""

    row: Row
    rule: str
    steps: tuple[str, ...]
    """How the value came about, one sentence or equation each."""
    numerator: Number | None
    denominator: Number | None
    facts: tuple[WhyFact, ...]
    total: int
    hidden: int
    """Records of people the viewer may not see; they are in the value, not in `facts`."""
    attainment_steps: tuple[str, ...]
    """How the value became the attainment and its part of the score."""
    formula: str | None = None
    """As it was written; `operands` are the numbers it names."""
    operands: tuple[WhyOperand, ...] = ()
    forecast_step: str | None = None
    """How the value became the forecast; None where that is the value itself, or there is none."""
    of_lock: bool | None = None
    """Of a locked period: whether `facts` are as they were counted then, or as they are today."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCounted(Panel):
    """Records that nearly counted, each with its reason."""

    row: Row
    facts: tuple[WhyFact, ...]
    total: int
    hidden: int


@dataclass(frozen=True, slots=True)
class Held:
    """The lock of a page's period. Empty when nothing is to be said of it."""

    at: datetime | None = None
    """When it was locked; None when it is not."""
    by: str = ""
    """Who locked it; empty when it came by itself."""
    late: int = 0
    """How many records changed since that concern whom the page is about."""
    subject: Subject | None = None
    """Whose these records can be listed for."""
    differs: tuple[Period, ...] = ()
    """Locked periods within this one from which it differs, because their records changed since."""
    may_lock: bool = False
    may_unlock: bool = False


@dataclass(frozen=True, slots=True)
class RecordLink:
    """A record that moved a number. `title` None: of a person the viewer may not see."""

    title: str | None
    portal_path: str | None = None


@dataclass(frozen=True, slots=True)
class LateRow:
    record: RecordLink
    indicators: tuple[str, ...]
    """The names of those it would have moved."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LateRecords(Panel):
    """The records that changed after a period was locked."""

    locked_at: datetime
    by: str
    rows: tuple[LateRow, ...]


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """From what to what a number or its target went, and why."""

    at: datetime
    before: Number
    after: Number
    target_before: Number
    target_after: Number
    value_moved: bool
    target_moved: bool
    cause: str
    """As a sentence in the viewer's language."""
    by: str
    """Who did it; empty where nobody is known."""
    records: tuple[RecordLink, ...]
    more: int
    """How many records did it beside these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes(Panel):
    """The history of one number, the latest change first."""

    row: Row
    changes: tuple[ChangeRow, ...]
    is_hidden: bool
    """The numbers are money, which the viewer may not see."""
    is_kept: bool
    """False for a period that is not the scorecard's own: it is computed when asked and has no history."""
