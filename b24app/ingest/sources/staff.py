"""People and departments. There is no event for a dismissal or a move, so the whole lists are polled (contract 4.5)."""

from collections.abc import Iterable, Mapping
from typing import Any

from b24app.bitrix.batches import Command
from b24app.ingest import parsing
from b24app.ingest.sources.base import PAGE, Row, translated
from b24app.lib.i18n import gettext as _
from b24app.portal.rules import Person, Unit

key = "staff"
entity = "employee"
events: tuple[str, ...] = ()

PEOPLE, DEPARTMENTS = "people", "departments"


def commands(kind: str, pages: Iterable[int]) -> dict[str, Command]:
    """Both methods know no keyset, only pages; the dismissed are listed, too."""
    if kind == PEOPLE:
        asked = {"sort": "ID", "order": "ASC", "FILTER": {"USER_TYPE": "employee"}}
        return {f"{PEOPLE}{page}": ("user.get", {**asked, "start": page * PAGE}) for page in pages}
    asked = {"sort": "ID", "order": "ASC"}
    return {f"{DEPARTMENTS}{page}": ("department.get", {**asked, "START": page * PAGE}) for page in pages}


def listed(kind: str, answers: Mapping[str, Any]) -> dict[str, Row]:
    """The rows by id: a page behind the last one may repeat it."""
    pages = (page for name, page in answers.items() if name.removeprefix(kind).isdecimal())
    return {str(row.get("ID")): row for page in pages for row in page}


def people(rows: Iterable[Row]) -> tuple[Person, ...]:
    return translated(rows, _person, "ID")[0]


def departments(rows: Iterable[Row]) -> tuple[Unit, ...]:
    return translated(rows, _unit, "ID")[0]


def _person(row: Row) -> Person:
    id = parsing.identity(row.get("ID"))
    names = (parsing.text(row.get(field), 120) for field in ("NAME", "LAST_NAME"))
    places = row.get("UF_DEPARTMENT")
    return Person(
        id=id,
        name=" ".join(filter(None, names)) or _("Employee %(id)s", id=id),
        position=parsing.text(row.get("WORK_POSITION"), 255),
        photo_url=parsing.text(row.get("PERSONAL_PHOTO"), 2000) or None,
        department_ids=tuple(
            place for one in (places if isinstance(places, list) else [places]) if (place := parsing.link(one))
        ),
        active=parsing.flag(row.get("ACTIVE", True)),
    )


def _unit(row: Row) -> Unit:
    return Unit(
        id=parsing.identity(row.get("ID")),
        name=parsing.text(row.get("NAME"), 255),
        parent_id=parsing.link(row.get("PARENT")),
        head_id=parsing.link(row.get("UF_HEAD")),
        sort=parsing.integer(row.get("SORT")) or 500,
    )
