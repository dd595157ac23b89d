"""The health page, for administrators: is everything read, what waits, what went wrong, and what to do about it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from b24app.bitrix.payloads import NUMBER
from b24app.bitrix.throttle import State
from b24app.facts.titles import page_of
from b24app.ingest import inbox as received
from b24app.ingest import queries as reading
from b24app.ingest import robot_calls
from b24app.ingest.queries import PutAside, SyncStatus
from b24app.jobs import inbox, outbox, robots
from b24app.lib import clock
from b24app.lib.db import write
from b24app.lib.i18n import gettext as _
from b24app.lib.i18n import ngettext
from b24app.lib.queue import enqueue
from b24app.lib.readiness import readiness
from b24app.outcomes.dashboards import nightly
from b24app.outcomes.notifications import operations as sending
from b24app.outcomes.notifications import queries as messages
from b24app.portal import connection
from b24app.portal.rules import Action
from b24app.scores import owed
from b24app.web.viewer import needs

bp = Blueprint("health", __name__, url_prefix="/ui/settings/health")

DAY = timedelta(days=1)
LATE_S = 900
ENOUGH_HELPERS = 2


@dataclass(frozen=True, slots=True)
class Advice:
    """Something that is not as it should be, and what to do. What mends itself is no alarm."""

    sentence: str
    is_alarm: bool = True


@bp.get("")
@needs(Action.ADMINISTER)
def health() -> ResponseReturnValue:
    portal_id, now = g.portal_id, clock.now()
    status, aside = reading.status(portal_id), reading.put_aside(portal_id)
    limits, helpers = connection.limiter(g.portal.member_id).state(), connection.helpers(portal_id)
    return render_template(
        "settings/health.html",
        viewer=g.viewer,
        portal=g.portal,
        status=status,
        waits=status.pending_events,
        limits=limits,
        helpers=helpers,
        troubles=connection.troubles(portal_id, now - DAY),
        aside=[(row, (page_of(row.entity) or "").format(id=row.key)) for row in aside],
        calls=robot_calls.given_up(portal_id),
        untold=messages.undelivered(portal_id),
        night=nightly.night(g.viewer, g.context),
        advice=(*_advice(status, aside, limits, helpers, readiness()), *_owed(owed.progress(portal_id))),
        again=request.args.get("again", type=int),
    )


@bp.post("/retry")
@needs(Action.ADMINISTER)
def retry() -> ResponseReturnValue:
    """Read records again that were put aside: one of them, or all that are shown."""
    with write():
        count = received.retry(g.portal_id, [int(id) for id in request.form.getlist("id") if NUMBER.fullmatch(id)])
    enqueue(inbox.drain, g.portal_id, queue="live", unique=f"inbox:{g.portal_id}")
    return redirect(url_for(".health", again=count), 303)


@bp.post("/count-again")
@needs(Action.ADMINISTER)
def count_again() -> ResponseReturnValue:
    """Count robot calls that were given up after days. Each counts once, for the moment it came."""
    with write():
        ids = robot_calls.retry(g.portal_id, [int(id) for id in request.form.getlist("id") if NUMBER.fullmatch(id)])
    for id in ids:
        enqueue(robots.run, id, queue="robots", unique=f"robot-{id}")
    return redirect(url_for(".health"), 303)


@bp.post("/tell-again")
@needs(Action.ADMINISTER)
def tell_again() -> ResponseReturnValue:
    """Send messages again that nobody took."""
    with write():
        ids = [int(id) for id in request.form.getlist("id") if NUMBER.fullmatch(id)]
        sending.retry(g.portal_id, ids, g.viewer.actor, clock.now())
    outbox.ask(g.portal_id)
    return redirect(url_for(".health"), 303)


def _owed(progress: tuple[int, int] | None) -> Iterator[Advice]:
    match progress:
        case (_done, 0):
            yield Advice(_("Numbers are to be computed anew, and will be in a moment."), False)
        case (done, total):
            yield Advice(_("Numbers are being computed anew: %(done)s of %(total)s.", done=done, total=total), False)


def _advice(
    status: SyncStatus, aside: Sequence[PutAside], limits: State | None, helpers: int, parts: dict[str, str]
) -> Iterator[Advice]:
    """What to look at, the gravest first."""
    if parts["worker"] != "ok" or parts["redis"] != "ok":
        yield Advice(_("Nobody works on new records at the moment. Tell whoever runs the app's server."))
    if status.error:
        yield Advice(_("Reading has stopped: %(reason)s", reason=status.error))
    if limits and limits.rest_s:
        yield Advice(_("Your Bitrix24 does not answer. It is asked again by itself, at the latest every five minutes."))
    if limits and limits.pauses:
        yield Advice(_("Bitrix24 has paused some requests for a while. They are made then; nothing is lost."), False)
    if status.lag_seconds > LATE_S:
        yield Advice(_("Changes reach the numbers late. If it lasts, tell whoever runs the app's server."))
    if aside:
        yield Advice(
            ngettext(
                "%(num)s record could not be read and is not counted as it is now. See below.",
                "%(num)s records could not be read and are not counted as they are now. See below.",
                len(aside),
            )
        )
    if helpers < ENOUGH_HELPERS:
        yield Advice(
            _("The app works in the name of one administrator only. If they leave, it stops: "
              "ask a second administrator to open it once."), False
        )  # fmt: skip
