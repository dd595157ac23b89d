"""Ready-made metrics of CRM activities: meetings, calls, e-mails (semantics 4)."""

from b24app.metrics.catalogue.base import ANYONE, COMPLETED, START, Choice, Miss, Option, Ready, where
from b24app.metrics.rules import Op, Where

_DIRECTION = Option(
    {way: Choice(where(("direction", Op.IN, (way,)))) for way in ("in", "out")},
)


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
        code="calls",
        type="count",
        entity="activity",
        dates=START | COMPLETED,
        owners=ANYONE,
        only=_activity("call", ("completed", Op.IN, (True,))),
        options={"direction": _DIRECTION},
        later=("answered", "min_seconds"),
        misses=(Miss("not_completed", _activity("call", ("completed", Op.IN, (False,))), date="start"),),
        name={"ru": "Звонки", "en": "Calls"},
        rule={
            "ru": "Звонки, начатые за период и отмеченные выполненными.",
            "en": "Calls that started in the period and are marked as completed.",
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
