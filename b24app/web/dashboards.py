"""The pages under /ui: My KPI, Team, Company, why, the deal's tab, first run. Each view parses, asks once, renders.

Who looks is in `g.viewer` (viewer.py). The answer to htmx is the page's content, to anybody else the whole document.
A page asks again with the `stamp` and the `version` of what it shows: 204 while the stamp holds, which costs next to
nothing; when all is as it was, only the asking element is renewed.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from b24app.lib.errors import Invalid
from b24app.lib.i18n import gettext as _
from b24app.lib.i18n import language
from b24app.outcomes.dashboards import clients, explain, history, nightly, queries, stamps
from b24app.outcomes.dashboards import company as whole
from b24app.outcomes.dashboards.panel import Question
from b24app.outcomes.dashboards.rules import Card, Company, Team
from b24app.outcomes.dashboards.tabs import DealGives, DealTab
from b24app.periods.rules import ONE_DAY, YEARS, Kind, Period, custom, parse_kind, period_at
from b24app.portal.rules import Subject, SubjectType, employee
from b24app.web import charts

bp = Blueprint("dashboards", __name__, url_prefix="/ui")

Link = Callable[..., str]

INDENT = "\N{EM SPACE}"
SLOWLY_S = 5
MORE_ROWS, MOST_ROWS = 150, 10_000
"""How many more people `Show more` shows at once, and at most."""


@bp.after_request
def tell_language(response: Response) -> Response:
    """The boot page spoke the browser's language; what comes into it is in the viewer's."""
    response.content_language.add(language())
    return response


@bp.get("/")
def home() -> ResponseReturnValue:
    """Where each begins: at their card; a head at the team; an admin, while the portal is read, at the progress."""
    if g.viewer.is_admin and not queries.sync(g.viewer.portal_id).complete:
        return redirect(url_for(".start"))
    heads = g.viewer.is_admin or g.viewer.departments
    return redirect(url_for(".team" if heads else ".my"))


@bp.get("/my")
def my() -> ResponseReturnValue:
    subject = _subject() or employee(g.viewer.user_id)
    period = _period()
    stamp = stamps.of_period(g.viewer.portal_id, period, g.context.now)
    if _holds(stamp):
        return "", 204
    card = queries.card(g.viewer, subject, _text("scorecard"), period, g.context)
    panel = _text("why") and _why_address(card, card.subject, request.args["why"])
    mine = subject == employee(g.viewer.user_id)
    held = history.held(g.viewer, card, g.context)
    return _page("my", card, stamp, _seconds(card, 1), card=card, mine=mine, panel=panel, held=held)


@bp.get("/team")
def team() -> ResponseReturnValue:
    period = _period()
    stamp = stamps.of_period(g.viewer.portal_id, period, g.context.now)
    if _holds(stamp):
        return "", 204
    sort, find = _text("sort") or "risk", _text("find") or ""
    rows = min(max(_number("rows") or 0, queries.PAGE), MOST_ROWS)
    shown = queries.team(
        g.viewer, _number("department"), _text("scorecard"), period, g.context, sort=sort, find=find, rows=rows
    )
    panel = _text("why") and _text("whose") and _why_address(shown, _named(request.args["whose"]), request.args["why"])
    return _page(
        "team",
        shown,
        stamp,
        _seconds(shown, 2),
        team=shown,
        sort=sort,
        find=find,
        more=rows + MORE_ROWS,
        departments=[
            ("", _("Everybody")),
            *((id, INDENT * depth + name) for id, name, depth in shown.departments),
        ],
        panel=panel,
        held=history.held(g.viewer, shown, g.context),
    )


@bp.get("/company")
def company() -> ResponseReturnValue:
    """The whole company; `/ui/company/7` is the tab of a client (a company in CRM)."""
    period = _period()
    stamp = stamps.of_period(g.viewer.portal_id, period, g.context.now)
    if _holds(stamp):
        return "", 204
    shown = whole.company(g.viewer, _text("scorecard"), period, _text("indicator"), g.context)
    panel = _text("why") and _text("whose") and _why_address(shown, _named(request.args["whose"]), request.args["why"])
    drawn = charts.chart(shown.dynamics) if shown.dynamics else None
    return _page(
        "company",
        shown,
        stamp,
        _seconds(shown, 2),
        company=shown,
        chart=drawn,
        indicators=[(code, name) for code, name, _unit in shown.indicators],
        panel=panel,
        held=history.held(g.viewer, shown, g.context),
    )


class Tab(NamedTuple):
    """One side of a number, in the panel: what answers it, and the template that shows the answer."""

    title: str
    ask: Callable[..., Any]
    template: str = "dashboards/why_records.html"


def why_tabs() -> dict[str, Tab]:
    """By the name in the address, in the order of the screen; the first is shown without one."""
    return {
        "counted": Tab(_("Counted"), explain.why),
        "not-counted": Tab(_("Not counted"), explain.not_counted),
        "changes": Tab(_("Changes"), history.changes, "dashboards/why_changes.html"),
    }


@bp.get("/why")
def why() -> ResponseReturnValue:
    subject = _subject() or employee(g.viewer.user_id)
    tabs = why_tabs()
    tab = _text("tab") or next(iter(tabs))
    if tab not in tabs:
        raise Invalid(_("This address is not complete. Open the page again from the menu."))
    scorecard, indicator = request.args.get("scorecard", ""), request.args.get("indicator", "")
    question = Question(scorecard, indicator, subject, _period(), _text("cursor"))
    shown = tabs[tab].ask(g.viewer, question, g.context)
    known = {"tabs": tabs, "tab": tab, "here": _link("why"), "time_zone": g.context.settings.time_zone}
    return render_template("dashboards/why.html", shown=shown, **known)


@bp.get("/deal/<int:deal_id>")
def deal(deal_id: int) -> ResponseReturnValue:
    stamp = stamps.of_deal(g.viewer.portal_id, deal_id, _period(), g.context.now)
    if _holds(stamp):
        return "", 204
    tab = queries.deal(g.viewer, deal_id, g.context)
    return _page("deal", tab, stamp, 2, tab=tab, gains=gains(tab))


@bp.get("/<any(company, contact):kind>/<int:id>")
def client(kind: str, id: int) -> ResponseReturnValue:
    """The tab of a client: new or repeat, and whose."""
    tab = clients.client(g.viewer, kind, id, g.context)
    return render_template("dashboards/client.html", tab=tab, time_zone=g.context.settings.time_zone)


@bp.get("/lead/<int:id>")
def lead(id: int) -> ResponseReturnValue:
    """The tab of a lead: it gives nobody anything by itself."""
    return render_template("dashboards/lead.html")


@bp.get("/start")
def start() -> ResponseReturnValue:
    zone, night = g.context.settings.time_zone, nightly.night(g.viewer, g.context)
    return render_template("dashboards/start.html", sync=queries.sync(g.viewer.portal_id), night=night, time_zone=zone)


@bp.get("/sync")
def sync() -> ResponseReturnValue:
    """The chip in the head of every page."""
    return render_template("dashboards/sync.html", sync=queries.sync(g.viewer.portal_id))


def gains(tab: DealTab) -> tuple[DealGives, ...]:
    """Per person and scorecard once: who would gain points if this deal were won now."""
    found: dict[tuple[str, Subject], DealGives] = {}
    for one in tab.gives:
        if one.score_now is not None and one.score_after is not None and one.score_after > one.score_now:
            found.setdefault((one.scorecard_code, one.employee), one)
    return tuple(found.values())


def _holds(stamp: str) -> bool:
    return stamps.holds(_text("stamp") or "", stamp)


def _seconds(shown: Card | Team | Company, seconds: int) -> int:
    """How often a page asks again: less often where its numbers are not stored but computed for it."""
    return seconds if shown.period.kind == shown.own_kind else SLOWLY_S


def _page(
    view: str, model: Card | Team | Company | DealTab, stamp: str, seconds: int, **context: Any
) -> ResponseReturnValue:
    """The view's template; for a page that shows all this already, only what it is to ask with next time."""
    link, version = _link(view), _version(model, context.get("held"))
    again = {"address": link(version=version, stamp=stamp or None), "seconds": seconds}
    if request.args.get("version") != version:
        known = {"again": again, "link": link, "viewer": g.viewer, "time_zone": g.context.settings.time_zone}
        return render_template(f"dashboards/{view}.html", **known, **context)
    if (_text("stamp") or "") == stamp:
        return "", 204
    return render_template("dashboards/again.html", again=again), {"HX-Retarget": "this", "HX-Reswap": "outerHTML"}


def _version(model: Card | Team | Company | DealTab, *more: Any) -> str:
    """A hash of everything shown except the moment it was calculated."""
    timeless = model if isinstance(model, DealTab) else replace(model, computed_at=None)
    return hashlib.sha256(repr((timeless, more)).encode()).hexdigest()[:16]


def _link(view: str) -> Link:
    """Makes addresses of this page with some of its parameters changed (None takes one away)."""
    stays = {key: value for key, value in request.args.items() if key not in ("version", "stamp", "why", "whose")}
    return lambda **changes: url_for(f".{view}", **{**stays, **(request.view_args or {}), **changes})


def _why_address(shown: Card | Team | Company, subject: Subject | None, indicator: str) -> str | None:
    if subject is None or shown.scorecard_code is None:
        return None
    return url_for(
        ".why",
        scorecard=shown.scorecard_code,
        indicator=indicator,
        subject=subject.type.value,
        subject_id=subject.id,
        period=shown.period.kind.value,
        start=shown.period.start,
        end=shown.period.end if shown.period.kind is Kind.CUSTOM else None,
    )


def _text(name: str) -> str | None:
    return request.args.get(name) or None


def _number(name: str) -> int | None:
    value = _text(name)
    if value is not None and not value.isdecimal():
        raise Invalid(_("This address is not complete. Open the page again from the menu."))
    return int(value) if value else None


def _subject() -> Subject | None:
    kind = _text("subject")
    return _named(f"{kind}-{_number('subject_id') or 0}") if kind else None


def _named(text: str) -> Subject:
    """`employee-7`, `department-5`, `company-0`."""
    kind, _dash, id = text.partition("-")
    if kind not in set(SubjectType) or not id.isdecimal():
        raise Invalid(_("This address is not complete. Open the page again from the menu."))
    return Subject(SubjectType(kind), int(id))


def _day(name: str) -> date | None:
    try:
        day = date.fromisoformat(request.args[name]) if _text(name) else None
    except ValueError as error:
        raise Invalid(_("The date in the address is not a date.")) from error
    if day is not None and day.year not in YEARS:
        raise Invalid(_("The date in the address is not a date."))
    return day


def _period() -> Period:
    """What `period`, `start` (any day of it) and, for a custom one, `end` or its last day `until` name.

    The current month without them.
    """
    kind = parse_kind(_text("period") or Kind.MONTH)
    today: date = g.context.today
    first = _day("start") or today
    if kind is not Kind.CUSTOM:
        return period_at(kind, first, g.context.settings)
    last = _day("until") or today
    return custom(first, (None if _text("until") else _day("end")) or last + ONE_DAY)
