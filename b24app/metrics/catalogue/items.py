"""Metrics of any type of CRM records (semantics 4)."""

from b24app.metrics.catalogue.base import ANYONE, CREATED, Ready

READY = (
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
