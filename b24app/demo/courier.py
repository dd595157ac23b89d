"""Carries events and robot calls to the app: background threads, a short timeout and, as in the cloud, no retry."""

import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import requests

from b24app.demo.faults import Faults
from b24app.demo.wire import flatten
from b24app.lib.log import logger

TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Parcel:
    kind: str  # event or robot
    url: str
    payload: Mapping[str, Any]


class Courier:
    """`sent` got a 2xx, `failed` anything else, `dropped` were lost on purpose."""

    def __init__(self, workers: int, faults: Faults, seed: int) -> None:
        self.sent = self.failed = self.dropped = 0
        self._faults, self._random = faults, Random(seed)
        self._workers, self._started = workers, False
        self._queue: queue.Queue[Parcel | None] = queue.Queue()
        self._lock = threading.Lock()

    @property
    def pending(self) -> int:
        """How many posts have not been tried yet or are on their way."""
        return self._queue.unfinished_tasks

    def send(self, parcel: Parcel) -> None:
        if parcel.kind == "event":
            if self._random.random() < self._faults.drop_events:
                self.dropped += 1
                return
            if self._faults.double_events:
                self._queue.put(parcel)
        self._queue.put(parcel)
        self._start()

    def close(self) -> None:
        for _worker in range(self._workers):
            self._queue.put(None)

    def _start(self) -> None:
        with self._lock:
            if self._started:
                return
            self._started = True
        for _worker in range(self._workers):
            threading.Thread(target=self._work, name="demo-courier", daemon=True).start()

    def _work(self) -> None:
        session = requests.Session()
        session.trust_env = False  # the app is on this machine, whatever proxy the environment names
        while (parcel := self._queue.get()) is not None:
            delivered = self._post(session, parcel)
            with self._lock:
                self.sent += delivered
                self.failed += not delivered
            self._queue.task_done()
        self._queue.task_done()

    def _post(self, session: requests.Session, parcel: Parcel) -> bool:
        try:
            form = list(flatten(parcel.payload))
            answer = session.post(parcel.url, data=form, timeout=TIMEOUT_S, allow_redirects=False)
        except requests.RequestException as error:
            logger.info("demo portal: delivery failed", kind=parcel.kind, error=type(error).__name__)
            return False
        return answer.ok and not answer.is_redirect
