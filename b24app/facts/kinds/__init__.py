"""The kinds of simple records: those whose facts depend on no other record. One file each; being there is registering.

Deals, their stage moves and the ledger are no simple records: see deals.py, moves.py and operations.py. Types of CRM
records that are read only once something names them are not declared, as nobody knows beforehand which there are.
"""

from collections.abc import Mapping
from functools import cache

from b24app.facts import kinds
from b24app.facts.kinds.base import Kind as Kind
from b24app.facts.kinds.items import named as named
from b24app.lib.registry import modules


@cache
def declared() -> Mapping[str, Kind]:
    """By entity."""
    found = (kind for module in modules(kinds) for kind in module.KINDS)
    return {kind.entity: kind for kind in found}


def kind_of(entity: str) -> Kind | None:
    """None for what is no simple record."""
    return declared().get(entity) or named(entity)
