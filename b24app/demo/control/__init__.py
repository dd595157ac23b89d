"""The portal's back door for tests and for its own pages: look at counters, break things, act as a person.

No authentication: it is meant for this machine. Bodies and answers are JSON; a POST without a JSON body is refused
(415), so no foreign web page can post here; a wrong one answers 400 or 404 `{"error": ".."}`. In-process tests may call
the same as functions: deals.py, installation.py and the objects of `Portal` (tokens, faults, events, workflows),
holding `portal.lock`. All paths begin with /demo/api; each of this folder's files has some of them.

Looking
  GET  /stats    {"requests", "by_method", "commands", "errors", "limiter_violations", "limiter_peak",
       "token_refreshes", "reused_refresh_tokens", "events": {"emitted", "sent", "failed", "dropped", "doubled",
       "pending", "offline_queue"}, "robots": {"waiting", "answered", "sent"}}; a batch is one request, its inner
       commands are under "commands"; sent, failed and pending cover events and robot calls
  POST /stats/reset    counters back to zero
  GET  /state    {"app": {"state": absent|installing|installed, "version", "application_token", "placements", "robots",
       "activities", "handlers"}, "deals", "won", "lost", "open", "won_amount", "activities", "stage_history", "calls",
       "tasks", "leads", "sessions", "items" (of smart processes), "users", "departments", "today", "domain", "faults"}
  GET  /deals?semantic=P|S|F&owner=8&with_client=1&limit=20    {"items"}: the newest deals
  GET  /deals/ID    the deal with its custom fields, its stage moves under "history", its rows under "productRows"
  GET  /notifications?user_id=8    {"items": [{"id", "user_id", "text", "tag", "moment"}]}
  GET  /robots    {"items": [{"code", "is_activity", "waits", "name", "properties", "results"}]}
  GET  /robots/runs/ID    {"id", "code", "document", "state": waiting|answered|sent, "results", "log"}

Breaking: POST /faults with any of these (what is not named stays as it is); DELETE /faults heals everything but users
  {"drop_events": 0.2}     the share of events that never leave
  {"double_events": 0.1}    the share of events that arrive twice; true: each of them
  {"shuffle_events": 20}    so many events are always held back, and a random one of them leaves for each that comes:
       they arrive out of order; 0 lets all of them go. Robots' calls and the offline queue suffer none of these
  {"expire_tokens": true}    every access token has expired now (refresh tokens still work)
  {"reject": {"count": 3, "status": 503, "code": "QUERY_LIMIT_EXCEEDED", "method": "batch", "html": "", "hang_s": 2}}
       the next requests are answered so; all keys are optional; `html` sends a body that is no JSON; `hang_s` waits
       first, and with "status": 0 the request is then served normally
  {"plain_offline": true}    the plan lacks rest_offline_extended: rows of the offline queue leave as they are read
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
  POST   /calls    {"owner": 8, "type": 1 out|2 in, "code": "200"|"304", "seconds": 60}: a call that has just ended
  POST   /tasks    {camelCase fields, "as"}; PATCH and DELETE /tasks/ID; {"status": 5} closes one
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

import importlib
import pkgutil

from b24app.demo.control.address import control as control

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
