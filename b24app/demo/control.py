"""The portal's back door for tests and for its own pages: look at counters, break things, act as a person.

No authentication: it is meant for this machine. Bodies and answers are JSON; a POST without a JSON body is refused
(415), so no foreign web page can post here; a wrong one answers 400 or 404 `{"error": ".."}`. In-process tests may call
the same as functions: deals.py, installation.py and the objects of `Portal` (tokens, faults, events, workflows),
holding `portal.lock`. All paths begin with /demo/api.

Looking
  GET  /stats    {"requests", "by_method", "commands", "errors", "limiter_violations", "limiter_peak",
       "token_refreshes", "reused_refresh_tokens", "events": {"emitted", "sent", "failed", "dropped", "pending",
       "offline_queue"}, "robots": {"waiting", "answered", "sent"}}; a batch is one request, its inner commands are
       under "commands"; sent, failed and pending cover events and robot calls
  POST /stats/reset    counters back to zero
  GET  /state    {"app": {"state": absent|installing|installed, "version", "application_token", "placements", "robots",
       "activities", "handlers"}, "deals", "won", "lost", "open", "won_amount", "activities", "stage_history", "users",
       "departments", "today", "domain", "faults"}
  GET  /deals?semantic=P|S|F&owner=8&with_client=1&limit=20    {"items"}: the newest deals
  GET  /deals/ID    the deal with its custom fields, its stage moves under "history", its rows under "productRows"
  GET  /notifications?user_id=8    {"items": [{"id", "user_id", "text", "tag", "moment"}]}
  GET  /robots    {"items": [{"code", "is_activity", "waits", "name", "properties", "results"}]}
  GET  /robots/runs/ID    {"id", "code", "document", "state": waiting|answered|sent, "results", "log"}

Breaking: POST /faults with any of these (what is not named stays as it is); DELETE /faults heals everything but users
  {"drop_events": 0.5}     the share of events that never leave
  {"double_events": true}    each event arrives twice
  {"expire_tokens": true}    every access token has expired now (refresh tokens still work)
  {"reject": {"count": 3, "status": 503, "code": "QUERY_LIMIT_EXCEEDED", "method": "batch", "html": "", "hang_s": 2}}
       the next requests are answered so; all keys are optional; `html` sends a body that is no JSON; `hang_s` waits
       first, and with "status": 0 the request is then served normally
  {"single_owner_rows": true}    crm.item.productrow.list refuses a list in `=ownerId`, as newer portals may
  {"operation_limit": ["crm.item.list"]}    these methods answer 429 OPERATION_TIME_LIMIT until the list is set to []
  {"moved_to": "http://127.0.0.1:8001"}    the portal's new address; any other host name answers 302 to it; "" ends it
  {"dismiss": [8]}, {"restore": [8]}    users are fired (their tokens answer authorization_error) or come back
  {"limits": false}    the rate limiter refuses nothing

Acting (`as`: the id of the user who does it, default 1, the administrator); a deal is answered as by crm.item.get
  POST   /deals    {camelCase fields, "as"} -> the deal; `assignedById` is by default the first sales agent
  PATCH  /deals/ID    {camelCase fields, "as"} -> the deal; so its responsible, client and custom fields change, too:
         {"assignedById": 9, "ufCrmContractNumber": "2026-7"}. Their names are in custom_fields.py and crm.item.fields
  POST   /deals/ID/move    {"stage": "C1:NEW", "as"} -> the deal; to any stage of its funnel, back too, or of another
  POST   /deals/ID/win    {"amount": 5000, "as"} -> the deal; also /lose and /reopen
  POST   /deals/win-any    {"owner": 8, "as"} -> the deal; a random open one with a client
  PUT    /deals/ID/products    {"productRows": [{"productId": 201, "price": 500, "quantity": 2}], "as"} -> the deal
  DELETE /deals/ID    {"as"} -> {"deleted": true}
  POST   /companies/ID/merge    {"into": 7, "touch_deals": false, "as"} -> {"company": 7, "deals": [ids]}
         ID is deleted, and its deals are given to the other one as in the real portal: without an event of theirs and
         without a new updatedTime; with `touch_deals` each of them is told as changed
  POST   /activities    {"kind": meeting|call|email, "owner": 8, "deal": 12, "at": ISO time, "done": true}
  POST   /robots/run    {"code", "document": "DEAL_12", "properties": {..}, "wait": seconds, "as"} -> the run;
         with `wait` it answers as soon as the app has, or after so long
  POST   /tokens    {"user_id": 8} -> {"access_token", "refresh_token", "expires_in"}: a viewer's own pair
  POST   /codes    {"user_id": 8} -> {"code"} for the authorization_code grant
  POST   /placement-form    {"user_id": 8, "placement": "CRM_DEAL_DETAIL_TAB", "options": {"ID": "12"}, "lang",
         "handler"} -> {"action", "query", "url", "fields", "name", "sid"}: post `fields` as a form to `url`: that is
         what a browser does; while the app is being installed it leads to the installer; DEFAULT is the app's main page
  POST   /app/install    {} -> {"state", "version"}: begins (state installing); then post the placement form
  POST   /app/finish    {}: what installFinish does: ONAPPINSTALL, and from then on events flow
  POST   /app/update    {"new_token": true}: ONAPPUPDATE, then handlers and robots are wiped
  POST   /app/uninstall    {"clean": true}: tokens die, ONAPPUNINSTALL without tokens
  POST   /events/test    {"event", "data", "as", "key"}: emits any event
"""

from collections import Counter
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, request

from b24app.demo import deals, installation
from b24app.demo.errors import RestError
from b24app.demo.faults import Faults, Refusal
from b24app.demo.fields import Row, native
from b24app.demo.frame_host import language
from b24app.demo.people import ADMIN_ID
from b24app.demo.registry import Params
from b24app.demo.rest import body, portal
from b24app.demo.state import DEAL, Portal
from b24app.demo.store import Table
from b24app.lib import clock
from b24app.lib.errors import AppError
from b24app.lib.i18n import gettext as _
from b24app.lib.i18n import speaking

control = Blueprint("control", __name__, url_prefix="/demo/api")


def _actor(params: Params) -> int:
    return params.number("as", ADMIN_ID)


def shown(here: Portal, table: Table, row: Row) -> dict[str, Any]:
    return {field.name: native(field, field.read(row), here.zone) for field in table.fields.values()}


def _deal(here: Portal, row: Row) -> Response:
    return jsonify(shown(here, here.deals, row))


def _fields() -> dict[str, Any]:
    return {name: value for name, value in request.get_json().items() if name != "as"}


def _first_seller(here: Portal) -> int:
    return next(user.id for user in here.staff.users.values() if not here.staff.head_of(user.id))


@control.errorhandler(RestError)
def refused(error: RestError) -> Response:
    with speaking(language(portal())):
        text = _(error.text)
    return make_response(jsonify({"error": text}), 404 if error.code == "NOT_FOUND" else 400)


@control.errorhandler(AppError)
def failed(error: AppError) -> Response:
    return make_response(jsonify({"error": error.message}), error.status)


@control.get("/stats")
def stats() -> Response:
    here = portal()
    with here.lock:
        traffic, courier = here.traffic, here.courier
        return jsonify(
            {
                "requests": traffic.requests,
                "by_method": traffic.by_method,
                "commands": traffic.commands,
                "errors": traffic.errors,
                "limiter_violations": here.limiter.violations,
                "limiter_peak": round(here.limiter.peak, 2),
                "token_refreshes": here.tokens.refreshes,
                "reused_refresh_tokens": here.tokens.reused_refreshes,
                "events": {
                    "emitted": here.events.emitted,
                    "sent": courier.sent,
                    "failed": courier.failed,
                    "dropped": courier.dropped,
                    "pending": courier.pending,
                    "offline_queue": len(here.events.queue),
                },
                "robots": here.workflows.record(),
            }
        )


@control.post("/stats/reset")
def reset_stats() -> Response:
    here = portal()
    with here.lock:
        for counter in (here.traffic.by_method, here.traffic.commands, here.traffic.errors):
            counter.clear()
        here.traffic.requests = here.limiter.violations = here.tokens.refreshes = here.tokens.reused_refreshes = 0
        here.limiter.peak = 0.0
        here.events.emitted = here.courier.sent = here.courier.failed = here.courier.dropped = 0
    return jsonify({"reset": True})


@control.get("/state")
def state() -> Response:
    here = portal()
    with here.lock:
        outcomes = Counter(row["stageSemanticId"] for row in here.deals.rows.values())
        won = sum(row["opportunity"] for row in here.deals.rows.values() if row["stageSemanticId"] == "S")
        robots = here.workflows.robots.values()
        app = {
            "state": here.app.state,
            "version": here.app.version,
            "application_token": here.app.token,
            "placements": [one.code for one in here.app.placements],
            "robots": [one.code for one in robots if not one.is_activity],
            "activities": [one.code for one in robots if one.is_activity],
            "handlers": [one.record() for one in here.events.bindings],
        }
        return jsonify(
            {
                "app": app,
                "deals": len(here.deals.ids),
                "won": outcomes["S"],
                "lost": outcomes["F"],
                "open": outcomes["P"],
                "won_amount": won,
                "activities": len(here.activities.ids),
                "stage_history": len(here.history.ids),
                "users": len(here.staff.users),
                "departments": len(here.staff.departments),
                "today": here.today.isoformat(),
                "domain": here.domain,
                "faults": here.faults.record(),
            }
        )


@control.get("/notifications")
def notifications() -> Response:
    here, user_id = portal(), request.args.get("user_id", type=int)
    items = [
        {"id": one.id, "user_id": one.user_id, "text": one.text, "tag": one.tag, "moment": one.moment.isoformat()}
        for one in here.notifications
        if user_id in (None, one.user_id)
    ]
    return jsonify({"items": items})


@control.route("/faults", methods=["POST", "DELETE"])
def faults() -> Response:
    here = portal()
    with here.lock:
        if request.method == "DELETE":
            healthy = ("drop_events", "double_events", "moved_to", "single_owner_rows")
            _break(here, Params({name: getattr(Faults(), name) for name in healthy}))
            here.faults.operation_limit = frozenset()
            here.faults.refusals.clear()
            here.limiter.enforced = here.settings.strict_limits
        else:
            _break(here, body())
        return jsonify(here.faults.record())


def _break(here: Portal, asked: Params) -> None:
    faults = here.faults
    if asked.get("drop_events") is not None:
        faults.drop_events = float(asked.get("drop_events"))
    if asked.get("double_events") is not None:
        faults.double_events = bool(asked.get("double_events"))
    if asked.get("moved_to") is not None:
        faults.moved_to = asked.text("moved_to").rstrip("/")
    if asked.get("single_owner_rows") is not None:
        faults.single_owner_rows = bool(asked.get("single_owner_rows"))
    if asked.get("operation_limit") is not None:
        faults.operation_limit = frozenset(str(name).lower() for name in asked.many("operation_limit"))
    if asked.get("limits") is not None:
        here.limiter.enforced = bool(asked.get("limits"))
    if asked.get("expire_tokens"):
        here.tokens.expire_all(clock.now())
    if asked.has("reject"):
        faults.refusals.append(Refusal(**asked.mapping("reject")))
    for name, active in (("dismiss", False), ("restore", True)):
        for user_id in asked.many(name):
            here.staff.users[int(user_id)].active = active


@control.route("/deals", methods=["GET", "POST"])
def deals_list() -> Response:
    here = portal()
    with here.lock:
        if request.method == "POST":
            fields = {"assignedById": _first_seller(here), **_fields()}
            return _deal(here, deals.create(here, DEAL, fields, _actor(body())))
        semantic, owner = request.args.get("semantic"), request.args.get("owner", type=int)
        rows = [
            row
            for row in reversed(here.deals.rows.values())
            if semantic in (None, row["stageSemanticId"])
            and owner in (None, row["assignedById"])
            and (not request.args.get("with_client") or row.get("companyId"))
        ]
        chosen = rows[: request.args.get("limit", 20, type=int)]
        return jsonify({"items": [shown(here, here.deals, row) for row in chosen]})


@control.route("/deals/<int:id>", methods=["GET", "PATCH", "DELETE"])
def deal(id: int) -> Response:
    here = portal()
    with here.lock:
        if request.method == "GET":
            steps = [here.history.rows[step] for step in here.history.matching("OWNER_ID", id)]
            item = shown(here, here.deals, deals.row_of(here.deals, id))
            rows = [shown(here, here.product_rows, row) for row in deals.product_rows(here, id)]
            history = [shown(here, here.history, step) for step in steps]
            return jsonify({**item, "history": history, "productRows": rows})
        asked = body()
        if request.method == "PATCH":
            return _deal(here, deals.change(here, DEAL, id, _fields(), _actor(asked)))
        deals.delete(here, DEAL, id, _actor(asked))
        return jsonify({"deleted": True})


@control.post("/deals/<int:id>/<any(move, win, lose, reopen):action>")
def act(id: int, action: str) -> Response:
    here, asked = portal(), body()
    with here.lock:
        match action:
            case "move":
                row = deals.move(here, id, asked.text("stage"), _actor(asked))
            case "win":
                row = deals.win(here, id, _actor(asked), asked.get("amount"))
            case "lose":
                row = deals.lose(here, id, _actor(asked))
            case _:
                row = deals.reopen(here, id, _actor(asked))
        return _deal(here, row)


@control.put("/deals/<int:id>/products")
def products(id: int) -> Response:
    here, asked = portal(), body()
    with here.lock:
        return _deal(here, deals.set_products(here, id, asked.many("productRows"), _actor(asked)))


@control.post("/companies/<int:id>/merge")
def merge(id: int) -> Response:
    here, asked = portal(), body()
    with here.lock:
        kept, touch = asked.number("into"), bool(asked.get("touch_deals"))
        return jsonify({"company": kept, "deals": deals.merge_companies(here, kept, id, _actor(asked), touch)})


@control.post("/deals/win-any")
def win_any() -> Response:
    here, asked = portal(), body()
    with here.lock:
        return _deal(here, deals.win_any(here, _actor(asked), asked.number("owner") or None))


@control.post("/activities")
def log_activity() -> Response:
    here, asked = portal(), body()
    at = datetime.fromisoformat(asked.text("at")) if asked.has("at") else None
    with here.lock:
        moment = (at if at.tzinfo else at.replace(tzinfo=here.zone)).astimezone(here.zone) if at else None
        owner, deal_id = asked.number("owner", ADMIN_ID), asked.number("deal") or None
        row = deals.log_activity(here, asked.text("kind"), owner, deal_id, moment, asked.get("done", True))
        return jsonify(shown(here, here.activities, row))


@control.get("/robots")
def robots() -> Response:
    return jsonify(
        {
            "items": [
                {
                    "code": one.code,
                    "is_activity": one.is_activity,
                    "waits": one.waits,
                    "name": one.name,
                    "properties": one.properties(),
                    "results": one.properties("RETURN_PROPERTIES"),
                }
                for one in portal().workflows.robots.values()
            ]
        }
    )


@control.post("/robots/run")
def run_robot() -> Response:
    here, asked = portal(), body()
    kinds = {"DEAL": "CCrmDocumentDeal", "LEAD": "CCrmDocumentLead", "CONTACT": "CCrmDocumentContact"}
    document = asked.text("document")
    with here.lock:
        robot = here.workflows.robots.get(asked.text("code"))
        if robot is None:
            raise RestError("NOT_FOUND", f"The robot {asked.text('code')} is not registered")
        kind = kinds.get(document.rpartition("_")[0], "CCrmDocumentCompany")
        run = here.workflows.start(robot, ("crm", kind, document), asked.mapping("properties"), _actor(asked))
        here.answered.wait_for(lambda: run.state != "waiting", timeout=float(asked.get("wait") or 0))
        return jsonify(run.record())


@control.get("/robots/runs/<int:id>")
def robot_run(id: int) -> Response:
    runs = portal().workflows.runs
    if not 0 < id <= len(runs):
        raise RestError("NOT_FOUND", "There is no such run")
    return jsonify(runs[id - 1].record())


@control.post("/tokens")
def tokens() -> Response:
    here, asked = portal(), body()
    with here.lock:
        pair = here.tokens.issue(asked.number("user_id", ADMIN_ID), clock.now())
    return jsonify({"access_token": pair.access, "refresh_token": pair.refresh, "expires_in": 3600})


@control.post("/codes")
def codes() -> Response:
    here, asked = portal(), body()
    with here.lock:
        return jsonify({"code": here.tokens.grant_code(asked.number("user_id", ADMIN_ID), clock.now())})


@control.post("/placement-form")
def placement_form() -> Response:
    here, asked = portal(), body()
    with here.lock:
        post = installation.browser_post(
            here,
            asked.number("user_id", ADMIN_ID),
            asked.text("placement", installation.MAIN_PAGE),
            asked.mapping("options"),
            asked.text("lang"),
            asked.text("handler"),
        )
    return jsonify(post.record())


@control.post("/app/<any(install, finish, update, uninstall):step>")
def app(step: str) -> Response:
    here, asked = portal(), body()
    with here.lock:
        match step:
            case "install":
                installation.install(here)
            case "finish":
                installation.finish(here)
            case "update":
                installation.update(here, bool(asked.get("new_token")))
            case _:
                installation.uninstall(here, bool(asked.get("clean")))
        return jsonify({"state": here.app.state, "version": here.app.version})


@control.post("/events/test")
def test_event() -> Response:
    here, asked = portal(), body()
    with here.lock:
        here.emit(asked.text("event").upper(), asked.mapping("data"), _actor(asked), asked.text("key"))
    return jsonify({"emitted": True})
