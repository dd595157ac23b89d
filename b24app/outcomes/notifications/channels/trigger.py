"""The trigger `kpi_reached` on the CRM record whose change did it. Executed twice it would move a record back."""

from b24app.lib.i18n import gettext as _
from b24app.outcomes.notifications.channels import base
from b24app.outcomes.notifications.channels.base import Messages
from b24app.outcomes.notifications.rules import CRM_TYPES, TRIGGER, Message, Outcome, failed
from b24app.portal import operations as portals

code = TRIGGER
at_once = 1
may_repeat = False


def tell(portal_id: int, messages: Messages) -> dict[int, Outcome]:
    return {one.id: _execute(portal_id, one) for one in messages}


def _execute(portal_id: int, message: Message) -> Outcome:
    record = next(((kind, id) for kind, id in message.payload["records"] if kind in CRM_TYPES), None)
    if record is None:
        return failed(_("There is no record to execute the trigger on."))
    params = {"CODE": message.kind, "OWNER_TYPE_ID": CRM_TYPES[record[0]], "OWNER_ID": record[1]}
    return base.once(lambda: portals.connect(portal_id).call("crm.automation.trigger.execute", params, repeat=False))
