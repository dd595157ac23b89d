"""The OpenAPI 3.1 document, made of the table of calls and the pydantic models, and the readable page of it."""

import re
from decimal import Decimal
from functools import cache
from typing import Any

from flask import Response, make_response, render_template
from markupsafe import Markup, escape
from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from b24app import __version__
from b24app.web.api.calls import CALLS, PREFIX, Call, bp, rendered
from b24app.web.api.shapes import Problem

ABOUT = """\
Everything the screens show, for programs. A token belongs to one portal and is made by `b24app token create`.

Numbers are JSON numbers with at most 6 decimals; text is never taken for a number. Times are ISO 8601 with an offset,
`period.start` and `period.end` are days of the portal, `end` exclusive. No data is null, never 0. Ids of people and
departments are those of Bitrix24; the company is id 0. Lists are paged by `limit` and `cursor`.

Scopes of a token: `read` (every GET), `write` (everything else), `money`. Without `money` every value, target, forecast
and amount of money is null, and documents and targets that name sums of money are refused.

Errors are `application/problem+json`. Unknown parameters and fields are refused with 422; `errors` names each fault.
"""

REF = "#/components/schemas/{model}"
ERRORS = {
    400: "The body is not JSON",
    401: "No valid token",
    403: "The token lacks a scope",
    404: "Not there",
    409: "What is stored does not allow it now",
    422: "Not valid",
    429: "Too many requests",
}


class Schema(GenerateJsonSchema):
    """Decimals are JSON numbers."""

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        given = {"minimum": schema.get("ge"), "maximum": schema.get("le")}
        return {"type": "number", **{name: int(limit) for name, limit in given.items() if limit is not None}}

    def encode_default(self, dft: Any) -> Any:
        return dft if isinstance(dft, Decimal) else super().encode_default(dft)


@bp.get("/openapi.json")
def openapi() -> Response:
    return rendered(document())


@bp.get("/docs")
def docs() -> Response:
    """The same document for people: plain HTML, no script."""
    about = ABOUT.strip().split("\n\n")
    page = make_response(render_template("api/docs.html", document=document(), about=about, coded=_coded))
    page.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'self'; frame-ancestors 'none'"
    return page


def _coded(text: str) -> Markup:
    """Text for a page, with what stands in backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped before


@cache
def document() -> dict[str, Any]:
    shapes, schemas = _schemas()
    paths: dict[str, dict[str, Any]] = {}
    for call in CALLS:
        path = PREFIX + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", call.path)
        paths.setdefault(path, {})[call.method.lower()] = _operation(call, shapes)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "b24app",
            "version": __version__,
            "description": ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "security": [{"token": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(call.tag for call in CALLS)],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _schemas() -> tuple[dict[Any, JsonSchemaValue], dict[str, JsonSchemaValue]]:
    """How each body and answer is referred to, and the components they refer to."""
    wanted = {Problem} | {shape for call in CALLS for shape in (call.body, call.answer) if shape}
    inputs: list[Any] = [(shape, "validation", TypeAdapter(shape)) for shape in sorted(wanted, key=str)]
    shapes, components = TypeAdapter.json_schemas(inputs, ref_template=REF, schema_generator=Schema)
    return {shape: schema for (shape, _mode), schema in shapes.items()}, components["$defs"]


def _operation(call: Call, shapes: dict[Any, JsonSchemaValue]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": call.name,
        "tags": [call.tag],
        "summary": call.summary,
        "description": call.description,
        "security": [{"token": ["write" if call.writes else "read"]}],
        "parameters": [*_path_parameters(call), *_query_parameters(call)],
        "responses": {str(call.status): _answer(call, shapes), **_problems(shapes[Problem])},
    }
    if call.body:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": shapes[call.body]}}}
    return operation


def _answer(call: Call, shapes: dict[Any, JsonSchemaValue]) -> dict[str, Any]:
    if call.answer is None:
        return {"description": "Done"}
    return {"description": "Done", "content": {"application/json": {"schema": shapes[call.answer]}}}


def _problems(shape: JsonSchemaValue) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": shape}}
    return {str(status): {"description": text, "content": content} for status, text in ERRORS.items()}


def _path_parameters(call: Call) -> list[dict[str, Any]]:
    found = re.findall(r"<(?:(\w+):)?(\w+)>", call.path)
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "integer" if kind == "int" else "string"}}
        for kind, name in found
    ]


def _query_parameters(call: Call) -> list[dict[str, Any]]:
    if call.query is None:
        return []
    shape = TypeAdapter(call.query).json_schema(ref_template=REF, schema_generator=Schema)
    required = shape.get("required", ())
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": schema.pop("description", ""),
            "schema": schema,
        }
        for name, schema in shape["properties"].items()
    ]
