"""Methods about the app itself: what is installed, which scopes, methods and features there are, its options."""

from b24app.demo.errors import RestError
from b24app.demo.registry import METHODS, Answer, Call, method
from b24app.demo.state import INSTALLED

EXTENDED = "rest_offline_extended"
_FEATURES = (EXTENDED, "rest_auth_connector")


@method("app.info")
def app_info(call: Call) -> Answer:
    settings, app = call.portal.settings, call.portal.app
    return Answer(
        {
            "ID": 5,
            "CODE": settings.app_code,
            "VERSION": app.version,
            "STATUS": "F",
            "INSTALLED": app.state == INSTALLED,
            "PAYMENT_EXPIRED": "N",
            "DAYS": None,
            "LANGUAGE_ID": settings.language,
            "LICENSE": f"{settings.language}_pro100",
            "LICENSE_TYPE": "pro100",
            "LICENSE_FAMILY": "pro",
        }
    )


@method("scope")
def scope(call: Call) -> Answer:
    return Answer(list(call.portal.settings.scopes))


@method("method.get")
def method_get(call: Call) -> Answer:
    found = METHODS.get(call.params.text("name").lower())
    allowed = found is not None and (not found.scopes or bool(set(found.scopes) & set(call.portal.settings.scopes)))
    return Answer({"isExisting": found is not None, "isAvailable": allowed})


@method("feature.get")
def feature_get(call: Call) -> Answer:
    if not call.params.has("CODE"):
        raise RestError("CODE_EMPTY", "CODE can't be empty")
    code = call.params.text("CODE")
    has_it = code in _FEATURES and not (code == EXTENDED and call.portal.faults.plain_offline)
    return Answer({"value": "Y" if has_it else "N"})


@method("server.time")
def server_time(call: Call) -> Answer:
    return Answer(call.portal.now().isoformat(timespec="seconds"))


@method("app.option.get")
def option_get(call: Call) -> Answer:
    options = call.portal.app.options
    return Answer(options.get(call.params.text("option")) if call.params.has("option") else options or [])


@method("app.option.set", admin=True)
def option_set(call: Call) -> Answer:
    options = call.params.mapping("options")
    if not options:
        raise RestError("ArgumentNullException", "options is empty")
    call.portal.app.options.update(options)
    return Answer(True)
