"""Which sources of records a portal has: those of sources/, and of each CRM type that something names its records and,
before them, their stage moves."""

from typing import Any

from b24app.facts import watching
from b24app.facts.entities import has_moves
from b24app.ingest import crm_items, sources
from b24app.ingest.sources.base import record_sources
from b24app.ingest.sources.stage_history import History
from b24app.lib.registry import modules


def named(portal_id: int) -> tuple[Any, ...]:
    """The sources of what is read because something names it."""
    found = (source for entity in watching.entities(portal_id) if (source := crm_items.source_of(entity)))
    return tuple(one for source in found for one in with_history(source))


def with_history(source: Any) -> tuple[Any, ...]:
    """A source of records, behind that of their stage moves if they have any: a record that is stored after its moves
    is worked out once."""
    return (History(source.entity), source) if has_moves(source.entity) else (source,)


def sources_of(portal_id: int) -> tuple[Any, ...]:
    """All whose records are read, and their moves."""
    return (*(one for source in record_sources() for one in with_history(source)), *named(portal_id))


def source_of(entity: str) -> Any:
    """The source that reads records of this entity."""
    found = next((source for source in record_sources() if source.entity == entity), None)
    return found or crm_items.source_of(entity)


def linked(entity: str) -> Any | None:
    """The source of records with which others change without a word; None for those with which none do."""
    named = (source for source in modules(sources) if source.entity == entity)
    return next((source for source in named if hasattr(source, "concerns")), None)


def is_wanted(portal_id: int, entity: str, *, is_new: bool = False) -> bool:
    """Whether news of these records matter: of types that nothing names they do not, unless others may have changed
    with them. With a new one none has."""
    if crm_items.source_of(entity) is None:
        return True
    return (linked(entity) is not None and not is_new) or is_read(portal_id, entity)


def is_read(portal_id: int, entity: str) -> bool:
    """Whether records of this entity are facts of the portal."""
    return any(source.entity == entity for source in record_sources()) or entity in watching.entities(portal_id)
