"""What an event of the portal means to us, whether it came online or out of the offline queue.

Which source listens to which code is said by the sources themselves; the payload only names the record (contract 4.5).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

from b24app.bitrix.payloads import NUMBER
from b24app.ingest import sources
from b24app.lib.registry import modules


@dataclass(frozen=True, slots=True)
class News:
    """A record of `entity` is to be read again; without `key` what is polled as a whole, at once. `is_new`: a record on
    which others may hang has just been made, so that none do."""

    entity: str
    key: str | None = None
    is_new: bool = False


@cache
def listeners() -> Mapping[str, ModuleType]:
    """The source that listens to an event, by its code."""
    return {code.upper(): source for source in modules(sources) for code in getattr(source, "events", ())}


def news(code: str, fields: Mapping[str, Any]) -> News | None:
    """What has to be looked at after an event; None when nobody listens to it.

    Invalid when it should name a record and does not. A source whose events name records in another way than by
    FIELDS[ID] says how in `key_of(fields)`.
    """
    source = listeners().get(code.upper())
    if source is None:
        return None
    if hasattr(source, "commands"):
        return News(source.entity)
    key = getattr(source, "key_of", _key)(fields)
    entity = source.named_by(code.upper(), fields) if hasattr(source, "named_by") else source.entity
    if key is None or entity is None:
        raise UnreadableEvent(code)
    return News(entity, key, is_new=hasattr(source, "concerns") and code.upper().endswith("ADD"))


class UnreadableEvent(Exception):
    """An event that somebody listens to does not say what it is about."""


def _key(fields: Mapping[str, Any]) -> str | None:
    found = str(fields.get("ID", "")).strip()
    return str(int(found)) if NUMBER.fullmatch(found) else None
