"""Finds every variant in a folder: one file per metric type, source, robot. Being there is registering."""

import importlib
import pkgutil
from types import ModuleType


def modules(package: ModuleType) -> tuple[ModuleType, ...]:
    """Every module of a package except `base`, imported, in order of name."""
    names = sorted(info.name for info in pkgutil.iter_modules(package.__path__) if info.name != "base")
    return tuple(importlib.import_module(f"{package.__name__}.{name}") for name in names)
