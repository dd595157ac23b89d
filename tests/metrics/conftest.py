"""The database of this room's tests."""

from tests.metrics.world import database, portal

__all__ = ["database", "portal"]
