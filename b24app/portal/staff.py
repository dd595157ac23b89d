"""The people and departments of a portal: taken over from its lists, with a journal of who was where and since when."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache, lru_cache
from itertools import groupby, pairwise
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, CompoundSelect, Text, cast, delete, insert, literal, null, select, update

from b24app.lib.clock import epoch
from b24app.lib.db import db
from b24app.lib.storage import OF_PORTAL, table_of
from b24app.portal.rules import Person, Stay, Structure, Unit, stays
from b24app.portal.tables import Department, Employee, Membership

CHUNK = 500


class Posting(NamedTuple):
    """Where somebody was since a moment, as the journal has it, and whether they worked here at all."""

    employee_id: int
    since: int
    department_ids: tuple[int, ...]
    active: bool


def structure(portal_id: int, at: int | None = None) -> Structure:
    """The structure now, or with everybody where the journal has them at an instant."""
    present = Structure(*_everybody(portal_id))
    return present if at is None else as_of(present, journal(portal_id), at)


_MEMBER = table_of(Membership).c
_JOURNAL = (
    select(_MEMBER.employee_id, _MEMBER.since, cast(_MEMBER.department_ids, Text), _MEMBER.active)
    .where(_MEMBER.portal_id == OF_PORTAL)
    .order_by(_MEMBER.employee_id, _MEMBER.since)
)


def journal(portal_id: int) -> tuple[Posting, ...]:
    """By employee, in the order of time."""
    rows = db.session.execute(_JOURNAL, {"portal": portal_id})
    return tuple(Posting(id, since, _ids(departments), active) for id, since, departments, active in rows)


def as_of(present: Structure, postings: Sequence[Posting], at: int) -> Structure:
    """With everybody where they were at an instant (semantics 4.6): by the last row not after it.

    Before the journal begins the earliest known state holds. Departments are those of today: they have no journal.
    """
    then: dict[int, Posting] = {}
    for one in postings:
        if one.since <= at or one.employee_id not in then:
            then[one.employee_id] = one
    people = {
        id: replace(person, department_ids=then[id].department_ids, active=then[id].active) if id in then else person
        for id, person in present.people.items()
    }
    return Structure(people, present.units)


def _everybody(portal_id: int) -> tuple[dict[int, Person], dict[int, Unit]]:
    """The people and the departments."""
    known: tuple[dict[int, Person], dict[int, Unit]] = {}, {}
    for (
        is_person,
        id,
        name,
        active,
        position,
        photo_url,
        departments,
        parent_id,
        head_id,
        sort,
    ) in db.session.execute(_both(), {"portal": portal_id}).all():
        if is_person:
            known[0][id] = Person(id, name, position, photo_url, _ids(departments), active)
        else:
            known[1][id] = Unit(id, name, parent_id, head_id, sort, active)
    return known


@lru_cache(maxsize=4096)
def _ids(text: str) -> tuple[int, ...]:
    """A stored list of departments. Many people share theirs, and parsing each takes longer than reading it."""
    return tuple(json.loads(text))


@cache
def _both() -> CompoundSelect[*tuple[Any, ...]]:
    """Both in one statement, which nearly every page and change needs, of a `portal`."""
    nothing, no_text = cast(null(), BigInteger), cast(null(), Text)
    person, unit = table_of(Employee).c, table_of(Department).c
    people = select(
        literal(True).label("is_person"), person.id, person.name, person.active, person.position, person.photo_url,
        cast(person.department_ids, Text), nothing.label("parent_id"), nothing.label("head_id"), nothing.label("sort"),
    ).where(person.portal_id == OF_PORTAL)  # fmt: skip
    units = select(
        literal(False), unit.id, unit.name, unit.active, no_text, no_text, no_text,
        unit.parent_id, unit.head_id, unit.sort,
    ).where(unit.portal_id == OF_PORTAL)  # fmt: skip
    return people.union_all(units).order_by("id")


def employment(postings: Sequence[Posting]) -> dict[int, tuple[Stay, ...]]:
    """When people worked here; of those only who have joined or left since the journal began."""
    began = min((one.since for one in postings), default=0)
    found = {
        id: stays([(one.since, one.active) for one in own], began)
        for id, own in groupby(postings, key=lambda one: one.employee_id)
    }
    return {id: those for id, those in found.items() if those != ((None, None),)}


def departures(postings: Sequence[Posting]) -> list[tuple[int, int]]:
    """(employee, since when they are gone), of everybody whom the journal has seen working before."""
    return [
        (after.employee_id, after.since)
        for before, after in pairwise(postings)
        if before.employee_id == after.employee_id and before.active and not after.active
    ]


def sync_staff(portal_id: int, people: Sequence[Person], departments: Sequence[Unit], now: datetime) -> bool:
    """Take over the portal's complete lists. Whether anybody's place or the tree changed, so that numbers may have.

    Who is not listed any more becomes inactive and stays, for history. Repeating it changes nothing.
    """
    (known, units), listed = _everybody(portal_id), {person.id: person for person in people}
    wanted = [_placed(person, known.get(person.id)) for person in listed.values()]
    wanted += [replace(person, active=False) for id, person in known.items() if id not in listed]
    moved = [person for person in wanted if _place(person) != _place(known.get(person.id))]

    _store(Employee, portal_id, known, {person.id: person for person in wanted}, _employee_row)
    _journal(portal_id, moved, now)

    tree = {unit.id: unit for unit in departments}
    tree |= {id: replace(unit, active=False) for id, unit in units.items() if id not in tree}
    _store(Department, portal_id, units, tree, _department_row)
    return bool(moved) or {id: unit.parent_id for id, unit in units.items()} != {
        id: unit.parent_id for id, unit in tree.items()
    }


def _placed(person: Person, known: Person | None) -> Person:
    """Somebody dismissed stays where they were last, whatever the portal says of their departments now."""
    if not person.active and not person.department_ids and known:
        return replace(person, department_ids=known.department_ids)
    return person


def _place(person: Person | None) -> tuple[tuple[int, ...], bool] | None:
    return (tuple(sorted(person.department_ids)), person.active) if person else None


def _journal(portal_id: int, moved: Sequence[Person], now: datetime) -> None:
    """One row a change; a second change within the same second replaces the first."""
    since = epoch(now)
    for start in range(0, len(moved), CHUNK):
        part = moved[start : start + CHUNK]
        db.session.execute(
            delete(Membership).where(
                Membership.portal_id == portal_id,
                Membership.since == since,
                Membership.employee_id.in_([person.id for person in part]),
            )
        )
        rows = [
            {
                "portal_id": portal_id,
                "employee_id": person.id,
                "since": since,
                "department_ids": list(person.department_ids),
                "active": person.active,
            }
            for person in part
        ]
        db.session.execute(insert(Membership), rows)


def _store(table: Any, portal_id: int, before: Mapping[int, Any], after: Mapping[int, Any], row: Any) -> None:
    """Insert who is new and update who is different, each in one statement."""
    new = [{"portal_id": portal_id, **row(one)} for id, one in after.items() if id not in before]
    changed = [{"portal_id": portal_id, **row(one)} for id, one in after.items() if id in before and before[id] != one]
    if new:
        db.session.execute(insert(table), new)
    if changed:
        db.session.execute(update(table), changed)
    db.session.expire_all()


def _employee_row(person: Person) -> dict[str, Any]:
    return {
        "id": person.id,
        "name": person.name[:255],
        "position": person.position[:255],
        "photo_url": person.photo_url,
        "department_ids": list(person.department_ids),
        "active": person.active,
    }


def _department_row(unit: Unit) -> dict[str, Any]:
    return {
        "id": unit.id,
        "name": unit.name[:255],
        "parent_id": unit.parent_id,
        "head_id": unit.head_id,
        "sort": unit.sort,
        "active": unit.active,
    }
