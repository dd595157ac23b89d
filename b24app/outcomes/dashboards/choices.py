"""What forms offer to choose from by name, as far as the viewer may see it: people, scorecards, codes, badges."""

from dataclasses import dataclass

from b24app.lib.i18n import pick
from b24app.outcomes.recognition.rules import badges
from b24app.portal import queries as portals
from b24app.portal.rules import Action, Viewer, can, employee
from b24app.scorecards import queries as scorecards
from b24app.scorecards.rules import Version, applies_to

Named = tuple[str, str]
"""A code or id, and the name people know."""


@dataclass(frozen=True, slots=True)
class ScorecardChoice:
    code: str
    name: str
    indicators: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Choices:
    people: tuple[Named, ...]
    scorecards: tuple[ScorecardChoice, ...]
    entry_codes: tuple[Named, ...]
    """Codes of the ledger that an indicator counts, with the indicator's name."""
    badges: tuple[Named, ...]


def choices(viewer: Viewer) -> Choices:
    """Of scorecards those that apply to somebody whom the viewer may see."""
    structure = portals.structure(viewer.portal_id)
    seen = {id for id in structure.people if can(viewer, Action.SEE, employee(id))}
    people = sorted(
        ((str(one.id), one.name) for one in structure.people.values() if one.active and one.id in seen),
        key=lambda one: one[1].casefold(),
    )
    latest = [
        versions[-1]
        for _code, versions in sorted(scorecards.counted(viewer.portal_id).items())
        if viewer.is_admin or applies_to(versions[-1].document.subjects, structure) & seen
    ]
    return Choices(
        tuple(people),
        tuple(ScorecardChoice(one.code, pick(one.document.name), _indicators(one)) for one in latest),
        tuple(sorted({entry for one in latest for entry in entry_codes(one)})),
        tuple((one.code, pick(one.name)) for one in badges()),
    )


def _indicators(version: Version) -> tuple[Named, ...]:
    return tuple((one.code, pick(one.document.name)) for one in version.indicators)


def entry_codes(version: Version) -> tuple[Named, ...]:
    return tuple(
        (str(one.document.options["code"]), pick(one.document.name))
        for one in version.indicators
        if one.document.metric == "entries" and one.document.options.get("code")
    )
