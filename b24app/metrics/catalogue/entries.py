"""Ready-made metrics of the ledger of entries, and the formula over other numbers (semantics 4, 9)."""

from b24app.metrics.catalogue.base import CLOSER, EMPLOYEE, OCCURRED, Ready

READY = (
    Ready(
        code="entries",
        type="entries",
        entity="entry",
        dates=OCCURRED,
        owners=EMPLOYEE,
        example={"code": "nps"},
        name={"ru": "Записи", "en": "Entries"},
        rule={
            "ru": "Значения с выбранным кодом за период: внесённые роботами, через API, импортом или вручную.",
            "en": "Values of the chosen code in the period: posted by robots, the API, imports or by hand.",
        },
    ),
)

FORMULA = Ready(
    code="formula",
    type="formula",
    entity="",
    dates={},
    owners=CLOSER,
    name={"ru": "Формула", "en": "Formula"},
    rule={
        "ru": "Значение по формуле из других показателей, готовых метрик и записей.",
        "en": "A value computed by a formula from other indicators, ready-made metrics and entries.",
    },
)
"""What is computed from other numbers (semantics 9); it has neither facts nor dates of its own."""
