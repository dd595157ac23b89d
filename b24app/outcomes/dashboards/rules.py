"""What the screens show, as plain view models. `queries.py` fills them, `explain.py` fills `Why`.

Numbers stay exact (`Fraction`) and are formatted by templates; sentences are in the viewer's language.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from b24app.periods.rules import Kind, Period
from b24app.portal.rules import Subject
from b24app.scores.rules import Zones, in_size


@dataclass(frozen=True, slots=True)
class Number:
    """A quantity with its unit: money | count | percent | days | hours | number. `value` None = no data, never zero."""

    value: Fraction | None
    unit: str
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """One earlier period of a row's sparkline, oldest first."""

    period: Period
    value: Fraction | None
    target: Fraction | None


@dataclass(frozen=True, slots=True)
class Row:
    """One indicator of one subject in one period."""

    code: str
    name: str
    rule: str
    """What is counted, as a sentence in the viewer's language."""
    number: Number
    target: Number | None
    attainment: Fraction | None
    """Percent that went into the score: floored, capped, stepped."""
    attainment_raw: Fraction | None
    """Percent before floor, cap and steps."""
    weight: Decimal
    zone: str
    """done | close | behind | none"""
    direction: str
    """up | down"""
    expected_share: Fraction | None
    """The pace mark: the share (0..1) of the target expected by today; None when there is no pace."""
    forecast: Number | None
    needed_per_day: Number | None
    to_go: Number | None
    """What is missing to the target; None once it is reached or when there is no target."""
    at_risk: bool
    small_sample: bool
    """A ratio over fewer than 10 records."""
    reason: str | None
    """Why there is no data, as a sentence; None when there is data."""
    facts: int
    capped: bool = False
    """The cap cut the attainment: show `attainment_raw` and mark it."""
    target_people: tuple[int, int] | None = None
    """(3, 5): the target is made of the targets of 3 of 5 people."""
    history: tuple[Point, ...] = ()
    before: Number | None = None
    """The value of the period before; None when it is not known."""
    change: Number | None = None
    """What is more (or less) than before: of the value, and while the period is open of the forecast."""

    @property
    def trend(self) -> str:
        """more | less | same, empty when it cannot be told."""
        if self.change is None or self.change.value is None:
            return ""
        return "more" if self.change.value > 0 else "less" if self.change.value < 0 else "same"


@dataclass(frozen=True, slots=True)
class Card:
    """My KPI: one subject, one scorecard, one period."""

    subject: Subject
    subject_name: str
    photo_url: str | None
    scorecard_code: str | None
    """None: no scorecard applies to the subject; then there are no rows."""
    scorecard_name: str
    scorecards: tuple[tuple[str, str], ...]
    """(code, name) of every scorecard of the subject in this period, to choose from."""
    period: Period
    previous: Period | None
    following: Period | None
    """None when it would begin in the future."""
    period_kinds: tuple[Kind, ...]
    own_kind: Kind | None
    score: Fraction | None
    zone: str
    rank: int | None
    ranked: int
    preliminary: bool
    rows: tuple[Row, ...]
    working_days_left: int
    complete: bool
    """False while the first sync runs: numbers may still grow."""
    computed_at: datetime | None
    is_open: bool
    headline: Row | None
    """The indicator that is worth a sentence on top: the heaviest one still to reach."""
    zones: Zones = field(default_factory=Zones)


@dataclass(frozen=True, slots=True)
class TeamRow:
    """One person, department or the company in the table; `cells` in the order of `Team.indicators`."""

    subject: Subject
    name: str
    photo_url: str | None
    score: Fraction | None
    zone: str
    rank: int | None
    preliminary: bool
    at_risk: bool
    cells: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Team:
    department: int | None
    """None: everybody the viewer may see."""
    department_name: str
    departments: tuple[tuple[int, str, int], ...]
    """(id, name, depth) of the departments the viewer may choose, in the order of the tree."""
    scorecard_code: str | None
    scorecard_name: str
    scorecards: tuple[tuple[str, str], ...]
    period: Period
    previous: Period | None
    following: Period | None
    period_kinds: tuple[Kind, ...]
    own_kind: Kind | None
    indicators: tuple[tuple[str, str, str], ...]
    """(code, name, unit)"""
    people: tuple[TeamRow, ...]
    """In the order asked for; of a long list the first ones."""
    departments_rows: tuple[TeamRow, ...]
    total: TeamRow | None
    """The chosen department, or the company."""
    ranked: int
    working_days_left: int
    complete: bool
    computed_at: datetime | None
    is_open: bool
    zones: Zones = field(default_factory=Zones)
    found: int = 0
    """How many people have the name looked for; `people` are the first of them."""
    everybody: int = 0
    """How many people there are, whatever name is looked for."""
    at_risk: int = 0
    """How many of everybody are at risk."""
    subjects: tuple[Subject, ...] = ()
    """Everybody, shown or not, where no total stands for them."""


def in_order(people: Iterable[TeamRow], sort: str) -> tuple[TeamRow, ...]:
    """As the reader wants them: best first, by name, else those at risk first and then the lowest score first.

    Nobody is first without a score.
    """
    match sort:
        case "score":
            return tuple(
                sorted(people, key=lambda row: (row.score is None, in_size(-(row.score or Fraction(0))), row.name))
            )
        case "name":
            return tuple(sorted(people, key=lambda row: row.name.casefold()))
        case _:
            return tuple(
                sorted(people, key=lambda row: (not row.at_risk, row.score is None, in_size(row.score), row.name))
            )


def named_like(people: Iterable[TeamRow], text: str) -> tuple[TeamRow, ...]:
    """Those in whose names every word of the text is found, however it is written."""
    words = _plainly(text).split()
    return tuple(row for row in people if all(word in _plainly(row.name) for word in words))


def _plainly(text: str) -> str:
    """As people type it: without capitals, and Russian without the dots of \N{CYRILLIC SMALL LETTER IO}."""
    return text.casefold().replace("\N{CYRILLIC SMALL LETTER IO}", "\N{CYRILLIC SMALL LETTER IE}")


@dataclass(frozen=True, slots=True)
class DepartmentRow:
    """One department of the company; `shares` in the order of `row.cells`."""

    row: TeamRow
    depth: int
    shares: tuple[Fraction | None, ...]
    """Percent of the company's value; None where parts do not add up: ratios, means, a company without a value."""


@dataclass(frozen=True, slots=True)
class Others:
    """What of the company's value belongs to nobody in its departments."""

    name: str
    number: Number
    share: Fraction | None
    facts: int


@dataclass(frozen=True, slots=True)
class Series:
    """One indicator of one subject over the periods of `Dynamics`; None where nothing is known."""

    subject: Subject
    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Dynamics:
    code: str
    name: str
    unit: str
    currency: str | None
    company: Series
    departments: tuple[Series, ...]


@dataclass(frozen=True, slots=True)
class Company:
    """One level up from a team: the whole, its departments, and how an indicator went."""

    scorecard_code: str | None
    scorecard_name: str
    scorecards: tuple[tuple[str, str], ...]
    period: Period
    previous: Period | None
    following: Period | None
    period_kinds: tuple[Kind, ...]
    own_kind: Kind | None
    indicators: tuple[tuple[str, str, str], ...]
    """(code, name, unit)"""
    total: TeamRow | None
    departments: tuple[DepartmentRow, ...]
    """In the order of the tree; without those that hold nobody the scorecard scores."""
    others: tuple[Others, ...]
    dynamics: Dynamics | None
    """None where the period is not one of the scorecard's own kind: only those are stored."""
    working_days_left: int
    complete: bool
    computed_at: datetime | None
    is_open: bool
    zones: Zones = field(default_factory=Zones)


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


@dataclass(frozen=True, slots=True)
class WhyOperand:
    """One number that a formula was computed from."""

    name: str
    number: Number | None
    """None: an amount of money that is hidden from the viewer."""
    indicator: str | None
    """The code of the indicator it is of, whose own Why tells more."""


@dataclass(frozen=True, slots=True)
class Why:
    """A number taken apart: the rule, the arithmetic, the records."""

    subject: Subject
    subject_name: str
    scorecard_code: str
    period: Period
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
    next_cursor: str | None
    attainment_steps: tuple[str, ...]
    """How the value became the attainment and its part of the score."""
    formula: str | None = None
    """As it was written; `operands` are the numbers it names."""
    operands: tuple[WhyOperand, ...] = ()


@dataclass(frozen=True, slots=True)
class NotCounted:
    """Records that nearly counted, each with its reason."""

    subject: Subject
    subject_name: str
    scorecard_code: str
    period: Period
    row: Row
    facts: tuple[WhyFact, ...]
    total: int
    hidden: int
    next_cursor: str | None


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


@dataclass(frozen=True, slots=True)
class LateRecords:
    """The records that changed after a period was locked."""

    subject: Subject
    subject_name: str
    scorecard_code: str
    period: Period
    locked_at: datetime
    by: str
    rows: tuple[LateRow, ...]
    next_cursor: str | None


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


@dataclass(frozen=True, slots=True)
class Changes:
    """The history of one number, the latest change first."""

    subject: Subject
    subject_name: str
    scorecard_code: str
    period: Period
    row: Row
    changes: tuple[ChangeRow, ...]
    is_hidden: bool
    """The numbers are money, which the viewer may not see."""
    is_kept: bool
    """False for a period that is not the scorecard's own: it is computed when asked and has no history."""
    next_cursor: str | None


DEAL_STATES = {"S": "won", "F": "lost", "P": "open"}


@dataclass(frozen=True, slots=True)
class DealSummary:
    id: int
    title: str
    state: str
    """open | won | lost"""
    amount: Number
    stage: str
    owner_name: str
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class DealGives:
    """What one deal gives one person in one indicator of one scorecard."""

    scorecard_code: str
    scorecard_name: str
    indicator_code: str
    indicator_name: str
    employee: Subject
    employee_name: str
    period: Period
    counted: bool
    """For an open deal: whether it would count if it were won now."""
    number: Number | None
    """What it adds: 1 to a count, its amount to a sum."""
    reason: str | None
    """Why it does not count, as a sentence."""
    score_now: Fraction | None
    score_after: Fraction | None
    """The score if the deal were won now; None when it is closed already."""


@dataclass(frozen=True, slots=True)
class DealTab:
    deal: DealSummary
    gives: tuple[DealGives, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class ClientDeal:
    """One deal of a client; `win_no` 1 is a new client, more a repeat sale, None was not won."""

    id: int
    title: str
    state: str
    """open | won | lost"""
    win_no: int | None
    amount: Number
    owner: Subject
    owner_name: str
    date: datetime
    """When it was closed, or created while it is open."""
    portal_path: str


@dataclass(frozen=True, slots=True)
class ClientTab:
    wins: int
    """How often the client has bought, from whomever."""
    deals: tuple[ClientDeal, ...]
    """The latest ones, of people the viewer may see."""
    total: int
    hidden: int
    """Deals of people the viewer may not see."""
    complete: bool


@dataclass(frozen=True, slots=True)
class SyncEntity:
    entity: str
    rows: int
    complete: bool
    done: int
    total: int
    synced_at: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True)
class SyncState:
    state: str
    """idle | running | failed"""
    complete: bool
    entities: tuple[SyncEntity, ...]
    done: int
    total: int
    lag_seconds: int
    pending_events: int
