"""Long work that people may watch: begun here, reported from the job that does it, shown by id."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from b24app.lib.clock import epoch
from b24app.lib.db import db
from b24app.lib.errors import NotFound
from b24app.lib.i18n import gettext as _
from b24app.lib.tenancy import across_tenants
from b24app.portal.tables import Job


def start_job(portal_id: int, kind: str, arguments: Mapping[str, Any], now: datetime) -> Job:
    job = Job(id=str(uuid.uuid4()), portal_id=portal_id, kind=kind, arguments=dict(arguments), created_at=epoch(now))
    db.session.add(job)
    db.session.flush()
    return job


def report(portal_id: int, job_id: str, done: int, total: int) -> None:
    """How far it has come. A job that has ended stays as it ended."""
    db.session.execute(
        update(Job)
        .where(Job.portal_id == portal_id, Job.id == job_id, Job.state.in_(("queued", "running")))
        .values(state="running", done=done, total=total)
    )


def finish(portal_id: int, job_id: str, error: str | None = None, *, now: datetime) -> None:
    """Done, or failed with a sentence that says why."""
    values: dict[str, Any] = {"state": "failed" if error else "done", "error": error, "finished_at": epoch(now)}
    if not error:
        values["done"] = Job.total
    it = (Job.portal_id == portal_id, Job.id == job_id)
    db.session.execute(update(Job).where(*it, Job.finished_at.is_(None)).values(values))


def job(portal_id: int, job_id: str) -> Job:
    """NotFound also for another portal's job."""
    found = db.session.scalar(
        select(Job).where(Job.portal_id == portal_id, Job.id == job_id).execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound(_("There is no such job."))
    return found


def unfinished(kind: str) -> tuple[Job, ...]:
    """Jobs of a kind that have not ended: what a sweep takes up again if the queue has lost them."""
    query = select(Job).where(Job.kind == kind, Job.finished_at.is_(None)).order_by(Job.id)
    return tuple(db.session.scalars(across_tenants(query)))


def owed(portal_id: int, kind: str) -> tuple[Job, ...]:
    """The same of one portal, in the order in which they were begun."""
    open_ = (Job.portal_id == portal_id, Job.kind == kind, Job.finished_at.is_(None))
    query = select(Job).where(*open_).order_by(Job.created_at, Job.id)
    return tuple(db.session.scalars(query.execution_options(populate_existing=True)))


def purge(before: int) -> None:
    """Forget jobs that ended before an instant (epoch seconds)."""
    db.session.execute(across_tenants(delete(Job).where(Job.finished_at < before)))
