"""Ready-made metrics of calls, from telephony or from activities, as the portal has chosen (semantics 4)."""

from b24app.facts.rules import CALLS_FROM_ACTIVITIES, CALLS_FROM_TELEPHONY
from b24app.metrics.catalogue.base import ANYONE, COMPLETED, START, Choice, Miss, Option, Ready, where
from b24app.metrics.measures import Op

_DIRECTION = Option({way: Choice(where(("direction", Op.IN, (way,)))) for way in ("in", "out")})
_NOT_COMPLETED = Miss(
    "not_completed",
    where(
        ("kind", Op.IN, ("call",)),
        ("completed", Op.IN, (False,)),
        ("start_at", Op.COUNTED_FROM, (CALLS_FROM_ACTIVITIES,)),
    ),
    date="start",
)

READY = (
    Ready(
        code="calls",
        type="calls",
        entity="activity",
        dates=START | COMPLETED,
        owners=ANYONE,
        options={"direction": _DIRECTION},
        misses=(_NOT_COMPLETED,),
        name={"ru": "Звонки", "en": "Calls"},
        rule={
            "ru": "Звонки, начатые за период: из телефонии или из выполненных дел, как выбрано в настройках.",
            "en": "Calls that started in the period: of telephony or of completed activities, as the settings say.",
        },
    ),
    Ready(
        code="call_minutes",
        type="call_minutes",
        entity="activity",
        dates=START | COMPLETED,
        owners=ANYONE,
        options={"direction": _DIRECTION},
        misses=(_NOT_COMPLETED,),
        name={"ru": "Минуты разговоров", "en": "Minutes of calls"},
        rule={
            "ru": "Сумма длительностей звонков, начатых за период, в минутах.",
            "en": "The durations of the calls that started in the period, added up, in minutes.",
        },
    ),
    Ready(
        code="missed_calls",
        type="count",
        entity="call",
        dates=START,
        owners=ANYONE,
        only=where(
            ("direction", Op.IN, ("in",)),
            ("answered", Op.IN, (False,)),
            ("start_at", Op.COUNTED_FROM, (CALLS_FROM_TELEPHONY,)),
        ),
        direction="down",
        name={"ru": "Пропущенные звонки", "en": "Missed calls"},
        rule={
            "ru": "Входящие звонки за период, на которые не ответили. Их знает только статистика телефонии.",
            "en": "Incoming calls of the period that nobody answered. Only the statistics of telephony know them.",
        },
    ),
)
