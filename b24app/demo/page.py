"""What people see: desk, CRM lists and cards, analytics, the installed app, notifications; in Russian and English.

Elements that browser tests rely on (attribute `data-test` unless an id is named):
  viewer, language-ru, language-en      switches in the top bar; `?viewer=ID&lang=en` on any page does the same
  menu-desk, menu-deals, menu-analytics, menu-app, menu-notifications, menu-automation
  left-menu-ID (one per bound LEFT_MENU placement)
  app-frame                             host of an iframe of the app; the iframe in it has data-test="app-iframe"
  install, update-app, uninstall, uninstall-clean        on /marketplace/app/CODE/
  desk-owner, win-any, desk-deal (data-id), desk-win, desk-lose, log-meeting, log-call, log-email       on the desk /
  deals-search, deals-stage, deals-owner, deals-find, deal-row (data-id), deal-create, pager-next, pager-prev
  deal-title, deal-amount, deal-stage (id, its data-stage is the stage code), stage-CODE, act-win, act-lose, act-reopen,
  act-delete, edit-title, edit-opportunity, edit-assignedById, edit-sourceId, edit-companyId, edit-save,
  edit-ufCrm.. (one per custom field), edit-custom-save, product-row; merge-into, merge    on a deal and on a company
  tab-general, tab-history, tab-robots, tab-app-ID (one per bound CRM_*_DETAIL_TAB)
  robot-CODE, robot-run-CODE, robot-settings-CODE (opens the app's page for it),
  robot-result-CODE (its data-state: waiting, answered, sent)
  workflow, trigger, hook       on /bizproc/, what the app has set going
  analytics-app-ID; notification; slider, slider-close; #toast says what was done last
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from babel.dates import format_datetime
from babel.numbers import format_currency
from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from b24app.demo import custom_fields, installation
from b24app.demo.deals import product_rows
from b24app.demo.dictionaries import OPEN
from b24app.demo.fields import CustomField, Row
from b24app.demo.frame_host import LANGUAGE_COOKIE, VIEWER_COOKIE, language, viewer
from b24app.demo.rest import portal
from b24app.demo.robots import Robot
from b24app.demo.state import ABSENT, COMPANY, CONTACT, DEAL, INSTALLED, LEAD, Placement, Portal
from b24app.lib.i18n import gettext as _
from b24app.lib.i18n import pick, speaking

page = Blueprint("page", __name__, template_folder="templates")
PAGE = 20
ENTITIES = {"deal": DEAL, "company": COMPANY, "contact": CONTACT, "lead": LEAD}
View = Callable[..., str | AnyResponse]


def localized(view: View) -> View:
    """Renders in the visitor's language, keeps their choices in cookies, and holds the portal still meanwhile."""

    @wraps(view)
    def wrapped(**values: Any) -> Response:
        here = portal()
        with here.lock, speaking(language(here)):
            answer = make_response(view(**values))
        for name, cookie in (("viewer", VIEWER_COOKIE), ("lang", LANGUAGE_COOKIE)):
            if request.args.get(name):
                answer.set_cookie(cookie, request.args[name], samesite="Lax")
        return answer

    return wrapped


def show(template: str, **values: Any) -> str:
    here = portal()
    return render_template(
        f"demo/{template}.html",
        _=_,
        here=here,
        viewer=viewer(here),
        language=language(here),
        bare=request.args.get("IFRAME") == "Y",
        path=request.path,
        left_menu=installation.placements(here, "LEFT_MENU"),
        app_title=_app_title(here),
        title_of=title_of,
        person=lambda id: here.staff.users[id].full_name if id in here.staff.users else "",
        money=lambda amount, currency: format_currency(amount or 0, currency, locale=language(here)),
        when=lambda moment: format_datetime(moment, "d MMM y, HH:mm", locale=language(here)) if moment else "",
        installed=here.app.state == INSTALLED,
        **values,
    )


def title_of(placement: Placement) -> str:
    texts = {
        code: str(titles.get("TITLE") or "") for code, titles in placement.titles.items() if isinstance(titles, dict)
    }
    return pick(texts) or placement.title or placement.code


def _app_title(here: Portal) -> str:
    named = installation.placements(here, "LEFT_MENU")
    return title_of(named[0]) if named else here.settings.app_code


def _app_path(here: Portal) -> str:
    return url_for("page.application", code=here.settings.app_code)


@page.get("/")
@localized
def desk() -> str | AnyResponse:
    """The app beside the work that moves its numbers. On the very first visit the installation begins by itself."""
    here = portal()
    if here.app.state == ABSENT and not here.app.removed and viewer(here).is_admin:
        installation.install(here)
    if here.app.state != INSTALLED:
        return redirect(_app_path(here))
    who = viewer(here)
    sellers = sorted(
        {row["assignedById"] for row in here.deals.rows.values()}, key=lambda id: here.staff.users[id].full_name
    )
    visible = here.staff.visible_to(who.id)
    choice = [id for id in sellers if visible is None or id in visible]
    owner = request.args.get("owner", type=int) or (who.id if who.id in choice else choice[0] if choice else who.id)
    mine = [row for row in here.deals.rows.values() if row["assignedById"] == owner and row["stageSemanticId"] == OPEN]
    mine.sort(key=lambda row: (bool(row.get("companyId")), row["opportunity"]), reverse=True)
    placement = "LEFT_MENU" if installation.placements(here, "LEFT_MENU") else installation.MAIN_PAGE
    return show("desk", owner=owner, choice=choice, deals=mine[:12], placement=placement)


@page.get("/crm/deal/list/")
@localized
def deals() -> str:
    here, asked = portal(), request.args
    text, stage, owner = asked.get("q", "").lower(), asked.get("stage", ""), asked.get("owner", type=int)
    rows = [
        row
        for row in reversed(here.deals.rows.values())
        if (not text or text in row["title"].lower() or text == str(row["id"]))
        and stage in ("", row["stageId"])
        and owner in (None, row["assignedById"])
    ]
    start = max(0, asked.get("start", 0, type=int))
    stages = [(one, here.dictionaries.stages(one.id)) for one in here.dictionaries.categories]
    return show("deals", rows=rows[start : start + PAGE], total=len(rows), start=start, page_size=PAGE, stages=stages)


@page.get("/crm/<any(company, contact, lead):entity>/list/")
@localized
def records(entity: str) -> str:
    table = portal().items(ENTITIES[entity])
    return show("records", entity=entity, rows=[(row, record_title(row)) for row in table.rows.values()])


@page.get("/crm/<any(deal, company, contact, lead):entity>/details/<int:id>/")
@localized
def card(entity: str, id: int) -> str:
    here = portal()
    row = here.items(ENTITIES[entity]).rows.get(id)
    if row is None:
        abort(404)
    tabs = installation.placements(here, f"CRM_{entity.upper()}_DETAIL_TAB")
    shared = {"entity": entity, "row": row, "title": record_title(row), "tabs": tabs}
    if entity != "deal":
        related = [deal for deal in here.deals.rows.values() if entity != "lead" and deal.get(f"{entity}Id") == id]
        return show("card", **shared, related=related[-20:])
    steps = [here.history.rows[step] for step in here.history.matching("OWNER_ID", id)]
    entries = [here.activities.rows[one] for one in here.activities.matching("OWNER_ID", id)]
    return show(
        "deal",
        **shared,
        stages=here.dictionaries.stages(row.get("categoryId", 0)),
        other_funnels=[one for one in here.dictionaries.categories if one.id != row.get("categoryId", 0)],
        steps=[(step, here.dictionaries.stage(step["STAGE_ID"])) for step in steps],
        entries=[one for one in entries if one.get("OWNER_TYPE_ID", DEAL) == DEAL][-10:],
        products=product_rows(here, id),
        custom=custom_inputs(here),
        robots=[one for one in here.workflows.robots.values() if not one.is_activity],
        settings_of=lambda robot: robot_settings(robot, row),
        inputs=robot_inputs,
        runs=[run for run in here.workflows.runs if run.document == f"DEAL_{id}"][-5:],
    )


def custom_inputs(here: Portal) -> list[tuple[CustomField, str, dict[int, str]]]:
    """The custom fields of deals, what they are called and what may be chosen in them."""
    titles, options = custom_fields.titles(), custom_fields.options()
    people = {user.id: user.full_name for user in here.staff.users.values()}
    return [
        (
            field,
            titles[field.name],
            people if field.type == "employee" else {id: options[id] for id in field.options},
        )
        for field in custom_fields.DEAL
    ]


def record_title(row: Row) -> str:
    return str(row.get("title") or f"{row.get('name', '')} {row.get('lastName', '')}".strip() or row["id"])


def robot_inputs(robot: Robot) -> list[dict[str, Any]]:
    """The robot's properties as fields of a form."""
    return [
        {
            "name": name,
            "label": pick(shape.get("Name")) or name,
            "type": str(shape.get("Type") or "string"),
            "options": {key: pick(value) for key, value in (shape.get("Options") or {}).items()},
            "default": shape.get("Default") or "",
            "required": shape.get("Required") == "Y",
        }
        for name, shape in robot.properties().items()
    ]


def robot_settings(robot: Robot, row: Row) -> dict[str, Any]:
    """PLACEMENT_OPTIONS of the robot's settings page (contract 6.4); the browser adds what is filled in by now."""
    fields = {"OPPORTUNITY": "double", "TITLE": "string", "ASSIGNED_BY_ID": "user"}
    return {
        "code": robot.code,
        "activity_name": f"A{row['id']}_2_3_4",
        "properties": {
            name: {
                "Id": name,
                "Type": str(shape.get("Type") or "string"),
                "Name": pick(shape.get("Name")),
                "Description": pick(shape.get("Description")),
                "Multiple": False,
                "Required": shape.get("Required") == "Y",
                "Options": shape.get("Options") or "",
                "Settings": [],
                "Default": shape.get("Default") or "",
            }
            for name, shape in robot.properties().items()
        },
        "current_values": {},
        "document_type": ["crm", "CCrmDocumentDeal", "DEAL"],
        "document_fields": {name: {"Name": name, "Type": kind} for name, kind in fields.items()},
        "template": {},
    }


@page.get("/report/analytics/")
@localized
def analytics() -> str:
    here, chosen = portal(), request.args.get("app", type=int)
    entries = installation.placements(here, "CRM_ANALYTICS_MENU")
    stages = [
        (stage, [row for row in here.deals.rows.values() if row["stageId"] == stage.code])
        for stage in here.dictionaries.stages(0)
    ]
    counts = [(stage, len(rows), sum(row["opportunity"] for row in rows)) for stage, rows in stages]
    return show(
        "analytics", entries=entries, chosen=chosen, counts=counts, most=max(count for _s, count, _a in counts) or 1
    )


@page.get("/placement/left-menu/<int:id>/")
@localized
def left_menu(id: int) -> str:
    here = portal()
    found = [one for one in installation.placements(here, "LEFT_MENU") if one.id == id]
    if not found:
        abort(404)
    return show("frame", heading=title_of(found[0]), placement="LEFT_MENU", handler=found[0].handler, options={})


@page.get("/marketplace/view/<code>/")
@localized
def app_link(code: str) -> str | AnyResponse:
    """A link into the app for a colleague: `?params[go]=/ui/..` reaches it as PLACEMENT_OPTIONS."""
    here = portal()
    if code != here.settings.app_code:
        abort(404)
    options = {
        key[7:-1]: value for key, value in request.args.items() if key.startswith("params[") and key.endswith("]")
    }
    if not installation.placements(here, "REST_APP_URI"):
        return redirect(_app_path(here))
    return show("frame", heading=_app_title(here), placement="REST_APP_URI", handler="", options=options)


@page.get("/marketplace/app/<code>/")
@localized
def application(code: str) -> str:
    """The app's main page; the installer until the installation is finished."""
    here = portal()
    if code != here.settings.app_code:
        abort(404)
    return show("application", state=here.app.state, is_admin=viewer(here).is_admin)


@page.get("/bizproc/")
@localized
def automation() -> str:
    """What the app has set going: workflows, triggers, and its webhook's posts."""
    here = portal()
    names = {one.id: one.name for one in here.workflows.templates}
    hook = url_for("automation.hook", _external=True)
    return show("automation", flows=here.workflows, names=names, hook=hook, mail=list(here.letterbox.mail)[::-1])


@page.get("/notifications/")
@localized
def notifications() -> str:
    here = portal()
    mine = [one for one in reversed(here.notifications) if one.user_id == viewer(here).id]
    return show("notifications", notifications=mine)
