"""What goes wrong in the world: forged posts, a portal that is away, killed processes, removal. A demo to be broken."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from redis import Redis
from redis.exceptions import RedisError

from tests.walks.conftest import Demo, command, eventually, has_everything, kill, processes, started

pytestmark = pytest.mark.walk

ADMIN, EMPLOYEE = 1, 8
RUSSIAN = {"Accept-Language": "ru"}


@pytest.fixture(scope="module")
def fragile() -> Iterator[Demo]:
    """A demo that may be broken."""
    with started("--deals", "300") as found:
        yield found


@pytest.fixture
def attacker() -> Iterator[socket.socket]:
    """A server of somebody else's; `heard` tells whether anybody called it."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.setblocking(False)
        yield server


def heard(server: socket.socket) -> bool:
    try:
        server.accept()
    except BlockingIOError:
        return False
    return True


def form(demo: Demo, user_id: int = ADMIN) -> dict[str, Any]:
    return dict(demo.control("placement-form", {"user_id": user_id, "lang": "ru"}))


def event(demo: Demo, code: str = "ONCRMDEALUPDATE", **auth: str) -> requests.Response:
    """What Bitrix24 posts about a record, or what somebody else does."""
    token = demo.control("state")["app"]["application_token"]
    fields = {"member_id": demo.member_id, "application_token": token, **auth}
    body = {"event": code, "data[FIELDS][ID]": "1", **{f"auth[{name}]": value for name, value in fields.items()}}
    return requests.post(f"{demo.app_url}/b24/event", data=body, headers=RUSSIAN, timeout=120)


def robot(demo: Demo, event_token: str, application_token: str | None = None) -> int:
    token = application_token or demo.control("state")["app"]["application_token"]
    body = {
        "code": "kpi_add",
        "event_token": event_token,
        "document_id[2]": "DEAL_1",
        "properties[code]": "fault",
        "properties[employee]": f"user_{EMPLOYEE}",
        "use_subscription": "N",
        "auth[member_id]": demo.member_id,
        "auth[application_token]": token,
    }
    return requests.post(f"{demo.app_url}/b24/robot", data=body, timeout=120).status_code


def answers(redis_url: str) -> bool:
    try:
        return bool(Redis.from_url(redis_url).ping())
    except RedisError:
        return False


def sync(demo: Demo) -> dict[str, Any]:
    return dict(demo.api("/portal")["sync"])


TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"


def rows(demo: Demo) -> dict[str, int]:
    """How many rows each table has that is not empty."""
    with sqlite3.connect(demo.environment["DATABASE_URL"].removeprefix("sqlite:///")) as database:
        names = [name for (name,) in database.execute(TABLES)]
        counts = {name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}
    return {name: count for name, count in counts.items() if count}


def computed(demo: Demo) -> int:
    """How many results of the scorecard that an installation makes by itself."""
    with sqlite3.connect(demo.environment["DATABASE_URL"].removeprefix("sqlite:///")) as database:
        return int(database.execute("SELECT count(*) FROM result WHERE scorecard = 'sales'").fetchone()[0])


# --- forged posts


@pytest.mark.parametrize("path", ["/b24/install", "/b24/app"])
def test_a_forged_opening_is_refused_and_nobody_is_called(fragile: Demo, attacker: socket.socket, path: str) -> None:
    true = form(fragile)
    address = "{}:{}".format(*attacker.getsockname())
    lies: list[tuple[dict[str, str], dict[str, str]]] = [
        ({"AUTH_ID": "0" * 64}, {}),
        ({"member_id": "f" * 32}, {}),
        ({}, {"DOMAIN": address.replace("127.0.0.1", "127.0.0.2")}),
        ({}, {"DOMAIN": address}),
        ({"SERVER_ENDPOINT": f"http://{address}/rest/"}, {}),
        ({"SERVER_ENDPOINT": f"{fragile.portal_url}/oauth-server@{address}/rest/"}, {}),
    ]
    for fields, query in lies:
        answer = requests.post(
            fragile.app_url + path,
            params={**true["query"], **query},
            data={**true["fields"], **fields},
            timeout=120,
        )
        assert (answer.status_code, "Traceback" in answer.text) == (403, False), (fields, query)
        assert re.search("Битрикс24 не подтвердил|которому приложение не доверяет", answer.text)
    assert not heard(attacker)


def test_only_an_administrator_installs(fragile: Demo) -> None:
    viewer = form(fragile, EMPLOYEE)
    answer = requests.post(f"{fragile.app_url}/b24/install", params=viewer["query"], data=viewer["fields"], timeout=120)
    assert answer.status_code == 403
    assert "только администратор" in answer.text


def test_events_and_robots_without_the_secret_change_nothing(fragile: Demo, attacker: socket.socket) -> None:
    evil = "http://{}:{}/rest/".format(*attacker.getsockname())
    forged = {"access_token": "0" * 64, "server_endpoint": evil, "client_endpoint": evil}
    assert event(fragile, application_token="wrong").status_code == 403
    assert event(fragile, "ONAPPUNINSTALL", application_token="").status_code == 403
    assert event(fragile, "ONAPPUPDATE", **forged).status_code == 403
    assert event(fragile, "ONAPPINSTALL", member_id="a" * 32, **forged).status_code == 403
    assert event(fragile, member_id="f" * 32).json()["detail"] == "Такого портала нет."
    assert robot(fragile, "forged", "wrong") == 403
    assert fragile.api("/portal")["status"] == "active"
    assert not heard(attacker)


def test_a_robot_call_delivered_five_times_counts_once(fragile: Demo) -> None:
    assert [robot(fragile, "one call") for _delivery in range(5)] == [200] * 5
    entries = eventually(lambda: [one for one in fragile.api("/entries")["items"] if one["code"] == "fault"])
    assert [one["value"] for one in entries] == [1]


def test_a_lone_event_costs_one_request(fragile: Demo) -> None:
    """What is read every few minutes may be read beside one, so that not every event is alone."""

    def cost() -> int:
        eventually(lambda: sync(fragile)["pending_events"] == 0)
        before = fragile.control("stats")["requests"]
        assert event(fragile).status_code == 200
        eventually(lambda: fragile.control("stats")["requests"] > before and sync(fragile)["pending_events"] == 0)
        return int(fragile.control("stats")["requests"]) - before

    eventually(lambda: cost() == 1)


# --- the portal


def test_check_finds_everything_in_its_place(fragile: Demo) -> None:
    checked = command(fragile, "check")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert [line.endswith(": ok") for line in checked.stdout.splitlines()] == [True] * 5


def test_a_portal_that_refuses_is_reported_in_its_language_until_it_does_not(fragile: Demo) -> None:
    fragile.control("faults", {"reject": {"count": 9, "status": 403, "code": "ACCESS_DENIED", "method": "batch"}})
    failed = command(fragile, "portal", "sync", fragile.member_id)
    sentence = "Битрикс24 отказал в доступе: не позволяют права или тариф."
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr.splitlines()[-1] == sentence
    assert "Traceback" not in failed.stderr
    assert (sync(fragile)["state"], sync(fragile)["error"]) == ("failed", sentence)
    fragile.delete("faults")
    eventually(lambda: command(fragile, "portal", "sync", fragile.member_id).returncode == 0)
    assert (sync(fragile)["state"], sync(fragile)["error"]) == ("idle", None)


def test_an_update_that_wiped_everything_has_it_bound_again(fragile: Demo) -> None:
    kinds = ("placements", "robots", "activities", "handlers")

    def bound() -> dict[str, int]:
        app = fragile.control("state")["app"]
        return {kind: len(app[kind]) for kind in kinds}

    before = bound()
    fragile.control("app/update", {"new_token": True})
    eventually(lambda: bound() == before)
    fragile.control("deals", {"title": "After the update"})
    eventually(lambda: has_everything(fragile))


def test_a_portal_that_moved_is_followed(fragile: Demo) -> None:
    address = fragile.portal_url.replace("localhost", "127.0.0.1")
    fragile.control("faults", {"moved_to": address})
    fragile.control("deals", {"title": "After the move"})
    eventually(lambda: has_everything(fragile))
    assert fragile.api("/portal")["domain"] == address.removeprefix("http://")
    fragile.delete("faults")


def test_a_dismissed_viewer_gets_no_session(fragile: Demo) -> None:
    pair = fragile.control("tokens", {"user_id": EMPLOYEE})
    asked = {"access_token": pair["access_token"], "member_id": fragile.member_id}
    fragile.control("faults", {"dismiss": [EMPLOYEE]})
    answer = requests.post(f"{fragile.app_url}/ui/session", json=asked, headers=RUSSIAN, timeout=120)
    fragile.control("faults", {"restore": [EMPLOYEE]})
    assert answer.status_code == 403
    assert answer.json()["detail"].startswith("Битрикс24 не подтвердил")


def test_without_any_administrator_the_app_stands_still_until_one_opens_it(fragile: Demo) -> None:
    fragile.control("faults", {"dismiss": [ADMIN]})
    fragile.control("deals", {"title": "Nobody can read this"})
    eventually(lambda: fragile.api("/portal")["status"] == "suspended")
    assert "Администратору нужно открыть приложение" in fragile.api("/portal")["problem"]
    fragile.control("faults", {"restore": [ADMIN]})
    opened = form(fragile)
    assert requests.post(opened["url"], data=opened["fields"], timeout=120).status_code == 200
    assert (fragile.api("/portal")["status"], fragile.api("/portal")["problem"]) == ("active", None)
    fragile.control("deals", {"title": "Now it can be read"})
    eventually(lambda: has_everything(fragile))


# --- processes


def test_killed_workers_and_a_killed_redis_are_started_again(fragile: Demo) -> None:
    kill(fragile, "redis-server")
    eventually(lambda: answers(fragile.environment["REDIS_URL"]))
    kill(fragile, "worker")
    fragile.control("deals", {"title": "After the crash"})
    eventually(lambda: has_everything(fragile))
    eventually(lambda: sync(fragile)["state"] == "idle")  # what was broken off is taken up within a minute


def test_what_happened_while_nobody_listened_is_asked_for(fragile: Demo) -> None:
    kill(fragile, "b24app web")
    fragile.control("deals", {"title": "Its event is lost"})
    eventually(lambda: has_everything(fragile))


def test_a_reader_killed_half_way_is_taken_up_and_ends_exact(fragile: Demo) -> None:
    reader = subprocess.Popen(
        [sys.executable, "-m", "b24app", "portal", "sync", fragile.member_id, "--full"],
        env={**os.environ, **fragile.environment},
        stderr=subprocess.DEVNULL,
    )
    eventually(lambda: sync(fragile)["state"] == "running")
    reader.kill()
    reader.wait()
    Redis.from_url(fragile.environment["REDIS_URL"]).delete("b24app:backfill:1")  # it would end by itself in a minute
    again = ("portal", "sync", fragile.member_id, "--full")  # unless a worker has taken it up by then
    eventually(lambda: command(fragile, *again).returncode == 0)
    assert has_everything(fragile)
    assert sync(fragile)["state"] == "idle"


# --- removal, and the end


def test_removed_with_its_data_nothing_is_left_and_a_new_installation_comes_to_the_same(fragile: Demo) -> None:
    results = computed(fragile)
    fragile.control("app/uninstall", {"clean": True})
    eventually(lambda: set(rows(fragile)) == {"alembic_version"})
    fragile.api("/portal", status=401)

    install(fragile)
    fragile.api("/portal", status=401)  # the old key opens nothing
    eventually(lambda: computed(fragile) == results)


def test_removed_without_its_data_it_is_there_again_after_the_next_installation(fragile: Demo) -> None:
    key = command(fragile, "token", "create", fragile.member_id, "--name", "walk").stdout.strip()
    headers = {"Authorization": f"Bearer {key}"}
    deals = rows(fragile)["deal"]
    fragile.control("app/uninstall", {"clean": False})
    eventually(lambda: "token" not in rows(fragile))
    assert requests.get(f"{fragile.app_url}/api/v1/portal", headers=headers, timeout=120).status_code == 401
    assert rows(fragile)["deal"] == deals

    install(fragile)
    again = requests.get(f"{fragile.app_url}/api/v1/portal", headers=headers, timeout=120).json()
    assert (again["status"], again["sync"]["entities"]["deal"]["rows"]) == ("active", deals)


def install(demo: Demo) -> None:
    """What the administrator's browser does."""
    demo.control("app/install", {})
    installer = form(demo)
    page = requests.post(installer["url"], data=installer["fields"], timeout=120).text
    session, progress = (
        re.search(pattern, page)[1]  # type: ignore[index]
        for pattern in (r'name="b24-session" content="([^"]+)"', r'hx-get="(/ui/install/[^"]+)"')
    )
    headers = {"Authorization": f"Bearer {session}"}
    eventually(lambda: "data-install-done" in requests.get(demo.app_url + progress, headers=headers, timeout=120).text)
    demo.control("app/finish", {})


def test_ctrl_c_leaves_no_process_and_no_folder(fragile: Demo) -> None:
    folder = Path(fragile.environment["DATABASE_URL"].removeprefix("sqlite:///")).parent
    children = processes(fragile)
    assert len(children) == len(["portal", "web", "worker live", "worker", "scheduler", "redis"])
    fragile.process.send_signal(signal.SIGINT)
    assert fragile.process.wait(30) == 0
    listed = subprocess.run(["ps", "-o", "args=", "-s", ",".join(map(str, children))], capture_output=True, text=True)
    assert listed.stdout == ""
    assert not folder.exists()
