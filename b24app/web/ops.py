"""/healthz, /readyz, /metrics: for operators and their machines."""

from flask import Blueprint, Response, jsonify, render_template
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from b24app.lib.readiness import readiness
from b24app.web.monitoring import Figures

bp = Blueprint("ops", __name__)

registry = CollectorRegistry()
registry.register(Figures())


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
    """Prometheus text, of all processes together."""
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


@bp.get("/")
def home() -> str:
    """What somebody sees who types the app's address instead of opening it in Bitrix24."""
    return render_template("bitrix/neutral.html")
