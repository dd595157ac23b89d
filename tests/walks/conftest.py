"""One demo for all walks: the whole product as a user starts it, in processes of its own."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import requests

from b24app.lib.redis_server import free_port

START_S = 240


@dataclass(frozen=True)
class Demo:
    """Addresses of a running demo, and the two APIs tests speak: the app's and the portal's control."""

    portal_url: str
    app_url: str
    token: str
    member_id: str
    environment: dict[str, str]
    process: subprocess.Popen[str] = field(repr=False)
    requests_for_history: int = 0

    def api(self, path: str, method: str = "GET", status: int = 200, **options: Any) -> Any:
        answer = requests.request(
            method,
            f"{self.app_url}/api/v1{path}",
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=120,
            **options,
        )
        assert answer.status_code == status, answer.text
        return answer.json()

    def control(self, path: str, body: dict[str, Any] | None = None) -> Any:
        url = f"{self.portal_url}/demo/api/{path}"
        answer = requests.get(url, timeout=120) if body is None else requests.post(url, json=body, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    def delete(self, path: str) -> None:
        assert requests.delete(f"{self.portal_url}/demo/api/{path}", json={}, timeout=120).ok


def eventually(question: Callable[[], Any], within_s: float = 120) -> Any:
    """The first true answer; an assertion error when there is none in time."""
    deadline = time.monotonic() + within_s
    while True:
        answer = None
        with contextlib.suppress(requests.RequestException):
            answer = question()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(0.05)


@pytest.fixture(scope="package")
def demo() -> Iterator[Demo]:
    """`b24app demo`, installed and with its whole history read."""
    with started() as found:
        yield replace(found, requests_for_history=found.control("stats")["requests"])


@contextlib.contextmanager
def started(*arguments: str, meanwhile: Callable[[Demo], None] = lambda _demo: None) -> Iterator[Demo]:
    """A demo of one's own, ended by Ctrl-C if it still runs. What it says on stderr is shown with a test that fails.

    `meanwhile` is done to it while it reads the portal's history for the first time.
    """
    port = free_port(neighbours=2)
    process = subprocess.Popen(
        [sys.executable, "-m", "b24app", "demo", "--port", str(port), *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.extend(iter(process.stdout.readline, "")), daemon=True)  # type: ignore[union-attr]
    reader.start()
    try:
        eventually(lambda: process.poll() is not None or "Environment: " in "".join(lines), START_S)
        text = "".join(lines)
        found = Demo(
            portal_url=_after(r"Open (\S+?)/? ", text),
            app_url=f"http://127.0.0.1:{port}",
            token=_after(r"API token: (\S+)", text),
            member_id=_after(r"Portal: (\S+)", text),
            environment=_environment(_after(r"Environment: (\S+)", text)),
            process=process,
        )
        meanwhile(found)
        eventually(lambda: found.api("/portal")["sync"]["complete"], START_S)
        yield found
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def processes(demo: Demo, name: str = "") -> list[int]:
    """The processes the demo itself has started whose command says this."""
    listed = ["ps", "-o", "pid=,args=", "--ppid", str(demo.process.pid)]
    lines = subprocess.run(listed, capture_output=True, text=True).stdout.splitlines()
    return [int(line.split()[0]) for line in lines if name in line]


def kill(demo: Demo, name: str) -> None:
    for pid in processes(demo, name):
        os.kill(pid, signal.SIGKILL)


def command(demo: Demo, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What `b24app` says beside the running demo."""
    return subprocess.run(
        [sys.executable, "-m", "b24app", *arguments],
        env={**os.environ, **demo.environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def has_everything(demo: Demo) -> bool:
    """Whether the app has stored as many records as the portal has."""
    state, entities = demo.control("state"), demo.api("/portal")["sync"]["entities"]
    return (state["deals"], state["stage_history"], state["activities"]) == tuple(
        entities[name]["rows"] for name in ("deal", "stage_move", "activity")
    )


def _after(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found, f"{pattern} is not in:\n{text}"
    return found[1]


def _environment(path: str) -> dict[str, str]:
    with open(path, encoding="utf-8") as file:
        return dict(line.rstrip("\n").split("=", 1) for line in file)
