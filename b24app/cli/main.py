"""The `b24app` command. Each command is one line into a module beside this one, imported only when it runs.

Exit codes: 0 done, 1 failed, 2 wrong usage. A failure is one clear sentence on standard error, never a traceback.
"""

import sys

import click

from b24app import __version__
from b24app.lib.errors import AppError

LAST_PORT = 65535  # config.py says the same, but is not needed for --help


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="b24app")
def cli() -> None:
    """KPIs for Bitrix24."""


@cli.command()
@click.option(
    "--port",
    type=click.IntRange(1, LAST_PORT - 1),
    default=8000,
    show_default=True,
    help="The app's port; the portal takes the next one.",
)
@click.option("--deals", type=click.IntRange(min=1), help="How many deals the portal has (default: all 8 800).")
@click.option("--database-url", help="An empty database to use, for example in PostgreSQL (default: a SQLite file).")
def demo(port: int, deals: int | None, database_url: str | None) -> None:
    """Try everything on this machine: a local Bitrix24 portal with real deals and the app installed into it."""
    from b24app.cli.demo import run

    run(port, deals, database_url)


@cli.command()
@click.option("--host", help="Address to listen on (HOST).")
@click.option("--port", type=click.IntRange(1, LAST_PORT), help="Port to listen on (PORT).")
def web(host: str | None, port: int | None) -> None:
    """Serve pages, the API and Bitrix24's calls."""
    from b24app.cli.roles import web as run

    run(host, port)


@cli.command()
@click.option(
    "--queues", help="Comma-separated queues of one process (default: two processes, one for live work only)."
)
def worker(queues: str | None) -> None:
    """Work off jobs."""
    from b24app.cli.roles import worker as run

    run(queues.split(",") if queues else None)


@cli.command()
def scheduler() -> None:
    """Start periodic jobs. A second one waits until the first is gone."""
    from b24app.cli.roles import scheduler as run

    run()


@cli.command("all")
@click.option("--host", help="Address to listen on (HOST).")
@click.option("--port", type=click.IntRange(1, LAST_PORT), help="Port to listen on (PORT).")
@click.option("--migrate", is_flag=True, help="Migrate the database first.")
def all_roles(host: str | None, port: int | None, migrate: bool) -> None:
    """Web, worker and scheduler together, for one small server."""
    from b24app.cli.roles import everything

    everything(host, port, migrate)


@cli.group()
def db() -> None:
    """The database."""


@db.command()
def upgrade() -> None:
    """Migrate the database to this version."""
    from b24app.cli.check import upgrade as run

    run()


@db.command("renew-secrets")
def renew_secrets() -> None:
    """Encrypt every stored secret anew with the first of TOKEN_KEYS; afterwards the older keys may go."""
    from b24app.cli.check import renew_secrets as run

    run()


@cli.command()
def check() -> None:
    """Configuration, database, Redis, OAuth server and app registration, one line each."""
    from b24app.cli.check import check as run

    sys.exit(0 if run() else 1)


@cli.command()
@click.argument("member_id")
def probe(member_id: str) -> None:
    """Ask a portal whether what is only assumed of Bitrix24 holds there; leaves nothing behind."""
    from b24app.cli.portal import probe as run

    run(member_id)


@cli.command("install-manifest")
def install_manifest() -> None:
    """What install.json will register on a portal."""
    from b24app.cli.check import manifest

    manifest()


@cli.group()
def portal() -> None:
    """Operations on one tenant."""


@portal.command("list")
def portal_list() -> None:
    """Every portal, one a line."""
    from b24app.cli.portal import show

    show()


_no_wait = click.option("--no-wait", is_flag=True, help="Queue the work and return.")


@portal.command("sync")
@click.argument("member_id")
@click.option("--full", is_flag=True, help="Read everything again, not only what changed.")
@_no_wait
def portal_sync(member_id: str, full: bool, no_wait: bool) -> None:
    """Read what changed in the portal (or everything)."""
    from b24app.cli.portal import sync

    sync(member_id, full, no_wait)


@portal.command("recompute")
@click.argument("member_id")
@_no_wait
def portal_recompute(member_id: str, no_wait: bool) -> None:
    """Compute every result and score again from the facts."""
    from b24app.cli.portal import recompute

    recompute(member_id, no_wait)


@portal.command("reconcile")
@click.argument("member_id")
@_no_wait
def portal_reconcile(member_id: str, no_wait: bool) -> None:
    """Compare with the portal and repair what events lost."""
    from b24app.cli.portal import reconcile

    reconcile(member_id, no_wait)


@portal.command("forget")
@click.argument("member_id")
@click.confirmation_option(prompt="This erases every row of this portal. Go on?")
def portal_forget(member_id: str) -> None:
    """Erase a portal and everything known about it."""
    from b24app.cli.portal import forget

    forget(member_id)


@cli.group()
def token() -> None:
    """Tokens of the public API."""


@token.command("create")
@click.argument("member_id")
@click.option("--name", required=True, help="What the token is for.")
@click.option("--scope", default="read", show_default=True, help="Comma-separated: read, write, money.")
def token_create(member_id: str, name: str, scope: str) -> None:
    """Print a new token, once."""
    from b24app.cli.portal import create_token

    create_token(member_id, name, scope)


def main() -> None:
    try:
        cli(prog_name="b24app")
    except AppError as error:
        for line in (error.message, *(f"  {fault.message}" for fault in error.errors)):
            click.echo(line, err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(1)
    except Exception as error:  # the machine's or ours: whoever types a command can do more with a sentence
        click.echo(_sentence(error), err=True)
        sys.exit(1)


def _sentence(error: Exception) -> str:
    from redis.exceptions import RedisError
    from sqlalchemy.exc import SQLAlchemyError

    cause = (str(getattr(error, "orig", None) or error).splitlines() or [""])[0]
    match error:
        case RedisError():
            return f"Redis cannot be reached: {cause}"
        case SQLAlchemyError():
            return f"The database cannot be read or written: {cause}"
        case OSError():
            return f"This machine refuses: {error}"
    return f"An error in the app: {type(error).__name__}: {cause}"
