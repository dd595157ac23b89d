"""What a ready-made metric says of itself, and the words it says it with.

Words of documents (`closed_at`, `responsible`) stand left, the words of the facts (`facts.rules.Cell`) right of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from b24app.facts.rules import SHARED
from b24app.metrics.measures import EVERYTHING, Op, Test, Where

Text = Mapping[str, str]
"""The same words in every language."""


@dataclass(frozen=True, slots=True)
class Miss:
    """A reason why facts nearly count, and which facts; by another date where the metric's own has not come about."""

    reason: str
    only: Where
    date: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of an option that only chooses facts."""

    only: Where
    misses: tuple[Miss, ...] = ()


@dataclass(frozen=True, slots=True)
class Option:
    """An option that only chooses facts: its values, and the one meant when it is not given (None: all facts)."""

    choices: Mapping[str, Choice]
    default: str | None = None


@dataclass(frozen=True)
class Ready:
    """A ready-made metric: a type, the facts it is about, and what a document may choose.

    The first of `dates` is the default. `template_owner` is who ready templates and the editor propose (semantics 3.4).
    """

    code: str
    type: str
    entity: str
    dates: Mapping[str, str]
    owners: Mapping[str, str]
    name: Text
    rule: Text
    only: Where = EVERYTHING
    options: Mapping[str, Option] = field(default_factory=dict)
    misses: tuple[Miss, ...] = ()
    direction: str = "up"
    template_owner: str = "responsible"
    example: Mapping[str, Any] = field(default_factory=dict)
    """Values of the options that a document cannot leave out."""


def where(*tests: tuple[str, Op, tuple[str | int | bool, ...]]) -> Where:
    return Where(tuple(Test(*test) for test in tests))


CREATED = {"created": "created"}
CLOSED = {"closed_at": "closed"}
START = {"start": "start"}
COMPLETED = {"completed_at": "completed"}
DUE = {"due_at": "due"}
OCCURRED = {"occurred_at": "occurred"}
ENTERED = {"entered_at": "entered"}
RATED = {"rated_at": "rated"}

ANYONE = {"responsible": "responsible", "created_by": "created_by"}
CLOSER = {**ANYONE, "closed_by": "closed_by"}
DIVIDED = {SHARED: SHARED}
"""Beside others, for counts of deals, sums of their amounts and ratios of these (ADR 16)."""
EMPLOYEE = {"responsible": "employee"}
RESPONSIBLE = {"responsible": "responsible"}
