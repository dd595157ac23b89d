"""Every request has an id: it is in each line that is logged meanwhile, and in the answer (`X-Request-ID`)."""

import re
import time
from uuid import uuid4

from flask import Flask, Response, g, request
from structlog.contextvars import bind_contextvars, clear_contextvars

from b24app.lib.log import logger

HEADER = "X-Request-ID"
SLOW_S = 2.0

_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


def init_app(app: Flask) -> None:
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    """A proxy in front of us may have given it one already."""
    given = request.headers.get(HEADER, "")
    g.request_id = given if _ID.fullmatch(given) else uuid4().hex
    g.request_began = time.monotonic()
    clear_contextvars()
    bind_contextvars(request=g.request_id, route=str(request.url_rule or ""))


def _end(response: Response) -> Response:
    """Only what took long or failed is a line of its own. It names the route: an address may be a secret."""
    if "request_id" in g:
        response.headers[HEADER] = g.request_id
        spent = time.monotonic() - g.request_began
        if response.status_code >= 500 or spent > SLOW_S:
            logger.warning("request", method=request.method, status=response.status_code, seconds=round(spent, 3))
    return response
