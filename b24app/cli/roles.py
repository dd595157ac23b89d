"""The process roles: web, worker, scheduler, and all three together."""

import multiprocessing
import os
import signal
import socket
import sys
from typing import Any

import click

from b24app import config
from b24app.app import create_app
from b24app.cli import supervisor
from b24app.cli.check import refuse_unmigrated, upgrade
from b24app.jobs import sync
from b24app.lib import queue
from b24app.lib.db import db
from b24app.lib.errors import Permanent
from b24app.lib.queue import QUEUES

WEB_THREADS = 8


def web(host: str | None, port: int | None) -> None:
    """gunicorn with threads: the app waits for the database and seldom for anything else."""
    from gunicorn.app.base import BaseApplication

    settings = with_redis()
    app = create_app(settings)
    refuse_unmigrated(app)
    refuse_taken(host or settings.host, port or settings.port)
    with app.app_context():
        sync.catch_up()
        db.session.remove()
        db.engine.dispose()  # the processes that serve are forks of this one

    class Server(BaseApplication):
        def load_config(self) -> None:
            options = {
                "bind": f"{host or settings.host}:{port or settings.port}",
                "worker_class": "gthread",
                "workers": int(os.environ.get("WEB_CONCURRENCY") or min(4, multiprocessing.cpu_count())),
                "threads": WEB_THREADS,
                "graceful_timeout": 10,
                "keepalive": 30,
                "control_socket_disable": True,
                "loglevel": "warning",
            }
            for key, value in options.items():
                if key in self.cfg.settings:
                    self.cfg.set(key, value)

        def load(self) -> Any:
            return app

    Server().run()


def worker(queues: list[str] | None) -> None:
    """With queues, one RQ worker; without, two: one keeps free for what people wait for, one takes everything."""
    if queues is not None and (unknown := sorted(set(queues) - set(QUEUES))):
        raise click.UsageError(f"Unknown queue {', '.join(unknown)}; there are {', '.join(QUEUES)}.")
    app = create_app(with_redis(), pooled=False)
    refuse_unmigrated(app)
    if queues is None:
        return supervisor.supervise(workers())
    with app.app_context():
        queue.redis().ping()
        queue.worker(queues).work(logging_level="WARNING")
    return None


def scheduler() -> None:
    """Ends at once when it is asked to, also as the first process of a container, where nobody else sees to that."""
    from b24app.jobs.schedule import run

    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    app = create_app(with_redis(), pooled=False)
    refuse_unmigrated(app)
    with app.app_context():
        run()


def everything(host: str | None, port: int | None, migrate: bool) -> None:
    """One small server: the three roles, and an embedded Redis when REDIS_URL is not set."""
    settings = config.load()
    if migrate:
        upgrade()
    refuse_unmigrated(create_app(settings, pooled=False))
    refuse_taken(host or settings.host, port or settings.port)
    if settings.redis_url:
        return supervisor.supervise(children(host, port))
    redis = supervisor.embedded_redis(config.instance_folder() / "redis")
    os.environ["REDIS_URL"] = redis.url
    address = config.embedded_redis_address()
    address.parent.mkdir(parents=True, exist_ok=True)
    address.write_text(redis.url, "utf-8")
    try:
        supervisor.supervise(children(host, port), ground=redis)
    finally:
        address.unlink(missing_ok=True)
    return None


def with_redis() -> config.Config:
    """The configuration of a role that cannot work alone. Permanent when nobody says where Redis is."""
    settings = config.load()
    if settings.redis_url is None:
        raise Permanent("REDIS_URL is not set: this role needs the Redis of the others. `b24app all` brings its own.")
    return settings


def refuse_taken(host: str, port: int, advice: str = "Choose another with --port.") -> None:
    """Permanent when this address cannot be listened on, before anything else was begun."""
    try:
        family, kind, *_rest, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as cause:
        raise Permanent(f"There is no address {host} here.") from cause
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as cause:
            raise Permanent(f"Port {port} of {host} cannot be used ({cause.strerror}). {advice}") from cause


def workers() -> list[supervisor.Child]:
    """One keeps free for what people wait for, one takes everything."""
    live = ",".join(name for name in QUEUES if name != "sync")
    return [
        supervisor.b24app("worker live", "worker", "--queues", live),
        supervisor.b24app("worker", "worker", "--queues", ",".join(QUEUES)),
    ]


def children(host: str | None, port: int | None) -> list[supervisor.Child]:
    """The roles of one server as child processes."""
    where = [*(["--host", host] if host else []), *(["--port", str(port)] if port else [])]
    return [
        supervisor.b24app("web", "web", *where),
        *workers(),
        supervisor.b24app("scheduler", "scheduler"),
    ]
