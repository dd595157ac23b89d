"""Event handlers the app has bound, what reaches them online, and the offline queue with the latest of each object."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from b24app.demo.courier import Courier, Parcel
from b24app.lib import clock

CODES = (
    "ONAPPINSTALL",
    "ONAPPUPDATE",
    "ONAPPUNINSTALL",
    "ONAPPPAYMENT",
    "ONAPPMETHODCONFIRM",
    "ONOFFLINEEVENT",
    *(
        f"ONCRM{entity}{what}"
        for entity in ("LEAD", "DEAL", "CONTACT", "COMPANY", "QUOTE", "DYNAMICITEM")
        for what in ("ADD", "UPDATE", "DELETE")
    ),
    "ONCRMDEALMOVETOCATEGORY",
    *(f"ONCRMDEALUSERFIELD{what}" for what in ("ADD", "UPDATE", "DELETE", "SETENUMVALUES")),
    *(f"ONCRMCURRENCY{what}" for what in ("ADD", "UPDATE", "DELETE")),
    "ONCRMACTIVITYADD",
    "ONCRMACTIVITYUPDATE",
    "ONCRMACTIVITYDELETE",
    "ONTASKADD",
    "ONTASKUPDATE",
    "ONTASKDELETE",
    "ONVOXIMPLANTCALLEND",
)
Auth = Callable[[int, bool], dict[str, Any]]  # (user id, with refresh token) -> auth[...]


@dataclass(frozen=True, slots=True)
class Binding:
    id: int
    event: str
    handler: str  # "" for an offline one
    auth_type: int  # 0: the acting user
    offline: bool

    def record(self) -> dict[str, Any]:
        return {
            "event": self.event,
            "handler": self.handler,
            "auth_type": str(self.auth_type),
            "offline": int(self.offline),
        }


@dataclass(slots=True)
class Waiting:
    """One row of the offline queue: the latest state of an object and event."""

    id: int
    event: str
    key: str
    data: dict[str, Any]
    moment: datetime
    message_id: str
    process_id: str = ""
    error: bool = False

    def record(self, with_state: bool = False) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "ID": str(self.id),
            "TIMESTAMP_X": self.moment.isoformat(timespec="seconds"),
            "EVENT_NAME": self.event,
            "EVENT_DATA": self.data or False,
            "EVENT_ADDITIONAL": False,
            "MESSAGE_ID": self.message_id,
        }
        return {**fields, "PROCESS_ID": self.process_id, "ERROR": str(int(self.error))} if with_state else fields


@dataclass(slots=True)
class EventBus:
    courier: Courier
    auth: Auth
    bindings: list[Binding] = field(default_factory=list)
    queue: list[Waiting] = field(default_factory=list)
    emitted: int = 0
    _last_id: int = 184
    _last_row: int = 0

    def bind(self, event: str, handler: str, auth_type: int, offline: bool) -> bool:
        """False when the same handler is already bound."""
        if any((one.event, one.handler, one.auth_type) == (event, handler, auth_type) for one in self.bindings):
            return False
        self._last_id += 1
        self.bindings.append(Binding(self._last_id, event, handler, auth_type, offline))
        return True

    def unbind(self, event: str, handler: str, auth_type: int | None, offline: bool | None) -> int:
        def goes(one: Binding) -> bool:
            same = one.event == event and (offline is None or one.offline == offline)
            same = same and (one.offline or one.handler == handler)
            return same and (auth_type is None or one.auth_type == auth_type)

        count = sum(map(goes, self.bindings))
        self.bindings = [one for one in self.bindings if not goes(one)]
        return count

    def emit(self, event: str, data: dict[str, Any], actor: int = 0, key: str = "") -> None:
        """Tell every handler. `actor` 0 is a robot or agent: such an event carries no access token."""
        self.emitted += 1
        for binding in [one for one in self.bindings if one.event == event]:
            if binding.offline:
                self._keep(event, data, key)
            else:
                self._post(binding, data, self.auth(binding.auth_type or actor, event.startswith("ONAPP")))

    def _keep(self, event: str, data: dict[str, Any], key: str) -> None:
        row = next((one for one in self.queue if (one.event, one.key, one.process_id) == (event, key, "")), None)
        if row is None:
            self._last_row += 1
            row = Waiting(self._last_row, event, key, data, clock.now(), secrets.token_hex(16))
            self.queue.append(row)
        row.data, row.moment = data, clock.now()
        for binding in [one for one in self.bindings if one.event == "ONOFFLINEEVENT"]:
            self._post(binding, {}, self.auth(binding.auth_type, True))

    def _post(self, binding: Binding, data: dict[str, Any], auth: dict[str, Any]) -> None:
        ts = str(int(clock.now().timestamp()))
        payload = {"event": binding.event, "event_handler_id": str(binding.id), "data": data, "ts": ts, "auth": auth}
        self.courier.send(Parcel("event", binding.handler, payload))

    def reserve(
        self, limit: int, clear: bool, errors: bool, keep: Callable[[Waiting], bool]
    ) -> tuple[str, list[Waiting]]:
        """Up to `limit` rows nobody else holds; with `clear` they leave the queue at once."""
        free = [row for row in self.queue if not row.process_id and row.error == errors and keep(row)][:limit]
        if clear:
            self.queue = [row for row in self.queue if row not in free]
            return "", free
        process_id = secrets.token_hex(16)
        for row in free:
            row.process_id = process_id
        return process_id, free

    def confirm(self, process_id: str, chosen: Callable[[Waiting], bool]) -> None:
        self.queue = [row for row in self.queue if row.process_id != process_id or not chosen(row)]

    def park(self, process_id: str, chosen: Callable[[Waiting], bool]) -> None:
        for row in self.queue:
            if row.process_id == process_id and chosen(row):
                row.process_id, row.error = "", True

    def clear(self) -> None:
        self.bindings.clear()
        self.queue.clear()
