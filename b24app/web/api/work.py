"""Recompute, and jobs: long work begun here and watched by its id."""

from flask import Response, url_for

from b24app.jobs import scores
from b24app.lib import clock
from b24app.lib.db import write
from b24app.periods.rules import Kind, named
from b24app.portal import jobs
from b24app.portal.rules import Viewer
from b24app.scores.owed import Recompute, owe
from b24app.scores.rules import REPAIR
from b24app.web.api import shapes
from b24app.web.api.calls import call, rendered
from b24app.web.api.times import PortalClock

TAG = "Work"


@call("POST", "/recompute", tag=TAG, body=shapes.RecomputeBody, answer=shapes.JobAnswer, status=202)
def recompute(viewer: Viewer, body: shapes.RecomputeBody) -> Response:
    """Compute a period again from its facts.

    Answered at once with the job; its address is in the header `Location`.
    """
    period = named(Kind(body.period), body.start, PortalClock.of(viewer.portal_id).settings)
    with write():
        job_id = owe(viewer.portal_id, Recompute(REPAIR, period), clock.now())
    scores.ask(viewer.portal_id)
    answer = rendered(job(viewer, job_id), 202)
    answer.headers["Location"] = url_for("api.job", job_id=job_id)
    return answer


@call("GET", "/jobs/<job_id>", tag=TAG, answer=shapes.JobAnswer)
def job(viewer: Viewer, job_id: str) -> shapes.JobAnswer:
    """How far a job has come."""
    row = jobs.job(viewer.portal_id, job_id)
    return shapes.JobAnswer(job=shapes.JobState.model_validate(row, from_attributes=True))
