"""The application installer: verify who installs, keep their tokens, register everything in a job, show how far it is.

The page's script calls installFinish once the fragment says it is done; the portal then opens the app itself.
"""

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from b24app.bitrix.payloads import PlacementPayload
from b24app.jobs import install as jobs
from b24app.lib import clock
from b24app.lib.db import write
from b24app.portal import operations, visits
from b24app.portal.rules import Action
from b24app.web import session
from b24app.web.viewer import frame_in, needs, speak

bp = Blueprint("install", __name__)


@bp.route("/b24/install", methods=["POST", "HEAD"])
def install() -> ResponseReturnValue:
    if request.method == "HEAD":
        return ""
    payload = PlacementPayload.from_form(request.form, request.args)
    speak(payload.language)
    visit = visits.verify(payload.access_token, payload.member_id, request.args.get("DOMAIN"), payload.server_endpoint)
    frame_in(visit.info.client_endpoint)
    pair = operations.Pair(payload.access_token, payload.refresh_token, payload.expires_in)
    with write():
        portal = operations.install(visit, pair, payload.application_token, payload.language, clock.now())
        job = operations.start_job(portal.id, jobs.KIND, {}, clock.now())
    jobs.ask(portal.id, job.id)
    return render_template("bitrix/install.html", session=session.start(portal.id, visit, payload.language), job=job)


@bp.get("/ui/install/<job_id>")
@needs(Action.ADMINISTER)
def progress(job_id: str) -> ResponseReturnValue:
    """The fragment the installer page asks for every second."""
    return render_template("bitrix/progress.html", job=operations.job(g.portal_id, job_id))


@bp.post("/ui/install")
@needs(Action.ADMINISTER)
def again() -> ResponseReturnValue:
    """Another try after a failed one."""
    with write():
        job = operations.start_job(g.portal_id, jobs.KIND, {}, clock.now())
    jobs.ask(g.portal_id, job.id)
    return redirect(url_for(".progress", job_id=job.id), 303)
