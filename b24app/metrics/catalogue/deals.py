"""Ready-made metrics of deals and their stages (semantics 4)."""

from b24app.metrics.catalogue.base import (
    ANYONE,
    CLOSED,
    CLOSER,
    CREATED,
    DIVIDED,
    ENTERED,
    RESPONSIBLE,
    Choice,
    Miss,
    Option,
    Ready,
    where,
)
from b24app.metrics.conditions import LOST, WON
from b24app.metrics.measures import Op

_FIRST_SALE = WON & where(("win_no", Op.IN, (1,)))
_REPEAT_SALE = WON & where(("win_no", Op.GT, (1,)))
_NO_CLIENT = Miss("no_client", WON & where(("client", Op.EMPTY, ())))
_NO_DAYS = WON & where(("seconds_to_close", Op.EMPTY, ()))

_RETURN = Option(
    {
        "history": Choice(_REPEAT_SALE, (_NO_CLIENT,)),
        "flag": Choice(WON & where(("is_return", Op.IN, (True,)))),
    },
    default="history",
)


READY = (
    Ready(
        code="deals_created",
        type="count",
        entity="deal",
        dates=CREATED,
        owners=ANYONE | DIVIDED,
        name={"ru": "Создано сделок", "en": "Deals created"},
        rule={
            "ru": "Сделки, созданные за период, в любой стадии.",
            "en": "Deals created in the period, whatever their stage.",
        },
    ),
    Ready(
        code="deals_created_amount",
        type="sum",
        entity="deal",
        dates=CREATED,
        owners=ANYONE | DIVIDED,
        name={"ru": "Сумма созданных сделок", "en": "Amount of deals created"},
        rule={
            "ru": "Сумма сделок, созданных за период, в базовой валюте портала.",
            "en": "The amounts of deals created in the period, in the portal's base currency.",
        },
    ),
    Ready(
        code="deals_won",
        type="count",
        entity="deal",
        dates=CLOSED | CREATED,
        owners=CLOSER | DIVIDED,
        template_owner="closed_by",
        only=WON,
        name={"ru": "Выиграно сделок", "en": "Deals won"},
        rule={
            "ru": "Сделки, успешно завершённые за период.",
            "en": "Deals closed as won in the period.",
        },
    ),
    Ready(
        code="deals_lost",
        type="count",
        entity="deal",
        dates=CLOSED | CREATED,
        owners=CLOSER | DIVIDED,
        template_owner="closed_by",
        only=LOST,
        direction="down",
        name={"ru": "Проиграно сделок", "en": "Deals lost"},
        rule={
            "ru": "Сделки, проваленные за период.",
            "en": "Deals closed as lost in the period.",
        },
    ),
    Ready(
        code="deals_won_amount",
        type="sum",
        entity="deal",
        dates=CLOSED | CREATED,
        owners=CLOSER | DIVIDED,
        template_owner="closed_by",
        only=WON,
        name={"ru": "Выручка", "en": "Revenue"},
        rule={
            "ru": "Сумма сделок, успешно завершённых за период, в базовой валюте портала.",
            "en": "The amounts of deals closed as won in the period, in the portal's base currency.",
        },
    ),
    Ready(
        code="deal_conversion",
        type="conversion",
        entity="deal",
        dates=CLOSED,
        owners=CLOSER | DIVIDED,
        template_owner="closed_by",
        name={"ru": "Конверсия сделок", "en": "Deal conversion"},
        rule={
            "ru": "Доля выигранных среди сделок, завершённых за период: 100 × выигранные / (выигранные + проигранные).",
            "en": "The share of won deals among those closed in the period: 100 × won / (won + lost).",
        },
    ),
    Ready(
        code="average_deal",
        type="average",
        entity="deal",
        dates=CLOSED | CREATED,
        owners=CLOSER | DIVIDED,
        template_owner="closed_by",
        only=WON,
        name={"ru": "Средний чек", "en": "Average deal"},
        rule={
            "ru": "Выручка за период, делённая на число выигранных сделок.",
            "en": "Revenue of the period divided by the number of deals won.",
        },
    ),
    Ready(
        code="average_days_to_close",
        type="duration",
        entity="deal",
        dates=CLOSED | CREATED,
        owners=CLOSER,
        template_owner="closed_by",
        only=WON,
        direction="down",
        misses=(
            Miss("planned_close", _NO_DAYS & where(("closed_from", Op.IN, ("planned",)))),
            Miss("negative_duration", _NO_DAYS & where(("closed_from", Op.IN, ("history", "moved")))),
        ),
        name={"ru": "Средний срок сделки", "en": "Average days to close"},
        rule={
            "ru": "Среднее число суток от создания до выигрыша по сделкам, выигранным за период.",
            "en": "The mean number of 24-hour days from creation to winning, over deals won in the period.",
        },
    ),
    Ready(
        code="new_clients",
        type="count",
        entity="deal",
        dates=CLOSED | CREATED,
        owners=CLOSER | DIVIDED,
        template_owner="closed_by",
        only=_FIRST_SALE,
        misses=(_NO_CLIENT,),
        name={"ru": "Новые клиенты", "en": "New clients"},
        rule={
            "ru": "Выигранные за период сделки, которые стали первой покупкой клиента за всю историю портала.",
            "en": "Deals won in the period that were the client's first purchase in all the portal's history.",
        },
    ),
    Ready(
        code="repeat_sales",
        type="count",
        entity="deal",
        dates=CLOSED | CREATED,
        owners=CLOSER | DIVIDED,
        template_owner="closed_by",
        options={"mode": _RETURN},
        name={"ru": "Повторные продажи", "en": "Repeat sales"},
        rule={
            "ru": "Выигранные за период сделки клиентов, которые уже покупали раньше.",
            "en": "Deals won in the period with clients who had bought before.",
        },
    ),
    Ready(
        code="repeat_sales_amount",
        type="sum",
        entity="deal",
        dates=CLOSED | CREATED,
        owners=CLOSER | DIVIDED,
        template_owner="closed_by",
        options={"mode": _RETURN},
        name={"ru": "Сумма повторных продаж", "en": "Amount of repeat sales"},
        rule={
            "ru": "Сумма выигранных за период сделок клиентов, которые уже покупали раньше.",
            "en": "The amounts of deals won in the period with clients who had bought before.",
        },
    ),
    Ready(
        code="stage_entered",
        type="entered",
        entity="stage_move",
        dates=ENTERED,
        owners=RESPONSIBLE,
        example={"stages": ["WON"]},
        name={"ru": "Дошли до стадии", "en": "Reached a stage"},
        rule={
            "ru": "Сделки (или лиды, счета, элементы смарт-процесса), которые за период вошли в одну из выбранных "
            "стадий, по истории стадий; каждая запись — один раз.",
            "en": "Deals (or leads, invoices, items of a smart process) that entered one of the chosen stages in the "
            "period, by the stage history; each counts once.",
        },
    ),
    Ready(
        code="return_share",
        type="returns",
        entity="deal",
        dates=CLOSED,
        owners=CLOSER,
        template_owner="closed_by",
        direction="down",
        example={"stage_id": ["C1:NEW"]},
        name={"ru": "Доля возвратов", "en": "Share of returns"},
        rule={
            "ru": "Возвраты за период на 100 выигранных за период сделок: 100 × возвраты / выигранные.",
            "en": "Returns of the period per 100 deals won in the period: 100 × returned / won.",
        },
    ),
)
