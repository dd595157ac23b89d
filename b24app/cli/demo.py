"""`b24app demo`: a local Bitrix24 portal with real deals, and this app installed into it over the real protocol.

    embedded Redis + SQLite (unless an empty database is named) in a temporary folder
    portal (port + 1)  <- OAuth, REST, events ->  web, worker, scheduler (port)

The command itself does what the first administrator's browser would do; the visitor finds the app installed and sees
its first run. Nothing stays behind after Ctrl-C.
"""

import os
import re
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from threading import Thread

import click
import requests

from b24app import config
from b24app.app import create_app
from b24app.cli import demo_cards, supervisor
from b24app.cli.check import upgrade
from b24app.cli.roles import children, refuse_taken
from b24app.demo.settings import DemoSettings
from b24app.lib import clock, crypto
from b24app.lib.db import write
from b24app.lib.errors import Permanent
from b24app.lib.i18n import speaking
from b24app.portal import operations, queries

CLIENT_ID = "app.demo.b24app"
WAIT_S = 60
VARIABLES = (
    "DATABASE_URL", "REDIS_URL", "SECRET_KEY", "TOKEN_KEYS", "PUBLIC_URL", "HOST", "PORT",
    "B24_CLIENT_ID", "B24_CLIENT_SECRET", "B24_OAUTH_SERVERS", "B24_ALLOW_HTTP", "LOG_FORMAT",
)  # fmt: skip
SESSION_IN_PAGE = r'name="b24-session" content="([^"]+)"'
PROGRESS_IN_PAGE = r'hx-get="(/ui/install/[^"]+)"'


def run(port: int, deals: int | None, database_url: str | None = None) -> None:
    """Start everything, install the app, print the address, and stay until Ctrl-C."""
    for one in (port, port + 1):
        refuse_taken("127.0.0.1", one, "Choose another: b24app demo --port 8100")
    with tempfile.TemporaryDirectory(prefix="b24app-demo-") as folder:
        redis = supervisor.embedded_redis(Path(folder) / "redis")
        _environment(port, redis.url, database_url or f"sqlite:///{folder}/b24app.sqlite")
        supervisor.supervise(
            [_portal(port, deals), *children("127.0.0.1", port)],
            prepare=upgrade,
            ready=lambda: _announce(port, folder),
            ground=redis,
        )


def _environment(port: int, redis_url: str, database_url: str) -> None:
    """The same variables as in production, for this one machine and this one run."""
    secret = crypto.new_token()
    os.environ.update(
        DATABASE_URL=database_url,
        REDIS_URL=redis_url,
        SECRET_KEY=secret,
        TOKEN_KEYS=crypto.derive_key(secret, "tokens"),
        PUBLIC_URL=f"http://127.0.0.1:{port}",
        HOST="127.0.0.1",
        PORT=str(port),
        B24_CLIENT_ID=CLIENT_ID,
        B24_CLIENT_SECRET=secret,
        B24_OAUTH_SERVERS=f"{portal_url(port)}/oauth-server",
        B24_ALLOW_HTTP="1",
        LOG_FORMAT=os.environ.get("LOG_FORMAT", "console"),
        WEB_CONCURRENCY="1",
    )


def portal_url(port: int) -> str:
    """`localhost`, where the app is `127.0.0.1`: two origins, as in a real portal's frame."""
    return f"http://localhost:{port + 1}"


def _portal(port: int, deals: int | None) -> supervisor.Child:
    arguments = [sys.executable, "-m", "b24app.demo", "--port", str(port + 1), "--app-url", f"http://127.0.0.1:{port}"]
    return supervisor.Child("portal", [*arguments, *(["--deals", str(deals)] if deals else [])])


def _announce(port: int, folder: str) -> None:
    portal, app = portal_url(port), f"http://127.0.0.1:{port}"
    _wait_for(f"{app}/healthz")
    _wait_for(f"{portal}/demo/api/state")
    _install(portal, app)
    token = _prepared()
    demo_cards.prepare(app, token, clock.now().date())
    click.echo(f"\n  Open {portal}/ - a Bitrix24 portal with the KPI app in it. Its history is being read now.")
    click.echo(f"  The app itself and its API are at {app}/ - stop with Ctrl-C.\n")
    click.echo(f"  Portal: {DemoSettings().member_id}")
    click.echo(f"  API token: {token}")
    click.echo(f"  Environment: {_environment_file(folder)} (for other commands: set -a; . it)\n")
    Thread(target=_split_deals, args=(app, token), daemon=True).start()


def _split_deals(app: str, token: str) -> None:
    """While the visitor looks around already. A demo that is stopped meanwhile needs none."""
    with suppress(requests.RequestException):
        demo_cards.split_deals(app, token, clock.now().date())


def _install(portal: str, app: str) -> None:
    """What an administrator's browser does: open the installer, wait until it says done, finish the installation."""
    requests.post(f"{portal}/demo/api/app/install", json={}, timeout=WAIT_S).raise_for_status()
    form = requests.post(f"{portal}/demo/api/placement-form", json={"user_id": 1}, timeout=WAIT_S).json()
    page = requests.post(form["url"], data=form["fields"], timeout=WAIT_S)
    session, progress = (re.search(pattern, page.text) for pattern in (SESSION_IN_PAGE, PROGRESS_IN_PAGE))
    if session is None or progress is None:
        raise Permanent(f"The installer answered {page.status_code}; see the messages above.")
    deadline = time.monotonic() + WAIT_S
    while "data-install-done" not in page.text:
        if time.monotonic() > deadline or "error-message" in page.text:
            raise Permanent("The app could not be installed into the portal; see the messages above.")
        time.sleep(0.2)
        page = requests.get(app + progress[1], headers={"Authorization": f"Bearer {session[1]}"}, timeout=WAIT_S)
    requests.post(f"{portal}/demo/api/app/finish", json={}, timeout=WAIT_S).raise_for_status()


def _prepared() -> str:
    """What is set up inside the app itself. An API token for the rest."""
    with create_app(config.load(), pooled=False).app_context():
        portal = queries.find(DemoSettings().member_id)
        if portal is None:
            raise Permanent("The app could not be installed into the portal; see the messages above.")
        with speaking(portal.language):
            demo_cards.map_tickets(portal.id)
        with write():
            return operations.create_api_token(portal.id, "Demo", ["read", "write", "money"], clock.now())


def _environment_file(folder: str) -> str:
    path = Path(folder) / "environment"
    path.write_text("".join(f"{name}={os.environ[name]}\n" for name in VARIABLES), "utf-8")
    return str(path)


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        try:
            if requests.get(url, timeout=2).ok:
                return
        except requests.RequestException:
            time.sleep(0.1)
    raise Permanent(f"{url} did not answer within {WAIT_S} seconds; see the messages above.")
