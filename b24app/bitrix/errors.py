"""What Bitrix24 answers instead of a result, as Temporary or Permanent errors with a sentence for a person.

`refused` reads an answer; the codes and what to do about each are in contract 2.8.
"""

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
    """The token's user may not do this, or the portal's plan has no REST."""


class ScopeMissing(Refused):
    """The portal has not granted the scope this method needs."""


class TokenExpired(Refused):
    """The access token has ended or is not known; a refresh may help."""


class TokenDead(Refused):
    """The refresh token does not work any more; only somebody opening the app brings a new one."""


class OwnerDismissed(Refused):
    """The user behind the token was fired or deleted."""


class PortalGone(Refused):
    """The portal does not let the app in any more: removed, unpaid, blocked or deleted."""


class NotInstalled(PortalGone):
    """The application is not installed on the portal."""


class Wait(RestError, Temporary):
    """May work a little later."""


class LimitExceeded(Wait):
    """Too many requests a second (QUERY_LIMIT_EXCEEDED)."""


class MethodPaused(Wait):
    """This method has used up its operating time; `retry_after_s` says when it works again."""


class BadAnswer(Wait):
    """The answer cannot be read: HTML instead of JSON, a part missing, pages out of order."""


class Unreachable(Wait):
    """No answer at all: no connection, a time-out, an address that moved and that nobody vouches for."""


class BatchError(Refused):
    """Commands of a batch were refused; `refusals` names them all."""

    def __init__(self, refusals: Mapping[str, RestError]) -> None:
        first = next(iter(refusals.values()))
        super().__init__(first.message, code=first.code, description=first.description, method=first.method)
        self.refusals = dict(refusals)


EXPIRED = {"EXPIRED_TOKEN", "INVALID_TOKEN", "NO_AUTH_FOUND"}
REMOVED = {"APPLICATION_NOT_FOUND", "NOT_INSTALLED", "ERROR_OAUTH"}
BUSY = {"INTERNAL_SERVER_ERROR", "ERROR_UNEXPECTED_ANSWER", "METHOD_CONFIRM_WAITING"}
DENIED = {"ACCESS_DENIED", "INVALID_CREDENTIALS", "USER_ACCESS_ERROR", "ALLOWED_ONLY_INTRANET_USER", "WRONG_AUTH_TYPE"}


def refused(method: str, status: int | None, body: Mapping[str, Any]) -> RestError:
    """The error that an answer with `error` in it means. The status of commands inside a batch is not known: None."""
    code = str(body.get("error") or "").upper()
    kind, message = _meaning(code, status)
    description = str(body.get("error_description") or "")
    error = kind(message, code=code, description=description, status=status, method=method)
    if isinstance(error, MethodPaused):
        error.retry_after_s = _pause_s(body, clock.now())
    return error


def _meaning(code: str, status: int | None) -> tuple[type[RestError], str]:
    match code:
        case _ if code in EXPIRED:
            return TokenExpired, _("Bitrix24 does not accept the access token.")
        case "INVALID_GRANT":
            return TokenDead, _("Bitrix24 does not renew the access any more. An administrator has to open the app.")
        case "AUTHORIZATION_ERROR":
            return OwnerDismissed, _("The employee in whose name the app works has been dismissed.")
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
        case "QUERY_LIMIT_EXCEEDED":
            return LimitExceeded, _("Bitrix24 asks for fewer requests. The work goes on by itself.")
        case "OPERATION_TIME_LIMIT":
            return MethodPaused, _(
                "Bitrix24 has paused this kind of request for some minutes. The work goes on by itself."
            )
        case "INSUFFICIENT_SCOPE":
            return ScopeMissing, _(
                "The app lacks a permission in this Bitrix24. An administrator has to install its latest version."
            )
        case _ if code in DENIED:
            return AccessDenied, _("Bitrix24 denies access: rights or the tariff plan do not allow it.")
        case "INVALID_CLIENT" | "WRONG_CLIENT":
            return Refused, _("The OAuth server does not know this app: check B24_CLIENT_ID and B24_CLIENT_SECRET.")
    if code in BUSY or (status is not None and status >= 500):
        return Wait, _("Bitrix24 cannot answer at the moment. The work goes on by itself.")
    return Refused, _("Bitrix24 has refused a request.")


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
