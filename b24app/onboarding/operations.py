"""First steps of a portal: the sales scorecard of the article, with targets its own people have shown to be possible.

The caller has the portal's lock and commits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from b24app.facts.tables import Deal
from b24app.ingest import queries as ingest
from b24app.lib.clock import epoch
from b24app.lib.db import db
from b24app.lib.errors import NotFound
from b24app.lib.i18n import gettext as _
from b24app.metrics import queries as metrics
from b24app.metrics.rules import value_of
from b24app.onboarding.rules import percentile, sensible
from b24app.periods import queries as periods
from b24app.periods.rules import Kind, Period, local_day, period_at, previous, span
from b24app.portal import queries as portal
from b24app.portal.rules import Structure
from b24app.scorecards import operations as scorecards
from b24app.scorecards import queries as stored
from b24app.scorecards.documents import ScorecardDocument, load, parse
from b24app.scorecards.rules import Version
from b24app.scores import operations as scores
from b24app.scores.rules import Cause, CauseKind

TEMPLATE = "sales"
SETTING = "sales_template"
"""Portal setting: the article's and the proposed targets, and whether the proposal saw the whole history."""

MONTHS = 12

Targets = Mapping[str, str]
"""Indicator -> target, as the portal's settings keep it."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """The sales scorecard for the people of a portal, and what the article and their own history say of its targets."""

    document: ScorecardDocument
    article: Targets
    proposed: Targets


def propose(portal_id: int, now: datetime) -> Proposal | None:
    """What `first_run` would save; None when it would save nothing. Only reads, and takes the longer the more there is
    to read: to be asked outside of any write."""
    versions = stored.versions(portal_id, TEMPLATE)
    subjects = _subjects(portal_id, portal.structure(portal_id)) if _is_awaited(portal_id, versions) else None
    if subjects is None:
        return None
    months = months_before(portal_id, now)
    template = scorecards.template(TEMPLATE)
    article = {one["code"]: str(one["target"]) for one in template["indicators"]}
    document = _document(template, subjects, versions[-1].effective_from if versions else months[-1].start)
    return Proposal(document, article, {**article, **_proposed(portal_id, document, months, now)})


def first_run(portal_id: int, proposal: Proposal | None, now: datetime) -> bool:
    """Apply the sales template once somebody owns deals; propose again once the whole history is read. Safe to repeat.

    Returns whether the scorecard was saved; the caller then computes it. What a person has changed or locked since is
    left alone.
    """
    if proposal is None or not _is_awaited(portal_id, stored.versions(portal_id, TEMPLATE)):
        return False
    scorecards.save(portal_id, _with_targets(proposal.document, proposal.proposed), "system", now)
    tenant, final = portal.get(portal_id), ingest.status(portal_id).complete
    told = {"article": dict(proposal.article), "proposed": dict(proposal.proposed), "final": final}
    tenant.settings = {**tenant.settings, SETTING: told}
    return True


def _is_awaited(portal_id: int, versions: Sequence[Version]) -> bool:
    known = portal.get(portal_id).settings.get(SETTING)
    if known is None:
        return not versions
    if known["final"] or not versions or versions[-1].author != "system":
        return False
    return (TEMPLATE, versions[-1].effective_from) not in stored.locks(portal_id, TEMPLATE)


def use_article_numbers(portal_id: int, actor: str, now: datetime) -> None:
    """The targets of the article, as they are printed. The present is computed here, the past by the caller's job."""
    _use(portal_id, "article", actor, now)


def use_proposed_numbers(portal_id: int, actor: str, now: datetime) -> None:
    """The targets proposed from the portal's own history; computed like those of the article."""
    _use(portal_id, "proposed", actor, now)


def _use(portal_id: int, which: str, actor: str, now: datetime) -> None:
    known = portal.get(portal_id).settings.get(SETTING)
    if known is None:
        raise NotFound(_("The sales scorecard has not been proposed yet: the deals are still being read."))
    document = _with_targets(stored.get(portal_id, TEMPLATE).document, known[which])
    scorecards.save(portal_id, document, actor, now)
    for slice_ in scores.open_slices(portal_id, now, (TEMPLATE,)):
        scores.recompute_slice(portal_id, slice_, now, Cause(CauseKind.DEFINITION, actor))


def _subjects(portal_id: int, structure: Structure) -> dict[str, Any] | None:
    """Departments whose people own deals; single people where a department has others below it. None without any.

    Heads of these departments who own no deals are left out: they lead, and would only stand last.
    """
    owners = _owners(portal_id) & {id for id, person in structure.people.items() if person.active}
    if not owners:
        return None
    departments, employees = set[int](), set[int]()
    for id in owners:
        leaves = [one for one in structure.people[id].department_ids if one in structure.units]
        leaves = [one for one in leaves if not structure.children(one)]
        departments.update(leaves)
        if not leaves:
            employees.add(id)
    heads = {head for id in departments if (head := structure.units[id].head_id) is not None}
    idle = sorted(id for id in heads - owners if id in structure.people)
    return {
        "departments": sorted(departments),
        "employees": sorted(employees),
        "exclude": {"departments": [], "employees": idle},
    }


def _owners(portal_id: int) -> set[int]:
    query = select(Deal.responsible_id, Deal.closed_by_id).where(Deal.portal_id == portal_id, Deal.deleted_at.is_(None))
    return {id for row in db.session.execute(query.distinct()) for id in row if id is not None}


def months_before(portal_id: int, now: datetime) -> list[Period]:
    """The last closed months, the latest first."""
    settings = periods.settings(portal_id)
    months = [previous(period_at(Kind.MONTH, local_day(epoch(now), settings), settings), settings)]
    while len(months) < MONTHS:
        months.append(previous(months[-1], settings))
    return months


def _document(template: dict[str, Any], subjects: dict[str, Any], effective_from: date) -> ScorecardDocument:
    return parse({**template, "subjects": subjects, "effective_from": effective_from.isoformat()})


def _proposed(portal_id: int, document: ScorecardDocument, months: list[Period], now: datetime) -> dict[str, str]:
    """What people reached in a month, by indicator; nothing where nobody has reached anything yet."""
    settings = periods.settings(portal_id)
    plans = {one.code: one.plan() for one in document.indicators}
    spans = [span(month, settings) for month in months]
    parts = metrics.evaluate(portal_id, list(plans.values()), spans, epoch(now))
    found: dict[str, str] = {}
    for code, plan in plans.items():
        reached = [parts.get(plan, index, (id,)) for index in range(len(months)) for id in parts.employees(index)]
        values = [value_of(plan, part.numerator, part.denominator) for part in reached if part.facts]
        typical = percentile([value for value in values if value is not None])
        if typical:
            found[code] = str(sensible(typical, plan.unit))
    return found


def _with_targets(document: ScorecardDocument, targets: Targets) -> ScorecardDocument:
    raw = document.stored()
    for indicator in raw["indicators"]:
        indicator["target"] = targets.get(indicator["code"], indicator["target"])
    return load(raw)
