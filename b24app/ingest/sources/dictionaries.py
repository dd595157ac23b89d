"""Funnels, stages, sources and fields: the words that deals and other CRM records use, and the types of these records.

Most change without events, so they are polled. Stages of all types come in one list; fields and funnels are asked for
type by type, of those that are read.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from b24app.bitrix.batches import Command
from b24app.facts.entities import INVOICE, QUOTE, dictionary, entity_of, is_own, type_id_of
from b24app.facts.rules import DEAL, LEAD, TermDraft
from b24app.ingest import parsing
from b24app.ingest.sources import stage_history
from b24app.ingest.sources.base import Row, translated

key = "dictionaries"
entity = "term"
events = tuple(f"ONCRMDEALUSERFIELD{what}" for what in ("ADD", "UPDATE", "DELETE", "SETENUMVALUES"))

FUNNEL, STAGE, SOURCE, FIELD, TYPE = "funnel", "stage", "source", "field", "type"
FIELDS = "fields"
"""The command that a portal may refuse without the other words being lost."""

TYPES = "types"
_STAGES = re.compile(r"(DEAL_STAGE|SMART_INVOICE_STAGE|DYNAMIC_([0-9]+)_STAGE)(?:_([0-9]+))?")
_PLAIN_STAGES = {"STATUS": LEAD, "QUOTE_STATUS": QUOTE}


def commands(entities: Iterable[str] = ()) -> dict[str, Command]:
    """`entities` are the types of CRM records that are read because something names them."""
    return {
        "categories": ("crm.category.list", {"entityTypeId": 2}),
        "statuses": ("crm.status.list", {"order": {"SORT": "ASC"}}),
        FIELDS: ("crm.item.fields", {"entityTypeId": 2}),
        **more_commands((LEAD, *entities)),
        **types_from(0),
    }


def types_from(start: int) -> dict[str, Command]:
    """A page of the types that people have made; the list knows no keyset."""
    return {TYPES: ("crm.type.list", {"order": {"id": "ASC"}, "start": start})}


def types_in(answer: Any) -> list[Row]:
    """What a page brought; nothing of what was refused."""
    return list(answer.get("types") or ()) if isinstance(answer, Mapping) else []


def more_commands(entities: Iterable[str]) -> dict[str, Command]:
    """What is asked of types other than deals. A portal may refuse each of them without the others being lost."""
    found: dict[str, Command] = {}
    for entity in entities:
        asked = {"entityTypeId": type_id_of(entity)}
        found[f"{FIELDS}:{entity}"] = ("crm.item.fields", asked)
        if is_own(entity):
            found[f"categories:{entity}"] = ("crm.category.list", asked)
    return found


def translate(answers: Mapping[str, Any]) -> dict[str, tuple[TermDraft, ...]]:
    """The words by kind."""
    statuses = [row for row in answers["statuses"] if isinstance(row, Mapping)]
    sources = [row for row in statuses if row.get("ENTITY_ID") == "SOURCE"]
    found = {
        FUNNEL: translated(answers["categories"]["categories"], _funnel, "id")[0],
        STAGE: (),
        **_stages(statuses),
        SOURCE: translated(sources, _status, "STATUS_ID")[0],
    }
    if fields := _fields(answers.get(FIELDS)):
        found[FIELD] = fields
    types = answers.get(TYPES)
    if isinstance(types, Mapping):
        found[TYPE] = translated(types_in(types), _type, "entityTypeId")[0]
    return found | translate_more(answers)


def translate_more(answers: Mapping[str, Any]) -> dict[str, tuple[TermDraft, ...]]:
    """The answers to `more_commands`; what was refused is left out."""
    found: dict[str, tuple[TermDraft, ...]] = {}
    for name, answer in answers.items():
        what, _colon, entity = name.partition(":")
        if what == FIELDS and entity and (fields := _fields(answer)):
            found[dictionary(FIELD, entity)] = fields
        elif what == "categories" and entity and isinstance(answer, Mapping):
            found[dictionary(FUNNEL, entity)] = translated(answer.get("categories") or (), _funnel, "id")[0]
    return found


def _fields(answer: Any) -> tuple[TermDraft, ...]:
    described = answer.get("fields") if isinstance(answer, Mapping) else None
    if not isinstance(described, Mapping):
        return ()
    rows = [{**row, "name": name} for name, row in described.items() if isinstance(row, Mapping)]
    return translated(rows, _field, "name")[0]


def _stages(statuses: Iterable[Row]) -> dict[str, tuple[TermDraft, ...]]:
    """Of every type of records, under the kind of its dictionary."""
    rows: dict[str, list[Row]] = defaultdict(list)
    for row in statuses:
        name = str(row.get("ENTITY_ID", ""))
        found = _STAGES.fullmatch(name)
        entity = _entity(found) if found else _PLAIN_STAGES.get(name)
        if entity:
            rows[entity].append({**row, "category": int(found[3] or 0) if found else None})
    return {dictionary(STAGE, entity): translated(some, _stage, "STATUS_ID")[0] for entity, some in rows.items()}


def _entity(found: re.Match[str]) -> str | None:
    """Whose stages they are: DEAL_STAGE, SMART_INVOICE_STAGE_3, DYNAMIC_1036_STAGE_7."""
    if found[2]:
        return entity_of(int(found[2]))
    return DEAL if found[1] == "DEAL_STAGE" else INVOICE


def _type(row: Row) -> TermDraft:
    return TermDraft(str(parsing.identity(row.get("entityTypeId"))), parsing.text(row.get("title"), 255))


def _field(row: Row) -> TermDraft:
    """`options` are the lines of a list by id, `custom` is a field the portal's own people have made."""
    name = parsing.text(row.get("name"), 64)
    items = row.get("items")
    options = {
        parsing.text(item.get("ID"), 64): parsing.text(item.get("VALUE"), 255)
        for item in (items if isinstance(items, list) else ())
        if isinstance(item, Mapping)
    }
    extra: dict[str, Any] = {
        "type": parsing.text(row.get("type"), 64),
        "multiple": parsing.flag(row.get("isMultiple")),
        "options": options,
        "custom": parsing.flag(row.get("isDynamic")) or name.startswith("uf"),
    }
    return TermDraft(name, parsing.text(row.get("title"), 255) or name, extra=extra)


def _funnel(row: Row) -> TermDraft:
    """The general funnel has the id 0."""
    id = parsing.integer(row.get("id")) or 0
    return TermDraft(str(id), parsing.text(row.get("name"), 255), parsing.integer(row.get("sort")) or 500)


def _status(row: Row) -> TermDraft:
    sort = parsing.integer(row.get("SORT")) or 500
    return TermDraft(parsing.text(row.get("STATUS_ID"), 64), parsing.text(row.get("NAME"), 255), sort)


def _stage(row: Row) -> TermDraft:
    """DEAL_STAGE belongs to the general funnel, DEAL_STAGE_3 to funnel 3; leads and quotes have no funnels."""
    word = _status(row)
    extra: dict[str, str | int | None] = {
        "category_id": row["category"],
        "semantic": stage_history.semantic(row.get("SEMANTICS")),
        "color": parsing.text(row.get("COLOR"), 16),
    }
    return TermDraft(word.id, word.name, word.sort, extra)
