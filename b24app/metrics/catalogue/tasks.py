"""Ready-made metrics of tasks (semantics 4)."""

from b24app.metrics.catalogue.base import ANYONE, CLOSED, Miss, Ready, where
from b24app.metrics.measures import Op

READY = (
    Ready(
        code="tasks_completed",
        type="count",
        entity="task",
        dates=CLOSED,
        owners=ANYONE,
        name={"ru": "Закрытые задачи", "en": "Tasks completed"},
        rule={
            "ru": "Задачи, закрытые за период. Те, что ждут контроля, ещё не закрыты.",
            "en": "Tasks closed in the period. Those that wait to be looked over are not closed yet.",
        },
    ),
    Ready(
        code="tasks_on_time_share",
        type="on_time",
        entity="task",
        dates=CLOSED,
        owners=ANYONE,
        misses=(Miss("no_deadline", where(("seconds_late", Op.EMPTY, ()))),),
        name={"ru": "Задачи, закрытые в срок", "en": "Tasks closed on time"},
        rule={
            "ru": "Доля закрытых в срок среди закрытых за период задач, у которых был крайний срок.",
            "en": "The share closed by their deadline among the tasks closed in the period that had one.",
        },
    ),
)
