"""The pages alone: our blueprints, templates and static files in a small application with samples behind them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime

from flask import Flask, g, render_template, request

from b24app.ingest.imports.rules import Meaning
from b24app.ingest.imports.tables import ImportFile
from b24app.lib import clock
from b24app.lib.errors import AppError
from b24app.lib.i18n import speaking
from b24app.lib.paths import STATIC, TEMPLATES
from b24app.outcomes.dashboards.ledger import Ledger, Sheet, Told
from b24app.outcomes.dashboards.nightly import Night
from b24app.outcomes.dashboards.panel import Changes, Held, LateRecords, NotCounted, Question, Why
from b24app.outcomes.dashboards.rules import Card, Company, Team
from b24app.outcomes.dashboards.tabs import DealTab, SyncState
from b24app.outcomes.notifications.channels.workflow import Template
from b24app.outcomes.notifications.queries import Hook, Sending
from b24app.outcomes.notifications.rules import Wishes
from b24app.outcomes.recognition.queries import Given
from b24app.periods.rules import Period, Settings, local_day
from b24app.portal.rules import Structure, Subject, Viewer
from b24app.portal.tables import Portal
from b24app.scorecards.rules import Version
from b24app.web import (
    access,
    audit,
    calls,
    credit_fields,
    credits,
    dashboards,
    data,
    formats,
    health,
    imports,
    indicators,
    keys,
    notifications,
    periods,
    recognition,
    scorecards,
    settings,
    sources,
    templates,
)
from tests.web import samples

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)

ASKED = (
    (dashboards, "queries"),
    (dashboards, "explain"),
    (dashboards, "history"),
    (dashboards, "nightly"),
    (periods, "history"),
    (dashboards, "whole"),
    (scorecards, "queries"),
    (scorecards, "people"),
    (notifications, "queries"),
    (notifications, "tenants"),
    (recognition, "queries"),
    (data, "ledger"),
    (data, "people"),
    (imports, "files"),
    (imports, "ledger"),
)
"""Where the views find those whom `Queries` stands for."""


@dataclass
class Answers:
    """What the queries answer, whoever asks; tests replace one."""

    card: Card | None = None
    team: Team | None = None
    company: Company | None = None
    deal: DealTab | None = None
    why: Why | None = None
    not_counted: NotCounted | None = None
    changes: Changes | None = None
    late_records: LateRecords | None = None
    held: Held = Held()
    sync: SyncState = field(default_factory=samples.sync)
    night: Night | None = None


@dataclass(frozen=True)
class Knowing:
    """What the views take from a request's context."""

    now: datetime
    settings: Settings = samples.SETTINGS

    def structure(self) -> Structure:
        return samples.structure()

    @property
    def today(self) -> date:
        return local_day(clock.epoch(self.now), self.settings)


class Queries:
    """Stands where `dashboards.queries` and `dashboards.explain` stand; remembers what was asked."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.asked: list[tuple[object, ...]] = []

    def _told(self, name: str, *asked: object) -> object:
        self.asked.append((name, *asked))
        answer = getattr(self.answers, name)
        return getattr(samples, name)() if answer is None else answer

    def card(self, viewer: Viewer, subject: Subject, scorecard: str | None, period: Period, context: object) -> object:
        return self._told("card", subject, scorecard, period)

    PAGE = 30

    def team(self, viewer, department, scorecard, period, context, *, sort, find, rows) -> object:
        return self._told("team", department, scorecard, period, sort, find, rows)

    def company(self, viewer, scorecard, period, indicator, context) -> object:
        return self._told("company", scorecard, period, indicator)

    def deal(self, viewer: Viewer, deal_id: int, context: object) -> object:
        return self._told("deal", deal_id)

    def why(self, viewer: Viewer, question: Question, context: object) -> object:
        return self._told("why", *_parts(question))

    def not_counted(self, viewer: Viewer, question: Question, context: object) -> object:
        return self._told("not_counted", *_parts(question))

    def changes(self, viewer: Viewer, question: Question, context: object) -> object:
        return self._told("changes", *_parts(question))

    def late_records(self, viewer, scorecard, subject, period, cursor, context) -> object:
        return self._told("late_records", scorecard, subject, period, cursor)

    def held(self, viewer: Viewer, shown: Card | Team, context: object) -> Held:
        return self.answers.held

    def sync(self, portal_id: int) -> SyncState:
        return self.answers.sync

    def night(self, viewer: Viewer, context: object) -> Night | None:
        return self.answers.night

    def settings(self, portal_id: int) -> Settings:
        return samples.SETTINGS

    def latest(self, portal_id: int) -> tuple[Version, ...]:
        return (samples.scorecard(),)

    def get(self, portal_id: int, code: str = "") -> object:
        return (
            samples.scorecard()
            if code
            else Portal(base_currency="RUB", time_zone="Europe/Moscow", settings=samples.DECIDED)
        )

    def wishes(self, portal_id: int) -> Wishes:
        return Wishes(workflow=3, workflow_document="DEAL_12")

    def templates(self, portal_id: int) -> tuple[Template, ...]:
        return (Template(3, "Talk to them", "DEAL"),)

    def hook(self, portal_id: int) -> Hook:
        return Hook("https://hooks.example.com/kpi", samples.NOW)

    def last_posts(self, portal_id: int) -> tuple[Sending, ...]:
        return samples.posts()

    def awards_of(self, portal_id: int, employee_id: int) -> tuple[Given, ...]:
        return (
            Given("star", {"ru": "Звезда месяца", "en": "Star of the month"}, date(2026, 10, 1), samples.NOW, "Fair"),
        )

    def ledger(self, viewer: Viewer, structure: Structure, asked: object, before_id: object) -> Ledger:
        return samples.ledger()

    def told(self, viewer: Viewer, structure: Structure, entry_id: int) -> Told:
        first, *rest = samples.ledger().lines
        return Told(first, tuple(rest), "RUB")

    def sheet(self, viewer: Viewer, structure: Structure, department_id: int | None) -> Sheet:
        return samples.sheet()

    def codes(self, viewer: Viewer, structure: Structure) -> tuple[tuple[str, str], ...]:
        return samples.ledger().codes

    UNDER_WAY = ("importing",)

    def people(self, viewer: Viewer, structure: Structure, action: object = None) -> tuple[tuple[str, str], ...]:
        return samples.ledger().people

    def listed(self, viewer: Viewer) -> tuple[ImportFile, ...]:
        return (samples.import_file(), samples.import_file(state="importing"))

    def load(self, viewer: Viewer, import_id: int) -> ImportFile:
        return samples.import_file(**samples.IMPORTS[import_id])

    def meaning_of(self, file: ImportFile) -> Meaning:
        return Meaning(("day", "employee", "value:visit", ""))

    def may_enter(self, viewer: Viewer, structure: Structure) -> bool:
        return True

    def structure(self, portal_id: int) -> Structure:
        return samples.structure()


def _parts(question: Question) -> tuple[object, ...]:
    return tuple(getattr(question, name) for name in Question.__slots__)


def tell(app: Flask, language: str, answers: Answers) -> None:
    """From now on it speaks this language and has these answers behind it."""
    app.config["LANGUAGE"] = language
    app.extensions["fake"].answers = answers


@contextmanager
def application(
    viewer: Viewer = samples.ADMIN, language: str = "en", answers: Answers | None = None
) -> Iterator[Flask]:
    """A small app with the pages alone. Without an Authorization header it answers the boot page, as viewer.py does.

    `tell` changes its language and what is behind it.
    """
    app = Flask("pages", template_folder=str(TEMPLATES), static_folder=str(STATIC), static_url_path="/static")
    formats.init_templates(app)
    for page in (
        *(access, audit, calls, credit_fields, credits, dashboards, data, health, imports, indicators, keys),
        *(notifications, periods, recognition, scorecards, settings, sources, templates),
    ):  # fmt: skip
        app.register_blueprint(page.bp)
    fake = Queries(answers or Answers())
    app.extensions["asked"], app.extensions["fake"] = fake.asked, fake
    app.config["LANGUAGE"] = language
    real = [getattr(module, name) for module, name in ASKED]
    for module, name in ASKED:
        setattr(module, name, fake)

    @app.before_request
    def look():
        g.viewer = viewer
        g.context = Knowing(clock.now())
        g.speaking = speaking(app.config["LANGUAGE"])
        g.speaking.__enter__()
        if request.method == "GET" and request.path.startswith("/ui/") and "Authorization" not in request.headers:
            return render_template("frame.html")
        return ("", 401) if request.headers.get("Authorization") == "Bearer expired" else None

    @app.get("/shell")
    def shell():
        """What the portal's POST is answered with: the document with a session in it and the page to begin with."""
        token = request.args.get("token", "sample")
        return render_template("frame.html", session={"token": token, "expires_in": 3600}, go=request.args["go"])

    @app.post("/ui/session")
    def session():
        app.extensions["asked"].append(("session", request.json))
        return {"token": "renewed", "expires_in": 3600}

    @app.after_request
    def protect(response):
        response.headers.setdefault("Content-Security-Policy", POLICY)
        return response

    @app.errorhandler(AppError)
    def failed(error: AppError):
        return render_template("error.html", message=error.message, errors=error.errors), error.status

    @app.teardown_request
    def fall_silent(_error):
        g.speaking.__exit__(None, None, None)

    try:
        yield app
    finally:
        for (module, name), one in zip(ASKED, real, strict=True):
            setattr(module, name, one)
