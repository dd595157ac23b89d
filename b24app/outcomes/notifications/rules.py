"""What is told when, to whom, by which channel, and when to try again. Pure.

Every occasion is a `Plan`: the columns that make it unique and what is told. Numbers travel as exact text.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from b24app.portal.rules import Action, Structure, Subject, SubjectType, Viewer, can

CHAT, TRIGGER, WORKFLOW, WEBHOOK = "chat", "trigger", "workflow", "webhook"
REACHED, BEHIND, DUE, MESSAGE, TEST = "kpi_reached", "behind_plan", "values_due", "message", "test"

MINUTE_S, HOUR_S = 60, 3600
LONGEST_DELAY_S = 4 * HOUR_S
PATIENCE_S = {CHAT: 72 * HOUR_S, TRIGGER: 72 * HOUR_S, WORKFLOW: 72 * HOUR_S, WEBHOOK: 24 * HOUR_S}
"""So long a channel is tried: a portal may be away for a weekend, a webhook is retried for 24 hours (interfaces 3)."""

SPECIFIC_FIRST = (SubjectType.EMPLOYEE, SubjectType.DEPARTMENT, SubjectType.COMPANY)

CRM_TYPES = {"lead": 1, "deal": 2}
"""Records that triggers can be executed on, by their OWNER_TYPE_ID."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One row of the outbox to be. All but the payload says what it is, so that planned twice it is one."""

    channel: str
    kind: str
    payload: Mapping[str, Any]
    recipient: int = 0
    scorecard: str = ""
    indicator: str = ""
    subject_type: str = ""
    subject_id: int = 0
    start: str = ""
    occasion: str = ""
    is_told: bool = False
    """It is told together with another one and only kept, so that it is not told again."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the administrator has chosen to happen."""

    tell_reached: bool = True
    tell_behind: bool = True
    tell_due: bool = True
    has_webhook: bool = False
    workflow: int | None = None
    """The template of the workflow that starts for whoever is behind plan."""
    workflow_document: str = ""
    """The record it runs on, as `DEAL_12`; empty: the employee's newest open deal."""


@dataclass(frozen=True, slots=True)
class Happening:
    """A number that reached its target or fell behind plan."""

    kind: str
    scorecard: str
    scorecard_name: Any
    """A text, or a text per language."""
    indicator: str
    indicator_name: Any
    subject: Subject
    subject_name: str
    period_kind: str
    start: str
    end: str
    value: Fraction | None
    target: Fraction | None
    attainment: Fraction | None
    unit: str
    currency: str | None
    at: int
    forecast: Fraction | None = None
    records: tuple[tuple[str, int], ...] = ()
    """The records whose change did it, the last one first."""
    is_money: bool = False
    is_told: bool = True
    """False where the indicator is one that nobody is written about."""

    @property
    def number(self) -> tuple[str, str, str]:
        """What is everybody's: scorecard, indicator and period."""
        return self.scorecard, self.indicator, self.start

    def payload(self) -> dict[str, Any]:
        return {
            "at": self.at,
            "scorecard": self.scorecard,
            "scorecard_name": self.scorecard_name,
            "indicator": self.indicator,
            "indicator_name": self.indicator_name,
            "subject": [self.subject.type.value, self.subject.id, self.subject_name],
            "period": [self.period_kind, self.start, self.end],
            "value": _text(self.value),
            "target": _text(self.target),
            "attainment": _text(self.attainment),
            "forecast": _text(self.forecast),
            "unit": self.unit,
            "currency": self.currency,
            "records": [list(one) for one in self.records],
        }


def _text(number: Fraction | None) -> str | None:
    return None if number is None else str(number)


def number(payload: Mapping[str, Any], name: str) -> Fraction | None:
    """An exact number of a payload."""
    text = payload.get(name)
    return None if text is None else Fraction(text)


Viewers = Callable[[int], Viewer]
"""Employees by their ids, with what they may see."""

AMOUNTS = ("value", "target", "forecast")


def plans(happenings: Iterable[Happening], wishes: Wishes, structure: Structure, viewer: Viewers) -> Iterator[Plan]:
    """What follows from what happened: a message to whom it concerns, the trigger or workflow, the webhook.

    Amounts go to whom they are not hidden from, and to the webhook; a workflow is given what its employee may see. A
    record that carries an employee, their departments and the company over their targets at once pulls one trigger.
    """
    pulled: set[tuple[str, str, str]] = set()
    for one in sorted(happenings, key=lambda one: SPECIFIC_FIRST.index(one.subject.type)):
        payload = one.payload()
        ways: list[tuple[str, int]] = []
        recipient = whom(one.subject, structure)
        starts = one.kind == BEHIND and wishes.workflow is not None and one.subject.type is SubjectType.EMPLOYEE
        is_told = one.is_told and (wishes.tell_reached if one.kind == REACHED else wishes.tell_behind and not starts)
        if is_told and recipient is not None:
            ways.append((CHAT, recipient))
        if one.kind == REACHED and any(entity in CRM_TYPES for entity, _id in one.records):
            ways.append((TRIGGER, 0))
        if starts:
            ways.append((WORKFLOW, 0))
            payload |= {"template": wishes.workflow, "document": wishes.workflow_document}
        if wishes.has_webhook:
            ways.append((WEBHOOK, 0))
        for channel, to in ways:
            reader = to if channel == CHAT else one.subject.id if channel == WORKFLOW else None
            yield Plan(
                channel, one.kind, _as_seen(payload, one, reader, viewer), to, one.scorecard, one.indicator,
                one.subject.type.value, one.subject.id, one.start,
                is_told=channel == TRIGGER and one.number in pulled,
            )  # fmt: skip
        if any(channel == TRIGGER for channel, _to in ways):
            pulled.add(one.number)


def _as_seen(payload: Mapping[str, Any], one: Happening, reader: int | None, viewer: Viewers) -> Mapping[str, Any]:
    """Without the amounts that are hidden from whoever reads it; None is no employee."""
    if not one.is_money or reader is None or can(viewer(reader), Action.SEE_MONEY, one.subject):
        return payload
    return {**payload, **dict.fromkeys(AMOUNTS), "is_hidden": True}


def whom(subject: Subject, structure: Structure) -> int | None:
    """Who is written to: the employee, or the head of the department. Nobody is written to about the company."""
    match subject.type:
        case SubjectType.EMPLOYEE:
            id: int | None = subject.id
        case SubjectType.DEPARTMENT:
            unit = structure.units.get(subject.id)
            id = unit.head_id if unit else None
        case _:
            id = None
    person = structure.people.get(id) if id is not None else None
    return id if person and person.active else None


def delay_s(attempts: int) -> int:
    """How long to wait after so many attempts: a minute, then twice as long each time, up to four hours."""
    return min(MINUTE_S << min(attempts - 1, 10), LONGEST_DELAY_S)


@dataclass(frozen=True, slots=True)
class Message:
    """A claimed row of the outbox, ready to be told."""

    id: int
    portal_id: int
    channel: str
    kind: str
    recipient: int
    place: tuple[str, str, str, int, str, str]
    """Scorecard, indicator, type and id of the subject, start of the period, occasion: what makes it the one it is."""
    payload: Mapping[str, Any]
    attempts: int
    created_at: int
    give_up_at: int

    @property
    def tag(self) -> str:
        """The name of a notification in Bitrix24: one more with it replaces the former (contract 10.43)."""
        return "|".join((self.kind, *(str(one) for one in self.place if one)))


@dataclass(frozen=True, slots=True)
class Outcome:
    """How telling one message ended."""

    state: str
    """sent | later | failed"""
    answer: str = ""
    reason: str = ""
    again_s: float | None = field(default=None)
    """When the other side says it can be asked again."""


SENT, LATER, FAILED = "sent", "later", "failed"


def sent(answer: object = "") -> Outcome:
    return Outcome(SENT, str(answer)[:255])


def later(reason: str, again_s: float | None = None) -> Outcome:
    """Nothing was told; to be tried again."""
    return Outcome(LATER, reason=reason, again_s=again_s)


def failed(reason: str) -> Outcome:
    """Not to be tried again by itself."""
    return Outcome(FAILED, reason=reason)


def record_of(document: str) -> tuple[str, int] | None:
    """The CRM record of a workflow's document (`DEAL_12`); None for documents that triggers are not executed on."""
    kind, _dash, id = document.rpartition("_")
    return (kind.lower(), int(id)) if kind.lower() in CRM_TYPES and id.isdecimal() else None
