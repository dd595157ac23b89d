"""Carries events and robot calls to the app: background threads, a short timeout and, as in the cloud, no retry.

On its way an event may be lost, doubled, or held back until others have overtaken it: faults.py says how often.
"""

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
    """`sent` got a 2xx, `failed` anything else; `dropped` were lost, `doubled` sent twice on purpose.

    Without workers nothing leaves by itself: whoever tests takes the parcels and carries them.
    """

    def __init__(self, workers: int, faults: Faults, seed: int) -> None:
        self.sent = self.failed = self.dropped = self.doubled = 0
        self._faults, self._random = faults, Random(seed)
        self._workers, self._started = workers, False
        self._queue: queue.Queue[Parcel | None] = queue.Queue()
        self._held: list[Parcel] = []
        self._lock = threading.Lock()

    @property
    def pending(self) -> int:
        """How many posts have not been tried yet, are on their way, or are held back."""
        return self._queue.unfinished_tasks + len(self._held)

    def send(self, parcel: Parcel) -> None:
        if parcel.kind != "event":
            self._leave(parcel)
            return
        with self._lock:
            if self._happens(self._faults.drop_events):
                self.dropped += 1
                return
            twice = self._happens(self._faults.double_events)
            self.doubled += twice
            self._held += [parcel] * (1 + twice)
        self.let_go()

    def let_go(self) -> None:
        """Of the events held back, random ones leave until no more are left than are to be."""
        while True:
            with self._lock:
                if len(self._held) <= self._faults.shuffle_events:
                    return
                place = self._random.randrange(len(self._held)) if self._faults.shuffle_events else 0
                parcel = self._held.pop(place)
            self._leave(parcel)

    def take(self) -> list[Parcel]:
        """What would leave now, in order; for tests that carry it themselves."""
        taken = []
        while not self._queue.empty():
            if (parcel := self._queue.get_nowait()) is not None:
                taken.append(parcel)
            self._queue.task_done()
        return taken

    def _happens(self, share: float) -> bool:
        return bool(share) and self._random.random() < share

    def _leave(self, parcel: Parcel) -> None:
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
