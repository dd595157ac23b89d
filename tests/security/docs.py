"""docs/security.md, made of docs/security.json: `python -m tests.security.docs` writes it.

The same inputs are sent by test_hostile.py and the tests it names are looked for by test_docs.py, so that the page
cannot say what is not so.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.security.hostile import DOCS, FILE, INPUTS

PAGE = DOCS / "security.md"
TEST = "tests/security/test_hostile.py::test_it_is_answered_calls_nobody_unknown_and_changes_nothing"
LONGEST = 90

INTRO = """\
What could go wrong, what is done about it, and the test that covers it. The page is made of docs/security.json by
`python -m tests.security.docs`; the tests below run the same file.

## What is protected, and from whom

The numbers people are paid by, the personal data behind them, the tokens that open portals. Trusted are the operator
of the app, the authorization servers on the operator's list, and each portal for itself. Not trusted are browsers,
other portals, programs with API tokens beyond their permissions, employees beyond their role, and whoever else can
reach the app over the network. Every address of the app can be called by anybody.

## Threats
"""

OPERATORS = """\
## What operators do

- Run the app behind https. `TRUSTED_PROXIES` says how many proxies of yours stand before it (default 0); without it
  limits per address count the proxy itself, and with more than there are anybody may pretend to be any address.
- Keep `SECRET_KEY` and `TOKEN_KEYS` out of the database's backups. New keys: put the new one first in `TOKEN_KEYS`,
  restart, run `b24app db renew-secrets`, take the old one away, restart. A new `SECRET_KEY` ends all sessions; pages
  renew theirs by themselves.
- `make audit` looks the locked dependencies up in the database of known vulnerabilities, and CI does before its tests:
  a known one fails. Where no service can tell, a line says "not audited". `make check` runs without the network.
- Report a vulnerability to the operator of your installation or to the maintainers in private, not in a public issue.

## What is not protected

- An administrator of a portal sees and may change everything of that portal. So does an API token with all permissions.
- Rights are those of the last structure that was read, and of the session's beginning: somebody who stops to be an
  administrator keeps an open session until it ends (`SESSION_MINUTES`, 60 by default).
- Photographs of people are loaded by the browser from where the portal keeps them: the policy of content allows images
  of any https host.
- Whoever has both the database and `TOKEN_KEYS` has the tokens.
"""


def page() -> str:
    lines = [
        "# Security", "", INTRO, "| threat | what is done | covered by |", "| --- | --- | --- |",
        *(_threat(one) for one in FILE["threats"]), "",
        "## Hostile inputs", "",
        f"Each is sent by `{TEST}`, which also sees that nobody unknown is called and nothing is changed.", "",
        "| # | threat | input | sent | by | status | message |", "| --- | --- | --- | --- | --- | --- | --- |",
        *(_input(number, one) for number, one in enumerate(INPUTS, 1)), "",
        OPERATORS,
    ]  # fmt: skip
    return "\n".join(lines)


def _threat(one: Mapping[str, Any]) -> str:
    tests = "<br>".join(f"`{test.removeprefix('tests/')}`" for test in one["tests"])
    return f"| **{one['title']}** (`{one['id']}`) | {one['defence']} | {tests} |"


def _input(number: int, case: Mapping[str, Any]) -> str:
    sent = f"`{_code(case['method'] + ' ' + case['path'])}`" + "".join(f" `{_code(part)}`" for part in _parts(case))
    message = _code(case["message"]) or "—"
    return f"| {number} | {case['threat']} | {case['what']} | {sent} | {case['by']} | {case['status']} | {message} |"


def _parts(case: Mapping[str, Any]) -> Iterator[str]:
    for kind in ("query", "form", "json", "file"):
        if kind in case:
            yield json.dumps(_folded(case[kind]), ensure_ascii=False)
    if "raw" in case:
        yield str(_folded(case["raw"]))


def _folded(value: Any) -> Any:
    """What is repeated is told, not written out."""
    if isinstance(value, dict):
        if "repeat" in value:
            text, times = value["repeat"]
            return f"{value.get('before', '')}{text} × {times}{value.get('after', '')}"
        return {key: _folded(one) for key, one in value.items()}
    return [_folded(one) for one in value] if isinstance(value, list) else value


def _code(text: str) -> str:
    """In a cell of a table."""
    short = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return short.replace("|", "\\|").replace("`", "ˋ").replace("\n", "⏎").replace("\r", "").replace("\0", "␀")


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
