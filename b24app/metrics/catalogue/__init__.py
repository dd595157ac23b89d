"""The ready-made metrics, as data (semantics 4): a new one of an existing type is one entry in one file."""

from collections.abc import Mapping

from b24app.metrics.catalogue import activities, deals, entries
from b24app.metrics.catalogue.base import Miss as Miss
from b24app.metrics.catalogue.base import Ready as Ready
from b24app.metrics.catalogue.entries import FORMULA as FORMULA
from b24app.metrics.catalogue.reasons import REASONS as REASONS

CATALOGUE: Mapping[str, Ready] = {ready.code: ready for ready in (*deals.READY, *activities.READY, *entries.READY)}
"""What measures facts."""
