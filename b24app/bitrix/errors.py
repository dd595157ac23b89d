"""What Bitrix24 answers instead of a result, as Temporary or Permanent errors with a sentence for a person.

`refused` reads an answer; the codes and what to do about each are in contract 2.8.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from b24app.lib import clock
from b24app.lib.errors import AppError, Permanent, Temporary
from b24app.lib.i18n import gettext as _


class RestError(AppError):
    """Any refusal of the portal or the OAuth server. `code` is upper case and may be empty, as the wire has it."""

    def __init__(
        self, message: str, *, code: str = "", description: str = "", status: int | None = None, method: str = ""
    ) -> None:
        super().__init__(message)
        self.code = code
        self.description = description
        self.http_status = status
        self.method = method
        self.retry_after_s: float | None = None


class Refused(RestError, Permanent):
    """The request will not be carried out as it is."""


class AccessDenied(Refused):
    """The token's user may not do this."""


class ScopeMissing(Refused):
    """The portal has not granted the scope this method needs."""


class TokenExpired(Refused):
    """The access token has ended; a refresh helps."""


class TokenUnknown(TokenExpired):
    """The access token belongs to no app. A refresh may help; if not, this user's tokens are worth nothing."""


class TokenDead(Refused):
    """The refresh token does not work any more; only somebody opening the app brings a new one."""


class OwnerDismissed(Refused):
    """The user behind the token was fired or deleted, or may use the app no more: somebody else's token is needed."""


class PortalGone(Refused):
    """The portal does not let the app in any more: removed, unpaid, blocked, deleted, or of a plan without REST."""


class NotInstalled(PortalGone):
    """The application is not installed on the portal."""


class Wait(RestError, Temporary):
    """May work a little later."""


class LimitExceeded(Wait):
    """Too many requests a second (QUERY_LIMIT_EXCEEDED)."""


class MethodPaused(Wait):
    """This method has used up its operating time; `retry_after_s` says when it works again."""


class Unconfirmed(MethodPaused):
    """An administrator of the portal has to confirm that the app may call this method."""


class BadAnswer(Wait):
    """The answer cannot be read: HTML instead of JSON, a part missing, pages out of order."""


class Unreachable(Wait):
    """No answer at all: no connection, a time-out, an address that moved and that nobody vouches for."""


class Resting(Unreachable):
    """A portal that has not answered for long is left in peace; `retry_after_s` says for how long."""


class BatchError(Refused):
    """Commands of a batch were refused; `refusals` names them all."""

    def __init__(self, refusals: Mapping[str, RestError]) -> None:
        first = next(iter(refusals.values()))
        super().__init__(first.message, code=first.code, description=first.description, method=first.method)
        self.refusals = dict(refusals)


def is_of_one_method(error: RestError) -> bool:
    """Whether it is this method only that is refused, for want of a scope or a right, so that others may be called."""
    if isinstance(error, BatchError):
        return all(map(is_of_one_method, error.refusals.values()))
    return type(error) in (Refused, AccessDenied, ScopeMissing)


UNKNOWN = {"INVALID_TOKEN", "NO_AUTH_FOUND"}
REMOVED = {"APPLICATION_NOT_FOUND", "NOT_INSTALLED"}
USELESS_OWNER = {"USER_ACCESS_ERROR", "ALLOWED_ONLY_INTRANET_USER"}
DENIED = {"ACCESS_DENIED", "INVALID_CREDENTIALS", "WRONG_AUTH_TYPE"}
BUSY = {"INTERNAL_SERVER_ERROR", "ERROR_UNEXPECTED_ANSWER"}

NO_REST = "NO_REST"
"""Our own code: the plan has no REST. Bitrix24 says ACCESS_DENIED, and so it does to whoever lacks a right."""

FOR_EVERYBODY = {"profile", "app.info", "scope", "server.time"}
"""Methods that need no right: where even they are denied, everything is (contract 10.48)."""

_NO_REST = re.compile(r"\brest\b.*commercial plan", re.IGNORECASE)
_NOT_INSTALLED = re.compile("not installed", re.IGNORECASE)

CONFIRMATION_S = 600
"""So long a method that waits for its confirmation is left alone."""


def refused(method: str, status: int | None, body: Mapping[str, Any]) -> RestError:
    """The error that an answer with `error` in it means. The status of commands inside a batch is not known: None."""
    code, description = str(body.get("error") or "").upper(), str(body.get("error_description") or "")
    kind, message = _meaning(_told_apart(code, description, method), status)
    error = kind(message, code=code, description=description, status=status, method=method)
    if isinstance(error, Unconfirmed):
        error.retry_after_s = CONFIRMATION_S
    elif isinstance(error, MethodPaused):
        error.retry_after_s = _pause_s(body, clock.now())
    return error


def unreachable(method: str, description: str) -> Unreachable:
    """There was no answer."""
    return Unreachable(_away(), method=method, description=description)


def resting(method: str, seconds: float) -> Resting:
    """Nobody was asked: there has been no answer for long, and it is not yet time to try again."""
    error = Resting(_away(), method=method)
    error.retry_after_s = seconds
    return error


def _away() -> str:
    return _("Bitrix24 cannot be reached. The work goes on by itself when it answers again.")


def problem(code: str) -> str:
    """Why a portal is suspended, as a sentence for its administrator."""
    return _meaning(code, None)[1]


def is_known(code: str) -> bool:
    """Whether it is one of the codes that are reacted to."""
    return code in BUSY or bool(_about_tokens(code) or _about_the_portal(code) or _about_requests(code))


def told(trouble: str) -> str:
    """The sentence for what the log of requests keeps of an error: its kind, and its code if it had one."""
    kind, _space, code = trouble.partition(" ")
    if kind == BadAnswer.__name__:
        return _("Bitrix24's answer cannot be read.")
    if kind == Unreachable.__name__:
        return _away()
    if kind == "redirect":
        return _("Bitrix24 has moved to another address.")
    return _meaning(code, 500 if kind == Wait.__name__ else None)[1]


def reason(error: RestError) -> str:
    """The code that `problem` explains: Bitrix24's own, or ours where theirs says several things."""
    return _told_apart(error.code, error.description, error.method)


def _told_apart(code: str, description: str, method: str) -> str:
    """Two codes are said in several cases that need different reactions."""
    if code == "ACCESS_DENIED" and (_NO_REST.search(description) or method in FOR_EVERYBODY):
        return NO_REST
    if code == "ERROR_OAUTH":
        return "NOT_INSTALLED" if _NOT_INSTALLED.search(description) else "INVALID_TOKEN"
    return code


def _meaning(code: str, status: int | None) -> tuple[type[RestError], str]:
    """What a code means and what a person is told (contract 2.8). Without a known code the status decides."""
    if found := _about_tokens(code) or _about_the_portal(code) or _about_requests(code):
        return found
    if code in BUSY or (status is not None and status >= 500):
        return Wait, _("Bitrix24 cannot answer at the moment. The work goes on by itself.")
    return Refused, _("Bitrix24 has refused a request.")


def _about_tokens(code: str) -> tuple[type[RestError], str] | None:
    match code:
        case "EXPIRED_TOKEN":
            return TokenExpired, _("Bitrix24 does not accept the access token.")
        case _ if code in UNKNOWN:
            return TokenUnknown, _("Bitrix24 does not accept the access token.")
        case "INVALID_GRANT":
            return TokenDead, _("Bitrix24 does not renew the access any more. An administrator has to open the app.")
        case "AUTHORIZATION_ERROR":
            return OwnerDismissed, _("The employee in whose name the app works has been dismissed.")
        case _ if code in USELESS_OWNER:
            return OwnerDismissed, _(
                "The employee in whose name the app works may not use it any more. "
                "An administrator who may has to open the app."
            )
        case "INVALID_CLIENT" | "WRONG_CLIENT":
            return Refused, _("The OAuth server does not know this app: check B24_CLIENT_ID and B24_CLIENT_SECRET.")
    return None


def _about_the_portal(code: str) -> tuple[type[RestError], str] | None:
    match code:
        case _ if code in REMOVED:
            return NotInstalled, _(
                "The app is not installed in this Bitrix24 any more. An administrator has to install it again."
            )
        case "PAYMENT_REQUIRED":
            return PortalGone, _("The app's subscription on this Bitrix24 has ended. Renew it in the Market.")
        case "OVERLOAD_LIMIT":
            return PortalGone, _("Bitrix24 has blocked the app's requests. Ask the Bitrix24 support to lift the block.")
        case "PORTAL_DELETED":
            return PortalGone, _("This Bitrix24 has been deleted.")
        case "NO_REST":
            return PortalGone, _(
                "The tariff plan of this Bitrix24 does not let apps read data. Choose a commercial plan; "
                "the work then goes on by itself."
            )
    return None


def _about_requests(code: str) -> tuple[type[RestError], str] | None:
    match code:
        case "QUERY_LIMIT_EXCEEDED":
            return LimitExceeded, _("Bitrix24 asks for fewer requests. The work goes on by itself.")
        case "OPERATION_TIME_LIMIT":
            return MethodPaused, _(
                "Bitrix24 has paused this kind of request for some minutes. The work goes on by itself."
            )
        case "METHOD_CONFIRM_WAITING":
            return Unconfirmed, _(
                "Bitrix24 waits until an administrator confirms that the app may make this request. "
                "The work then goes on by itself."
            )
        case "METHOD_CONFIRM_DENIED":
            return AccessDenied, _("An administrator has denied the app this kind of request.")
        case "INSUFFICIENT_SCOPE" | "INVALID_SCOPE":
            return ScopeMissing, _(
                "The app lacks a permission in this Bitrix24. An administrator has to install its latest version."
            )
        case "ERROR_METHOD_NOT_FOUND":
            return Refused, _("This Bitrix24 does not know a request of the app. It may need an update.")
        case _ if code in DENIED:
            return AccessDenied, _("Bitrix24 denies access: rights or the tariff plan do not allow it.")
    return None


def _pause_s(body: Mapping[str, Any], now: datetime, default: float = 60.0) -> float:
    """How long a method is paused: until `operating_reset_at`, which is a number or, in one sample, an ISO time."""
    spent = body.get("time")
    until = spent.get("operating_reset_at") if isinstance(spent, Mapping) else None
    try:
        if isinstance(until, str) and not until.isdigit():
            left = datetime.fromisoformat(until).timestamp() - now.timestamp()
        else:
            left = float(until or 0) - now.timestamp()
    except ValueError:
        return default
    return min(left, 3600.0) if left > 0 else default
