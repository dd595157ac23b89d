"""Robots and workflow activities the app has registered, and the runs of them that wait for its answer."""

import secrets
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from b24app.demo.courier import Courier, Parcel
from b24app.demo.events import Auth
from b24app.lib import clock
from b24app.lib.i18n import pick

TIMEOUT_S = 660
MAIL_KEPT = 100


@dataclass(slots=True)
class Robot:
    """`form` is what bizproc.robot.add was given."""

    code: str
    is_activity: bool
    form: dict[str, Any]

    @property
    def waits(self) -> bool:
        """Anything but an explicit N waits for bizproc.event.send."""
        return str(self.form.get("USE_SUBSCRIPTION") or "Y").upper() != "N"

    @property
    def name(self) -> str:
        return pick(self.form.get("NAME")) or self.code

    @property
    def settings_page(self) -> str:
        """The app's own page that sets the properties, if it has one."""
        has_one = str(self.form.get("USE_PLACEMENT") or "N").upper() == "Y"
        return str(self.form.get("PLACEMENT_HANDLER") or "") if has_one else ""

    def properties(self, which: str = "PROPERTIES") -> dict[str, dict[str, Any]]:
        found = self.form.get(which)
        return found if isinstance(found, dict) else {}


@dataclass(slots=True)
class Run:
    """`results` stays None until the app has answered."""

    id: int
    code: str
    document: str  # DEAL_12
    token: str
    started_at: datetime
    waits: bool
    results: dict[str, Any] | None = None
    log: list[str] = field(default_factory=list)

    @property
    def state(self) -> str:
        if self.results is not None:
            return "answered"
        return "waiting" if self.waits else "sent"

    def record(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "code": self.code,
            "document": self.document,
            "state": self.state,
            "results": self.results,
            "log": self.log,
        }


@dataclass(frozen=True, slots=True)
class Template:
    """A workflow of the portal's own that somebody has drawn in the designer."""

    id: int
    name: str
    document_class: str
    document_type: str  # DEAL


@dataclass(frozen=True, slots=True)
class Started:
    """A workflow that was started over REST."""

    id: str
    template_id: int
    document: str
    parameters: dict[str, Any]

    def record(self) -> dict[str, Any]:
        return {"id": self.id, "template": self.template_id, "document": self.document, "parameters": self.parameters}


@dataclass(frozen=True, slots=True)
class Pulled:
    """A trigger of the app that was executed on a record."""

    code: str
    document: str

    def record(self) -> dict[str, Any]:
        return {"code": self.code, "document": self.document}


class Letterbox:
    """What the app's webhook has posted to the portal's own address for it, the latest of it."""

    def __init__(self) -> None:
        self.mail: deque[dict[str, Any]] = deque(maxlen=MAIL_KEPT)


@dataclass(slots=True)
class Workflows:
    courier: Courier
    auth: Auth
    robots: dict[str, Robot] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)
    templates: list[Template] = field(default_factory=list)
    started: list[Started] = field(default_factory=list)
    triggers: dict[str, str] = field(default_factory=dict)
    pulled: list[Pulled] = field(default_factory=list)
    on_paid_plan: bool = True

    def begin(self, template_id: int, document: str, parameters: dict[str, Any]) -> Started:
        """Start a workflow of the portal's own; what it would do is not played."""
        started = Started(_workflow_id(), template_id, document, parameters)
        self.started.append(started)
        return started

    def start(self, robot: Robot, document: tuple[str, str, str], properties: dict[str, Any], user_id: int) -> Run:
        """Post the robot's call and remember that it waits."""
        workflow_id = _workflow_id()
        token = f"{workflow_id}|A1_{secrets.randbelow(10**5)}_2_3|{secrets.token_urlsafe(24)}.{secrets.token_hex(32)}"
        run = Run(len(self.runs) + 1, robot.code, document[2], token, clock.now(), robot.waits)
        self.runs.append(run)
        payload = {
            "workflow_id": workflow_id,
            "code": robot.code,
            "document_id": list(document),
            "document_type": [*document[:2], document[2].rpartition("_")[0]],
            "event_token": token,
            "properties": {**_defaults(robot), **properties},
            "use_subscription": "Y" if run.waits else "N",
            "timeout_duration": str(TIMEOUT_S),
            "ts": str(int(clock.now().timestamp())),
            "auth": self.auth(int(robot.form.get("AUTH_USER_ID") or user_id), True),
        }
        self.courier.send(Parcel("robot", str(robot.form["HANDLER"]), payload))
        return run

    def find(self, token: str) -> Run | None:
        return next((run for run in self.runs if run.token == token), None)

    def answer(self, token: str, results: dict[str, Any], message: str) -> bool:
        """False for a token that is unknown, already answered, or of a run that waits for nothing."""
        run = self.find(token)
        if run is None or not run.waits or run.results is not None:
            return False
        run.results = results
        if message:
            run.log.append(message)
        return True

    def record(self) -> dict[str, int]:
        states = [run.state for run in self.runs]
        return {state: states.count(state) for state in ("waiting", "answered", "sent")}


def _workflow_id() -> str:
    return f"{secrets.token_hex(7)}.{secrets.randbelow(10**8):08d}"


def _defaults(robot: Robot) -> dict[str, Any]:
    return {key: form.get("Default", "") for key, form in robot.properties().items()}
