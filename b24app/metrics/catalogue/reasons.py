"""Why a fact was not counted, in words (semantics 13)."""

from collections.abc import Mapping

from b24app.metrics.catalogue.base import Text

REASONS: Mapping[str, Text] = {
    "no_rate": {
        "ru": "Нет курса валюты: сделка учтена, её сумма — нет",
        "en": "No exchange rate: the deal counts, its amount does not",
    },
    "no_number": {
        "ru": "В поле нет числа",
        "en": "The field holds no number",
    },
    "not_paid": {"ru": "Счёт ещё не оплачен", "en": "The invoice is not paid yet"},
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
    "not_answered": {"ru": "На звонок не ответили", "en": "The call was not answered"},
    "too_short": {"ru": "Звонок короче, чем нужно", "en": "The call was too short"},
    "no_deadline": {"ru": "У задачи не было крайнего срока", "en": "The task had no deadline"},
    "unanswered": {
        "ru": "Ответа ещё нет",
        "en": "Not answered yet",
    },
    "answered_before": {
        "ru": "Ответ раньше создания",
        "en": "Answered before it was created",
    },
    "undated_rating": {
        "ru": "Оценка без даты: обращение не решено",
        "en": "The rating has no date: the request is not resolved",
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
    "waiting": {
        "ru": "Ждёт подтверждения вторым человеком",
        "en": "It waits for a second person to approve it",
    },
    "undone": {"ru": "Запись отменена", "en": "The entry was undone"},
    "replaced": {
        "ru": "Позже значение было установлено заново",
        "en": "The value was set anew later",
    },
}
"""Why a fact was not counted, in words (semantics 13)."""
