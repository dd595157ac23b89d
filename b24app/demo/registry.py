"""How a REST method is declared, what it is given, and what it answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from b24app.demo.errors import RestError, access_denied
from b24app.demo.people import User
from b24app.demo.state import Portal


class Params:
    """A call's parameters. Names of the first level are found in any case, as PHP developers write them."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self._values = {str(key).lower(): value for key, value in raw.items()}

    def get(self, name: str, default: Any = None) -> Any:
        return self._values.get(name.lower(), default)

    def has(self, name: str) -> bool:
        return self.get(name) not in (None, "", [], {})

    def text(self, name: str, default: str = "") -> str:
        value = self.get(name)
        return default if value is None else str(value)

    def number(self, name: str, default: int = 0) -> int:
        value = self.get(name)
        try:
            return default if value in (None, "") else int(value)
        except (TypeError, ValueError):
            raise RestError("INVALID_ARG_VALUE", f"Invalid value of parameter '{name}'") from None

    def mapping(self, name: str) -> dict[str, Any]:
        """An object; PHP writes an empty one as [], and one with keys 0, 1, .. as a list."""
        value = self.get(name)
        if isinstance(value, list):
            return {str(place): one for place, one in enumerate(value)}
        return value if isinstance(value, dict) else {}

    def many(self, name: str) -> list[Any]:
        value = self.get(name)
        if isinstance(value, dict):
            return list(value.values())
        return value if isinstance(value, list) else [] if value in (None, "") else [value]

    def items(self) -> list[tuple[str, Any]]:
        return list(self._values.items())


@dataclass(frozen=True, slots=True)
class Call:
    portal: Portal
    user: User
    params: Params


@dataclass(frozen=True, slots=True)
class Answer:
    result: Any
    total: int | None = None
    next: int | None = None


Handler = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Method:
    name: str
    handler: Handler
    scopes: tuple[str, ...]  # any of them is enough; none: always allowed
    admin: bool


METHODS: dict[str, Method] = {}


def method(name: str, *scopes: str, admin: bool = False) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        METHODS[name.lower()] = Method(name, handler, scopes, admin)
        return handler

    return register


def invoke(portal: Portal, user: User, name: str, raw: Mapping[str, Any]) -> Answer:
    """Run one method, or raise the error the portal answers with. The caller holds the lock."""
    found = METHODS.get(name.lower())
    if found is None:
        raise RestError("ERROR_METHOD_NOT_FOUND", "Method not found!", 404)
    if found.scopes and not set(found.scopes) & set(portal.settings.scopes):
        raise RestError("insufficient_scope", "The request requires higher privileges than provided", 403)
    if found.admin and not user.is_admin:
        raise access_denied()
    if name.lower() in portal.faults.operation_limit:
        raise RestError("OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit.", 429)
    return found.handler(Call(portal, user, Params(raw)))
