"""What is read as a whole, in one request: people, departments, dictionaries, currencies, once the portal itself."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from b24app.bitrix.batches import Command
from b24app.bitrix.client import Client
from b24app.bitrix.errors import RestError
from b24app.facts.rules import TermDraft
from b24app.ingest import rules
from b24app.ingest.rules import Profile
from b24app.ingest.sources import currencies, dictionaries, staff
from b24app.ingest.sources.base import PAGE
from b24app.ingest.sources.currencies import Currencies
from b24app.lib.errors import Temporary
from b24app.portal.rules import Person, Unit

FIRST_PAGES = 4
"""Of each list on a portal not read yet; where that is not enough, a second request brings more."""

MORE_PAGES = 20
ABOUT_PORTAL: Mapping[str, Command] = {
    "profile": ("profile", {}),
    "app": ("app.info", {}),
    "server_time": ("server.time", {}),
}


@dataclass(frozen=True, slots=True)
class Poll:
    """What a poll that began at `read_at` found. `refused`: why a source could not be read, by its key."""

    read_at: datetime
    people: tuple[Person, ...]
    departments: tuple[Unit, ...]
    terms: Mapping[str, tuple[TermDraft, ...]]
    currencies: Currencies
    profile: Profile | None
    refused: Mapping[str, str] = field(default_factory=dict)


def read(
    client: Client,
    read_at: datetime,
    known_people: int = 0,
    *,
    entities: Collection[str] = (),
    with_profile: bool = False,
) -> Poll:
    """One request on most portals. Without people nothing can be scored, so only they must not be refused. `entities`
    are types of CRM records whose words are asked for beside those of deals."""
    pages = range(max(FIRST_PAGES, known_people // PAGE + 2))
    commands = {
        **staff.commands(staff.PEOPLE, pages[:MORE_PAGES]),
        **staff.commands(staff.DEPARTMENTS, pages[:FIRST_PAGES]),
        **dictionaries.commands(entities),
        **currencies.commands(),
        **(ABOUT_PORTAL if with_profile else {}),
    }
    answers = client.batch_lenient(commands)
    refused = {}
    for name, (source, must) in _purposes(commands).items():
        error = answers[name]
        if isinstance(error, Temporary) or (must and isinstance(error, RestError)):
            raise error
        if isinstance(error, RestError):
            refused[source] = error.message
    answers[dictionaries.TYPES] = _all_types(client, answers[dictionaries.TYPES])
    terms = {} if dictionaries.key in refused else dictionaries.translate(answers)
    people, departments = (_whole(client, kind, answers) for kind in (staff.PEOPLE, staff.DEPARTMENTS))
    return Poll(
        read_at=read_at,
        people=staff.people(people.values()),
        departments=staff.departments(departments.values()),
        terms=terms,
        currencies=currencies.translate(answers),
        profile=_profile(answers, read_at) if with_profile else None,
        refused=refused,
    )


_OPTIONAL = frozenset({dictionaries.FIELDS, dictionaries.TYPES})


def _purposes(commands: Mapping[str, Any]) -> dict[str, tuple[str, bool]]:
    """For which source a command is, and whether it must be answered."""
    sources = {
        **dict.fromkeys(dictionaries.commands(), (dictionaries.key, False)),
        **{name: (name, False) for name in commands if ":" in name or name in _OPTIONAL},
        **dict.fromkeys(currencies.commands(), (currencies.key, False)),
        **dict.fromkeys(ABOUT_PORTAL, ("portal", False)),
    }
    return {name: sources.get(name, (staff.key, True)) for name in commands}


def _whole(client: Client, kind: str, answers: Mapping[str, Any]) -> dict[str, Any]:
    """All rows of a list: pages are asked for until one is short or brings nobody new."""
    own = {name: page for name, page in answers.items() if name.removeprefix(kind).isdecimal()}
    rows = staff.listed(kind, own)
    following = len(own)
    while own and len(own[f"{kind}{following - 1}"]) == PAGE:
        pages = range(following, following + MORE_PAGES)
        own = client.batch(staff.commands(kind, pages))
        following += MORE_PAGES
        found = staff.listed(kind, own)
        if found.keys() <= rows.keys():
            break
        rows |= found
    return rows


def _all_types(client: Client, answer: Any) -> Any:
    """The answer with the types of all pages. A page that is refused leaves the types as they are known: a list that is
    cut short would retire the others."""
    page = rows = dictionaries.types_in(answer)
    while len(page) == PAGE:
        answer = client.batch_lenient(dictionaries.types_from(len(rows)))[dictionaries.TYPES]
        if isinstance(answer, Temporary):
            raise answer
        if isinstance(answer, RestError):
            return answer
        known = {str(row.get("id")) for row in rows}
        page = [row for row in dictionaries.types_in(answer) if str(row.get("id")) not in known]
        rows = [*rows, *page]
    return {**answer, "types": rows} if rows else answer


def _profile(answers: Mapping[str, Any], now: datetime) -> Profile:
    known = {name: None if isinstance(answers[name], RestError) else answers[name] for name in ABOUT_PORTAL}
    return rules.profile(known["profile"], known["app"], known["server_time"], now)
