"""What Bitrix24 posts to us, parsed once: a placement or installer opened in a browser, an event, a robot's call.

Nothing here is trusted: the OAuth server (placements) or the application token (events, robots) has to prove it.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from b24app.bitrix.oauth import scopes_of
from b24app.bitrix.wire import mapping, nested
from b24app.lib.errors import Fault, Invalid
from b24app.lib.i18n import gettext as _

HOUR_S = 3600
NUMBER = re.compile(r"[0-9]{1,18}")


class Form(Protocol):
    """The part of a web framework's form that is needed here: every (name, value) pair."""

    def items(self, multi: bool = ...) -> Any: ...


@dataclass(frozen=True, slots=True)
class PlacementPayload:
    """A browser opening the installer, the app or a widget (contract 1.2). Tokens are the viewer's."""

    access_token: str
    refresh_token: str | None
    expires_in: int
    member_id: str
    server_endpoint: str | None
    application_token: str | None
    language: str
    placement: str
    options: Mapping[str, Any]

    @classmethod
    def from_form(cls, form: Mapping[str, str], query: Mapping[str, str]) -> "PlacementPayload":
        """Invalid when it is not a post of Bitrix24 at all. Older portals leave some fields out."""
        missing = [name for name in ("AUTH_ID", "member_id") if not form.get(name)]
        if missing:
            raise Invalid(
                _("Open this page from Bitrix24."),
                [Fault(name, _("The field is missing.")) for name in missing],
            )
        return cls(
            access_token=form["AUTH_ID"],
            refresh_token=form.get("REFRESH_ID") or None,
            expires_in=min(_number(form.get("AUTH_EXPIRES"), HOUR_S), HOUR_S),
            member_id=form["member_id"],
            server_endpoint=form.get("SERVER_ENDPOINT") or None,
            application_token=form.get("APPLICATION_TOKEN") or None,
            language=query.get("LANG") or form.get("LANG") or "",
            placement=form.get("PLACEMENT") or "DEFAULT",
            options=_options(form.get("PLACEMENT_OPTIONS")),
        )


@dataclass(frozen=True, slots=True)
class Auth:
    """The auth[..] part of an event or a robot's call. Only `member_id` and `application_token` are ever compared."""

    member_id: str
    application_token: str
    access_token: str | None
    refresh_token: str | None
    expires_in: int
    server_endpoint: str | None
    scopes: tuple[str, ...]

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Auth":
        return cls(
            member_id=_text(values.get("member_id")),
            application_token=_text(values.get("application_token")),
            access_token=_text(values.get("access_token")) or None,
            refresh_token=_text(values.get("refresh_token")) or None,
            expires_in=min(_number(values.get("expires_in"), HOUR_S), HOUR_S),
            server_endpoint=_text(values.get("server_endpoint")) or None,
            scopes=scopes_of(_text(values.get("scope"))),
        )


@dataclass(frozen=True, slots=True)
class EventPayload:
    """An event (contract 4.2). `code` is upper case; `fields` is data[FIELDS], or data where there are no FIELDS."""

    code: str
    fields: Mapping[str, Any]
    auth: Auth

    @classmethod
    def from_form(cls, form: Form) -> "EventPayload":
        tree = nested(form.items(multi=True))
        values = mapping(tree.get("data"))
        return cls(
            code=_text(tree.get("event")).upper(),
            fields=mapping(values.get("FIELDS")) or values,
            auth=Auth.of(mapping(tree.get("auth"))),
        )


@dataclass(frozen=True, slots=True)
class RobotCall:
    """A robot or workflow activity calls (contract 6.2). `document` is (module, class, `DEAL_1001`)."""

    code: str
    document: tuple[str, str, str]
    event_token: str
    properties: Mapping[str, Any]
    waits: bool
    auth: Auth

    @classmethod
    def from_form(cls, form: Form, body: Any = None) -> "RobotCall":
        """Form-encoded on the wire; a JSON `body` of the same shape is taken too, as the tutorials print it."""
        tree = nested(form.items(multi=True)) or mapping(body)
        document = [*map(_text, mapping(tree.get("document_id")).values()), "", "", ""]
        return cls(
            code=_text(tree.get("code")),
            document=(document[0], document[1], document[2]),
            event_token=_text(tree.get("event_token")),
            properties={key: _listed(value) for key, value in mapping(tree.get("properties")).items()},
            waits=_text(tree.get("use_subscription")).upper() != "N",
            auth=Auth.of(mapping(tree.get("auth"))),
        )

    def record(self) -> dict[str, Any]:
        """What is kept to work on later: everything but the tokens."""
        return {
            "code": self.code,
            "document": list(self.document),
            "properties": dict(self.properties),
            "waits": self.waits,
        }


def _text(value: Any) -> str:
    """PostgreSQL stores no NUL, and nothing of Bitrix24 has one."""
    return "" if value is None or isinstance(value, Mapping | list) else str(value).replace("\0", "").strip()


def _number(value: Any, default: int) -> int:
    text = _text(value)
    return int(text) if NUMBER.fullmatch(text) else default


def _options(text: str | None) -> Mapping[str, Any]:
    try:
        return mapping(json.loads(text or "{}"))
    except (ValueError, RecursionError):
        return {}


def _listed(value: Any) -> Any:
    """A property with several values arrives with the keys 0, 1, .."""
    return list(value.values()) if isinstance(value, dict) else value
