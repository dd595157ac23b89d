"""Runs several processes as one: starts them, restarts what dies, stops all in order on Ctrl-C or SIGTERM."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from b24app.lib.log import logger

STOP_WAIT_S = 10
RESTART_AFTER_S = 1.0


@dataclass
class Child:
    """One process: how to start it, and the process once it runs."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.command,
            env={**os.environ, **self.environment},
            start_new_session=True,  # Ctrl-C in the terminal reaches only the supervisor
        )


def b24app(name: str, *arguments: str, **environment: str) -> Child:
    """A child that is another role of this same program."""
    return Child(name, [sys.executable, "-m", "b24app", *arguments], environment)


def supervise(children: Sequence[Child], ready: Callable[[], None] | None = None) -> None:
    """Run the children until a signal says stop; `ready` is called once, when all were started."""
    stopping: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda caught, _frame: stopping.append(caught))
    for child in children:
        child.start()
    try:
        if ready:
            ready()
        while not stopping:
            time.sleep(0.2)
            for child in children:
                if child.process and child.process.poll() is not None and not stopping:
                    logger.warning("restarting", role=child.name, exit_code=child.process.returncode)
                    time.sleep(RESTART_AFTER_S)
                    child.start()
    finally:
        stop(children)


def stop(children: Sequence[Child]) -> None:
    """Ask every child to end, last started first, and make those end that do not."""
    running = [child.process for child in reversed(children) if child.process and child.process.poll() is None]
    for process in running:
        process.terminate()
    deadline = time.monotonic() + STOP_WAIT_S
    for process in running:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
