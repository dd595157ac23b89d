"""The ready scorecards as a portal is offered them: what each counts, and which sources of it are not there.

Whoever takes one runs the pipeline afterwards, as with any scorecard that is saved.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from b24app.facts import queries as facts
from b24app.facts.requests import queries as mappings
from b24app.facts.requests.rules import REQUEST
from b24app.facts.rules import ENTRY
from b24app.ingest import queries as ingest
from b24app.ingest.queries import SyncStatus
from b24app.lib.errors import Fault, Invalid
from b24app.lib.i18n import gettext as _
from b24app.metrics.measures import Measure, Op, Test
from b24app.onboarding.operations import months_before
from b24app.portal import queries as portal
from b24app.scorecards import library
from b24app.scorecards import operations as scorecards
from b24app.scorecards import queries as stored
from b24app.scorecards.library import Template
from b24app.scorecards.rules import Version

Need = tuple[str, str]
"""An entity, and of entries their code."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A source that a template rests on and that has nothing to count yet.

    `why`: refused (`told` says how), not_read, none (there are no such records), not_mapped, no_entries (of the code).
    """

    entity: str
    why: str
    code: str = ""
    told: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """A template, and whether the portal has a scorecard of its code already."""

    template: Template
    is_taken: bool
    missing: tuple[Missing, ...]


def offers(portal_id: int) -> tuple[Offer, ...]:
    taken = {version.code for version in stored.versions(portal_id)}
    status = ingest.status(portal_id)
    has_mapping = bool(mappings.mappings(portal_id))
    needed = {one.code: _needs(one) for one in library.templates()}
    codes = facts.codes_in_use(portal_id, {code for needs in needed.values() for _entity, code in needs if code})
    return tuple(
        Offer(one, one.code in taken, tuple(_missing(needed[one.code], status, has_mapping, codes)))
        for one in library.templates()
    )


def take(portal_id: int, code: str, departments: Collection[int], actor: str, now: datetime) -> Version:
    """Save the template for these departments, from a year ago on, so that it shows its history."""
    known = portal.structure(portal_id).units
    chosen = sorted(id for id in departments if id in known)
    if not chosen:
        message = _("Choose at least one department.")
        raise Invalid(message, [Fault("departments", message)])
    start = months_before(portal_id, now)[-1].start
    changes = {"subjects": {"departments": chosen}, "effective_from": start.isoformat()}
    return scorecards.apply_template(portal_id, code, changes, actor, now)


def _missing(needs: Iterable[Need], status: SyncStatus, has_mapping: bool, codes: Collection[str]) -> Iterator[Missing]:
    for entity, code in needs:
        if entity == ENTRY:
            if code not in codes:
                yield Missing(entity, "no_entries", code)
        elif entity == REQUEST:
            if not has_mapping:
                yield Missing(entity, "not_mapped")
        elif why := _why(status, entity):
            yield why


def _why(status: SyncStatus, entity: str) -> Missing | None:
    known = status.entities.get(entity)
    if known is None or (not known.complete and not known.error):
        return Missing(entity, "not_read")
    if known.error and not known.complete:
        return Missing(entity, "refused", told=known.error)
    return None if known.rows else Missing(entity, "none")


def _needs(one: Template) -> tuple[Need, ...]:
    """Each once, in the order of the indicators."""
    measures = (measure for plan in one.plans for leaf in plan.leaves for measure in leaf.measures)
    return tuple(dict.fromkeys(map(_need, measures)))


def _need(measure: Measure) -> Need:
    codes = (
        str(test.values[0])
        for test in measure.where.tests
        if isinstance(test, Test) and test.field == "code" and test.op is Op.IN
    )
    return measure.scan.entity, next(codes, "") if measure.scan.entity == ENTRY else ""
