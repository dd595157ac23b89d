"""Acting in the CRM: deals, their products, companies and activities."""

from datetime import datetime
from typing import Any

from flask import Response, jsonify, request

from b24app.demo import deals
from b24app.demo.control.address import actor, control
from b24app.demo.fields import Row, native
from b24app.demo.people import ADMIN_ID
from b24app.demo.rest import body, portal
from b24app.demo.state import DEAL, Portal
from b24app.demo.store import Table


def shown(here: Portal, table: Table, row: Row) -> dict[str, Any]:
    return {field.name: native(field, field.read(row), here.zone) for field in table.fields.values()}


def _deal(here: Portal, row: Row) -> Response:
    return jsonify(shown(here, here.deals, row))


def _fields() -> dict[str, Any]:
    return {name: value for name, value in request.get_json().items() if name != "as"}


def _first_seller(here: Portal) -> int:
    return next(user.id for user in here.staff.users.values() if not here.staff.head_of(user.id))


@control.route("/deals", methods=["GET", "POST"])
def deals_list() -> Response:
    here = portal()
    with here.lock:
        if request.method == "POST":
            fields = {"assignedById": _first_seller(here), **_fields()}
            return _deal(here, deals.create(here, DEAL, fields, actor(body())))
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
            return _deal(here, deals.change(here, DEAL, id, _fields(), actor(asked)))
        deals.delete(here, DEAL, id, actor(asked))
        return jsonify({"deleted": True})


@control.post("/deals/<int:id>/<any(move, win, lose, reopen):action>")
def act(id: int, action: str) -> Response:
    here, asked = portal(), body()
    with here.lock:
        match action:
            case "move":
                row = deals.move(here, id, asked.text("stage"), actor(asked))
            case "win":
                row = deals.win(here, id, actor(asked), asked.get("amount"))
            case "lose":
                row = deals.lose(here, id, actor(asked))
            case _:
                row = deals.reopen(here, id, actor(asked))
        return _deal(here, row)


@control.put("/deals/<int:id>/products")
def products(id: int) -> Response:
    here, asked = portal(), body()
    with here.lock:
        return _deal(here, deals.set_products(here, id, asked.many("productRows"), actor(asked)))


@control.post("/companies/<int:id>/merge")
def merge(id: int) -> Response:
    here, asked = portal(), body()
    with here.lock:
        kept, touch = asked.number("into"), bool(asked.get("touch_deals"))
        return jsonify({"company": kept, "deals": deals.merge_companies(here, kept, id, actor(asked), touch)})


@control.post("/deals/win-any")
def win_any() -> Response:
    here, asked = portal(), body()
    with here.lock:
        return _deal(here, deals.win_any(here, actor(asked), asked.number("owner") or None))


@control.post("/activities")
def log_activity() -> Response:
    here, asked = portal(), body()
    at = datetime.fromisoformat(asked.text("at")) if asked.has("at") else None
    with here.lock:
        moment = (at if at.tzinfo else at.replace(tzinfo=here.zone)).astimezone(here.zone) if at else None
        owner, deal_id = asked.number("owner", ADMIN_ID), asked.number("deal") or None
        row = deals.log_activity(here, asked.text("kind"), owner, deal_id, moment, asked.get("done", True))
        return jsonify(shown(here, here.activities, row))
