"""Acting with the app: its life, people's tokens, what a browser would post, any event."""

from flask import Response, jsonify

from b24app.demo import installation
from b24app.demo.control.address import actor, control
from b24app.demo.people import ADMIN_ID
from b24app.demo.rest import body, portal
from b24app.lib import clock


@control.post("/tokens")
def tokens() -> Response:
    here, asked = portal(), body()
    with here.lock:
        pair = here.tokens.issue(asked.number("user_id", ADMIN_ID), clock.now())
    return jsonify({"access_token": pair.access, "refresh_token": pair.refresh, "expires_in": 3600})


@control.post("/codes")
def codes() -> Response:
    here, asked = portal(), body()
    with here.lock:
        return jsonify({"code": here.tokens.grant_code(asked.number("user_id", ADMIN_ID), clock.now())})


@control.post("/placement-form")
def placement_form() -> Response:
    here, asked = portal(), body()
    with here.lock:
        post = installation.browser_post(
            here,
            asked.number("user_id", ADMIN_ID),
            asked.text("placement", installation.MAIN_PAGE),
            asked.mapping("options"),
            asked.text("lang"),
            asked.text("handler"),
        )
    return jsonify(post.record())


@control.post("/app/<any(install, finish, update, uninstall):step>")
def app(step: str) -> Response:
    here, asked = portal(), body()
    with here.lock:
        match step:
            case "install":
                installation.install(here)
            case "finish":
                installation.finish(here)
            case "update":
                installation.update(here, bool(asked.get("new_token")))
            case _:
                installation.uninstall(here, bool(asked.get("clean")))
        return jsonify({"state": here.app.state, "version": here.app.version})


@control.post("/events/test")
def test_event() -> Response:
    here, asked = portal(), body()
    with here.lock:
        here.emit(asked.text("event").upper(), asked.mapping("data"), actor(asked), asked.text("key"))
    return jsonify({"emitted": True})
