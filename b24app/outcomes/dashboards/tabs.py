"""What the tabs of a deal and of a client show, and the progress of reading, as plain view models. Pure."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from b24app.outcomes.dashboards.rules import Number
from b24app.periods.rules import Period
from b24app.portal.rules import Subject

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
    shares: str = ""
    """Who gets what part of it; empty where it is not split."""


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
    title: str | None = None
    """What people call a type of records that they have made themselves."""


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
