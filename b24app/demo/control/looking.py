"""Looking: counters, the state of everything, what people were notified of."""

from collections import Counter

from flask import Response, jsonify, request

from b24app.demo.control.address import control
from b24app.demo.rest import portal


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
                    "doubled": courier.doubled,
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
        here.events.emitted = here.courier.sent = here.courier.failed = 0
        here.courier.dropped = here.courier.doubled = 0
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
                "calls": len(here.calls.ids),
                "tasks": len(here.tasks.ids),
                "leads": len(here.leads.ids),
                "sessions": len(here.sessions),
                "items": sum(len(one.table.ids) for one in here.processes.values()),
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
