"""Who is looking, in which language, and which portal may frame the answer: decided before any view under /ui runs.

Sets from the session `g.viewer`, `g.portal_id`, and `g.context`: what the request knows of the portal, each read once.
A page asked for without one is answered with the boot page, which holds no data: it takes a token from the portal
around it and asks again.
"""

from collections.abc import Callable
from contextlib import ExitStack
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, g, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.routing import IntegerConverter, Map

from b24app.lib import clock
from b24app.lib.errors import Forbidden, Invalid, NotFound, Unauthorized
from b24app.lib.i18n import gettext as _
from b24app.lib.i18n import speaking
from b24app.lib.tenancy import work_for
from b24app.portal import operations, queries
from b24app.portal.rules import COMPANY, Action, can
from b24app.scores.context import Context
from b24app.web import session

PAGES = "/ui/"
OPEN = ("session.renew",)
YEAR_S = 365 * 86_400
NOTHING = "default-src 'none'; frame-ancestors 'none'"
"""The policy of what is no page: should a browser show it as one, it may do nothing."""

View = TypeVar("View", bound=Callable[..., Any])


class Id(IntegerConverter):
    """Numbers in addresses are ids: what does not fit into 64 bits is nobody's."""

    def __init__(self, map: Map, *args: Any, **kwargs: Any) -> None:
        super().__init__(map, *args, **{"max": 2**63 - 1, **kwargs})


def init_app(app: Flask) -> None:
    """To be called before blueprints are registered."""
    app.url_map.converters["int"] = Id
    app.before_request(_speak)
    app.before_request(_refuse_nul)
    app.before_request(_look)
    app.after_request(_protect)
    app.teardown_request(_fall_silent)


def needs(action: Action) -> Callable[[View], View]:
    """For views that are not about one subject: Forbidden unless the viewer may do this to the whole company."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if not can(g.viewer, action, COMPANY):
                raise Forbidden(_("Only an administrator of this Bitrix24 may do this."))
            return view(*args, **kwargs)

        return guarded  # type: ignore[return-value]

    return decorate


def speak(language: str) -> None:
    """From here on the answer is in this language, until the request ends."""
    g.language.enter_context(speaking(language))


def frame_in(client_endpoint: str) -> None:
    """The verified portal that may show the answer in a frame."""
    parts = urlsplit(client_endpoint)
    g.frame = f"{parts.scheme}://{parts.netloc}"


def bearer() -> str | None:
    kind, _space, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if kind.lower() == "bearer" else None


def _speak() -> None:
    """Until we know who looks: what the portal or the browser says."""
    g.language = ExitStack()
    asked = request.args.get("LANG") if request.path.startswith("/b24/") else None
    speak(asked or request.accept_languages.best_match(["ru", "en"]) or "en")


def _fall_silent(_error: BaseException | None) -> None:
    g.pop("language", ExitStack()).close()
    work_for(None)


def _refuse_nul() -> None:
    """No name or text of anybody has a NUL in it, and PostgreSQL takes none. Events are parsed more leniently."""
    if request.path.startswith("/b24/"):
        return
    if "\0" in request.path:
        raise NotFound(_("There is no such page."))
    if any("\0" in text for pair in request.args.items(multi=True) for text in pair):
        raise Invalid(_("The request cannot be read."))
    if not request.path.startswith(PAGES):
        return
    if any("\0" in text for pair in request.form.items(multi=True) for text in pair):
        raise Invalid(_("The request cannot be read."))


def _look() -> ResponseReturnValue | None:
    if not request.path.startswith(PAGES) or request.endpoint in OPEN:
        return None
    token = bearer()
    if token is None:
        if request.method in ("GET", "HEAD") and "HX-Request" not in request.headers:
            return render_template("frame.html")
        raise Unauthorized(_("The session has ended. Reload the page."))
    claims = session.read(token)
    speak(claims.language)
    try:
        portal = queries.get(claims.portal_id)
    except NotFound as cause:
        raise Unauthorized(_("The session has ended. Reload the page.")) from cause
    if portal.member_id != claims.member_id:
        raise Unauthorized(_("The session has ended. Reload the page."))
    if portal.status == "uninstalled":
        raise Unauthorized(_("The app has been removed from this Bitrix24."))
    frame_in(portal.client_endpoint)
    if portal.status == "suspended":
        raise Forbidden(portal.problem or _("The app is suspended in this Bitrix24."))
    g.portal, g.portal_id = portal, portal.id  # held, so that whoever needs its row next has it already
    g.context = Context(portal.id, clock.now())
    work_for(portal.id)
    who = portal.id, claims.user_id, claims.is_admin, claims.language, clock.now()
    g.viewer = queries.viewer(*who, people=g.context.structure)
    return None


def _protect(response: Response) -> Response:
    """Pages load nothing but our own files and run no inline script; only the verified portal may frame them."""
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
    if operations.settings().public_url.startswith("https:"):
        response.headers.setdefault("Strict-Transport-Security", f"max-age={YEAR_S}")
    if response.mimetype == "text/html":
        response.headers.setdefault("Content-Security-Policy", _policy())
    else:
        response.headers.setdefault("Content-Security-Policy", NOTHING)
    if not request.path.startswith("/static/"):
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _policy() -> str:
    frame: str | None = g.get("frame")
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; connect-src 'self'; "
        f"img-src 'self' data: https: {frame or ''}; base-uri 'none'; form-action 'self'; "
        f"frame-ancestors {frame or _anybody()}"
    )


def _anybody() -> str:
    """Answers given before anybody is verified hold no data and no session, so any portal may frame them."""
    local = " http://localhost:* http://127.0.0.1:*" if operations.settings().credentials.allow_http else ""
    return f"https:{local}"
