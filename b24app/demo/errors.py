"""The one error the portal answers REST calls with, and the codes used in more than one place."""

from typing import Any


class RestError(Exception):
    """Becomes `{"error": code, "error_description": text}` with this status."""

    def __init__(self, code: str, text: str, status: int = 400, **more: Any) -> None:
        super().__init__(text)
        self.code, self.text, self.status, self.more = code, text, status, more

    def body(self) -> dict[str, Any]:
        return {"error": self.code, "error_description": self.text, **self.more}


def access_denied(text: str = "Access denied!", status: int = 403) -> RestError:
    return RestError("ACCESS_DENIED", text, status)


def not_found(text: str = "Not found") -> RestError:
    return RestError("NOT_FOUND", text)


def bad_value(text: str) -> RestError:
    return RestError("INVALID_ARG_VALUE", text)
