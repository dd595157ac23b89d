"""A storm over the whole product in processes of its own, and the peace after it.

    changes in the portal    with 20 % of the events dropped, 10 % doubled, their order shuffled
    robot calls and entries  delivered twice now and then, and again until they are accepted
    faults                   503, HTML, 401, paused methods, hanging answers
    kill -9                  of web, workers, scheduler and Redis; Redis emptied

Afterwards the portal is healed, the comparison that runs every night is run once, and everything has to be exact.
"""

import contextlib
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import requests
from redis import Redis

from tests.walks.conftest import Demo, eventually, kill

BREAKAGE = {"drop_events": 0.2, "double_events": 0.1, "shuffle_events": 8}
SELLERS = range(8, 20)
ENTRY, CALL = "chaos_entry", "chaos_call"
FAULTS: tuple[dict[str, Any], ...] = (
    {"reject": {"count": 3, "status": 503, "code": "QUERY_LIMIT_EXCEEDED"}},
    {"reject": {"count": 2, "status": 502, "html": "<h1>Bad gateway</h1>"}},
    {"reject": {"count": 2, "status": 403, "html": "<h1>Forbidden</h1>"}},
    {"reject": {"count": 1, "status": 500, "code": "INTERNAL_SERVER_ERROR"}},
    {"reject": {"count": 1, "status": 0, "code": "", "hang_s": 1}},
    {"expire_tokens": True},
)
VICTIMS = ("b24app web", "worker --queues live", "worker --queues", "scheduler", "redis-server")


@dataclass
class Storm:
    """What was done to whom. `deals` are the ids of those that this storm has touched and not deleted."""

    demo: Demo
    random: Random
    deals: list[int] = field(default_factory=list)
    deleted: list[int] = field(default_factory=list)
    entries: dict[str, int] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)
    did: Counter[str] = field(default_factory=Counter)
    portal: requests.Session = field(default_factory=requests.Session)
    app: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.portal.trust_env = self.app.trust_env = False
        self.application_token = self.ask("GET", "state")["app"]["application_token"]

    def rage(self, changes: int, calamities: int) -> None:
        """So many changes, and now and then something breaks."""
        self.ask("POST", "faults", BREAKAGE)
        every = max(1, changes // max(1, calamities))
        for number in range(1, changes + 1):
            [act] = self.random.choices(list(ACTS), list(ACTS.values()))
            act(self)
            self.did[act.__name__] += 1
            if number % every == 0:
                self.calamity(number // every)

    def calm_down(self) -> None:
        """The portal is well again, whatever was held back arrives, and everybody who was killed is there again."""
        self.ask("DELETE", "faults")
        self.ask("POST", "faults", {"shuffle_events": 0})
        eventually(lambda: self.ask("GET", "stats")["events"]["pending"] == 0, within_s=180)
        eventually(lambda: self.demo.api("/portal")["status"] == "active")

    # --- what people do

    def create(self) -> None:
        fields = {
            "title": "Chaos", "opportunity": self.random.randrange(1, 5000), "assignedById": self.seller(),
            "companyId": self.random.randrange(1, 40),
        }  # fmt: skip
        self.deals.append(int(self.ask("POST", "deals", fields)["id"]))

    def win(self) -> None:
        self.move("win")

    def lose(self) -> None:
        self.move("lose")

    def reopen(self) -> None:
        self.move("reopen")

    def other_funnel(self) -> None:
        self.change(lambda id: self.ask("POST", f"deals/{id}/move", {"stage": "C1:WON"}))

    def edit(self) -> None:
        self.change(lambda id: self.ask("PATCH", f"deals/{id}", {"opportunity": self.random.randrange(1, 5000)}))

    def hand_over(self) -> None:
        self.change(lambda id: self.ask("PATCH", f"deals/{id}", {"assignedById": self.seller()}))

    def delete(self) -> None:
        if self.deals:
            id = self.deals.pop(self.random.randrange(len(self.deals)))
            self.ask("DELETE", f"deals/{id}", {})
            self.deleted.append(id)

    def meet(self) -> None:
        self.ask("POST", "activities", {"kind": "meeting", "owner": self.seller(), "done": True})

    def enter(self) -> None:
        """An entry through the API, told again until it is accepted, and once more now and then."""
        key, value = f"e{len(self.entries)}", self.random.randrange(1, 10)
        self.entries[key] = value
        entry = {"code": ENTRY, "kind": "add", "value": value, "key": key, "employee_id": self.seller()}
        headers = {"Authorization": f"Bearer {self.demo.token}"}
        self.insist(
            lambda: self.app.post(f"{self.demo.app_url}/api/v1/entries", json=[entry], headers=headers, timeout=9)
        )

    def call(self) -> None:
        """A robot's call, delivered until it is accepted, and once more now and then."""
        token, value = f"chaos|{len(self.calls)}|call", self.random.randrange(1, 10)
        self.calls[token] = value
        body = {
            "code": "kpi_add", "event_token": token, "document_id[2]": "DEAL_1", "properties[code]": CALL,
            "properties[value]": str(value), "properties[employee]": f"user_{self.seller()}", "use_subscription": "N",
            "auth[member_id]": self.demo.member_id, "auth[application_token]": self.application_token,
        }  # fmt: skip
        self.insist(lambda: self.app.post(f"{self.demo.app_url}/b24/robot", data=body, timeout=9))

    def run(self) -> None:
        """A workflow that waits for its answer."""
        body = {"code": "kpi_get", "document": "DEAL_1", "properties": {"scorecard": "chaos"}}
        self.ask("POST", "robots/run", body)

    def move(self, how: str) -> None:
        self.change(lambda id: self.ask("POST", f"deals/{id}/{how}", {}))

    def change(self, what: Callable[[int], Any]) -> None:
        if self.deals:
            what(self.random.choice(self.deals[-200:]))

    def seller(self) -> int:
        return self.random.choice(SELLERS)

    # --- what goes wrong

    def calamity(self, number: int) -> None:
        """A process is killed, then a fault of the portal, in turn; each kind comes before one comes again."""
        place, kind = divmod(number, 2)
        if kind:
            victim = VICTIMS[place % len(VICTIMS)]
            kill(self.demo, victim)
            self.did[f"kill -9 {victim}"] += 1
        else:
            fault = FAULTS[place % len(FAULTS)]
            self.ask("POST", "faults", fault)
            self.did["fault of the portal"] += 1
        if self.random.random() < 0.25:
            self.empty_redis()

    def empty_redis(self) -> None:
        with contextlib.suppress(Exception):
            Redis.from_url(self.demo.environment["REDIS_URL"]).flushall()
            self.did["redis emptied"] += 1

    # --- how it is told

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.portal.request(method, f"{self.demo.portal_url}/demo/api/{path}", json=body or {}, timeout=60)
        assert answer.ok or answer.status_code == 404, answer.text
        return answer.json()

    def insist(self, post: Callable[[], requests.Response], within_s: float = 60) -> None:
        """A sender that repeats itself while nobody takes it, and, one time in five, although somebody has."""
        deadline = time.monotonic() + within_s
        again = self.random.random() < 0.2
        while True:
            with contextlib.suppress(requests.RequestException):
                if post().status_code == 200:
                    if not again:
                        return
                    again = False
                    continue
            assert time.monotonic() < deadline, "nobody takes it"
            time.sleep(0.1)


ACTS: dict[Callable[[Storm], None], int] = {
    Storm.create: 22, Storm.win: 22, Storm.lose: 8, Storm.reopen: 8, Storm.other_funnel: 3, Storm.edit: 12,
    Storm.hand_over: 8, Storm.delete: 4, Storm.meet: 3, Storm.enter: 5, Storm.call: 4, Storm.run: 1,
}  # fmt: skip


def kill_the_first_reading(demo: Demo, times: int = 2) -> None:
    """While the history is read for the first time, whoever reads it is killed. Their lock would end in a minute."""
    for _time in range(times):
        with contextlib.suppress(AssertionError):
            eventually(lambda: demo.api("/portal")["sync"]["entities"]["deal"]["rows"] > 0, within_s=60)
        kill(demo, "worker")
        with contextlib.suppress(Exception):
            Redis.from_url(demo.environment["REDIS_URL"]).delete("b24app:backfill:1")
