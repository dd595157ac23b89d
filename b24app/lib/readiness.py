"""Whether the parts the app stands on answer: the database, Redis, and somebody who works."""

from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from b24app.lib.db import db
from b24app.lib.queue import redis, workers


def readiness() -> dict[str, str]:
    """`ok` or what is wrong, for the database, Redis and the workers."""
    state = {"database": "ok", "redis": "ok", "worker": "ok"}
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        state["database"] = "does not answer"
    try:
        redis().ping()
        if not workers():
            state["worker"] = "none seen lately"
    except (RedisError, RuntimeError):
        state["redis"] = "does not answer"
        state["worker"] = "unknown"
    return state
