"""Stage history: which moves the records of a new portal have made, and how further ones are noted.

Ids grow with time, as in a portal that has lived through it. Leads call their stages statuses and have no funnels.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

from b24app.demo import records
from b24app.demo.dictionaries import OPEN
from b24app.demo.fields import Row
from b24app.demo.store import Table

CREATED, MOVED, FINISHED, CHANGED_FUNNEL = 1, 2, 3, 5
FIRST = "NEW"

Step = tuple[datetime, str, str]
"""When a record came to a stage, which, and what it means."""


def table(journeys: Iterable[tuple[int, int | None, Sequence[Step]]] = (), *, of_leads: bool = False) -> Table:
    """The moves of records, each said by its id, its funnel and its steps."""
    found = [
        (moment, id, CREATED if not place else MOVED if semantic == OPEN else FINISHED, funnel, stage, semantic)
        for id, funnel, steps in journeys
        for place, (moment, stage, semantic) in enumerate(steps)
    ]
    found.sort(key=lambda step: step[:3])
    made = Table(
        records.LEAD_HISTORY if of_leads else records.STAGE_HISTORY,
        key="ID",
        hashed=("OWNER_ID",),
        ranged=("CREATED_TIME",),
    )
    made.load(
        {"ID": number, **_move(id, kind, moment, funnel, stage, semantic)}
        for number, (moment, id, kind, funnel, stage, semantic) in enumerate(found, start=1)
    )
    return made


def note(moves: Table, row: Row, kind: int, moment: datetime, semantic: str) -> None:
    """A record has come to the stage it is in now."""
    moves.add(_move(row["id"], kind, moment, row.get("categoryId", 0), row.get("stageId", FIRST), semantic))


def _move(id: int, kind: int, moment: datetime, funnel: int | None, stage: str, semantic: str) -> Row:
    of_leads = {"STATUS_SEMANTIC_ID": semantic, "STATUS_ID": stage}
    staged = {"CATEGORY_ID": funnel or 0, "STAGE_SEMANTIC_ID": semantic, "STAGE_ID": stage}
    return {"TYPE_ID": kind, "OWNER_ID": id, "CREATED_TIME": moment, **staged, **of_leads}


def usual(table: Table, semantic: Callable[[Row], str], first: str = FIRST) -> Iterator[tuple[int, int, list[Step]]]:
    """Every record was created on the first stage; those that are elsewhere moved on from there."""
    for id in table.ids:
        row = table.rows[id]
        steps = [(row["createdTime"], first, OPEN)]
        if row["stageId"] != first:
            steps.append((row["movedTime"], row["stageId"], semantic(row)))
        yield id, row.get("categoryId", 0), steps
