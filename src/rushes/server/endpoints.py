"""One row of the table of routes, and how a request is turned into a call of it and an answer.

The table says everything once: Starlette's routes and the description in OpenAPI are both made from it, and so
cannot disagree.
"""

from __future__ import annotations

import asyncio
import inspect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from rushes.errors import ConfigError
from rushes.server.problems import Refused
from rushes.server.queries import NoQuery, check_keys

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from starlette.requests import Request

    from rushes.server.state import ServerState

__all__ = ["MAX_BODY", "OPEN", "Call", "Endpoint", "json_answer", "route"]

MAX_BODY = 64 << 10
OPEN = frozenset({"/healthz", "/readyz", "/api/login", "/api/logout", "/api/session"})
"""What is answered to whoever asks, token or not."""
_BODY_S = 15.0
_STRICT = "/api/"


@dataclass(frozen=True, slots=True)
class Call:
    """One request, read and checked. ``query`` and ``body`` are of the types that the endpoint names."""

    state: ServerState
    path: Mapping[str, str]
    query: Any
    body: Any
    request: Request


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``method`` and ``path`` do ``run``, a function of a Call that gives a struct of ``answer`` or a Response.

    ``run`` is called on a thread of the state's pool, or on the event loop where it is an ``async`` function, which
    then must not wait for anything but awaitables. ``media``: what it answers where that is no JSON. ``problems``:
    the statuses besides that of success, and those that any request may meet.
    """

    method: str
    path: str
    run: Callable[[Call], Any]
    summary: str
    answer: Any = None
    query: type[msgspec.Struct] = NoQuery
    body: type[msgspec.Struct] | None = None
    status: int = 200
    media: str = "application/json"
    problems: tuple[int, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def route(endpoint: Endpoint, *, own: bool = False) -> Route:
    """The endpoint as Starlette wants it. ``own``: for this station's channels only."""
    waits = inspect.iscoroutinefunction(endpoint.run)

    async def answer(request: Request) -> Response:
        state: ServerState = request.app.state.rushes
        owner = None if own else state.fleet.owner(request.path_params.get("channel", ""))
        if owner is not None:
            return await _of_another(state, owner, endpoint, request)
        call = Call(
            state,
            request.path_params,
            _query(request, endpoint.query),
            None if endpoint.body is None else await _body(request, endpoint.body),
            request,
        )
        given = await (endpoint.run(call) if waits else state.call(endpoint.run, call))
        return given if isinstance(given, Response) else json_answer(given, endpoint.status)

    return Route(endpoint.path, answer, methods=[endpoint.method], name=f"{endpoint.method} {endpoint.path}")


def json_answer(given: Any, status: int = 200) -> Response:
    """A struct, or a list of them, as a response that nobody keeps."""
    return Response(
        msgspec.json.encode(given),
        status_code=status,
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


async def _of_another(
    state: ServerState, owner: tuple[str, str], endpoint: Endpoint, request: Request
) -> Response:
    """What another station answers about its channel. All that is asked of a channel is asked by GET."""
    station, channel = owner
    path = endpoint.path.replace("{channel}", quote(channel, safe=""))
    query = request.url.query
    path = f"{path}?{query}" if query else path
    fetched = await state.fleet.fetch(station, path, request.is_disconnected)
    if fetched.more is None:
        return Response(fetched.body, status_code=fetched.status, headers=fetched.headers)
    parts = _parts(fetched.body, fetched.more)
    return StreamingResponse(parts, status_code=fetched.status, headers=fetched.headers)


async def _parts(first: bytes, more: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for part in more:
        yield part


def _query(request: Request, kind: type[msgspec.Struct]) -> Any:
    # What looks whether it lives adds keys of its own, which are no slips.
    if request.url.path.startswith(_STRICT):
        check_keys(request.query_params, kind.__struct_encode_fields__)
    try:
        return msgspec.convert(dict(request.query_params), kind, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"the query cannot be used: {error}", option="query") from error


async def _body(request: Request, kind: type[msgspec.Struct]) -> Any:
    data = bytearray()
    try:
        async with asyncio.timeout(_BODY_S):
            async for part in request.stream():
                data += part
                if len(data) > MAX_BODY:
                    raise Refused(
                        "the body is too large", status=413, remedy="send 64 KiB at most", kind="TooLarge"
                    )
    except TimeoutError as error:
        raise ConfigError(f"the body did not come within {_BODY_S:g} s", option="body") from error
    try:
        return msgspec.json.decode(bytes(data), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"the body cannot be used: {error}", option="body") from error
