"""What the REST log keeps of one exchange: its shape without secrets and without people (contract 9)."""

import json
import re
from dataclasses import dataclass
from typing import Any

KEPT_CHARACTERS = 2000
KEPT_OF_A_LIST = 3
HIDDEN = "***"

_SECRET = re.compile(r"auth|token|secret|password", re.IGNORECASE)
_PERSONAL = re.compile(
    r"^(name|last_?name|second_?name|full_?name|title|subject|description|comments?|message|text|email|phone|fm|"
    r"personal_\w+|work_\w+|communications|value|log_message|address)$",
    re.IGNORECASE,
)
_IN_COMMAND = re.compile(r"([?&](?:[^=&]*\[)?([A-Za-z_]+)\]?=)([^&]*)")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, ready to be stored. `status` is None when there was no answer."""

    method: str
    status: int | None
    error: str | None
    duration_ms: int
    request: str
    response: str


def written(value: Any) -> str:
    return json.dumps(_masked(value), ensure_ascii=False, default=str)[:KEPT_CHARACTERS]


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: HIDDEN if _is_hidden(str(key), inner) else _masked(inner) for key, inner in value.items()}
    if isinstance(value, list):
        kept = [_masked(inner) for inner in value[:KEPT_OF_A_LIST]]
        return kept if len(value) <= KEPT_OF_A_LIST else [*kept, f"and {len(value) - KEPT_OF_A_LIST} more"]
    if isinstance(value, str) and "?" in value and "=" in value:
        return _IN_COMMAND.sub(_masked_parameter, value)
    return value


def _is_hidden(key: str, value: Any) -> bool:
    """Secrets always; people's words only where they are words: `title` may also name a part of the answer."""
    return bool(_SECRET.search(key)) or (bool(_PERSONAL.match(key)) and not isinstance(value, dict))


def _masked_parameter(found: re.Match[str]) -> str:
    return f"{found[1]}{HIDDEN}" if _is_hidden(found[2], found[3]) else found[0]
