"""Recomputes that are owed: written down in the transaction of whatever makes them necessary, worked off by a job that
finds them again when the queue has lost its name. Each is a job that may be watched by its id.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from b24app.periods.rules import Kind, Period
from b24app.portal import jobs
from b24app.scores.rules import NOBODY, REPAIR, Cause, CauseKind

KIND = "recompute"


@dataclass(frozen=True, slots=True)
class Recompute:
    """What is to be computed anew, and why: every period of every scorecard, or what lies in one, or one scorecard."""

    cause: Cause = REPAIR
    period: Period | None = None
    scorecard: str | None = None

    @property
    def scorecards(self) -> tuple[str, ...] | None:
        return None if self.scorecard is None else (self.scorecard,)


def owe(portal_id: int, what: Recompute, now: datetime) -> str:
    """Write it down; returns the id of the job. One that says the same and has not begun is enough."""
    arguments = _told(what)
    waiting = (one for one in jobs.owed(portal_id, KIND) if one.state == "queued" and one.arguments == arguments)
    found = next(waiting, None)
    return (found or jobs.start_job(portal_id, KIND, arguments, now)).id


def first(portal_id: int) -> tuple[str, Recompute] | None:
    """What has been owed the longest, with the id of its job; None when nothing is."""
    row = next(iter(jobs.owed(portal_id, KIND)), None)
    return None if row is None else (row.id, _understood(row.arguments))


def is_any(portal_id: int) -> bool:
    return bool(jobs.owed(portal_id, KIND))


def progress(portal_id: int) -> tuple[int, int] | None:
    """How many parts of what is owed have been computed, of how many; None when nothing is owed. Of what has not begun
    nobody knows yet how many parts it has."""
    rows = jobs.owed(portal_id, KIND)
    return (sum(one.done for one in rows), sum(one.total for one in rows)) if rows else None


def _told(what: Recompute) -> dict[str, Any]:
    told: dict[str, Any] = {"cause": what.cause.kind.value, "actor": what.cause.actor}
    if what.period is not None:
        period = what.period
        told |= {"period": period.kind.value, "start": period.start.isoformat(), "end": period.end.isoformat()}
    if what.scorecard is not None:
        told["scorecard"] = what.scorecard
    return told


def _understood(told: Mapping[str, Any]) -> Recompute:
    """Of a period whose end an earlier version did not say everything is computed, which is more than enough."""
    cause = Cause(CauseKind(told.get("cause", CauseKind.REPAIR)), told.get("actor", NOBODY))
    period = None
    if "end" in told:
        period = Period(Kind(told["period"]), date.fromisoformat(told["start"]), date.fromisoformat(told["end"]))
    return Recompute(cause, period, told.get("scorecard"))
