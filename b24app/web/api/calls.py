"""The table of calls: each view declares its address and shapes once, and routing, parsing and OpenAPI read that.

A view is handed the viewer and what was parsed, calls one operation or query, and returns a model (or a Response).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from inspect import cleandoc
from typing import Any

from flask import Blueprint, Response
from pydantic import TypeAdapter

from b24app.web.api import exact, gate
from b24app.web.api.parsing import parse_body, parse_query, shaped

PREFIX = "/api/v1"

bp = Blueprint("api", __name__, url_prefix=PREFIX)
bp.before_request(gate.limit)
bp.after_request(gate.say_how)

View = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the public API. `query`, `body` and `answer` are types pydantic understands, None if there is none.

    `parse` makes of the body's JSON what the view is handed, where the room that owns the shape checks more than that.
    """

    method: str
    path: str
    view: View
    tag: str
    query: Any
    body: Any
    parse: Callable[[Any], Any] | None
    answer: Any
    status: int

    @property
    def writes(self) -> bool:
        return self.method != "GET"

    @property
    def name(self) -> str:
        return self.view.__name__

    @property
    def summary(self) -> str:
        return cleandoc(self.view.__doc__ or "").partition("\n")[0].rstrip(".")

    @property
    def description(self) -> str:
        return cleandoc(self.view.__doc__ or "").partition("\n")[2].strip()


CALLS: list[Call] = []


def call(
    method: str, path: str, *, tag: str, query: Any = None, body: Any = None, parse: Callable[[Any], Any] | None = None,
    answer: Any = None, status: int = 200,
) -> Callable[[View], View]:  # fmt: skip
    """Declare a view as a call. Its docstring is the call's description in the OpenAPI document."""

    def declare(view: View) -> View:
        declared = Call(method, path, view, tag, query, body, parse, answer, status)
        CALLS.append(declared)
        bp.add_url_rule(path, declared.name, _endpoint(declared), methods=[method])
        return view

    return declare


def _endpoint(declared: Call) -> Callable[..., Response]:
    query = partial(parse_query, TypeAdapter(declared.query)) if declared.query else None
    body = partial(parse_body, declared.parse or shaped(declared.body)) if declared.body else None

    def endpoint(**arguments: Any) -> Response:
        viewer = gate.admit(declared.writes)
        if query:
            arguments["query"] = query()
        if body:
            arguments["body"] = body()
        found = declared.view(viewer, **arguments)
        return found if isinstance(found, Response) else rendered(found, declared.status)

    return endpoint


def rendered(found: object, status: int = 200) -> Response:
    return Response(exact.dumps(found), status, mimetype="application/json")
