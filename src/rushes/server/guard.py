"""What stands before every request and socket: where it may come from, whether it may, and how large it may be.

As plain ASGI, so that sockets are looked at like requests. In this order: the name that the browser believes to be
talking to (a page elsewhere can have its own name lead to this machine), the page that asks, and the token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rushes.errors import ConfigError
from rushes.server.auth import header
from rushes.server.challenge import challenges
from rushes.server.endpoints import MAX_BODY, OPEN
from rushes.server.problems import HTTP_REMEDIES, Problem, Refused, answer_for, problem_of
from rushes.station.addresses import is_loopback

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from rushes.server.state import ServerState

__all__ = ["Guard"]

_GUARDED = ("/api/", "/ws/", "/metrics", "/openapi.json")
_SECURE = frozenset({"https", "wss"})
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_OPENER = (b"cross-origin-opener-policy", b"same-origin")


class Guard:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp, state: ServerState) -> None:
        self._app, self._state = app, state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI wants it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        self._state.requests += 1
        headers: dict[str, str] = {}
        try:
            refused = self._refused(scope)
        except ConfigError as error:  # the tokens cannot be read: nobody gets in
            refused = problem_of(error)[1], 503
        except Refused as error:
            refused = problem_of(error)[1], error.status
            headers = {"Retry-After": str(error.retry_s)}
        if refused is None:
            await self._app(scope, receive, _with_headers(scope, send))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": refused[0].error[:120]})
        else:
            problem, status = refused
            answer = answer_for(status, problem, headers)
            for each in challenges(scope) if status == 401 else ():
                answer.headers.append("WWW-Authenticate", each)
            await answer(scope, receive, _with_headers(scope, send))

    def _refused(self, scope: Scope) -> tuple[Problem, int] | None:
        if not self._known_host(scope):
            told = f"{header(scope, b'host')!r} is not a name of this machine itself"
            remedy = "open it as http://127.0.0.1; to serve others, bind another address and add a token"
            return Problem(error=told, remedy=remedy, kind="WrongHost"), 403
        if not _same_origin(scope):
            told = f"a page of {header(scope, b'origin') or 'another site'} may not do this"
            return Problem(error=told, remedy="open the station's own page", kind="WrongOrigin"), 403
        if _too_long(scope):
            return Problem(error="the body is too large", remedy=HTTP_REMEDIES[413], kind="TooLarge"), 413
        path: str = scope["path"]
        if path.startswith(_GUARDED) and path not in OPEN and not self._state.auth.allows(scope):
            return Problem(
                error="this station wants to know who asks", remedy=HTTP_REMEDIES[401], kind="NoToken"
            ), 401
        return None

    def _known_host(self, scope: Scope) -> bool:
        """Whether the request names this machine. Elsewhere than on loopback a token is asked for, which a page that
        only leads its own name here does not have.
        """
        if not self._state.auth.loopback:
            return True
        return _names_loopback(scope)


def _names_loopback(scope: Scope) -> bool:
    try:
        name = urlsplit(f"//{header(scope, b'host')}").hostname
    except ValueError:
        return False
    return name is not None and is_loopback(name)


def _same_origin(scope: Scope) -> bool:
    origin = header(scope, b"origin")
    changes = scope["type"] == "websocket" or scope["method"] not in _READING
    if origin and changes:
        return origin.lower().partition("://")[2] == header(scope, b"host").lower()
    # Reading does no harm, but costs: a page elsewhere must not have this station encode pictures. A link may.
    if header(scope, b"sec-fetch-site") == "cross-site" and scope["path"].startswith(_GUARDED):
        return header(scope, b"sec-fetch-mode") == "navigate" and not changes
    return True


def _too_long(scope: Scope) -> bool:
    length = header(scope, b"content-length")
    return bool(length) and (not length.isascii() or not length.isdigit() or int(length[:20]) > MAX_BODY)


def _with_headers(scope: Scope, send: Send) -> Send:
    # Where a browser heeds it. On plain http from elsewhere it does not, and complains on each page that it was sent.
    # Behind a server that speaks https the scheme says nothing, but there alone browsers say what they fetch for.
    heeded = (
        scope.get("scheme") in _SECURE or _names_loopback(scope) or header(scope, b"sec-fetch-mode") != ""
    )
    headers = (*_HEADERS, _OPENER) if heeded else _HEADERS

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            given: list[Any] = list(message.get("headers", ()))
            message = {**message, "headers": [*given, *headers]}
        await send(message)

    return sending
