"""Ready-made metrics of CRM activities: meetings, e-mails, to-dos, all of them (semantics 4). Calls: calls.py."""

from b24app.metrics.catalogue.base import ANYONE, COMPLETED, DUE, START, Miss, Ready, where
from b24app.metrics.measures import Op, Where

_KINDS = ("call", "email", "meeting", "other", "task", "todo")
"""All there are: named, so that the index by kind and date serves."""


def _activity(kind: str, *more: tuple[str, Op, tuple[str | int | bool, ...]]) -> Where:
    return where(("kind", Op.IN, (kind,)), *more)


READY = (
    Ready(
        code="meetings",
        type="count",
        entity="activity",
        dates=COMPLETED | START,
        owners=ANYONE,
        only=_activity("meeting", ("completed", Op.IN, (True,))),
        misses=(Miss("not_completed", _activity("meeting", ("completed", Op.IN, (False,))), date="start"),),
        name={"ru": "Встречи", "en": "Meetings"},
        rule={
            "ru": "Встречи, отмеченные выполненными за период.",
            "en": "Meetings marked as completed in the period.",
        },
    ),
    Ready(
        code="activities_completed",
        type="count",
        entity="activity",
        dates=COMPLETED,
        owners=ANYONE,
        only=where(("kind", Op.IN, _KINDS), ("completed", Op.IN, (True,))),
        name={"ru": "Выполненные дела", "en": "Activities completed"},
        rule={
            "ru": "Все дела, отмеченные выполненными за период: встречи, звонки, письма, задачи и другие.",
            "en": "All activities marked as completed in the period: meetings, calls, e-mails, to-dos and others.",
        },
    ),
    Ready(
        code="activities_overdue_share",
        type="overdue",
        entity="activity",
        dates=DUE,
        owners=ANYONE,
        only=where(("kind", Op.IN, ("todo", "task"))),
        direction="down",
        name={"ru": "Доля просроченных дел", "en": "Share of overdue activities"},
        rule={
            "ru": "Доля дел и задач со сроком в периоде, выполненных позже срока или всё ещё открытых после него.",
            "en": "The share of to-dos and tasks due in the period that were done late or are still open past it.",
        },
    ),
    Ready(
        code="emails",
        type="count",
        entity="activity",
        dates=START,
        owners=ANYONE,
        only=_activity("email", ("direction", Op.IN, ("out",))),
        name={"ru": "Отправленные письма", "en": "E-mails sent"},
        rule={
            "ru": "Исходящие письма за период.",
            "en": "Outgoing e-mails of the period.",
        },
    ),
)
