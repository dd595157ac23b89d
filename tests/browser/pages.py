"""Serves a small application in this process and opens it in headless Chromium: bare, or in a frame of a toy portal.

The toy portal speaks the parent side of the frame protocol (contract 8.1) and keeps what it was told in `window.told`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip

PORTAL = """<!doctype html><title>Portal</title>
<body><iframe src="%(address)s" name="%(host)s|0|sid" width="1100" height="600"></iframe><script>
window.told = [];
const answers = {
  getInitData: {
    DOMAIN: "%(host)s", PROTOCOL: "0", LANG: "en", MEMBER_ID: "m1", IS_ADMIN: true,
    INSTALL: %(install)s, FIRST_RUN: false,
    AUTH_ID: "viewer-token", REFRESH_ID: "r", AUTH_EXPIRES: "3600", PLACEMENT: "DEFAULT", PLACEMENT_OPTIONS: {},
  },
  openPath: {result: "close"},
};
addEventListener("message", ({data, source, origin}) => {
  const [command, ...rest] = data.split(":");
  rest.pop();
  const key = rest.pop();
  const params = rest.length ? JSON.parse(rest.join(":")) : {};
  told.push({command, ...params});
  if (command === "resizeWindow") document.querySelector("iframe").height = params.height;
  source.postMessage(key + ":" + JSON.stringify(answers[command] ?? {}), origin);
});
</script>"""


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(FLAGS))
        yield browser
        browser.close()


class Quiet(WSGIRequestHandler):
    """Writes no line for each request: the server outlives a test, and who would read it?"""

    def log_request(self, code: object = "-", size: object = "-") -> None:
        pass


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The address of the application, answered by threads of this process."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()


def portal_page(url: str, address: str, install: bool = False) -> str:
    """The portal's page with our address in its frame."""
    return PORTAL % {"address": address, "host": url.removeprefix("http://"), "install": str(install).lower()}


def violations(page: Page) -> list[tuple[str, list[str]]]:
    """What an accessibility check of the page finds: rules and where they are broken."""
    found = Axe().run(page).response["violations"]
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]


def complaints_of(page: Page) -> list[str]:
    """Grows with every error on the page's console, where the security policy speaks, too.

    An answer that refuses something is none: tests ask for such.
    """
    found: list[str] = []

    def note(text: str) -> None:
        if not any(allowed in text for allowed in ("favicon", "status of 4", "Code 4")):
            found.append(text)

    page.on("console", lambda message: note(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: note(str(error)))
    return found
