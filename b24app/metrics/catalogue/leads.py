"""Ready-made metrics of leads (semantics 4)."""

from b24app.metrics.catalogue.base import ANYONE, CREATED, Ready

READY = (
    Ready(
        code="leads_created",
        type="count",
        entity="lead",
        dates=CREATED,
        owners=ANYONE,
        name={"ru": "Создано лидов", "en": "Leads created"},
        rule={
            "ru": "Лиды, созданные за период, в любой стадии.",
            "en": "Leads created in the period, whatever their stage.",
        },
    ),
    Ready(
        code="lead_conversion",
        type="lead_conversion",
        entity="lead",
        dates=CREATED,
        owners=ANYONE,
        name={"ru": "Конверсия лидов", "en": "Lead conversion"},
        rule={
            "ru": "Доля качественных среди лидов, созданных за период: 100 × качественные / созданные.",
            "en": "The share of converted leads among those created in the period: 100 × converted / created.",
        },
    ),
)
