"""Which numbers a change of facts carried over their target: what the trigger and the congratulation follow from."""

from collections.abc import Callable, Collection, Iterable
from fractions import Fraction
from typing import Any

from sqlalchemy import Row

from b24app.periods.rules import period_at, previous
from b24app.scorecards.rules import Record
from b24app.scores.context import Context
from b24app.scores.rows import Finding, curve
from b24app.scores.rules import Reached, attainment

WHOLE = 100


def reached(
    context: Context,
    moved: Iterable[tuple[Finding, Row[Any]]],
    records_of: Callable[[Finding], Collection[Record]],
) -> tuple[Reached, ...]:
    """Those of the numbers that were below 100 % before and are not now, by the same definition and target.

    Only of the period that is open and the one before it: what arrives late of a distant past congratulates nobody.
    Where less is better, nothing yet is not below: a number has to have been worse first.
    """
    found = []
    for finding, before in moved:
        if finding.target is None or before.target != str(finding.target):
            continue
        if before.version_id != finding.version.id or before.computed_at < finding.version.saved_at:
            continue
        shape = curve(finding.indicator.document)
        now = attainment(finding.value, finding.target, shape)
        if now is None or now.raw < WHOLE or not _is_recent(context, finding):
            continue
        was = attainment(_value_of(finding, before), finding.target, shape)
        if was.raw < WHOLE if was else shape.direction == "up":
            found.append(
                Reached(
                    finding.version,
                    finding.indicator.code,
                    finding.period,
                    finding.subject,
                    finding.value or Fraction(0),
                    finding.target,
                    now.raw,
                    tuple(sorted(records_of(finding))),
                )
            )
    return tuple(found)


def _value_of(finding: Finding, before: Row[Any]) -> Fraction | None:
    """What the row showed that stood in the finding's place."""
    return finding._replace(
        numerator=before.numerator,
        denominator=before.denominator,
        computed=None if before.value is None else Fraction(before.value),
        reason=before.reason,
    ).value


def _is_recent(context: Context, finding: Finding) -> bool:
    current = period_at(finding.version.kind, context.today, context.settings)
    return finding.period.start >= previous(current, context.settings).start
