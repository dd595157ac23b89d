"""The one family of errors that crosses rooms. An adapter translates what it catches into one of these.

`message` is a full sentence for a person, already translated or a gettext key; `errors` lists every single fault as
(path, sentence), so that a caller can mend all of them at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with an input: where (`indicators[0].weight`) and what, as a sentence."""

    path: str
    message: str


class AppError(Exception):
    """What a person or a program outside can be told about. The status is the HTTP status that means the same."""

    status = 500

    def __init__(self, message: str, errors: Iterable[Fault] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.errors = tuple(errors)


class NotFound(AppError):
    """The thing asked for is not there, or the asker may not know whether it is."""

    status = 404


class Invalid(AppError):
    """The input is understood and wrong. `errors` names every fault."""

    status = 422


class Unauthorized(AppError):
    """Nobody we know is asking: no session, no token, or one that ended."""

    status = 401


class Forbidden(AppError):
    """We know who asks, and they may not."""

    status = 403


class Conflict(AppError):
    """The stored state does not allow it now."""

    status = 409


class Temporary(AppError):
    """May work later without anybody doing anything; `retry_after_s` says when, if that is known."""

    status = 503

    def __init__(self, message: str, errors: Iterable[Fault] = (), retry_after_s: float | None = None) -> None:
        super().__init__(message, errors)
        self.retry_after_s = retry_after_s


class Permanent(AppError):
    """Will not work until a person changes something; the message says what."""

    status = 502
