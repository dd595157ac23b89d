"""The public API, /api/v1 (interfaces 4). Modules declare their calls in the table of calls.py by being imported."""

from b24app.web.api import credits, directory, entries, explaining, numbers, openapi, periods, planning, work
from b24app.web.api.calls import bp

__all__ = ["bp", "credits", "directory", "entries", "explaining", "numbers", "openapi", "periods", "planning", "work"]
