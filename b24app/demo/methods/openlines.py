"""Open lines: one conversation with its messages. No method lists conversations (contract 7.9)."""

from typing import Any

from b24app.demo.errors import RestError, access_denied
from b24app.demo.open_lines import LINE, Message, Session
from b24app.demo.registry import Answer, Call, method


@method("imopenlines.session.history.get", "imopenlines")
def session_history(call: Call) -> Answer:
    if not (call.params.has("SESSION_ID") or call.params.has("CHAT_ID")):
        raise RestError("MISSING_REQUIRED_PARAM", "Session ID or Chat ID must be provided")
    session = _session(call)
    if session is None:
        raise access_denied("You cannot open this conversation as you do not have sufficient rights", 400)
    said = {str(one.id): _message(session, one) for one in reversed(session.messages)}
    senders = {one.sender for one in session.messages if one.sender}
    return Answer(
        {
            "chatId": session.chat_id,
            "canJoin": "Y",
            "canVoteHead": "Y",
            "sessionId": session.id,
            "sessionVoteHead": 0,
            "sessionCommentHead": None,
            "userId": f"chat{session.chat_id}",
            "message": said or [],
            "usersMessage": {f"chat{session.chat_id}": list(said)},
            "users": {str(id): _user(call, id) for id in sorted(senders)},
            "chat": {str(session.chat_id): _chat(session)},
        }
    )


def _session(call: Call) -> Session | None:
    id, chat = call.params.number("SESSION_ID"), call.params.number("CHAT_ID")
    found = [one for one in call.portal.sessions if one.id == id or (not id and one.chat_id == chat)]
    return found[-1] if found else None


def _message(session: Session, one: Message) -> dict[str, Any]:
    chat = f"chat{session.chat_id}"
    return {
        "id": str(one.id),
        "chatid": str(session.chat_id),
        "senderid": str(one.sender),
        "recipientid": chat,
        "date": one.moment.isoformat(timespec="seconds"),
        "text": one.text,
        "textlegacy": one.text,
        "params": [],
    }


def _user(call: Call, id: int) -> dict[str, Any]:
    employee = call.portal.staff.users.get(id)
    name = employee.full_name if employee else f"Guest #{id}"
    kind = {"extranet": False, "network": False, "bot": False, "connector": employee is None}
    return {"id": str(id), "name": name, "active": True, "departments": [], "type": "user", **kind}


def _chat(session: Session) -> dict[str, Any]:
    begun = int(session.messages[0].moment.timestamp())
    return {
        "id": str(session.chat_id),
        "owner": str(session.operator),
        "entityType": "LINES",
        "entityId": f"livechat|{LINE}|{session.chat_id - 2}|{session.client}",
        "entityData1": f"Y|COMPANY|{session.client % 85 + 1}|N|N|{session.id}|{begun}|0|0|0",
        "type": "lines",
        "messageType": "L",
    }


@method("imopenlines.config.list.get", "imopenlines")
def lines(call: Call) -> Answer:
    return Answer([{"ID": str(LINE), "LINE_NAME": "Website", "ACTIVE": "Y", "KPI_FIRST_ANSWER_TIME": "60"}])
