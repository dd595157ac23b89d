"""Which periods lock by themselves, and what a change after the lock would have moved (semantics 2.4)."""

from collections.abc import Iterator
from datetime import date
from fractions import Fraction

from tests.exactness.slow.days import local, midnight, period_of, working_days
from tests.exactness.slow.metrics import Reader
from tests.exactness.slow.scores import Numbers, in_force, read_period, value_of
from tests.exactness.truth import Lock, Subject, Truth

LOCK_AFTER_DAYS = 5


def due(truth: Truth) -> list[tuple[str, date]]:
    """Closed periods that ended after their scorecard became active, so many working days ago, and that nobody ever
    locked."""
    today, found = local(truth.now_s, truth), []
    for code, since in truth.active_since.items():
        kind = truth.scorecards[code][0]["period"]
        start, end = period_of(kind, local(since, truth), truth)
        while end <= today:
            is_late = working_days(end, today, truth) >= LOCK_AFTER_DAYS
            if is_late and in_force(truth, code, start) and (code, start.isoformat()) not in truth.ever_locked:
                found.append((code, start))
            start, end = period_of(kind, end, truth)
    return found


def frozen(truth: Truth, code: str, start: date) -> Lock:
    """A period as it is now, to be kept."""
    document, found = in_force(truth, code, start), Numbers()
    assert document is not None
    read_period(Reader(truth), document, period_of(document["period"], start, truth), found)
    return Lock(
        document=document,
        at=truth.now_s,
        results={(subject, indicator): read for (_code, _start, subject, indicator), read in found.results.items()},
        scores={subject: value for (_code, _start, subject), value in found.scores.items()},
    )


def moved(truth: Truth, code: str, start: date, lock: Lock) -> Iterator[tuple[Subject, str, Fraction | None]]:
    """Which numbers of a locked period the records would give otherwise by now, and what they would be.

    Time has not passed since: what grows stale or ripe by itself changes nothing that anybody did. Formulas rest on
    targets, too, and are left out.
    """
    reader = Reader(truth, lock.at)
    first, end = period_of(lock.document["period"], start, truth)
    span = midnight(first, truth), midnight(end, truth)
    for indicator in lock.document["indicators"]:
        if indicator["metric"] == "formula":
            continue
        for (subject, name), read in lock.results.items():
            if name == indicator["code"]:
                value = value_of(reader, indicator, subject, span, span[1] - 1)
                if value != read.value:
                    yield subject, name, value
