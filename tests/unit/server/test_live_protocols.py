"""The door to the connection beneath a request."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest

from rushes.server.live_protocols import EXTENSION, Pipe


def with_peer(check: Callable[[Pipe, socket.socket], Any]) -> Any:
    """What ``check`` says of a connection whose peer reads nothing by itself."""

    async def run() -> Any:
        made: asyncio.Future[Pipe] = asyncio.get_running_loop().create_future()

        class Ours(asyncio.Protocol):
            def connection_made(self, transport: Any) -> None:
                self.transport = transport
                made.set_result(Pipe(transport))

        server = await asyncio.get_running_loop().create_server(Ours, "127.0.0.1", 0)
        with socket.create_connection(server.sockets[0].getsockname(), 5) as peer:
            pipe = await made
            try:
                return check(pipe, peer)
            finally:
                pipe.abort()
                await asyncio.sleep(0)
                server.close()

    return asyncio.run(run())


def test_the_way_on_one_machine_is_short_and_known() -> None:
    way_s = with_peer(lambda pipe, _: pipe.way_s())
    assert way_s is not None
    assert 0 < way_s < 1


def test_what_a_peer_does_not_take_is_known() -> None:
    def held(pipe: Pipe, peer: socket.socket) -> tuple[int, int]:
        transport = pipe._transport
        assert transport is not None
        before = pipe.unsent()
        transport.write(bytes(32 << 20))
        return before, pipe.unsent()

    before, after = with_peer(held)
    assert before == 0
    assert 1 << 20 < after <= 32 << 20


def test_the_kernel_keeps_no_more_than_it_was_told() -> None:
    def size(pipe: Pipe, peer: socket.socket) -> int:
        pipe.keep_short(1 << 16)
        found: int = pipe._socket().getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
        return found

    # Linux doubles what it is told, to have room for its own records.
    assert with_peer(size) <= 1 << 17


def test_an_abort_ends_it_although_nothing_was_read() -> None:
    def end(pipe: Pipe, peer: socket.socket) -> int:
        transport = pipe._transport
        assert transport is not None
        transport.write(bytes(8 << 20))
        pipe.abort()
        return transport.get_write_buffer_size()

    assert with_peer(end) == 0


@pytest.mark.parametrize("scope", [{}, {"extensions": {}}, {"extensions": {EXTENSION: None}}])
def test_elsewhere_nothing_is_known_and_nothing_done(scope: dict[str, Any]) -> None:
    pipe = Pipe.of(scope)
    pipe.abort()
    pipe.keep_short(1)
    assert (pipe.unsent(), pipe.way_s()) == (0, None)
