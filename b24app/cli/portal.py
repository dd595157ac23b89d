"""Operations on one tenant from the terminal: they wait and show progress, or queue the work with --no-wait."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import click
from tqdm import tqdm

from b24app import config
from b24app.app import create_app
from b24app.cli.check import refuse_unmigrated
from b24app.cli.probe import Portal, findings
from b24app.jobs import install as install_jobs
from b24app.jobs import scores as score_jobs
from b24app.jobs import sync as sync_jobs
from b24app.lib import clock
from b24app.lib.db import erase, write
from b24app.lib.errors import Conflict, Invalid, NotFound, Permanent, Temporary
from b24app.lib.queue import enqueue
from b24app.portal import operations, queries

SCOPES = ("read", "write", "money")


def show() -> None:
    """One line a portal: member id, status, address."""
    with _context():
        for portal in queries.everybody():
            click.echo(f"{portal.member_id}  {portal.status:<11}  {portal.domain}")


def sync(member_id: str, full: bool, no_wait: bool) -> None:
    job = sync_jobs.backfill if full else sync_jobs.incremental
    with _context(needs_redis=True), _progress() as progress:
        portal_id = _portal_id(member_id)
        if queries.get(portal_id).status == "suspended":
            install_jobs.review(portal_id)
        _run(job, portal_id, no_wait, progress=progress)


def recompute(member_id: str, no_wait: bool) -> None:
    with _context(needs_redis=no_wait), _progress() as progress:
        _run(score_jobs.recompute_everything, _portal_id(member_id), no_wait, progress=progress)


def reconcile(member_id: str, no_wait: bool) -> None:
    with _context(needs_redis=True), _progress() as progress:
        _run(sync_jobs.reconcile, _portal_id(member_id), no_wait, progress=progress)


def probe(member_id: str) -> None:
    """A line a point of the contract."""
    with _context(needs_redis=True):
        client = operations.connect(_portal_id(member_id))
        for finding in findings(Portal(client, f"{operations.settings().public_url}/b24/event?probe")):
            click.echo(str(finding))


def forget(member_id: str) -> None:
    with _context():
        rows = erase(_portal_id(member_id))
        click.echo(f"Erased {rows} rows.")


def create_token(member_id: str, name: str, scope: str) -> None:
    """The token alone on standard output, so that a script can keep it."""
    scopes = [part.strip() for part in scope.split(",") if part.strip()]
    if unknown := sorted(set(scopes) - set(SCOPES)):
        raise click.UsageError(f"Unknown scope {', '.join(unknown)}; there are {', '.join(SCOPES)}.")
    if not scopes or not name.strip():
        raise Invalid("A token needs a name and at least one scope.")
    with _context():
        portal_id = _portal_id(member_id)
        with write():
            token = operations.create_api_token(portal_id, name.strip(), scopes, clock.now())
        click.echo(token)


def _run(job: Callable[..., Any], portal_id: int, no_wait: bool, **options: Any) -> None:
    if not no_wait:
        if job(portal_id, **options) is False:
            raise Conflict("A worker is at this already: it goes on there.")
    elif not enqueue(job, portal_id, queue="sync"):
        raise Temporary("Redis cannot be reached: the work was not queued.")


@contextmanager
def _context(needs_redis: bool = False) -> Iterator[None]:
    settings = _settings()
    if needs_redis and settings.redis_url is None:
        raise Permanent("REDIS_URL is not set, and no `b24app all` with a Redis of its own runs in this folder.")
    app = create_app(settings, pooled=False)
    refuse_unmigrated(app)
    with app.app_context():
        yield


def _settings() -> config.Config:
    """The environment's; beside `b24app all` with its own Redis that one is used."""
    settings, address = config.load(), config.embedded_redis_address()
    if settings.redis_url is None and address.is_file():
        return replace(settings, redis_url=address.read_text("utf-8"))
    return settings


def _portal_id(member_id: str) -> int:
    portal = queries.find(member_id)
    if portal is None:
        raise NotFound(f"No portal with member id {member_id} is installed. See: b24app portal list")
    return portal.id


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar a stage; a stage is named by the source it reads or by what it computes."""
    bars: dict[str, tqdm[Any]] = {}

    def report(stage: str, done: int, total: int) -> None:
        bar = bars.get(stage)
        if bar is None:
            bar = bars[stage] = tqdm(desc=stage, unit="", leave=True)
        bar.total = max(total, done)
        bar.n = done
        bar.refresh()

    try:
        yield report
    finally:
        for bar in bars.values():
            bar.close()
