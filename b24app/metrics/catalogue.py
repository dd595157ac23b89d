"""The ready-made metrics, as data (semantics 4). A new one of an existing type is one entry here, and nothing else.

Words of documents (`closed_at`, `responsible`) stand left, the words of the facts (`facts.rules.Cell`) right of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from b24app.metrics.conditions import LOST, WON
from b24app.metrics.rules import EVERYTHING, Op, Test, Where

Text = Mapping[str, str]
"""The same words in every language."""


@dataclass(frozen=True, slots=True)
class Miss:
    """A reason why facts nearly count, and which facts; by another date where the metric's own has not come about."""

    reason: str
    only: Where
    date: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of an option that only chooses facts."""

    only: Where
    misses: tuple[Miss, ...] = ()


@dataclass(frozen=True, slots=True)
class Option:
    """An option that only chooses facts: its values, and the one meant when it is not given (None: all facts)."""

    choices: Mapping[str, Choice]
    default: str | None = None


@dataclass(frozen=True)
class Ready:
    """A ready-made metric: a type, the facts it is about, and what a document may choose.

    The first of `dates` is the default. `template_owner` is who ready templates and the editor propose (semantics 3.4).
    """

    code: str
    type: str
    entity: str
    dates: Mapping[str, str]
    owners: Mapping[str, str]
    name: Text
    rule: Text
    only: Where = EVERYTHING
    options: Mapping[str, Option] = field(default_factory=dict)
    later: tuple[str, ...] = ()
    """Options and values of options that are known and refused for now, as `option` or `option=value`."""
    misses: tuple[Miss, ...] = ()
    direction: str = "up"
    template_owner: str = "responsible"
    example: Mapping[str, Any] = field(default_factory=dict)
    """Values of the options that a document cannot leave out."""


def _tests(*tests: tuple[str, Op, tuple[str | int | bool, ...]]) -> Where:
    return Where(tuple(Test(*test) for test in tests))


_CREATED = {"created": "created"}
_CLOSED = {"closed_at": "closed"}
_START = {"start": "start"}
_COMPLETED = {"completed_at": "completed"}
_OCCURRED = {"occurred_at": "occurred"}
_ENTERED = {"entered_at": "entered"}

_ANYONE = {"responsible": "responsible", "created_by": "created_by"}
_CLOSER = {**_ANYONE, "closed_by": "closed_by"}
_EMPLOYEE = {"responsible": "employee"}
_RESPONSIBLE = {"responsible": "responsible"}

_FIRST_SALE = WON & _tests(("win_no", Op.IN, (1,)))
_REPEAT_SALE = WON & _tests(("win_no", Op.GT, (1,)))
_NO_CLIENT = Miss("no_client", WON & _tests(("client", Op.EMPTY, ())))
_NO_DAYS = WON & _tests(("seconds_to_close", Op.EMPTY, ()))

_RETURN = Option(
    {
        "history": Choice(_REPEAT_SALE, (_NO_CLIENT,)),
        "flag": Choice(WON & _tests(("is_return", Op.IN, (True,)))),
    },
    default="history",
)
_DIRECTION = Option(
    {way: Choice(_tests(("direction", Op.IN, (way,)))) for way in ("in", "out")},
)


def _activity(kind: str, *more: tuple[str, Op, tuple[str | int | bool, ...]]) -> Where:
    return _tests(("kind", Op.IN, (kind,)), *more)


_ALL = (
    Ready(
        code="deals_created",
        type="count",
        entity="deal",
        dates=_CREATED,
        owners=_ANYONE,
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
        dates=_CREATED,
        owners=_ANYONE,
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
        dates=_CLOSED | _CREATED,
        owners=_CLOSER,
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
        dates=_CLOSED | _CREATED,
        owners=_CLOSER,
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
        dates=_CLOSED | _CREATED,
        owners=_CLOSER,
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
        dates=_CLOSED,
        owners=_CLOSER,
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
        dates=_CLOSED | _CREATED,
        owners=_CLOSER,
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
        dates=_CLOSED | _CREATED,
        owners=_CLOSER,
        template_owner="closed_by",
        only=WON,
        direction="down",
        misses=(
            Miss("planned_close", _NO_DAYS & _tests(("closed_from", Op.IN, ("planned",)))),
            Miss("negative_duration", _NO_DAYS & _tests(("closed_from", Op.IN, ("history", "moved")))),
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
        dates=_CLOSED | _CREATED,
        owners=_CLOSER,
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
        dates=_CLOSED | _CREATED,
        owners=_CLOSER,
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
        dates=_CLOSED | _CREATED,
        owners=_CLOSER,
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
        dates=_ENTERED,
        owners=_RESPONSIBLE,
        example={"stages": ["WON"]},
        name={"ru": "Дошли до стадии", "en": "Reached a stage"},
        rule={
            "ru": "Сделки, которые за период вошли в одну из выбранных стадий, по истории стадий; каждая — один раз.",
            "en": "Deals that entered one of the chosen stages in the period, by the stage history; each counts once.",
        },
    ),
    Ready(
        code="return_share",
        type="returns",
        entity="deal",
        dates=_CLOSED,
        owners=_CLOSER,
        template_owner="closed_by",
        direction="down",
        example={"stage_id": ["C1:NEW"]},
        name={"ru": "Доля возвратов", "en": "Share of returns"},
        rule={
            "ru": "Возвраты за период на 100 выигранных за период сделок: 100 × возвраты / выигранные.",
            "en": "Returns of the period per 100 deals won in the period: 100 × returned / won.",
        },
    ),
    Ready(
        code="meetings",
        type="count",
        entity="activity",
        dates=_COMPLETED | _START,
        owners=_ANYONE,
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
        dates=_START | _COMPLETED,
        owners=_ANYONE,
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
        dates=_START,
        owners=_ANYONE,
        only=_activity("email", ("direction", Op.IN, ("out",))),
        name={"ru": "Отправленные письма", "en": "E-mails sent"},
        rule={
            "ru": "Исходящие письма за период.",
            "en": "Outgoing e-mails of the period.",
        },
    ),
    Ready(
        code="entries",
        type="entries",
        entity="entry",
        dates=_OCCURRED,
        owners=_EMPLOYEE,
        example={"code": "nps"},
        name={"ru": "Записи", "en": "Entries"},
        rule={
            "ru": "Значения с выбранным кодом за период: внесённые роботами, через API, импортом или вручную.",
            "en": "Values of the chosen code in the period: posted by robots, the API, imports or by hand.",
        },
    ),
)

CATALOGUE: Mapping[str, Ready] = {ready.code: ready for ready in _ALL}
"""What measures facts."""

FORMULA = Ready(
    code="formula",
    type="formula",
    entity="",
    dates={},
    owners=_CLOSER,
    name={"ru": "Формула", "en": "Formula"},
    rule={
        "ru": "Значение по формуле из других показателей, готовых метрик и записей.",
        "en": "A value computed by a formula from other indicators, ready-made metrics and entries.",
    },
)
"""What is computed from other numbers (semantics 9); it has neither facts nor dates of its own."""

REASONS: Mapping[str, Text] = {
    "no_rate": {
        "ru": "Нет курса валюты: сделка учтена, её сумма — нет",
        "en": "No exchange rate: the deal counts, its amount does not",
    },
    "no_client": {
        "ru": "В сделке не указан клиент",
        "en": "The deal names no client",
    },
    "planned_close": {
        "ru": "Время закрытия неизвестно, есть только плановая дата",
        "en": "The time of closing is not known, only the planned date",
    },
    "negative_duration": {
        "ru": "Закрыта раньше, чем создана",
        "en": "Closed before it was created",
    },
    "not_completed": {
        "ru": "Дело не отмечено выполненным",
        "en": "Not marked as completed",
    },
    "other_funnel": {"ru": "Другая воронка", "en": "Another funnel"},
    "other_stage": {"ru": "Другая стадия", "en": "Another stage"},
    "other_source": {"ru": "Другой источник", "en": "Another source"},
    "other_product": {"ru": "Нет таких товаров в сделке", "en": "The deal has no such product"},
    "other_field": {
        "ru": "Другое значение поля",
        "en": "Another value of the field",
    },
    "not_ripe": {
        "ru": "Срок ещё не прошёл: сделка создана недавно",
        "en": "Created too recently: its days have not passed yet",
    },
    "other_conditions": {
        "ru": "Не подходит ни под одно из условий",
        "en": "Meets none of the alternative conditions",
    },
    "deleted": {"ru": "Удалено в Битрикс24", "en": "Deleted in Bitrix24"},
    "undone": {"ru": "Запись отменена", "en": "The entry was undone"},
    "replaced": {
        "ru": "Позже значение было установлено заново",
        "en": "The value was set anew later",
    },
}
"""Why a fact was not counted, in words (semantics 13)."""
