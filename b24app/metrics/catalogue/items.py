"""Metrics of any type of CRM records (semantics 4)."""

from b24app.metrics.catalogue.base import ANYONE, CLOSED, CREATED, Miss, Ready
from b24app.metrics.conditions import OPEN, WON

READY = (
    Ready(
        code="payments_received",
        type="sum",
        entity="invoice",
        dates=CLOSED,
        owners=ANYONE,
        only=WON,
        name={"ru": "Поступившие оплаты", "en": "Payments received"},
        rule={
            "ru": "Сумма счетов, переведённых в стадию оплаты за период. Считаются новые счета CRM.",
            "en": "The sum of smart invoices moved to their paid stage in the period.",
        },
        misses=(Miss("not_paid", OPEN, date="created"),),
    ),
    Ready(
        code="item_metric",
        type="item_metric",
        entity="item_147",  # of the example: options say which it is
        dates=CREATED,
        owners=ANYONE,
        name={"ru": "Записи CRM", "en": "CRM records"},
        rule={
            "ru": "Записи выбранного типа, в том числе смарт-процессов: количество, либо сумма, среднее, минимум, "
            "максимум или число разных значений выбранного поля, по выбранным дате и сотруднику.",
            "en": "Records of a chosen type, smart processes too: how many, or the sum, mean, minimum, maximum or "
            "number of different values of a chosen field, by a chosen date and employee.",
        },
        example={"entity_type_id": 147},
    ),
)
