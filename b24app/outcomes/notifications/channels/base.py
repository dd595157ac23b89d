"""What a channel owes: `code`, how many messages it takes `at_once`, whether telling twice is harmless (`may_repeat`),
and `tell(portal_id, messages) -> outcome of each by id`. Called with no transaction open; the language is the portal's.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import requests

from b24app.bitrix.errors import LimitExceeded, MethodPaused, PortalGone, RestError, Unreachable, Wait
from b24app.lib import exact
from b24app.lib.i18n import gettext as _
from b24app.outcomes.notifications.rules import Message, Outcome, failed, later, number, sent

Messages = Sequence[Message]


class Channel(Protocol):
    code: str
    at_once: int
    may_repeat: bool

    def tell(self, portal_id: int, messages: Messages) -> dict[int, Outcome]: ...


def refused(error: RestError) -> Outcome:
    """What a refusal of the portal means for a message that may be told again."""
    if isinstance(error, Wait | PortalGone):
        return later(error.message, error.retry_after_s)
    return failed(reason(error))


def reason(error: RestError) -> str:
    """The sentence, and what Bitrix24 itself says where the sentence is a general one."""
    return f"{error.message} ({error.description})" if error.description else error.message


def once(call: Callable[[], Any]) -> Outcome:
    """Of what must not be carried out twice: repeated only if it surely was not carried out."""
    try:
        return sent(call())
    except RestError as error:
        if not isinstance(error, Wait) or _was_not_carried_out(error):
            return refused(error)
        return failed(
            _("Bitrix24 did not answer, so nobody knows whether this was done. Look, and repeat it if it was not.")
        )


def _was_not_carried_out(error: Wait) -> bool:
    if isinstance(error, LimitExceeded | MethodPaused):
        return True
    cause = error.__cause__
    if not isinstance(error, Unreachable) or cause is None:
        return isinstance(error, Unreachable)
    nothing_left = getattr(next(iter(cause.args), None), "reason", None)
    return isinstance(cause, requests.ConnectTimeout) or type(nothing_left).__name__ == "NewConnectionError"


def written(payload: Mapping[str, Any], name: str) -> str:
    """A number of the payload as robots write it: with a point, no data as nothing."""
    value = number(payload, name)
    return "" if value is None else exact.number(value)
