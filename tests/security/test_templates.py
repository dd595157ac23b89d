"""What the strict policy of content stands on: no script and no style inside a page, nothing from elsewhere."""

import re

import pytest

from b24app.lib.paths import STATIC, TEMPLATES

PAGES = sorted(TEMPLATES.rglob("*.html"))
SCRIPTS = sorted(STATIC.glob("*.js"))

FORBIDDEN = {
    "a script in the page": re.compile(r"<script(?![^>]*\bsrc=)", re.IGNORECASE),
    "a style in the page": re.compile(r"<style\b|\sstyle\s*=", re.IGNORECASE),
    "a handler in an attribute": re.compile(r"\son[a-z]+\s*=\s*[\"']", re.IGNORECASE),
    "a script as an address": re.compile(r"javascript:", re.IGNORECASE),
    "htmx that evaluates": re.compile(r"hx-on\b|hx-vals\s*=\s*[\"']js:|hx-vars", re.IGNORECASE),
    "something from another host": re.compile(r"(?:src|href)=[\"'](?:https?:)?//", re.IGNORECASE),
    "text that is not escaped": re.compile(r"\|\s*safe\b|autoescape\s+false"),
}

EXCUSED = {("heat.html", "text that is not escaped")}
"""A word of ours and a number, put together once a row instead of escaped once a cell."""


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_template_has(what: str) -> None:
    found = [(page.name, what) for page in PAGES if FORBIDDEN[what].search(page.read_text("utf-8"))]
    assert set(found) <= EXCUSED


def test_our_scripts_write_no_html_and_evaluate_nothing() -> None:
    for script in SCRIPTS:
        text = script.read_text("utf-8")
        assert not re.search(
            r"\beval\(|new Function|document\.write|innerHTML\s*=|outerHTML\s*=|document\.cookie", text
        )


def test_nothing_of_ours_keeps_a_token_in_the_browser() -> None:
    """The session lives in the page's memory only."""
    for script in SCRIPTS:
        assert not re.search(r"localStorage|sessionStorage|indexedDB", script.read_text("utf-8"))
