"""/healthz, /readyz, /metrics: for operators and their machines."""

from flask import Blueprint, Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from b24app.lib.readiness import readiness

bp = Blueprint("ops", __name__)


@bp.get("/healthz")
def healthz() -> Response:
    """This process answers."""
    return jsonify(status="ok")


@bp.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Database and Redis answer and a worker was seen lately; else 503 and which of them is missing."""
    state = readiness()
    return jsonify(state), 200 if all(value == "ok" for value in state.values()) else 503


@bp.get("/metrics")
def metrics() -> Response:
    """Prometheus text."""
    return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)


@bp.get("/")
def home() -> str:
    """What somebody sees who types the app's address instead of opening it in Bitrix24."""
    from flask import render_template

    return render_template("bitrix/neutral.html")
