"""The batch method: up to 50 commands in one request, with results of earlier ones as parameters of later ones."""

import re
import time
from collections.abc import Callable
from typing import Any

from b24app.demo.errors import RestError
from b24app.demo.registry import Answer, Params
from b24app.demo.wire import parse_query

MAX_COMMANDS = 50
_REFERENCE = re.compile(r"\$result((?:\[[^\]]*\])+)")
_STEP = re.compile(r"\[([^\]]*)\]")
Invoke = Callable[[str, dict[str, Any]], Answer]


def run(params: Params, invoke: Invoke, times: Callable[[float], dict[str, Any]]) -> dict[str, Any]:
    """The `result` of batch. A failing command is an entry of result_error; with halt=1 it is the last one."""
    commands = params.mapping("cmd")
    if len(commands) > MAX_COMMANDS:
        raise RestError("ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")
    halt = str(params.get("halt") or "0").lower() in ("1", "true", "y")
    results: dict[str, Any] = {}
    errors: dict[str, Any] = {}
    totals: dict[str, Any] = {}
    following: dict[str, Any] = {}
    durations: dict[str, Any] = {}
    for key, command in commands.items():
        started = time.time()
        name, _question, query = str(command).partition("?")
        try:
            if name.lower() == "batch":
                raise RestError("ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage", 405)
            answer = invoke(name.removesuffix(".json"), substitute(parse_query(query), results))
        except RestError as error:
            errors[key] = error.body()
            if halt:
                break
            continue
        results[key] = answer.result
        if answer.total is not None:
            totals[key] = answer.total
        if answer.next is not None:
            following[key] = answer.next
        durations[key] = times(started)
    return {
        "result": _php(results),
        "result_error": _php(errors),
        "result_total": _php(totals),
        "result_next": _php(following),
        "result_time": _php(durations),
    }


def substitute(value: Any, results: dict[str, Any]) -> Any:
    """`$result[key][field][0]` replaced everywhere; what is not there reads as an empty string."""
    if isinstance(value, dict):
        return {key: substitute(one, results) for key, one in value.items()}
    if isinstance(value, list):
        return [substitute(one, results) for one in value]
    if not isinstance(value, str) or "$result" not in value:
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole:
        return _look_up(whole[1], results)
    return _REFERENCE.sub(lambda match: str(_look_up(match[1], results)), value)


def _look_up(path: str, results: Any) -> Any:
    node = results
    for step in _STEP.findall(path):
        if isinstance(node, list) and step.isdigit() and int(step) < len(node):
            node = node[int(step)]
        elif isinstance(node, dict) and step in node:
            node = node[step]
        else:
            return ""
    return "" if node is None else node


def _php(mapping: dict[str, Any]) -> Any:
    """PHP writes an empty map as [] and one with keys 0, 1, .. as a list."""
    if list(mapping) == [str(place) for place in range(len(mapping))]:
        return list(mapping.values())
    return mapping
