"""Statistics of calls. Its parameters are FILTER, SORT and ORDER: two texts, no map (contract 7.7)."""

from typing import Any

from b24app.demo.filters import Condition, Dialect, Group, parse_filter
from b24app.demo.lists import rights, write_textual
from b24app.demo.registry import Answer, Call, method
from b24app.demo.telephony import RECORD

_SORTABLE = {name: field for name, field in RECORD.items() if name != "CALL_TYPE"}


@method("voximplant.statistic.get", "telephony")
def statistics(call: Call) -> Answer:
    where = parse_filter(_between(call.params.mapping("FILTER")), Dialect(RECORD, call.portal.zone, strict=False))
    seen: tuple[Condition, ...] = rights(call, RECORD["PORTAL_USER_ID"])
    field = _SORTABLE.get(call.params.text("SORT", "CALL_START_DATE")) or RECORD["CALL_START_DATE"]
    order = ((field, call.params.text("ORDER", "DESC").upper() == "DESC"),)
    found = call.portal.calls.find(Group((*where.parts, *seen)), order, call.params.number("start"))
    write = write_textual(call, dict(RECORD))
    return Answer([write(row) for row in found.rows], found.total, found.next)


def _between(asked: dict[str, Any]) -> dict[str, Any]:
    """`><FIELD` names both ends, `?FIELD` a part of a text."""
    found: dict[str, Any] = {}
    for key, value in asked.items():
        if key.startswith("><"):
            found |= {f">={key[2:]}": value[0], f"<={key[2:]}": value[1]}
        else:
            found[f"%{key[1:]}" if key.startswith("?") else key] = value
    return found
