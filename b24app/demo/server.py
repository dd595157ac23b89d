"""Builds the portal's WSGI app and serves it, in this thread (`run`) or behind a test (`start`)."""

import threading
from dataclasses import dataclass, replace

from flask import Flask

from b24app.demo.automation import automation
from b24app.demo.control import control
from b24app.demo.frame_host import frame_host
from b24app.demo.oauth_server import oauth_server
from b24app.demo.page import page
from b24app.demo.rest import rest
from b24app.demo.settings import DemoSettings
from b24app.demo.state import Portal
from b24app.demo.wsgi_server import WsgiServer


def create_portal(settings: DemoSettings) -> Flask:
    """The whole portal as one app; its state is `app.extensions["demo_portal"]`."""
    app = Flask(__name__)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # clients see rows in the order a portal writes them
    app.extensions["demo_portal"] = Portal(settings)
    for blueprint in (rest, oauth_server, control, automation, frame_host, page):
        app.register_blueprint(blueprint)
    return app


@dataclass(frozen=True, slots=True)
class RunningPortal:
    """A portal served by a background thread of this process."""

    url: str
    state: Portal
    server: WsgiServer

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.state.courier.close()


def start(settings: DemoSettings, host: str = "127.0.0.1", port: int = 0) -> RunningPortal:
    """With port 0 the system chooses one, and the portal's address follows it."""
    server = WsgiServer(host, port)
    url = settings.portal_url if port else f"http://{host}:{server.port}"
    app = create_portal(replace(settings, portal_url=url))
    server.app = app
    threading.Thread(target=server.serve_forever, args=(0.05,), name="demo-portal", daemon=True).start()
    return RunningPortal(url, app.extensions["demo_portal"], server)


def run(settings: DemoSettings, host: str, port: int) -> None:
    """Serve until the process is told to stop."""
    with WsgiServer(host, port, create_portal(settings)) as server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return
