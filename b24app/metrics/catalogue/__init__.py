"""The ready-made metrics, as data (semantics 4): a new one of an existing type is one entry in one file."""

from collections.abc import Mapping
from types import ModuleType

from b24app.lib.registry import modules
from b24app.metrics import catalogue
from b24app.metrics.catalogue.base import Miss as Miss
from b24app.metrics.catalogue.base import Ready as Ready
from b24app.metrics.catalogue.entries import FORMULA as FORMULA
from b24app.metrics.catalogue.reasons import REASONS as REASONS

_ORDER = ("deals", "leads", "activities")
"""The subjects that stand first; the others follow by name."""


def _files() -> list[ModuleType]:
    found = [module for module in modules(catalogue) if hasattr(module, "READY")]
    return sorted(found, key=lambda module: (_place(module), module.__name__))


def _place(module: ModuleType) -> int:
    name = module.__name__.rpartition(".")[2]
    return _ORDER.index(name) if name in _ORDER else len(_ORDER)


CATALOGUE: Mapping[str, Ready] = {ready.code: ready for module in _files() for ready in module.READY}
"""What measures facts."""
