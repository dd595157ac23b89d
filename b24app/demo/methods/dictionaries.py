"""Methods that read dictionaries: funnels, stages and sources, currencies, smart processes."""

from typing import Any

from b24app.demo.errors import RestError
from b24app.demo.registry import Answer, Call, method
from b24app.demo.state import DEAL


@method("crm.category.list", "crm")
def categories(call: Call) -> Answer:
    if call.params.number("entityTypeId") != DEAL:
        raise RestError("NOT_FOUND", "Smart process not found")
    found = [category.record() for category in call.portal.dictionaries.categories]
    return Answer({"categories": found}, len(found))


@method("crm.status.list", "crm")
def statuses(call: Call) -> Answer:
    asked = call.params.mapping("filter")
    found = [
        record
        for record in (status.record() for status in call.portal.dictionaries.statuses)
        if all(_suits(record, str(key), value) for key, value in asked.items())
    ]
    return Answer(found, len(found))


def _suits(record: dict[str, Any], key: str, value: Any) -> bool:
    name = key.lstrip("=@%")
    if key.startswith("%"):
        return str(value).lower() in str(record.get(name, "")).lower()
    return name not in record or record[name] in (value if isinstance(value, list) else [value])


@method("crm.currency.list", "crm")
def currencies(call: Call) -> Answer:
    return Answer(call.portal.dictionaries.currencies(call.portal.now()), 0)  # the real total is always 0, too


@method("crm.currency.base.get", "crm")
def base_currency(call: Call) -> Answer:
    return Answer(call.portal.settings.currency)


@method("crm.type.list", "crm")
def types(call: Call) -> Answer:
    return Answer({"types": []}, 0)
