"""Where all of it hangs: the blueprint, who acts, and how a refusal is told."""

from flask import Blueprint, Response, jsonify, make_response

from b24app.demo.errors import RestError
from b24app.demo.frame_host import language
from b24app.demo.people import ADMIN_ID
from b24app.demo.registry import Params
from b24app.demo.rest import portal
from b24app.lib.errors import AppError
from b24app.lib.i18n import gettext as _
from b24app.lib.i18n import speaking

control = Blueprint("control", __name__, url_prefix="/demo/api")


def actor(params: Params) -> int:
    return params.number("as", ADMIN_ID)


@control.errorhandler(RestError)
def refused(error: RestError) -> Response:
    with speaking(language(portal())):
        text = _(error.text)
    return make_response(jsonify({"error": text}), 404 if error.code == "NOT_FOUND" else 400)


@control.errorhandler(AppError)
def failed(error: AppError) -> Response:
    return make_response(jsonify({"error": error.message}), error.status)
