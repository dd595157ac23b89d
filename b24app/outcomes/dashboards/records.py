"""One record held against a measure, in memory: the deal tab asks it of states that are not stored yet. Pure.

`metrics.compile` asks the same of stored rows in SQL; a test compares the two on every metric of deals.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from b24app.lib.i18n import gettext as _
from b24app.metrics.rules import Measure, Op, Test, Where
from b24app.outcomes.dashboards import words

Record = Mapping[str, Any]
"""A record by the names of its stored columns."""

_OTHER = {"category_id": "other_funnel", "stage_id": "other_stage", "source_id": "other_source"}


def holds(where: Where, record: Record) -> bool:
    """All of the tests, one of `any` unless it is empty, none of `none`."""
    return (
        all(_passes(test, record) for test in where.tests)
        and (not where.any or any(holds(one, record) for one in where.any))
        and not any(holds(one, record) for one in where.none)
    )


def why_not(measure: Measure, record: Record) -> str | None:
    """Why a measure does not count the record, as a sentence; None when it does."""
    return next(_reasons(measure, record), None)


def _reasons(measure: Measure, record: Record) -> Iterator[str]:
    yield from (_reason(test, record) for test in measure.where.tests if not _passes(test, record))
    if not holds(measure.where, record):
        yield words.not_counted("other_conditions")
    if measure.field is not None and record[measure.field] is None:
        yield words.not_counted("no_rate")


def _passes(test: Test, record: Record) -> bool:
    value = record[test.field]
    match test.op:
        case Op.EMPTY:
            return value is None
        case Op.NOT_EMPTY:
            return value is not None
        case Op.GT:
            return value is not None and value > test.values[0]
        case Op.IN:
            return value in test.values


def _reason(test: Test, record: Record) -> str:
    match test.field:
        case "semantic":
            return _("Only won deals count here.") if "S" in test.values else _("Only lost deals count here.")
        case "win_no" if record["client"] is None:
            return words.not_counted("no_client")
        case "win_no" if test.op is Op.IN:
            return _("The client has bought before.")
        case "win_no":
            return _("The client has not bought before.")
        case "is_return":
            return _("The deal is not marked as one of a returning client.")
        case "seconds_to_close":
            return words.not_counted("planned_close")
        case field:
            return words.not_counted(_OTHER.get(field, "other_conditions"))
