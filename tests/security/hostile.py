"""Hostile inputs, as docs/security.json has them: who sends what where. Driven by test_hostile.py, told by docs.py."""

import json
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt
import responses
from requests import PreparedRequest
from werkzeug.test import TestResponse

from b24app.lib import clock, crypto
from tests.scores.world import ADMIN, ANN, HEAD, PORTAL
from tests.security.world import SECRET, Site

DOCS = Path(__file__).parents[2] / "docs"
FILE: Mapping[str, Any] = json.loads((DOCS / "security.json").read_text("utf-8"))
INPUTS: list[dict[str, Any]] = FILE["inputs"]

OURS = "app.test"
OAUTH = "https://oauth.example"
PEOPLE = {
    "token-of-ann": (OURS, ANN, "member1", "https://p1.bitrix24.test/rest/"),
    "token-of-another-app": ("app.other", ANN, "member1", "https://p1.bitrix24.test/rest/"),
    "token-of-the-stranger": (OURS, 99, "member2", "https://p2.bitrix24.test/rest/"),
    "token-of-a-newcomer": (OURS, 1, "newcomer", "https://newcomer.bitrix24.test/rest/"),
    "token-of-a-plain-portal": (OURS, 1, "plain", "http://plain.bitrix24.test/rest/"),
    "token-of-a-moving-portal": (OURS, 1, "moving", "https://moving.bitrix24.test/rest/"),
}
"""Access tokens that the authorization server knows: of which application, whose, of which portal, and where it is."""

KNOWN_HOSTS = {"oauth.example", *(urlsplit(endpoint).hostname for _app, _user, _name, endpoint in PEOPLE.values())}


def asked(request: PreparedRequest) -> tuple[int, dict[str, str], str]:
    """The authorization server: whose token is it?"""
    token = request.params["auth"]  # type: ignore[attr-defined]
    if token == "token-that-redirects":
        return 302, {"Location": "https://evil.example/rest/app.info/"}, ""
    if token not in PEOPLE:
        return 401, {}, json.dumps({"error": "NO_AUTH_FOUND"})
    client_id, user_id, name, endpoint = PEOPLE[token]
    install = {"installed": True, "version": 1, "client_endpoint": endpoint, "member_id": name}
    return 200, {}, json.dumps({"result": {"client_id": client_id, "user_id": user_id, "install": install}})


@contextmanager
def outside() -> Iterator[responses.RequestsMock]:
    """Bitrix24 as far as it is asked here. Whatever else is called fails and is seen in `calls`."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as network:
        network.add_callback(responses.GET, f"{OAUTH}/rest/app.info/", asked)
        for portal in ("p1", "p2", "newcomer"):
            network.post(f"https://{portal}.bitrix24.test/rest/profile", json={"result": {"ID": "3", "ADMIN": False}})
        network.post(
            "https://moving.bitrix24.test/rest/profile", status=302, headers={"Location": "https://evil.example/rest/"}
        )
        yield network


def send(here: Site, case: Mapping[str, Any]) -> TestResponse:
    sent: dict[str, Any] = {}
    headers = {"Accept-Language": "en", **credentials(here, case["by"]), **case.get("headers", {})}
    if "query" in case:
        sent["query_string"] = case["query"]
    if "form" in case:
        sent["data"] = {name: written(value) for name, value in case["form"].items()}
    if "json" in case:
        sent["json"] = unfolded(case["json"])
    if "raw" in case:
        sent["data"] = written(case["raw"])
        headers.setdefault("Content-Type", "application/json")
    if "file" in case:
        sent["data"] = {"file": (BytesIO(content(case["file"])), case["file"]["name"])}
    return here.app.test_client().open(case["path"], method=case["method"], headers=headers, **sent)


def content(file: Mapping[str, Any]) -> bytes:
    """What is uploaded: a text, or an archive of its parts, as workbooks are."""
    if "parts" not in file:
        return written(file["text"]).encode()
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, text in file["parts"].items():
            archive.writestr(name, written(text))
    return packed.getvalue()


def written(value: Any) -> str:
    """A text, or one that is repeated so that nobody has to write it down."""
    if isinstance(value, dict) and "repeat" in value:
        text, times = value["repeat"]
        return f"{value.get('before', '')}{text * times}{value.get('after', '')}"
    return str(value)


def unfolded(value: Any) -> Any:
    if isinstance(value, dict):
        return written(value) if "repeat" in value else {key: unfolded(one) for key, one in value.items()}
    return [unfolded(one) for one in value] if isinstance(value, list) else value


def credentials(here: Site, by: str) -> dict[str, str]:
    """The headers of whoever sends it."""
    if by == "nobody":
        return {}
    token = here.keys.get(by) or here.keys.get(by.removesuffix("_as_session")) or _session(here, by)
    frame = {} if by in here.keys or by.endswith("_as_key") else {"HX-Request": "true"}
    return frame if by == "htmx" else {"Authorization": f"Bearer {token}", **frame}


def _session(here: Site, by: str) -> str:
    claims = {"portal": PORTAL, "member": "member1", "user": ADMIN, "admin": True, "language": "en"}
    now = clock.now()
    match by:
        case "admin" | "admin_as_key":
            return here.session(ADMIN)
        case "ann":
            return here.session(ANN)
        case "hugo":
            return here.session(HEAD)
        case "forged":
            return crypto.sign(claims, "another secret, as long as the right one", now, 60)
        case "unsigned":
            return jwt.encode({**claims, "exp": int(time.time()) + 60}, "", algorithm="none")
        case "ended":
            return crypto.sign(claims, SECRET, now, -1)
        case "claimless":
            return crypto.sign({}, SECRET, now, 60)
        case "crossed":
            return here.session(ADMIN, member="member2")
    return "a made-up token"
