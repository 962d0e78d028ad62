"""Requests to the server's own interface, made again while it is away or not ready."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from rushes.errors import PeerGone
from rushes.wire.jet_errors import api_error, passing

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from rushes.wire.jet_session import Dialer, Session

__all__ = ["ask"]

T = TypeVar("T")
_RETRY_S = 0.1


async def ask(dialer: Dialer, work: Callable[[Session], Coroutine[Any, Any, T]], timeout_s: float) -> T:
    """What ``work(session)`` returns. PeerGone when no server answers in time, else as :func:`api_error`."""
    from nats.errors import Error
    from nats.js.errors import APIError

    loop = asyncio.get_running_loop()
    until = loop.time() + timeout_s
    while True:
        session = await dialer.up(max(0.0, until - loop.time()))
        try:
            return await work(session)
        except (PeerGone, TimeoutError, APIError, Error) as error:
            # Silence is how a server answers that has not read its stores yet, or a cluster without a leader.
            again = not isinstance(error, APIError) or passing(error)
            if again and loop.time() < until:
                await asyncio.sleep(_RETRY_S)
                continue
            if isinstance(error, APIError):
                raise api_error(error, "the hub refused", session.url) from error
            raise PeerGone(f"{session.url} does not answer: {error}", endpoint=session.url) from error
