"""Ready-made metrics of advertising: entries of spending against leads and won deals (semantics 4)."""

from b24app.metrics.catalogue.base import ANYONE, CLOSED, CLOSER, CREATED, DIVIDED, Ready

READY = (
    Ready(
        code="cost_per_lead",
        type="spending",
        entity="lead",
        dates=CREATED,
        owners=ANYONE,
        direction="down",
        name={"ru": "Стоимость лида", "en": "Cost per lead"},
        rule={
            "ru": "Расходы на рекламу за период, делённые на число лидов, созданных за период.",
            "en": "The advertising spend of the period divided by the number of leads created in it.",
        },
    ),
    Ready(
        code="ad_roi",
        type="returned",
        entity="deal",
        dates=CLOSED | CREATED,
        owners=CLOSER | DIVIDED,
        template_owner="closed_by",
        name={"ru": "Окупаемость рекламы (ROI)", "en": "Return on advertising (ROI)"},
        rule={
            "ru": "Доход от рекламы сверх её стоимости: 100 × (сумма выигранных сделок − расходы) / расходы.",
            "en": "What advertising brought beyond its cost: 100 × (amount of won deals − spend) / spend.",
        },
    ),
)
