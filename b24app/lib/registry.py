"""Finds every variant in a folder: one file per metric type, source, robot. Being there is registering."""

import importlib
import pkgutil
from functools import cache
from types import ModuleType


@cache
def modules(package: ModuleType) -> tuple[ModuleType, ...]:
    """Every module of a package except `base`, imported, in order of name. Looked for once: looking costs more than an
    event may."""
    names = sorted(info.name for info in pkgutil.iter_modules(package.__path__) if info.name != "base")
    return tuple(importlib.import_module(f"{package.__name__}.{name}") for name in names)
