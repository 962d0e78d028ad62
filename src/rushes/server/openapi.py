"""The description of the interface in OpenAPI, made from the table of routes and the structs it names (pure)."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

import msgspec

import rushes
from rushes.server.endpoints import OPEN
from rushes.server.problems import Problem
from rushes.server.table import TABLE

if TYPE_CHECKING:
    from rushes.server.endpoints import Endpoint

__all__ = ["description"]

_REF = "#/components/schemas/{name}"
_TIMES = {
    400: "What was asked cannot be used",
    401: "No token, or a wrong one",
    403: "From a page that may not",
    404: "There is no such thing",
    409: "It was given up",
    413: "Too large",
    429: "Too much at once",
    503: "Not now",
}
_ALWAYS = (400, 401, 403, 503)
_PARAMETER = re.compile(r"{(\w+)}")
_MOMENT = {
    "description": "Epoch seconds, or ISO 8601 (local time of the station where it names no zone)",
    "anyOf": [
        {"type": "number", "minimum": 0, "maximum": 253402300799},
        {"type": "string", "maxLength": 64},
    ],
}


@functools.cache
def description() -> bytes:
    """The JSON of /openapi.json."""
    types = [each.answer for each in TABLE if each.answer not in (None, dict)]
    bodies = [each.body for each in TABLE if each.body is not None]
    schemas, components = msgspec.json.schema_components([*types, *bodies, Problem], ref_template=_REF)
    named = iter(schemas)
    answers = {id(each): next(named) for each in TABLE if each.answer not in (None, dict)}
    asked = {id(each): next(named) for each in TABLE if each.body is not None}
    paths: dict[str, dict[str, Any]] = {}
    for each in TABLE:
        operation = _operation(each, answers.get(id(each)), asked.get(id(each)))
        paths.setdefault(each.path, {})[each.method.lower()] = operation
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "rushes station",
            "version": rushes.__version__,
            "description": "Live pictures, recordings, shots and counters of a station. Times are epoch seconds.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "password": {"type": "http", "scheme": "basic"},
            },
        },
    }
    return msgspec.json.encode(_with_moments(document))


def _operation(endpoint: Endpoint, answer: Any, asked: Any) -> dict[str, Any]:
    answered: dict[str, Any] = {"description": endpoint.summary}
    if endpoint.status != 204:
        schema = answer if endpoint.answer is not dict else {"type": "object"}
        answered["content"] = {endpoint.media: {"schema": schema} if schema is not None else {}}
    if endpoint.headers:
        answered["headers"] = {
            name: {"description": told, "schema": {"type": "string"}}
            for name, told in endpoint.headers.items()
        }
    operation: dict[str, Any] = {
        "operationId": _id(endpoint),
        "summary": endpoint.summary,
        "tags": [_tag(endpoint.path)],
        "parameters": _parameters(endpoint),
        "responses": {str(endpoint.status): answered} | _problems(endpoint),
        "security": _security(endpoint),
    }
    if asked is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": asked}}}
    return operation


def _security(endpoint: Endpoint) -> list[dict[str, Any]]:
    """A token as a password does for what changes nothing; none is needed on loopback."""
    if endpoint.path in OPEN:
        return [{}]
    password: list[dict[str, Any]] = [{"password": []}] if endpoint.method == "GET" else []
    return [{"token": []}, *password, {}]


def _parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in _PARAMETER.findall(endpoint.path)
    ]
    (_,), components = msgspec.json.schema_components([endpoint.query], ref_template=_REF)
    schema = components[endpoint.query.__name__]
    for name, rule in schema["properties"].items():
        required = name in schema.get("required", ())
        # A missing one is None; "null" in an address is a text.
        rule = _without_null(rule)
        found.append({"name": name, "in": "query", "required": required, "schema": rule})
    return found


def _without_null(rule: dict[str, Any]) -> dict[str, Any]:
    if "anyOf" not in rule:
        return rule
    left = [each for each in rule["anyOf"] if each != {"type": "null"}]
    return left[0] if len(left) == 1 else {"anyOf": left}


def _problems(endpoint: Endpoint) -> dict[str, Any]:
    statuses = sorted({*_ALWAYS, *endpoint.problems, *((413,) if endpoint.body is not None else ())})
    content = {"application/json": {"schema": {"$ref": _REF.format(name="Problem")}}}
    return {str(status): {"description": _TIMES[status], "content": content} for status in statuses}


def _with_moments(node: Any) -> Any:
    """Fields that are moments, described as what they take: msgspec knows them as texts, or numbers or texts."""
    if isinstance(node, list):
        return [_with_moments(each) for each in node]
    if not isinstance(node, dict):
        return node
    if node.get("x-moment"):
        return _MOMENT
    return {key: _with_moments(each) for key, each in node.items()}


def _id(endpoint: Endpoint) -> str:
    words = re.findall(r"\w+", endpoint.path.removeprefix("/api"))
    return "_".join((endpoint.method.lower(), *words))


def _tag(path: str) -> str:
    words = [word for word in path.split("/") if word and word != "api"]
    return words[0]
