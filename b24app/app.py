"""create_app: wires extensions, settings of each stage and blueprints. What a stage needs is handed down here, once."""

import gc
import json
from functools import cache
from typing import Any

from flask import Flask
from flask_migrate import Migrate
from sqlalchemy.pool import NullPool
from werkzeug.middleware.proxy_fix import ProxyFix

from b24app.bitrix import oauth
from b24app.config import Config
from b24app.lib import crypto, log, queue, rates, sentry, telemetry
from b24app.lib.db import db, prepare
from b24app.lib.paths import MANIFEST, MIGRATIONS, STATIC, TEMPLATES
from b24app.portal import operations as portal_operations


def create_app(config: Config, pooled: bool = True) -> Flask:
    """The application. `pooled=False` for processes that fork: they open a connection per use and inherit none."""
    log.configure(config.log_format)
    sentry.use(config.sentry_dsn)
    app = Flask(__name__, template_folder=str(TEMPLATES), static_folder=str(STATIC))
    app.config.update(
        SECRET_KEY=config.secret_key,
        SESSION_MINUTES=config.session_minutes,
        PUBLIC_URL=config.public_url,
        REDIS_URL=config.redis_url,
        SQLALCHEMY_DATABASE_URI=config.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=_engine_options(config.database_url, pooled),
        MAX_CONTENT_LENGTH=16 * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
    )
    if config.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=config.trusted_proxies, x_proto=config.trusted_proxies)  # type: ignore[method-assign]
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # sentences for people, in their own letters
    db.init_app(app)
    with app.app_context():
        prepare(db.engine)
    Migrate(app, db, directory=str(MIGRATIONS), render_as_batch=True)
    hand_down(config)
    _register(app)
    _settle()
    return app


def hand_down(config: Config) -> None:
    """Give the stages what they need of the configuration: keys, the queue, the connection to portals."""
    crypto.use_keys(config.token_keys)
    if config.redis_url:
        queue.use_redis(config.redis_url)
        telemetry.use(queue.redis())
        rates.use(queue.redis())
    portal_operations.use(_connection(config))


@cache
def _settle() -> None:
    """Once per process: what is loaded by now stays for ever, so the garbage collector need not look through it again.

    Without this a page with many people waits, every few requests, for a look at all of the process's memory.
    """
    gc.collect()
    gc.freeze()


def _engine_options(database_url: str, pooled: bool) -> dict[str, Any]:
    options: dict[str, Any] = {"hide_parameters": True}  # what people and portals write is no business of the log
    if not pooled:
        return {**options, "poolclass": NullPool}
    return options if database_url.startswith("sqlite") else {**options, "pool_size": 10}


def _connection(config: Config) -> portal_operations.Connection:
    return portal_operations.Connection(
        credentials=oauth.Credentials(
            client_id=config.client_id,
            client_secret=config.client_secret,
            servers=config.oauth_servers,
            allow_http=config.allow_http,
        ),
        public_url=config.public_url,
        manifest=json.loads(MANIFEST.read_text("utf-8")),
        redis=queue.redis() if config.redis_url else None,
    )


def _register(app: Flask) -> None:
    from b24app.web import (
        access,
        api,
        audit,
        calls,
        credit_fields,
        credits,
        dashboards,
        data,
        errors,
        formats,
        gates,
        health,
        imports,
        indicators,
        keys,
        notifications,
        ops,
        periods,
        recognition,
        requests,
        scorecards,
        session,
        settings,
        sources,
        templates,
        viewer,
    )
    from b24app.web.bitrix import app as placements
    from b24app.web.bitrix import events, install, robot_settings, robots

    app.session_interface = session.NoCookies()
    requests.init_app(app)
    formats.init_templates(app)
    errors.init_app(app)
    viewer.init_app(app)
    gates.init_app(app)
    called = (install, placements, events, robots, robot_settings, session, api, ops)
    pages = (
        *(dashboards, recognition, periods, scorecards, indicators, templates, data, imports, credits),
        *(settings, sources, calls, credit_fields, access, keys, audit, notifications, health),
    )
    for module in (*called, *pages):
        app.register_blueprint(module.bp)
