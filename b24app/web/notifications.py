"""The page of notifications: who is told what, the workflow for those behind plan, the webhook and its latest posts.

Only for administrators. The webhook's secret is in the answer that makes it, and in no other.
"""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from b24app.jobs import outbox
from b24app.lib import clock, db
from b24app.lib.errors import AppError, Fault, Invalid
from b24app.lib.i18n import gettext as _
from b24app.outcomes.notifications import operations, queries
from b24app.outcomes.notifications.channels.workflow import DOCUMENTS
from b24app.outcomes.notifications.planning import BEHIND_DOCUMENT, BEHIND_WORKFLOW, TELL_BEHIND, TELL_DUE, TELL_REACHED
from b24app.portal import operations as portal
from b24app.portal import queries as tenants
from b24app.portal.rules import Action
from b24app.web.viewer import needs

bp = Blueprint("notifications", __name__, url_prefix="/ui/settings/notifications")


@bp.get("")
@needs(Action.ADMINISTER)
def page() -> ResponseReturnValue:
    return _page()


@bp.post("")
@needs(Action.ADMINISTER)
def save() -> ResponseReturnValue:
    def change(portal_id: int, actor: str) -> None:
        portal.change_settings(portal_id, _chosen(request.form), actor, clock.now())

    return _done("wishes", change)


@bp.get("/workflows")
@needs(Action.ADMINISTER)
def workflows() -> ResponseReturnValue:
    """The portal's own workflows by name, asked of it while the rest of the page is looked at."""
    chosen = queries.wishes(g.viewer.portal_id).workflow
    try:
        found, problem = queries.templates(g.viewer.portal_id), ""
    except AppError as error:
        found, problem = (), error.message
    return render_template(
        "settings/workflows.html", found=found, problem=problem, chosen=str(chosen or ""), viewer=g.viewer
    )


@bp.post("/webhook")
@needs(Action.ADMINISTER)
def set_webhook() -> ResponseReturnValue:
    url = request.form.get("url", "")
    return _done("webhook", lambda id, actor: operations.set_webhook(id, url, actor, clock.now()))


@bp.post("/webhook/secret")
@needs(Action.ADMINISTER)
def new_secret() -> ResponseReturnValue:
    return _done("webhook", lambda id, actor: operations.new_secret(id, actor, clock.now()))


@bp.post("/webhook/forget")
@needs(Action.ADMINISTER)
def forget_webhook() -> ResponseReturnValue:
    return _done("webhook", lambda id, actor: operations.forget_webhook(id, actor, clock.now()))


@bp.post("/webhook/test")
@needs(Action.ADMINISTER)
def send_test() -> ResponseReturnValue:
    answer = _done("webhook", lambda id, actor: operations.send_test(id, actor, clock.now()), said="tested")
    outbox.ask(g.viewer.portal_id)
    return answer


def _done(form: str, change: Callable[[int, str], str | None], said: str = "saved") -> ResponseReturnValue:
    """The page after the change, or with sentences at the fields of the form that was not saved."""
    portal_id = g.viewer.portal_id
    try:
        with db.write():
            portal.lock(portal_id)
            secret = change(portal_id, g.viewer.actor)
    except Invalid as error:
        return _page(form, {fault.path: fault.message for fault in error.errors})
    return _page(secret=secret) if secret else redirect(url_for(".page", said=said), 303)


def _page(
    form: str | None = None, faults: Mapping[str, str] | None = None, secret: str | None = None
) -> ResponseReturnValue:
    portal_id = g.viewer.portal_id
    wishes = queries.wishes(portal_id)
    page = render_template(
        "settings/notifications.html",
        viewer=g.viewer,
        said=None if faults else request.args.get("said"),
        failed=form,
        faults=faults or {},
        given=request.form,
        wishes=wishes,
        hook=queries.hook(portal_id),
        secret=secret,
        posts=queries.last_posts(portal_id),
        time_zone=tenants.get(portal_id).time_zone,
    )
    return page, {"HX-Push-Url": url_for(".page")}


def _chosen(form: Mapping[str, str]) -> dict[str, Any]:
    """The settings as they are stored. Invalid with a sentence per field."""
    faults = []
    workflow, document = form.get("workflow", "").strip(), form.get("document", "").strip().upper()
    if workflow and not (workflow.isdecimal() and len(workflow) < 10 and int(workflow)):
        faults.append(Fault("workflow", _("Choose a workflow from the list.")))
    kind, _dash, id = document.partition("_")
    if document and not (kind in DOCUMENTS and id.isdecimal() and len(id) < 16):
        faults.append(Fault("document", _("Name a record like DEAL_12, or leave it empty.")))
    if faults:
        raise Invalid(_("The settings were not saved."), faults)
    return {
        TELL_REACHED: form.get("tell_reached") == "yes",
        TELL_BEHIND: form.get("tell_behind") == "yes",
        TELL_DUE: form.get("tell_due") == "yes",
        BEHIND_WORKFLOW: int(workflow) if workflow else None,
        BEHIND_DOCUMENT: document,
    }
