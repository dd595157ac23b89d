"""Ready-made metrics of requests for support, which mappings make of other records (semantics 4)."""

from b24app.metrics.catalogue.base import CREATED, RATED, RESPONSIBLE, Ready

READY = (
    Ready(
        code="requests",
        type="requests",
        entity="request",
        dates=CREATED,
        owners=RESPONSIBLE,
        name={"ru": "Обращения", "en": "Requests"},
        rule={
            "ru": "Обращения, созданные за период. Что считать обращением, задаёт администратор.",
            "en": "Requests created in the period. An administrator says what a request is.",
        },
    ),
    Ready(
        code="requests_resolved_share",
        type="resolved",
        entity="request",
        dates=CREATED,
        owners=RESPONSIBLE,
        name={"ru": "Доля решённых обращений", "en": "Share of requests resolved"},
        rule={
            "ru": "Доля решённых к этому моменту среди обращений, созданных за период: 100 × решённые / созданные.",
            "en": "The share resolved by now of the requests created in the period: 100 × resolved / created.",
        },
    ),
    Ready(
        code="first_response_hours",
        type="response",
        entity="request",
        dates=CREATED,
        owners=RESPONSIBLE,
        direction="down",
        name={"ru": "Время до первого ответа", "en": "Hours to the first response"},
        rule={
            "ru": "Среднее число часов до первого ответа по обращениям, созданным за период и уже отвеченным.",
            "en": "The mean number of hours to the first response, over requests created in the period and answered.",
        },
    ),
    Ready(
        code="customer_rating",
        type="rating",
        entity="request",
        dates=RATED | CREATED,
        owners=RESPONSIBLE,
        name={"ru": "Оценка клиентов", "en": "Customer rating"},
        rule={
            "ru": "Средняя оценка обращений, поставленная за период; без даты оценки — по дате решения.",
            "en": "The mean rating given in the period; one without a date counts when the request was resolved.",
        },
    ),
)
