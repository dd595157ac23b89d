"""What follows installing, updating, paying for and removing the app; each of it may run twice or late."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from b24app.bitrix.client import WHILE_SOMEBODY_WAITS
from b24app.bitrix.errors import RestError
from b24app.ingest import backfill as history
from b24app.jobs import sync
from b24app.jobs.alone import alone
from b24app.lib import clock
from b24app.lib.db import db, erase, write
from b24app.lib.errors import AppError
from b24app.lib.i18n import gettext as _
from b24app.lib.i18n import speaking
from b24app.lib.log import logger
from b24app.lib.queue import enqueue
from b24app.portal import connection, operations, queries, registrar, suspension
from b24app.portal.jobs import finish, report, unfinished

KIND = "register"
OVERDUE_S = 60


def ask(portal_id: int, job_id: str | None = None) -> bool:
    """Have a worker register what install.json lists; False when the queue cannot be reached (the sweep finds it)."""
    return enqueue(register, portal_id, job_id, queue="live", unique=f"register:{job_id or portal_id}")


def register(portal_id: int, job_id: str | None = None) -> None:
    """Bind everything on the portal, then let its history be read. Without `job_id` nobody watches."""
    with alone("register", portal_id, hold_s=120) as lock:
        if lock is None or (job_id and operations.job(portal_id, job_id).finished_at):
            return
        language = queries.get(portal_id).language
        with speaking(language), _told(portal_id, job_id):
            _register(portal_id, job_id)


def _register(portal_id: int, job_id: str | None) -> None:
    """REST with no transaction open; what the portal shows of us is in its own language."""
    _report(portal_id, job_id, 1)
    fingerprints = registrar.known(portal_id)
    db.session.rollback()
    client, settings = operations.connect(portal_id), operations.settings()
    outcome = registrar.register(client, settings.manifest, settings.public_url, fingerprints)
    for failure in outcome.failed:
        logger.warning("not_registered", portal=portal_id, kind=failure.kind, code=failure.code, reason=failure.message)
    _report(portal_id, job_id, 2)
    with write():
        is_new = operations.lock(portal_id).status == "installing"
        registrar.remember(portal_id, outcome, clock.now())
        operations.installed(portal_id, clock.now())
        if not is_new:  # a new version may have brought scopes: what was refused is read as soon as it is told
            history.ask_again(portal_id)
        if job_id is not None:
            finish(portal_id, job_id, now=clock.now())
    if is_new:
        enqueue(sync.backfill, portal_id, queue="sync", unique=f"backfill:{portal_id}")
    else:  # whatever was not bound until now has told us nothing
        enqueue(sync.incremental, portal_id, queue="sync", unique=f"sync.incremental:{portal_id}")


def _report(portal_id: int, job_id: str | None, done: int) -> None:
    if job_id is not None:
        with write():
            report(portal_id, job_id, done, total=3)


@contextmanager
def _told(portal_id: int, job_id: str | None) -> Iterator[None]:
    """Whoever watches the job is told why it failed; it fails all the same."""
    try:
        yield
    except Exception as error:
        reason = error.message if isinstance(error, AppError) else _("Something went wrong on our side.")
        if job_id is not None:
            with write():
                finish(portal_id, job_id, reason, now=clock.now())
        raise


def review(portal_id: int) -> None:
    """Ask the portal whether it lets us in. The client suspends one that does not; one that does again is caught up
    with: it has told us nothing meanwhile, and of what was deleted only a comparison knows."""
    operations.connect(portal_id, WHILE_SOMEBODY_WAITS, suspended_too=True).call("app.info")
    with write():
        was_suspended = operations.resume(portal_id, clock.now())
    if was_suspended:
        logger.info("portal_resumed", portal=portal_id)
        ask(portal_id)
        enqueue(sync.reconcile, portal_id, queue="sync", unique=f"reconcile:{portal_id}")


def knock(portal_id: int) -> None:
    """Ask a suspended portal again. That it still refuses is no failure."""
    with write():
        suspension.knock(portal_id, clock.now())
    with suppress(RestError):
        review(portal_id)


def knock_everywhere() -> None:
    for portal_id in suspension.due(clock.now()):
        enqueue(knock, portal_id, unique=f"knock:{portal_id}")


def keep_tokens(portal_id: int) -> None:
    """A refresh token that is never used ends after 180 days (contract 2.1): stand-ins are renewed once a month."""
    for user_id in connection.dormant(portal_id, clock.now()):
        connection.keep_alive(portal_id, user_id)


def forget(portal_id: int) -> None:
    """Erase a portal that was removed together with its data."""
    if queries.is_to_be_erased(portal_id):
        rows = erase(portal_id)
        logger.info("portal_erased", portal=portal_id, rows=rows)


def sweep() -> None:
    """Take up what was lost: registrations that should have ended by now, portals that wait to be erased."""
    for job in unfinished(KIND):
        if job.created_at <= clock.epoch(clock.now()) - OVERDUE_S:
            enqueue(register, job.portal_id, job.id, queue="live", unique=f"register:{job.id}")
    for portal_id in queries.to_be_erased():
        enqueue(forget, portal_id, unique=f"forget:{portal_id}")


def purge() -> None:
    """Drop what the REST log has kept long enough."""
    with write():
        connection.purge(clock.now())
