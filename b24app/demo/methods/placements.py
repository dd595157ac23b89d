"""Methods that bind the app's pages into the portal."""

from b24app.demo.errors import RestError
from b24app.demo.registry import Answer, Call, method
from b24app.demo.state import Placement

_ENTITIES = ("LEAD", "DEAL", "CONTACT", "COMPANY")
CODES = (
    *(f"CRM_{entity}_DETAIL_{kind}" for entity in _ENTITIES for kind in ("TAB", "TOOLBAR", "ACTIVITY")),
    *(f"CRM_{entity}_LIST_{kind}" for entity in _ENTITIES for kind in ("MENU", "TOOLBAR")),
    "CRM_ANALYTICS_MENU",
    "CRM_ANALYTICS_TOOLBAR",
    "BI_ANALYTICS_MENU",
    "LEFT_MENU",
    "REST_APP_URI",
    "IM_NAVIGATION",
    "IM_SIDEBAR",
    "TASK_VIEW_TAB",
)
_SINGLE = ("REST_APP_URI",)


@method("placement.list", "placement")
def listed(call: Call) -> Answer:
    return Answer(list(CODES))


@method("placement.bind", "placement", admin=True)
def bind(call: Call) -> Answer:
    params, app = call.params, call.portal.app
    code, handler = params.text("PLACEMENT").upper(), params.text("HANDLER")
    if not code:
        # Several errors of this method really arrive with status 200.
        raise RestError("ERROR_ARGUMENT", "Argument 'PLACEMENT' is null or empty", 200, argument="PLACEMENT")
    if code not in CODES:
        raise RestError("ERROR_PLACEMENT_NOT_FOUND", "Placement not found")
    if not handler:
        raise RestError("EMPTY_ERROR_HANDLER_URL", "Handler URL is empty", 200)
    if not handler.startswith(("http://", "https://")):
        raise RestError("ERROR_UNSUPPORTED_PROTOCOL", "Unsupported protocol")
    if any(one.code == code and (code in _SINGLE or one.handler == handler) for one in app.placements):
        raise RestError("ERROR_PLACEMENT_MAX_COUNT", "Placement max count")
    titles = {str(language).lower(): texts for language, texts in params.mapping("LANG_ALL").items()}
    number = max((one.id for one in app.placements), default=0) + 1
    options = params.mapping("OPTIONS")
    app.placements.append(Placement(number, code, handler, titles, params.text("TITLE"), options))
    return Answer(True)


@method("placement.get", "placement", admin=True)
def bound(call: Call) -> Answer:
    return Answer(
        [
            {
                "placement": one.code,
                "userId": 0,
                "handler": one.handler,
                "options": one.options or [],
                "title": one.title,
                "description": "",
                "langAll": one.titles or [],
            }
            for one in call.portal.app.placements
        ]
    )


@method("placement.unbind", "placement", admin=True)
def unbind(call: Call) -> Answer:
    code, handler, app = call.params.text("PLACEMENT").upper(), call.params.text("HANDLER"), call.portal.app
    left = [one for one in app.placements if one.code != code or handler not in ("", one.handler)]
    removed, app.placements = len(app.placements) - len(left), left
    return Answer({"count": removed * 2})  # the real method counts every row twice
