"""Runs several processes as one: starts them, restarts what dies, stops all in order on Ctrl-C or SIGTERM."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from b24app.lib import redis_server
from b24app.lib.log import logger

STOP_WAIT_S, HURRY_WAIT_S = 6, 3
RESTART_AFTER_S = 1.0
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


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


@dataclass
class EmbeddedRedis(Child):
    """A Redis of our own. It comes back at the same address, because the others were told it once."""

    folder: Path = Path()
    port: int = field(default_factory=redis_server.free_port)

    @property
    def url(self) -> str:
        return redis_server.url(self.port)

    def start(self) -> None:
        self.process = redis_server.start(self.folder, self.port)[0]


def embedded_redis(folder: Path) -> EmbeddedRedis:
    return EmbeddedRedis("redis", (), folder=folder)


def b24app(name: str, *arguments: str, **environment: str) -> Child:
    """A child that is another role of this same program."""
    return Child(name, [sys.executable, "-m", "b24app", *arguments], environment)


def supervise(
    children: Sequence[Child],
    prepare: Callable[[], None] | None = None,
    ready: Callable[[], None] | None = None,
    ground: Child | None = None,
) -> None:
    """Run the children until a signal says stop; `ready` is called once, when all were started.

    All stand on the `ground`: it starts first, then `prepare` is called, and it stops when nobody needs it any more.
    """
    for number in STOP_SIGNALS:
        signal.signal(number, _stop_now)
    everybody = [*([ground] if ground else []), *children]
    try:
        if ground:
            ground.start()
        if prepare:
            prepare()
        for child in children:
            child.start()
        if ready:
            ready()
        while True:
            time.sleep(0.2)
            for child in everybody:
                if child.process and child.process.poll() is not None:
                    logger.warning("restarting", role=child.name, exit_code=child.process.returncode)
                    _end_group(child.process)  # what a killed web server leaves still holds its port
                    time.sleep(RESTART_AFTER_S)
                    child.start()
    except Stop:
        pass
    finally:
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        stop(children)
        stop(everybody)


class Stop(BaseException):
    """A signal came."""


def _stop_now(number: int, frame: object) -> None:
    raise Stop


def stop(children: Sequence[Child]) -> None:
    """Ask every child to end, last started first; who takes long is asked again, and in the end made to.

    Asked twice, a worker drops the job it is at: each can be repeated."""
    running = [child.process for child in reversed(children) if child.process]
    for wait_s in (STOP_WAIT_S, HURRY_WAIT_S):
        running = [process for process in running if process.poll() is None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + wait_s
        for process in running:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, deadline - time.monotonic()))
    for process in running:
        _end_group(process)
        process.wait()


def _end_group(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
