"""Methods that notify people. A tag names a notification: adding it again replaces the older one."""

from b24app.demo.errors import RestError
from b24app.demo.registry import Answer, Call, method
from b24app.demo.state import Notification


def _notify(call: Call) -> Answer:
    user_id, text, tag = call.params.number("USER_ID"), call.params.text("MESSAGE"), call.params.text("TAG")
    kept = call.portal.notifications
    if not user_id:
        raise RestError("USER_ID_EMPTY", "User ID can't be empty")
    if not text:
        raise RestError("MESSAGE_EMPTY", "Message can't be empty")
    number = max((one.id for one in kept), default=12344) + 1
    kept[:] = [one for one in kept if not tag or (one.user_id, one.tag) != (user_id, tag)]
    kept.append(Notification(number, user_id, text, tag, call.portal.now()))
    return Answer(number if user_id in call.portal.staff.users else False)


method("im.notify.personal.add", "im")(_notify)
method("im.notify.system.add", "im")(_notify)
method("im.notify", "im")(_notify)
