"""The process roles: web, worker, scheduler, and all three together."""

import multiprocessing
import os
from typing import Any

from b24app import config
from b24app.app import create_app
from b24app.cli import supervisor
from b24app.cli.check import refuse_unmigrated, upgrade
from b24app.lib import redis_server

WEB_THREADS = 8


def web(host: str | None, port: int | None) -> None:
    """gunicorn with threads: the app waits for the database and seldom for anything else."""
    from gunicorn.app.base import BaseApplication

    settings = config.load()
    app = create_app(settings)
    refuse_unmigrated(app)

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
    from b24app.lib.queue import QUEUES

    if queues is None:
        live = ",".join(name for name in QUEUES if name != "sync")
        everything_ = ",".join(QUEUES)
        return supervisor.supervise(
            [
                supervisor.b24app("worker live", "worker", "--queues", live),
                supervisor.b24app("worker", "worker", "--queues", everything_),
            ]
        )
    from rq import Worker

    from b24app.lib.queue import redis

    app = create_app(config.load(), pooled=False)
    refuse_unmigrated(app)
    with app.app_context():
        Worker(queues, connection=redis(), log_job_description=False).work(logging_level="WARNING")
    return None


def scheduler() -> None:
    from b24app.jobs.schedule import run

    app = create_app(config.load(), pooled=False)
    refuse_unmigrated(app)
    with app.app_context():
        run()


def everything(host: str | None, port: int | None, migrate: bool) -> None:
    """One small server: the three roles, and an embedded Redis when REDIS_URL is not set."""
    settings = config.load()
    if migrate:
        upgrade()
    if settings.redis_url:
        return supervisor.supervise(children(host, port))
    process, url = redis_server.start(config.instance_folder() / "redis")
    os.environ["REDIS_URL"] = url
    try:
        supervisor.supervise(children(host, port))
    finally:
        process.terminate()
        process.wait()
    return None


def children(host: str | None, port: int | None) -> list[supervisor.Child]:
    """The roles of one server as child processes."""
    where = [*(["--host", host] if host else []), *(["--port", str(port)] if port else [])]
    return [
        supervisor.b24app("web", "web", *where),
        supervisor.b24app("worker", "worker"),
        supervisor.b24app("scheduler", "scheduler"),
    ]
