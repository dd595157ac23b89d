"""A notification in Bitrix24's chat. Its tag names kind, subject and period: told twice, one replaces the other."""

from b24app.bitrix.errors import RestError
from b24app.lib import registry
from b24app.lib.i18n import gettext as _
from b24app.outcomes.notifications import kinds
from b24app.outcomes.notifications.channels import base
from b24app.outcomes.notifications.channels.base import Messages
from b24app.outcomes.notifications.rules import CHAT, Message, Outcome, failed, sent
from b24app.portal import operations as portals

code = CHAT
at_once = 50
may_repeat = True


def tell(portal_id: int, messages: Messages) -> dict[int, Outcome]:
    commands = {str(one.id): ("im.notify.system.add", _params(one)) for one in messages}
    try:
        answers = portals.connect(portal_id).batch_lenient(commands)
    except RestError as error:
        return dict.fromkeys((one.id for one in messages), base.refused(error))
    return {int(id): _outcome(answer) for id, answer in answers.items()}


def _params(message: Message) -> dict[str, object]:
    saying = {one.code: one for one in registry.modules(kinds)}
    return {"USER_ID": message.recipient, "MESSAGE": saying[message.kind].text(message.payload), "TAG": message.tag}


def _outcome(answer: object) -> Outcome:
    if isinstance(answer, RestError):
        return base.refused(answer)
    return sent(answer) if answer else failed(_("Bitrix24 has nobody to notify: is the employee still there?"))
