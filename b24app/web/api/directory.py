"""GET portal, employees, departments, metrics: who there is and what can be measured."""

from typing import Any

from b24app.ingest import queries as ingest
from b24app.metrics.catalogue import CATALOGUE, FORMULA, Ready
from b24app.metrics.plans import plan
from b24app.metrics.rules import Unit
from b24app.metrics.types.base import metric_types
from b24app.portal import queries
from b24app.portal.rules import Viewer
from b24app.web.api import shapes
from b24app.web.api.calls import call
from b24app.web.api.paging import cut
from b24app.web.api.shapes import Page, Paging
from b24app.web.api.times import PortalClock

TAG = "Portal"


@call("GET", "/portal", tag=TAG, answer=shapes.PortalState)
def portal(viewer: Viewer) -> shapes.PortalState:
    """The portal, its clock and currency, and how far its records have been read."""
    found, status = queries.get(viewer.portal_id), ingest.status(viewer.portal_id)
    time = PortalClock.of(viewer.portal_id)
    return shapes.PortalState(
        member_id=found.member_id,
        domain=found.domain,
        status=found.status,
        problem=found.problem,
        language=found.language,
        time_zone=found.time_zone,
        base_currency=found.base_currency,
        today=time.today(),
        sync=shapes.Sync(
            state=status.state,
            complete=status.complete,
            entities={
                name: shapes.SyncedEntity(
                    rows=one.rows,
                    complete=one.complete,
                    synced_at=None if one.synced_at is None else time.at(one.synced_at),
                )
                for name, one in status.entities.items()
            },
            lag_seconds=status.lag_seconds,
            pending_events=status.pending_events,
            error=status.error,
        ),
    )


@call("GET", "/employees", tag=TAG, query=Paging, answer=Page[shapes.Employee])
def employees(viewer: Viewer, query: Paging) -> Page[shapes.Employee]:
    """Everybody the portal has told us of, the dismissed too, by id."""
    people = queries.structure(viewer.portal_id).people.values()
    rows, next_cursor = cut(people, lambda person: (person.id,), query)
    return Page(
        items=[
            shapes.Employee(
                id=person.id,
                name=person.name,
                position=person.position,
                photo_url=person.photo_url,
                department_ids=list(person.department_ids),
                active=person.active,
            )
            for person in rows
        ],
        next_cursor=next_cursor,
    )


@call("GET", "/departments", tag=TAG, query=Paging, answer=Page[shapes.Department])
def departments(viewer: Viewer, query: Paging) -> Page[shapes.Department]:
    """The departments, by id; `parent_id` is null at the top."""
    units = queries.structure(viewer.portal_id).units.values()
    rows, next_cursor = cut(units, lambda unit: (unit.id,), query)
    return Page(
        items=[
            shapes.Department(
                id=unit.id, name=unit.name, parent_id=unit.parent_id, head_id=unit.head_id, active=unit.active
            )
            for unit in rows
        ],
        next_cursor=next_cursor,
    )


@call("GET", "/metrics", tag=TAG, query=Paging, answer=Page[shapes.Metric])
def metrics(viewer: Viewer, query: Paging) -> Page[shapes.Metric]:
    """The catalogue: what an indicator can measure. The first date and owner are the defaults."""
    rows, next_cursor = cut((*CATALOGUE.values(), FORMULA), lambda ready: (ready.code,), query)
    return Page(items=[_metric(ready) for ready in rows], next_cursor=next_cursor)


def _metric(ready: Ready) -> shapes.Metric:
    if ready is FORMULA:
        return _described(ready, Unit.NUMBER, {"type": "object", "properties": {}, "additionalProperties": False})
    options = metric_types()[ready.type].Params.model_json_schema()
    chosen = {name: {"enum": list(one.choices), "default": one.default} for name, one in ready.options.items()}
    unit = plan(ready.code, ready.example).unit
    return _described(ready, unit, {**options, "properties": {**options.get("properties", {}), **chosen}})


def _described(ready: Ready, unit: Unit, options: dict[str, Any]) -> shapes.Metric:
    return shapes.Metric(
        code=ready.code,
        name=dict(ready.name),
        rule=dict(ready.rule),
        unit=unit,
        direction=ready.direction,
        dates=list(ready.dates),
        owners=list(ready.owners),
        proposed_owner=ready.template_owner,
        options=options,
    )
