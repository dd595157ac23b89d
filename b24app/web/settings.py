"""The page of the calendar: whose holidays, time zone, where weeks and years begin, own days, and who is away. And what
the latest nightly check found.

Only for administrators. Every change is audited by the operation behind it, and what it touches is computed anew.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import Any
from zoneinfo import available_timezones

from babel import Locale
from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from b24app.facts.requests import operations as supported
from b24app.ingest import operations as history
from b24app.jobs import requests, scores
from b24app.lib import clock, db
from b24app.lib.errors import Fault, Invalid
from b24app.lib.i18n import gettext as _
from b24app.lib.i18n import language
from b24app.outcomes.dashboards import nightly
from b24app.periods import operations
from b24app.periods import queries as calendars
from b24app.periods.queries import Away, OwnDay
from b24app.periods.rules import Period, local_day
from b24app.portal import operations as portal
from b24app.portal import queries as people
from b24app.portal.rules import Action
from b24app.scores.locks import LOCK_AFTER_DAYS
from b24app.scores.owed import Recompute, owe
from b24app.scores.rules import Cause, CauseKind
from b24app.web.viewer import needs

bp = Blueprint("settings", __name__, url_prefix="/ui/settings")

LONGEST_WAIT = 250
MOVES_NUMBERS = frozenset({"country", "time_zone", "week_start", "year_start"})
PLACES = ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific", "UTC")
WEEK_STARTS = (0, 6)
SHOWN_FOR = timedelta(days=366)
"""So long an absence that is over stays on the page."""


@bp.get("/calendar")
@needs(Action.ADMINISTER)
def calendar() -> ResponseReturnValue:
    return _page()


@bp.post("/calendar")
@needs(Action.ADMINISTER)
def save() -> ResponseReturnValue:
    """Only what is different is saved: what nobody chose here, the portal's own word may still change."""

    def change(portal_id: int, actor: str) -> None:
        chosen, tenant = _chosen(request.form), people.get(portal_id)
        known = {"lock_after_days": LOCK_AFTER_DAYS, **tenant.settings}
        known |= {name: getattr(tenant, name) for name in MOVES_NUMBERS}
        changes = {name: value for name, value in chosen.items() if known[name] != value}
        if changes:
            portal.change_settings(portal_id, changes, actor, clock.now())
        if "time_zone" in changes:
            history.owe_history(portal_id)
        if not MOVES_NUMBERS.isdisjoint(changes):
            supported.restart(portal_id)
            owe(portal_id, Recompute(Cause(CauseKind.SETTING, actor)), clock.now())

    return _done("settings", change)


@bp.post("/calendar/days")
@needs(Action.ADMINISTER)
def set_day() -> ResponseReturnValue:
    def change(portal_id: int, actor: str) -> None:
        own = OwnDay(_day("day"), request.form.get("working") == "yes", request.form.get("name", "").strip())
        _owe(portal_id, operations.set_day(portal_id, own, actor, clock.now()), and_requests=True)

    return _done("days", change)


@bp.post("/calendar/days/forget")
@needs(Action.ADMINISTER)
def forget_day() -> ResponseReturnValue:
    def change(portal_id: int, actor: str) -> None:
        _owe(portal_id, operations.forget_day(portal_id, _day("day"), actor, clock.now()), and_requests=True)

    return _done("days", change)


@bp.post("/calendar/absences")
@needs(Action.ADMINISTER)
def set_absence() -> ResponseReturnValue:
    def change(portal_id: int, actor: str) -> None:
        away = Away(_employee(), _day("first"), _day("last"))
        _owe(portal_id, operations.set_absence(portal_id, away, actor, clock.now()))

    return _done("absences", change)


@bp.post("/calendar/absences/forget")
@needs(Action.ADMINISTER)
def forget_absence() -> ResponseReturnValue:
    def change(portal_id: int, actor: str) -> None:
        _owe(portal_id, operations.forget_absence(portal_id, _employee(), _day("first"), actor, clock.now()))

    return _done("absences", change)


def _owe(portal_id: int, touched: Period | None, *, and_requests: bool = False) -> None:
    """What lies in the touched days is to be computed anew, and the working time to the first answer to requests."""
    if touched is None:
        return
    if and_requests:
        supported.restart(portal_id)
    owe(portal_id, Recompute(Cause(CauseKind.CALENDAR, g.viewer.actor), touched), clock.now())


@bp.get("/check")
@needs(Action.ADMINISTER)
def check() -> ResponseReturnValue:
    """What the latest nightly check found, number by number."""
    zone = calendars.settings(g.viewer.portal_id).time_zone
    night = nightly.night(g.viewer, g.context, rows=True)
    return render_template("settings/check.html", viewer=g.viewer, night=night, time_zone=zone)


def _done(form: str, change: Callable[[int, str], None]) -> ResponseReturnValue:
    """The page after the change, or with sentences at the fields of the form that was not saved. What the change owes
    is worked off at once."""
    portal_id = g.viewer.portal_id
    try:
        with db.write():
            portal.lock(portal_id)
            change(portal_id, g.viewer.actor)
    except Invalid as error:
        return _page(form, {fault.path: fault.message for fault in error.errors})
    scores.ask(portal_id)
    requests.ask(portal_id)
    return redirect(url_for(".calendar", saved=1), 303)


def _page(form: str | None = None, faults: Mapping[str, str] | None = None) -> ResponseReturnValue:
    """With `faults` as it was filled in; answered as a success, for of failures htmx shows nothing but a sentence."""
    portal_id, tenant = g.viewer.portal_id, people.get(g.viewer.portal_id)
    settings, locale = calendars.settings(portal_id), Locale.parse(language())
    today = local_day(clock.epoch(clock.now()), settings)
    structure = people.structure(portal_id)
    names = {id: person.name for id, person in structure.people.items()}
    stored = {
        "country": tenant.country or "",
        "time_zone": tenant.time_zone,
        "week_start": str(tenant.week_start),
        "year_start": str(tenant.year_start),
        "lock_after_days": str(tenant.settings.get("lock_after_days", LOCK_AFTER_DAYS) or 0),
    }
    page = render_template(
        "settings/calendar.html",
        viewer=g.viewer,
        saved="saved" in request.args and not faults,
        failed=form,
        faults=faults or {},
        stored={**stored, **request.form} if form == "settings" else stored,
        given=request.form,
        countries=_countries(locale),
        zones=[(name, name.replace("_", " ")) for name in _zones(tenant.time_zone)],
        weekdays=[(str(number), locale.days["stand-alone"]["wide"][number]) for number in WEEK_STARTS],
        months=[(str(number), locale.months["stand-alone"]["wide"][number]) for number in range(1, 13)],
        longest_wait=LONGEST_WAIT,
        days=calendars.own_days(portal_id),
        absences=calendars.absences(portal_id, since=today - SHOWN_FOR),
        names=names,
        active=sorted(
            ((str(one.id), one.name) for one in structure.people.values() if one.active),
            key=lambda one: one[1].casefold(),
        ),
        today=today,
        night=nightly.night(g.viewer, g.context),
        portal_zone=settings.time_zone,
    )
    return page, {"HX-Push-Url": url_for(".calendar")}


def _countries(locale: Locale) -> list[tuple[str, str]]:
    """Those whose holidays we know, by name, and nobody's first."""
    known = [(code, locale.territories.get(code, code)) for code in calendars.countries()]
    return [("", _("No public holidays")), *sorted(known, key=lambda one: one[1].casefold())]


def _zones(chosen: str) -> Iterable[str]:
    return sorted({chosen, *(name for name in available_timezones() if name.partition("/")[0] in PLACES)})


def _chosen(form: Mapping[str, str]) -> dict[str, Any]:
    """The settings as they are stored. Invalid with a sentence per field."""
    faults: list[Fault] = []

    def number(name: str, allowed: Iterable[int], message: str) -> int:
        text = form.get(name, "").strip()
        if text.isdecimal() and len(text) < 4 and int(text) in allowed:
            return int(text)
        faults.append(Fault(name, message))
        return 0

    country, zone = form.get("country", ""), form.get("time_zone", "")
    if country and country not in calendars.countries():
        faults.append(Fault("country", _("Choose a country from the list.")))
    if zone not in available_timezones():
        faults.append(Fault("time_zone", _("Choose a time zone from the list.")))
    chosen = {
        "country": country or None,
        "time_zone": zone,
        "week_start": number("week_start", WEEK_STARTS, _("A week begins on Monday or on Sunday.")),
        "year_start": number("year_start", range(1, 13), _("Choose a month from the list.")),
        "lock_after_days": number(
            "lock_after_days",
            range(LONGEST_WAIT + 1),
            _("A whole number from 0 (never) to %(most)s is needed here.", most=LONGEST_WAIT),
        ),
    }
    if faults:
        raise Invalid(_("The settings were not saved."), faults)
    return chosen


def _day(name: str) -> date:
    try:
        return date.fromisoformat(request.form.get(name, ""))
    except ValueError:
        message = _("Choose a day.")
        raise Invalid(message, [Fault(name, message)]) from None


def _employee() -> int:
    text = request.form.get("employee", "")
    if text.isdecimal() and len(text) < 16:
        return int(text)
    message = _("Choose who is away.")
    raise Invalid(message, [Fault("employee", message)])
