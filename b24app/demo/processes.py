"""Smart processes, the types of CRM records that people make: names, stages, items, and the moves of these.

An item has a funnel and a stage, but says nothing of what the stage means: that is in the dictionary alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from b24app.demo import history, records
from b24app.demo.dictionaries import OPEN, Category, Status
from b24app.demo.fields import CustomField, Row, table_of
from b24app.demo.store import Table
from b24app.lib.i18n import gettext as _


def items(fields: Iterable[CustomField] = ()) -> Table:
    """A table for the items of a process that has these fields of its own; empty."""
    table = Table(table_of((*records.SMART_PROCESS.values(), *fields)), ranged=("createdTime", "updatedTime"))
    table.load(())
    return table


@dataclass(frozen=True, slots=True)
class Process:
    """`id` is its own, `entity_type_id` how its items are asked for; `funnel` is its only one."""

    id: int
    entity_type_id: int
    title: str
    funnel: Category
    stages: tuple[Status, ...]
    table: Table = field(default_factory=items)
    moves: Table = field(default_factory=history.table)

    def record(self) -> dict[str, Any]:
        """As crm.type.list prints it."""
        answers = {"isCategoriesEnabled": "Y", "isStagesEnabled": "Y", "isClientEnabled": "Y", "isSourceEnabled": "Y"}
        return {"id": self.id, "title": self.title, "entityTypeId": self.entity_type_id, **answers}

    def semantic(self, stage: str) -> str:
        found = next((one for one in self.stages if one.code == stage), None)
        return found.semantic or OPEN if found else OPEN

    def journal(self, row: Row, kind: int, now: datetime) -> None:
        history.note(self.moves, row, kind, now, self.semantic(row["stageId"]))

    def stage(self, code: str) -> str:
        """The stage by its code without what makes it the process's own."""
        return next(one.code for one in self.stages if one.code.endswith(f":{code}"))


def process(
    id: int,
    entity_type_id: int,
    title: str,
    stages: Iterable[tuple[str, str, str | None]],
    table: Table | None = None,
    *,
    dictionary: str = "",
) -> Process:
    """`stages` are code, name and outcome of each, the code without what makes it the process's own."""
    funnel = 2 * id + 1
    entity = f"{dictionary or f'DYNAMIC_{entity_type_id}_STAGE'}_{funnel}"
    prefix = f"DT{entity_type_id}_{funnel}:"
    statuses = tuple(
        Status(10_000 + 100 * id + place, entity, prefix + code, name, 10 * place, semantic)
        for place, (code, name, semantic) in enumerate(stages, start=1)
    )
    return Process(id, entity_type_id, title, Category(funnel, title), statuses, items() if table is None else table)


def usual_stages() -> tuple[tuple[str, str, str | None], ...]:
    """What a process has that somebody has just made, in the current language."""
    return (
        ("NEW", _("Beginning"), None),
        ("PREPARATION", _("Preparation"), None),
        ("SUCCESS", _("Success"), "S"),
        ("FAIL", _("Failure"), "F"),
    )
