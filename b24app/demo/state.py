"""Everything one demo portal holds, in memory, behind one lock.

What people and programs do to it lives in deals.py (CRM), installation.py (the app's life) and rest.py (REST calls);
whoever reads or writes holds `portal.lock`.
"""

import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from b24app.demo import (
    absences,
    dataset,
    diary,
    dictionaries,
    history,
    invoices,
    open_lines,
    people,
    seed,
    tasks,
    telephony,
    tickets,
)
from b24app.demo.courier import Courier
from b24app.demo.dictionaries import Dictionaries
from b24app.demo.errors import RestError
from b24app.demo.events import EventBus
from b24app.demo.faults import Faults
from b24app.demo.limits import Limiter
from b24app.demo.oauth import Tokens
from b24app.demo.people import Staff, User
from b24app.demo.processes import Process
from b24app.demo.robots import Letterbox, Template, Workflows
from b24app.demo.settings import DemoSettings
from b24app.demo.store import Table
from b24app.lib import clock
from b24app.lib.i18n import gettext as _
from b24app.lib.i18n import speaking

ABSENT, INSTALLING, INSTALLED = "absent", "installing", "installed"
LEAD, DEAL, CONTACT, COMPANY, INVOICE = 1, 2, 3, 4, 31
_MOST_LEADS = 400


@dataclass(frozen=True, slots=True)
class Placement:
    id: int
    code: str
    handler: str
    titles: dict[str, dict[str, str]]  # language -> TITLE, DESCRIPTION, GROUP_NAME
    title: str
    options: dict[str, Any]


@dataclass(slots=True)
class Application:
    """`token` is the application_token that signs events; it changes with every install."""

    state: str = ABSENT
    removed: bool = False  # somebody has uninstalled it, so opening the portal does not begin an installation again
    token: str = ""
    version: int = 1
    placements: list[Placement] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Notification:
    id: int
    user_id: int
    text: str
    tag: str
    moment: datetime


@dataclass(slots=True)
class Traffic:
    """What programs asked for; a batch is one request with its commands counted beside it."""

    requests: int = 0
    by_method: Counter[str] = field(default_factory=Counter)
    commands: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)


class Portal:
    """One portal with its people, its CRM, and the app installed into it or not."""

    def __init__(self, settings: DemoSettings) -> None:
        self.settings = settings
        self.lock = threading.RLock()
        self.answered = threading.Condition(self.lock)  # notified when a robot's run gets its results
        self.zone = ZoneInfo(settings.time_zone)
        self.today = settings.today or clock.now().astimezone(self.zone).date()
        self.random = Random(settings.seed)
        self.app = Application()
        self.tokens = Tokens()
        self.faults = Faults()
        self.traffic = Traffic()
        self.limiter = Limiter(enforced=settings.strict_limits)
        self.notifications: list[Notification] = []
        self.courier = Courier(settings.event_workers, self.faults, settings.seed)
        self.events = EventBus(self.courier, self.auth)
        self.workflows = Workflows(self.courier, self.auth)
        self.letterbox = Letterbox()
        self.processes: dict[int, Process] = {}
        with speaking(settings.language):
            self._fill()
            self.workflows.templates.append(
                Template(3, _("Talk to an employee who is behind plan"), "CCrmDocumentDeal", "DEAL")
            )

    staff: Staff
    dictionaries: Dictionaries
    sections: Table
    products: Table
    deals: Table
    product_rows: Table
    companies: Table
    contacts: Table
    leads: Table
    history: Table
    lead_history: Table
    activities: Table
    calls: Table
    tasks: Table
    sessions: list[open_lines.Session]
    absences: list[absences.CalendarEvent]

    def _fill(self) -> None:
        settings = self.settings
        pipeline = dataset.opportunities(self.today, settings.deals, settings.seed)
        first = pipeline[0].engaged if pipeline else self.today
        opened = seed.noon(first, self.zone)
        accounts = dataset.accounts()
        products = dataset.products()
        prices = {product.name: product.price for product in products}
        self.staff = people.hire(dataset.agents(), tickets.agents())
        self.dictionaries = dictionaries.build(settings.currency)
        self.companies = seed.companies(accounts, opened)
        self.contacts = seed.contacts(accounts, opened, self.random)
        leads = min(max(len(pipeline) // 2, 12), _MOST_LEADS)
        self.leads = seed.leads(self.staff, first, self.today, leads, self.zone, settings.seed)
        self.processes[tickets.TYPE] = tickets.process(
            tickets.tickets(self.today, settings.deals), self.staff, self.zone
        )
        self.sections = seed.sections(products)
        self.products = seed.catalogue(products, self.sections, settings.currency, opened)
        self.deals = seed.deals(
            pipeline, self.staff, self.companies, prices, settings.currency, self.zone, settings.seed
        )
        self.processes[INVOICE] = invoices.process(self.deals, self.today, self.zone, settings.seed)
        self.product_rows = seed.product_rows(pipeline, self.products, settings.seed)
        self.history = history.table(history.usual(self.deals, lambda row: str(row["stageSemanticId"])))
        usual = history.usual(self.leads, lambda row: str(row["stageSemanticId"]))
        self.lead_history = history.table(usual, of_leads=True)
        self.activities = (
            diary.write(self.staff, self.deals, first, self.today, self.zone, settings.seed)
            if settings.activities
            else seed.no_activities()
        )
        self._fill_work()

    def _fill_work(self) -> None:
        """What people do beside their deals: calls, tasks, conversations in open lines; and when they are away."""
        self.calls, self.tasks, self.sessions = telephony.no_calls(), tasks.no_tasks(), []
        self.absences = []
        if not self.settings.activities:
            return
        staff, seeded = self.staff, (self.today, self.zone, self.settings.seed)
        self.calls = telephony.statistics(self.activities, seed.noon(self.today, self.zone), self.settings.seed)
        self.tasks = tasks.write(staff, *seeded)
        self.sessions, rows = open_lines.write(staff, *seeded, first_activity=self.activities.last_id + 1)
        rows += tasks.todos(staff, *seeded, first_activity=self.activities.last_id + 1 + len(rows))
        self.activities.load([*self.activities.rows.values(), *rows])
        self.absences = absences.write(staff, *seeded)

    def now(self) -> datetime:
        """The present in the portal's time zone, in whole seconds as Bitrix24 keeps it."""
        return clock.now().astimezone(self.zone).replace(microsecond=0)

    @property
    def url(self) -> str:
        """The portal's present address."""
        return self.faults.moved_to or self.settings.portal_url

    @property
    def domain(self) -> str:
        return urlsplit(self.url).netloc

    @property
    def client_endpoint(self) -> str:
        return f"{self.url}/rest/"

    @property
    def server_endpoint(self) -> str:
        return f"{self.settings.oauth_url}/rest/"

    @property
    def scope(self) -> str:
        return ",".join(self.settings.scopes)

    def items(self, entity_type: int) -> Table:
        tables = {LEAD: self.leads, DEAL: self.deals, CONTACT: self.contacts, COMPANY: self.companies}
        if entity_type in self.processes:
            return self.processes[entity_type].table
        if entity_type not in tables:
            raise RestError("NOT_FOUND", "Smart process not found")
        return tables[entity_type]

    def moves(self, entity_type: int) -> Table:
        """The stage history of deals, leads, invoices and smart processes."""
        tables = {LEAD: self.lead_history, DEAL: self.history}
        if entity_type in self.processes:
            return self.processes[entity_type].moves
        if entity_type not in tables:
            raise RestError("ENTITY_TYPE_NOT_SUPPORTED", f"Entity type {entity_type} is not supported")
        return tables[entity_type]

    def user_behind(self, access_token: str) -> User:
        """Who calls with this token, or why nobody may."""
        if self.app.state == ABSENT:
            raise RestError("APPLICATION_NOT_FOUND", "Application not found", 401)
        user = self.staff.users[self.tokens.owner(access_token, clock.now())]
        if not user.active:
            raise RestError("authorization_error", "Unable to authorize user", 401)
        return user

    def auth(self, user_id: int, with_refresh: bool) -> dict[str, Any]:
        """The auth[...] part of an event or a robot's call. User 0: nobody acted, so there is no access token."""
        endpoints = {
            "domain": self.domain,
            "server_endpoint": self.server_endpoint,
            "client_endpoint": self.client_endpoint,
            "member_id": self.settings.member_id,
            "application_token": self.app.token,
        }
        if user_id not in self.staff.users or self.app.state == ABSENT:
            return endpoints
        pair = self.tokens.current(user_id, clock.now())
        left_s = int((pair.expires_at - clock.now()).total_seconds())
        return {
            "access_token": pair.access,
            "expires": str(int(pair.expires_at.timestamp())),
            "expires_in": str(left_s),
            "scope": self.scope,
            "status": "F",
            "user_id": str(user_id),
            **endpoints,
            **({"refresh_token": pair.refresh} if with_refresh else {}),
        }

    def emit(self, event: str, data: dict[str, Any], actor: int = 0, key: str = "") -> None:
        """Nothing is told to an app whose installation is not finished."""
        if self.app.state == INSTALLED:
            self.events.emit(event, data, actor, key)
