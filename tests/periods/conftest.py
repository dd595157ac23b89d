"""The database of this room's tests: the one of the metrics."""

from tests.metrics.world import database, portal

__all__ = ["database", "portal"]
