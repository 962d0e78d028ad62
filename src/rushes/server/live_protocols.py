"""The server library's protocols, with a door to the connection beneath a request.

A handler cannot otherwise end a connection whose peer has stopped reading: closing waits until all was sent, which
is never. Nor can it keep what lies in the kernel's buffer short.
"""

from __future__ import annotations

import socket
import struct
import sys
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

__all__ = ["EXTENSION", "Pipe", "http_protocol", "websocket_protocol"]

EXTENSION = "rushes.connection"
"""In ``scope["extensions"]`` of a request served by these protocols: its :class:`Pipe`."""

_END_S = 0.5
# From the system's headers; the standard library has no name for it.
_SIOCOUTQ = 0x5411
# Of tcp_info: eight bytes, fifteen words, then the smoothed time there and back in microseconds.
_RTT_AT = 8 + 15 * 4
_INFO_BYTES = _RTT_AT + 4


class Pipe:
    """The connection of a request; without one (another server, a test) everything here does nothing."""

    def __init__(self, transport: asyncio.Transport | None = None) -> None:
        self._transport = transport

    @classmethod
    def of(cls, scope: Mapping[str, Any]) -> Pipe:
        """That of a request."""
        found = scope.get("extensions", {}).get(EXTENSION)
        return found if isinstance(found, Pipe) else cls()

    def abort(self) -> None:
        """Ends the connection at once; what was not sent is lost."""
        if self._transport is not None:
            self._transport.abort()

    def keep_short(self, size: int) -> None:
        """Lets the kernel hold about ``size`` bytes for a slow reader, and this process none beyond one write."""
        if self._transport is None:
            return
        self._transport.set_write_buffer_limits(high=0)
        connection = self._socket()
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, size)

    def unsent(self) -> int:
        """Bytes that the peer's machine has not taken yet; 0 where that cannot be known."""
        connection = self._socket()
        if connection is None or self._transport is None or sys.platform != "linux":
            return 0
        import fcntl

        try:
            held = fcntl.ioctl(connection.fileno(), _SIOCOUTQ, bytes(4))
        except (OSError, ValueError):  # closed by now
            return 0
        size: int = struct.unpack("i", held)[0]
        return size + self._transport.get_write_buffer_size()

    def way_s(self) -> float | None:
        """What the way to the peer and back takes, as the kernel measures it; None where that cannot be known."""
        connection = self._socket()
        if connection is None or sys.platform != "linux":
            return None
        try:
            info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_BYTES)
        except OSError:  # closed by now, or no TCP
            return None
        return float(struct.unpack_from("I", info, _RTT_AT)[0]) / 1e6 if len(info) == _INFO_BYTES else None

    def _socket(self) -> Any:
        return None if self._transport is None else self._transport.get_extra_info("socket")


def websocket_protocol() -> type[asyncio.Protocol]:
    """For ``uvicorn.Config(ws=…)``."""
    return _WebSocket


def http_protocol() -> type[asyncio.Protocol]:
    """For ``uvicorn.Config(http=…)``."""
    try:
        from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
    except ImportError:
        from uvicorn.protocols.http.h11_impl import H11Protocol

        return H11Protocol

    class Http(HttpToolsProtocol):
        def on_message_begin(self) -> None:
            super().on_message_begin()
            self.scope["extensions"] = {EXTENSION: Pipe(self.transport)}  # type: ignore[dict-item]

    return Http


class _WebSocket(WebSocketsSansIOProtocol):
    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        scope = getattr(self, "scope", None)
        if scope is not None:
            scope["extensions"][EXTENSION] = Pipe(self.transport)

    def keepalive_timeout(self) -> None:
        # The peer does not answer, so it would not take what a close waits for either.
        super().keepalive_timeout()
        self.transport.abort()

    def shutdown(self) -> None:
        super().shutdown()
        self.loop.call_later(_END_S, self.transport.abort)
