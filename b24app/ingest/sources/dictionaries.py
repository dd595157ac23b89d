"""Funnels, stages, sources and fields: the words that deals use. Most change without events, so they are polled."""

from collections.abc import Mapping
from typing import Any

from b24app.bitrix.client import Command
from b24app.facts.rules import TermDraft
from b24app.ingest import parsing
from b24app.ingest.sources import stage_history
from b24app.ingest.sources.base import Row, translated

key = "dictionaries"
entity = "term"
events = tuple(f"ONCRMDEALUSERFIELD{what}" for what in ("ADD", "UPDATE", "DELETE", "SETENUMVALUES"))

FUNNEL, STAGE, SOURCE, FIELD = "funnel", "stage", "source", "field"
FIELDS = "fields"
"""The command that a portal may refuse without the other words being lost."""

DEAL_STAGE = "DEAL_STAGE"


def commands() -> dict[str, Command]:
    return {
        "categories": ("crm.category.list", {"entityTypeId": 2}),
        "statuses": ("crm.status.list", {"order": {"SORT": "ASC"}}),
        FIELDS: ("crm.item.fields", {"entityTypeId": 2}),
    }


def translate(answers: Mapping[str, Any]) -> dict[str, tuple[TermDraft, ...]]:
    """The words by kind."""
    statuses = [row for row in answers["statuses"] if isinstance(row, Mapping)]
    stages = [row for row in statuses if str(row.get("ENTITY_ID", "")).startswith(DEAL_STAGE)]
    sources = [row for row in statuses if row.get("ENTITY_ID") == "SOURCE"]
    found = {
        FUNNEL: translated(answers["categories"]["categories"], _funnel, "id")[0],
        STAGE: translated(stages, _stage, "STATUS_ID")[0],
        SOURCE: translated(sources, _status, "STATUS_ID")[0],
    }
    fields = answers.get(FIELDS)
    described = fields.get("fields") if isinstance(fields, Mapping) else None
    if isinstance(described, Mapping) and described:
        rows = [{**row, "name": name} for name, row in described.items() if isinstance(row, Mapping)]
        found[FIELD] = translated(rows, _field, "name")[0]
    return found


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
    """DEAL_STAGE belongs to the general funnel, DEAL_STAGE_3 to funnel 3."""
    word = _status(row)
    category = parsing.integer(str(row["ENTITY_ID"]).removeprefix(DEAL_STAGE).removeprefix("_")) or 0
    extra: dict[str, str | int | None] = {
        "category_id": category,
        "semantic": stage_history.semantic(row.get("SEMANTICS")),
        "color": parsing.text(row.get("COLOR"), 16),
    }
    return TermDraft(word.id, word.name, word.sort, extra)
