"""Methods that read dictionaries: funnels, stages and sources, currencies; smart processes can be made too."""

from typing import Any

from b24app.demo import processes
from b24app.demo.dictionaries import Status
from b24app.demo.errors import RestError, bad_value
from b24app.demo.registry import Answer, Call, method
from b24app.demo.state import DEAL, INVOICE, Portal
from b24app.demo.store import PAGE
from b24app.lib.i18n import speaking


@method("crm.category.list", "crm")
def categories(call: Call) -> Answer:
    entity_type = call.params.number("entityTypeId")
    if process := call.portal.processes.get(entity_type):
        return Answer({"categories": [{**process.funnel.record(), "entityTypeId": entity_type, "isDefault": "Y"}]}, 1)
    if entity_type != DEAL:
        raise RestError("NOT_FOUND", "Smart process not found")
    found = [category.record() for category in call.portal.dictionaries.categories]
    return Answer({"categories": found}, len(found))


@method("crm.status.list", "crm")
def statuses(call: Call) -> Answer:
    asked = call.params.mapping("filter")
    found = [
        record
        for record in (status.record() for status in _statuses(call.portal))
        if all(_suits(record, str(key), value) for key, value in asked.items())
    ]
    return Answer(found, len(found))


def _statuses(portal: Portal) -> tuple[Status, ...]:
    own = (stage for process in portal.processes.values() for stage in process.stages)
    return (*portal.dictionaries.statuses, *own)


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
    """Smart processes that people have made; smart invoices are none of them."""
    found = [process.record() for id, process in sorted(call.portal.processes.items()) if id != INVOICE]
    start = max(call.params.number("start"), 0)
    end = start + PAGE
    return Answer({"types": found[start:end]}, len(found), end if end < len(found) else None)


@method("crm.type.add", "crm")
def type_add(call: Call) -> Answer:
    fields, portal = call.params.mapping("fields"), call.portal
    id = max((one.id for one in portal.processes.values()), default=0) + 1
    entity_type = int(fields.get("entityTypeId") or 1030 + 2 * id)
    if entity_type in portal.processes:
        raise bad_value("There is a smart process with this entityTypeId already")
    with speaking(portal.settings.language):
        made = processes.process(id, entity_type, str(fields.get("title") or ""), processes.usual_stages())
    portal.processes[entity_type] = made
    return Answer({"type": made.record()})
