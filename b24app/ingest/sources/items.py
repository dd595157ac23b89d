"""Events of the types of CRM records that are read only once something names them (crm_items.py reads them).

An event of a smart process names its type; smart invoices are told as one of them, quotes have events of their own.
"""

from collections.abc import Mapping
from typing import Any

from b24app.facts.entities import QUOTE, entity_of

key = "items"
entity = "item"
_QUOTES = ("ONCRMQUOTEADD", "ONCRMQUOTEUPDATE", "ONCRMQUOTEDELETE")
events = ("ONCRMDYNAMICITEMADD", "ONCRMDYNAMICITEMUPDATE", "ONCRMDYNAMICITEMDELETE", *_QUOTES)


def named_by(code: str, fields: Mapping[str, Any]) -> str | None:
    """The entity an event is about."""
    if code in _QUOTES:
        return QUOTE
    type_id = str(fields.get("ENTITY_TYPE_ID", "")).strip()
    return entity_of(int(type_id)) if type_id.isascii() and type_id.isdecimal() else None
