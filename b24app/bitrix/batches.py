"""A batch: up to fifty commands in one request, each with an answer or an error of its own (contract 3.3).

What it looks like on the wire, and how its answer is taken apart. It is sent by client.py.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from b24app.bitrix.errors import BadAnswer, BatchError, PortalGone, RestError, Wait, refused
from b24app.bitrix.wire import mapping, query
from b24app.lib.i18n import gettext as _

Params = Mapping[str, Any]
Command = tuple[str, Params]

BATCH = 50


def packed(commands: Mapping[str, Command]) -> tuple[Params, tuple[str, ...]]:
    """The parameters of the batch that carries the commands out, and all methods it calls."""
    written = {key: f"{method}?{query(values)}" for key, (method, values) in commands.items()}
    return {"halt": 0, "cmd": written}, tuple(dict.fromkeys(method for method, _values in commands.values()))


def parts(commands: Mapping[str, Command]) -> Iterator[dict[str, Command]]:
    items = list(commands.items())
    for start in range(0, len(items), BATCH):
        yield dict(items[start : start + BATCH])


def answers(commands: Mapping[str, Command], body: Mapping[str, Any]) -> dict[str, Any]:
    """The result or the RestError of each command of a batch, in the order of the commands."""
    envelope = mapping(body["result"])
    results, errors = mapping(envelope.get("result")), mapping(envelope.get("result_error"))
    times = mapping(envelope.get("result_time"))
    answers: dict[str, Any] = {}
    for key, (method, _values) in commands.items():
        if key in errors:
            # An error without a code is still an error: the text is all there is.
            found = errors[key] if isinstance(errors[key], dict) else {"error_description": errors[key]}
            answers[key] = refused(method, 200, {"time": times.get(key), **found})
        elif key in results:
            answers[key] = results[key]
        else:
            raise BadAnswer(_("A part of Bitrix24's answer is missing."), method=method)
    return answers


def totals(commands: Mapping[str, Command], body: dict[str, Any]) -> dict[str, int | RestError]:
    """Of every command of a batch; what says that the portal cannot be asked now is raised."""
    totals = mapping(mapping(body["result"]).get("result_total"))
    found: dict[str, int | RestError] = {}
    for key, answer in answers(commands, body).items():
        if isinstance(answer, Wait | PortalGone):
            raise answer
        found[key] = answer if isinstance(answer, RestError) else int(totals.get(key) or 0)
    return found


def all_or_nothing(answers: dict[str, Any], may_be_refused: Collection[str]) -> dict[str, Any]:
    refusals = {key: answer for key, answer in answers.items() if isinstance(answer, RestError)}
    for error in refusals.values():
        if isinstance(error, Wait | PortalGone):
            raise error
    if refusals.keys() - may_be_refused:
        raise BatchError(refusals)
    return answers
