"""What CRM types are called here and by the portal: its entityTypeId, and how the kind of record is named, and its
stage moves. Pure."""

import re

from b24app.facts.rules import DEAL, LEAD, MOVE

CONTACT, COMPANY, QUOTE, INVOICE = "contact", "company", "quote", "invoice"

_STANDARD = {1: LEAD, 2: DEAL, 3: CONTACT, 4: COMPANY, 7: QUOTE, 31: INVOICE}
_IDS = {entity: id for id, entity in _STANDARD.items()}
_OWN = re.compile(r"item_([1-9][0-9]{2,4})")
FIRST_OWN, LAST_OWN = 128, 99999
"""Types that people have made, smart processes, have ids from here on (contract 7)."""


def entity_of(type_id: int) -> str | None:
    """None for what is no type of CRM records that can be read."""
    if type_id in _STANDARD:
        return _STANDARD[type_id]
    return f"item_{type_id}" if FIRST_OWN <= type_id <= LAST_OWN else None


def type_id_of(entity: str) -> int | None:
    """None for what is no CRM type."""
    found = _OWN.fullmatch(entity)
    return int(found[1]) if found else _IDS.get(entity)


def is_own(entity: str) -> bool:
    """Whether people have made this type."""
    return _OWN.fullmatch(entity) is not None


def has_moves(entity: str) -> bool:
    """Whether the portal keeps a history of the stages of such records (contract 7.4): of quotes it does not."""
    return entity in (DEAL, LEAD, INVOICE) or is_own(entity)


def moves_of(entity: str) -> str:
    """What the stage moves of records are called: they are read apart from these."""
    return MOVE if entity == DEAL else f"{MOVE}:{entity}"


def moved_by(entity: str) -> str | None:
    """Of which records these are the stage moves; None for what are none."""
    if entity == MOVE:
        return DEAL
    return entity.removeprefix(f"{MOVE}:") if entity.startswith(f"{MOVE}:") else None


def dictionary(word: str, entity: str) -> str:
    """The kind of dictionary in which the words of an entity are kept: its funnels, stages or fields."""
    return word if entity == DEAL else f"{word}:{entity.removeprefix('item_')}"
