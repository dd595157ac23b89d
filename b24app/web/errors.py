"""Every error as an answer, in one place: a problem document for programs, a fragment for htmx, a page for people.

Nobody sees a traceback. What is our fault or the machine's is logged; what a visitor did wrong is only said to them.
"""

from collections.abc import Iterable
from http import HTTPStatus

from flask import Flask, Response, jsonify, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from b24app.lib.db import DatabaseUnavailable, db
from b24app.lib.errors import AppError, Fault, Temporary
from b24app.lib.i18n import gettext as _
from b24app.lib.log import logger

PROGRAMS = ("/api/", "/b24/event", "/b24/robot", "/ui/session")
PAGES = ("/b24/robot-settings",)
"""Of those who begin like a program's address."""
RETRY_AFTER_S = 30


def init_app(app: Flask) -> None:
    app.register_error_handler(AppError, _expected)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(DatabaseUnavailable, _database)
    app.register_error_handler(Exception, _unexpected)


def _expected(error: AppError) -> Response:
    if error.status >= 500:
        logger.warning("request_failed", path=request.path, error=type(error).__name__, message=error.message)
    response = answer(error.status, error.message, error.errors)
    if isinstance(error, Temporary):
        response.headers["Retry-After"] = str(round(error.retry_after_s or RETRY_AFTER_S))
    return response


def _http(error: HTTPException) -> Response | HTTPException:
    """Errors that routing and the framework raise. Redirects pass as they are."""
    status = error.code or 500
    if status < 400:
        return error
    response = answer(status, _sentence(status) or error.description or "")
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def _sentence(status: int) -> str | None:
    match status:
        case 400 | 415:
            return _("The request cannot be read.")
        case 404:
            return _("There is no such page.")
        case 405:
            return _("This address does not answer to such a request.")
        case 413:
            return _("The request is too large.")
    return None


def _database(error: Exception) -> Response:
    """A full disk, a lock held too long, no connection: the transaction is rolled back, nothing is half-saved."""
    db.session.rollback()
    logger.exception("database_unavailable", path=request.path)
    response = answer(
        503, _("The data cannot be read or saved at the moment. Nothing was changed; try again in a minute.")
    )
    response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


def _unexpected(error: Exception) -> Response:
    db.session.rollback()
    logger.exception("unexpected", path=request.path)
    return answer(500, _("Something went wrong on our side. Try again; if it happens again, tell your administrator."))


def answer(status: int, message: str, errors: Iterable[Fault] = ()) -> Response:
    if request.path.startswith(PROGRAMS) and not request.path.startswith(PAGES):
        return problem(status, message, errors)
    return make_response(render_template("error.html", status=status, message=message, errors=tuple(errors)), status)


def problem(status: int, message: str, errors: Iterable[Fault] = ()) -> Response:
    """RFC 9457."""
    response = jsonify(
        type="about:blank",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=message,
        errors=[{"path": fault.path, "message": fault.message} for fault in errors],
    )
    response.status_code = status
    response.mimetype = "application/problem+json"
    return response
