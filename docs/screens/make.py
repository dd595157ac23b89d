"""Takes the screenshots of this folder: `python docs/screens/make.py [address of a running demo portal]`.

Without an address it starts a demo of its own. Each page is opened as the portal opens it, by a form post with a
viewer's token, in both languages and as wide as a desk and a phone.
"""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
from playwright.sync_api import Browser, Page, sync_playwright

FOLDER = Path(__file__).parent
LANGUAGES = ("en", "ru")
WIDTHS = (1280, 375)
HEIGHT, LONGEST = 800, 1700
ADMIN = 1
WAIT_S = 300
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
SETTLE_MS = 400
"""For animations and the fragments that a page asks for after it has come."""


@contextmanager
def demo() -> Iterator[str]:
    """The address of the portal of a demo that lives as long as the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "b24app", "demo", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.search(r"Open (http://\S+?)/? ", line):
                yield found[1]
                return
        raise SystemExit("The demo did not start; see its messages above.")
    finally:
        process.terminate()
        process.wait()


def placement(portal: str, user_id: int, language: str, go: str) -> dict[str, Any]:
    """The form with which the portal opens one of our pages for somebody: {"url", "fields"}."""
    asked = {"user_id": user_id, "placement": "REST_APP_URI", "options": {"go": go}, "lang": language}
    response = requests.post(f"{portal}/demo/api/placement-form", json=asked, timeout=30)
    response.raise_for_status()
    return response.json()


def wait_until_read(portal: str) -> str:
    """Waits for the first full sync; gives the path of the team's first card, for an employee to show."""
    form = placement(portal, ADMIN, "en", "/ui/")
    page = requests.post(form["url"], data=form["fields"], timeout=30).text
    token = re.search('name="b24-session" content="([^"]+)', page)[1]
    session = {"Authorization": f"Bearer {token}", "HX-Request": "true"}
    app = form["url"].split("/b24/")[0]
    for _second in range(WAIT_S):
        if "chip live" in requests.get(f"{app}/ui/sync", headers=session, timeout=30).text:
            team = requests.get(f"{app}/ui/team?sort=score", headers=session, timeout=30).text
            return re.search(r"subject=employee&amp;subject_id=(\d+)", team)[1]
        time.sleep(1)
    raise SystemExit(f"The portal was not read within {WAIT_S} seconds.")


def last_month() -> str:
    """The day the last closed month began."""
    return (datetime.now(UTC).date().replace(day=1) - timedelta(days=1)).replace(day=1).isoformat()


def opened(browser: Browser, width: int, form: dict[str, Any]) -> Page:
    """The page in a window of its own, as the portal's frame would show it."""
    page = browser.new_page(viewport={"width": width, "height": HEIGHT}, reduced_motion="reduce")
    page.goto(form["url"].split("/b24/")[0] + "/b24/app")
    page.evaluate(
        """({url, fields}) => {
          const make = (tag, values) => Object.assign(document.createElement(tag), values);
          const form = make("form", {method: "post", action: url});
          for (const [name, value] of Object.entries(fields)) form.append(make("input", {type: "hidden", name, value}));
          document.body.append(form);
          form.submit();
        }""",
        form,
    )
    return page


def shoot(
    browser: Browser, portal: str, name: str, user_id: int, go: str, ready: str, click: tuple[str, ...] = ()
) -> None:
    """`click` is what is pressed on the page before it is taken, one after the other."""
    for language in LANGUAGES:
        for width in WIDTHS:
            page = opened(browser, width, placement(portal, user_id, language, go))
            page.wait_for_selector(ready)
            page.wait_for_timeout(SETTLE_MS)
            for one in click:
                page.locator(one).click()
                page.wait_for_timeout(SETTLE_MS)
            if "why=" not in go:
                content = page.locator("body").bounding_box()["height"]
                page.set_viewport_size({"width": width, "height": max(HEIGHT, min(LONGEST, int(content)))})
            page.screenshot(path=FOLDER / f"{name}-{language}-{width}.png")
            page.close()


def lock(browser: Browser, portal: str, month: str) -> None:
    """As an administrator does it."""
    page = opened(browser, WIDTHS[0], placement(portal, ADMIN, "en", month))
    page.locator("#lock summary").click()
    page.locator("#lock .primary").click()
    page.wait_for_selector("#locked")
    page.close()


def shoot_portal(browser: Browser, portal: str) -> None:
    """The portal's own page with the app in it."""
    for language in LANGUAGES:
        page = browser.new_page(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
        page.goto(f"{portal}/?viewer={ADMIN}&lang={language}")
        page.frame_locator("[data-test=app-iframe]").locator("#page h1").wait_for()
        page.wait_for_timeout(SETTLE_MS)
        page.screenshot(path=FOLDER / f"portal-{language}.png")
        page.close()


def main(portal: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(FLAGS))
        shoot(browser, portal, "start", ADMIN, "/ui/start", ".start")
        employee = int(wait_until_read(portal))
        deals = requests.get(f"{portal}/demo/api/deals?semantic=P&with_client=1&limit=1", timeout=30).json()
        deal = deals["items"][0]["id"]
        shoot(browser, portal, "my", employee, "/ui/my", ".rows")
        shoot(browser, portal, "why", employee, "/ui/my?why=revenue", "#panel[open] .facts")
        shoot(browser, portal, "changes", employee, "/ui/my?why=revenue", "#panel[open] .facts", ("#tab-changes",))
        shoot(browser, portal, "team", ADMIN, "/ui/team", ".heat")
        month = f"/ui/team?period=month&start={last_month()}"
        shoot(browser, portal, "lock", ADMIN, month, "#lock", ("#lock summary",))
        lock(browser, portal, month)
        shoot(browser, portal, "unlock", ADMIN, month, "#lock", ("#lock summary",))
        locked = f"/ui/my?period=month&start={last_month()}"
        shoot(browser, portal, "locked", employee, locked, "#locked")
        shoot(browser, portal, "locked-why", employee, f"{locked}&why=revenue", "#panel[open] #of-lock")
        shoot(browser, portal, "calendar", ADMIN, "/ui/settings/calendar", "form")
        shoot(browser, portal, "company", ADMIN, "/ui/company", ".chart")
        shoot(browser, portal, "deal", ADMIN, f"/ui/deal/{deal}", ".deal")
        together = "/ui/why?scorecard=west_together&indicator=revenue&period=month&subject=company&subject_id=0"
        split = '#facts tr:has(td.right .small) a[href*="/credits/"] >> nth=0'
        shoot(browser, portal, "split", ADMIN, together, split, (split,))
        shoot(browser, portal, "client", ADMIN, f"/ui/company/{deals['items'][0]['companyId']}", ".client")
        shoot(browser, portal, "scorecards", ADMIN, "/ui/scorecards", ".list")
        shoot(browser, portal, "scorecard", ADMIN, "/ui/scorecards/sales", ".rows")
        shoot(browser, portal, "health", ADMIN, "/ui/settings/health", "#entities")
        for name, page in (("data", ""), ("enter", "/enter"), ("import", "/import"), ("kinds", "/kinds")):
            shoot(browser, portal, name, ADMIN, f"/ui/data{page}", ".settings-pages")
        for page in ("access", "tokens", "notifications", "audit", "sources", "calls", "credit"):
            shoot(browser, portal, page, ADMIN, f"/ui/settings/{page}", ".settings-pages")
        first = ("#ledger tbody tr:first-child a",)
        shoot(browser, portal, "entry", ADMIN, "/ui/data", "#ledger", first)
        shoot(browser, portal, "mapping", ADMIN, "/ui/settings/sources/requests/tickets", "form .fields, form.fields")
        shoot(browser, portal, "templates", ADMIN, "/ui/templates", "#page h1")
        items = "metric=item_metric&option_entity_type_id=2&option_aggregate=sum"
        shoot(browser, portal, "indicator", ADMIN, f"/ui/scorecards/sales/indicator?{items}", "form .fields")
        shoot(browser, portal, "support", ADMIN, "/ui/team?scorecard=support", ".heat")
        shoot(browser, portal, "marketing", ADMIN, "/ui/team?scorecard=marketing", ".heat")
        shoot_portal(browser, portal)
        browser.close()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1].rstrip("/"))
    else:
        with demo() as address:
            main(address)
