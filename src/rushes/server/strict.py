"""The HTTP protocol with an end to everything: how long a request's head may be, how long it may take to come, and
how many connections there may be.

The server library bounds none of these: one connection that sent 60 MB of header lines cost this process 1.1 GB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rushes.server.live_protocols import http_protocol

if TYPE_CHECKING:
    import asyncio

    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as Base
else:
    Base = object

__all__ = ["HEAD_BYTES", "HEAD_S", "MOST_CONNECTIONS", "strict_protocol"]

HEAD_BYTES = 64 << 10
HEAD_S = 10.0
MOST_CONNECTIONS = 512


def strict_protocol() -> Any:
    """For ``uvicorn.Config(http=…)``: that of the live view, made strict."""
    found: Any = http_protocol()
    if not hasattr(found, "on_headers_complete"):  # the pure one, which has a bound for the head of its own
        return found
    return type("Strict", (_Strict, found), {})


class _Strict(Base):
    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._unused = 0
        self._moved = False
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
        else:
            self._begin()

    def connection_lost(self, exc: Exception | None) -> None:
        self._begun()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """What moves nothing forward, be it the head, the trailer or an endless name in either, is held by the
        parser: that, and nothing else, is bounded here.
        """
        self._moved = False
        super().data_received(data)
        self._unused = 0 if self._moved else self._unused + len(data)
        if self._unused > HEAD_BYTES:
            self.transport.abort()

    def on_message_begin(self) -> None:
        if self._late is None:
            self._begin()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._moved = True
        self._begun()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._moved = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._moved = True
        super().on_message_complete()

    def _begin(self) -> None:
        self._late = self.loop.call_later(HEAD_S, self._too_late)

    def _begun(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _too_late(self) -> None:
        self._late = None
        self.transport.abort()
