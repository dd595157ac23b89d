"""The one place that asks what time it is; tests freeze it with `time-machine`.

Instants travel through the program as aware UTC datetimes and are stored as whole epoch seconds, so that both
databases compare and group them identically.
"""

from datetime import UTC, datetime


def now() -> datetime:
    """The present instant, aware, in UTC. Called once, at the entry point, and handed down."""
    return datetime.now(UTC)


def epoch(moment: datetime) -> int:
    """Whole seconds since 1970-01-01 UTC of an aware datetime; parts of a second are cut off."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone is not an instant")
    return int(moment.timestamp())


def moment(seconds: int) -> datetime:
    """The aware UTC datetime of whole epoch seconds."""
    return datetime.fromtimestamp(seconds, UTC)
